"""What is timed. Each piece of work is done by both sides on the same numbers, made here from a
fixed seed.
"""

from dataclasses import dataclass, replace

import numpy as np

from minires import models, nn

CHECKED = 128  # images


@dataclass(frozen=True)
class Net:
    """A training step (forward, backward, SGD) of a net, or its use without gradients."""

    depth: int
    residual: bool = True
    width: int = 16
    size: int = 32
    batch: int = 128
    training: bool = True
    dtype: str = "float32"
    tolerance: float = (
        1e-6  # largest difference between the sides, relative to the size of each array
    )

    def check(self):
        """What the sides must agree on before they are timed: the same on a few images, in double
        precision.

        In single precision rounding decides whether a ReLU whose input is almost 0 lets a gradient
        through. One such pixel moves the gradients of all layers before it by some thousandths
        (between PyTorch's own two layouts as well), and in plain-56, where gradients explode, by as
        much as they are.
        """
        return replace(self, batch=min(self.batch, 8), dtype="float64")

    @property
    def name(self):
        kind = "ResNet" if self.residual else "plain"
        shape = f"width {self.width}, {self.size}x{self.size}, batch {self.batch}"
        return f"{kind}-{self.depth} {'training step' if self.training else 'inference'}, {shape}"

    def build(self):
        """The net in minires, in the mode it is used in. PyTorch's gets its weights from this
        one.
        """
        net = (models.resnet if self.residual else models.plain)(self.depth, width=self.width)
        for _, tensor in (*net.named_parameters(), *net.named_buffers()):
            tensor.data = tensor.data.astype(self.dtype)
        return net.train(self.training)

    def in_use(self):
        """The net as minires uses it."""
        return self.build()

    def in_pytorch(self):
        """The same net in PyTorch, with weights of its own."""
        from .pytorch_nets import Net as PyTorchNet

        return PyTorchNet(self.depth, self.width, "A" if self.residual else None)

    def data(self):
        rng = np.random.default_rng(0)
        images = rng.standard_normal((self.batch, self.size, self.size, 3), np.float32).astype(
            self.dtype
        )
        return images, rng.integers(0, 10, self.batch)

    def flop(self):
        """Floating-point operations of the convolutions and the last layer, two for each
        multiply-add.

        Backward takes as many again for dL/dw, and for dL/dx in all layers but the first.
        """
        layers = _layer_flop(replace(self, dtype="float32").build(), self.size, self.batch)
        return 3 * sum(layers) - layers[0] if self.training else sum(layers)


@dataclass(frozen=True)
class ImageNet(Net):
    """The use of one of the nets for large images, with batch norm as it is or, in minires, folded
    into the convolutions.
    """

    size: int = 224
    batch: int = 16
    training: bool = False
    fused: bool = False

    def check(self):
        """As `Net.check`, and on smaller images."""
        return replace(self, batch=min(self.batch, 2), size=min(self.size, 64), dtype="float64")

    @property
    def name(self):
        what = "training step" if self.training else "inference"
        return (
            f"ResNet-{self.depth} {what}{', batch norm folded' if self.fused else ''}, "
            f"{self.size}x{self.size}, batch {self.batch}"
        )

    def build(self):
        """With batch norm at work, and not as it starts."""
        net, rng = getattr(models, f"resnet{self.depth}")(), np.random.default_rng(0)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor, low, high in (
                    (module.weight, 0.5, 1),
                    (module.running_var, 0.5, 2),
                    (module.bias, -0.2, 0.2),
                    (module.running_mean, -0.2, 0.2),
                ):
                    tensor.data[...] = rng.uniform(low, high, tensor.shape)
        for _, tensor in (*net.named_parameters(), *net.named_buffers()):
            tensor.data = tensor.data.astype(self.dtype)
        return net.train(self.training)

    def in_use(self):
        return nn.fuse(self.build()) if self.fused else self.build()

    def in_pytorch(self):
        from .pytorch_imagenet import Net as PyTorchNet

        return PyTorchNet(self.depth)


def _layer_flop(net, size, batch):
    """The operations of each layer with weights in a forward pass, found by sending one image
    through the net.
    """
    from minires import Tensor, no_grad

    counts = []
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(
                lambda module, inputs, y: counts.append(
                    2 * batch * y.size * module.weight.size // module.weight.shape[-1]
                )
            )
    with no_grad():
        net.eval()(Tensor(np.zeros((1, size, size, 3), np.float32)))
    return counts


@dataclass(frozen=True)
class Kernel:
    """One kernel on arrays of these shapes, forward alone or forward and backward."""

    kernel: str
    shapes: tuple
    settings: tuple = ()  # (name, value) pairs
    backward: bool = True
    dtype: str = "float32"
    tolerance: float = 1e-9

    def check(self):
        """The same in double precision, for at most CHECKED images: see `Net.check`."""
        first = self.shapes[0]
        shapes = tuple(
            (min(shape[0], CHECKED), *shape[1:])
            if shape[0] == first[0] and len(shape) == len(first)
            else shape
            for shape in self.shapes
        )
        return replace(self, shapes=shapes, dtype="float64")

    @property
    def name(self):
        shapes = " ".join("x".join(map(str, shape)) for shape in self.shapes[:2])
        settings = "".join(f", {key} {value}" for key, value in self.settings)
        settings += (
            ", with shortcut" if self.kernel == "batch_norm_relu" and len(self.shapes) == 4 else ""
        )
        return (
            f"{self.kernel} {shapes}{settings}, "
            f"{'forward and backward' if self.backward else 'forward'}"
        )

    def arrays(self):
        rng = np.random.default_rng(0)
        return [rng.standard_normal(shape, np.float32).astype(self.dtype) for shape in self.shapes]

    def gradient(self, shape):
        """dL/dy for an output of that shape."""
        return np.random.default_rng(1).standard_normal(shape, np.float32).astype(self.dtype)

    def flop(self):
        if self.kernel != "conv2d":
            return None
        (n, h, w, c), (kh, kw, _, o) = self.shapes
        stride = dict(self.settings).get("stride", 1)
        forward = 2 * n * (h // stride) * (w // stride) * kh * kw * c * o
        return 3 * forward if self.backward else forward


@dataclass(frozen=True)
class SGDStep:
    """One step of SGD with momentum and weight decay on the parameters of a net."""

    depth: int
    tolerance: float = 1e-5

    def check(self):
        return self

    @property
    def name(self):
        return f"SGD step, ResNet-{self.depth}"

    def arrays(self):
        """(parameters, gradients)."""
        rng = np.random.default_rng(0)
        parameters = [parameter.data for parameter in models.resnet(self.depth).parameters()]
        return parameters, [rng.standard_normal(array.shape, np.float32) for array in parameters]

    def flop(self):
        return None

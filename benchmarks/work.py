"""The work that is timed. Both sides do it on the same numbers, made here from a fixed seed."""

from dataclasses import dataclass, replace

import numpy as np

from minires import models, nn

CHECKED = 128  # images on which the sides are compared before a kernel is timed


@dataclass(frozen=True)
class Net:
    """A training step (forward, backward, SGD) of a net for CIFAR-10, or inference.

    `tolerance` is the largest difference between two sides, as a fraction of an array's norm.
    """

    depth: int
    residual: bool = True
    width: int = 16
    size: int = 32
    batch: int = 128
    training: bool = True
    dtype: str = "float32"
    tolerance: float = 1e-6

    def check(self):
        """The work on which the sides must agree before they are timed: the same net on a few
        images, in double precision.

        In single precision, rounding decides whether a ReLU whose input is almost 0 passes a
        gradient on. One such pixel changes the gradients of all earlier layers by some thousandths,
        between PyTorch's own two layouts as well. In plain-56, where gradients explode, the change
        is as large as the gradients.
        """
        return replace(self, batch=min(self.batch, 8), dtype="float64")

    @property
    def name(self):
        kind = "ResNet" if self.residual else "plain"
        shape = f"width {self.width}, {self.size}x{self.size}, batch {self.batch}"
        return f"{kind}-{self.depth} {'training step' if self.training else 'inference'}, {shape}"

    def build(self):
        """The net in minires, in training or evaluation mode. PyTorch's net gets its weights from
        this one.
        """
        net = (models.resnet if self.residual else models.plain)(self.depth, width=self.width)
        return self._ready(net)

    def _ready(self, net):
        for _, tensor in (*net.named_parameters(), *net.named_buffers()):
            tensor.data = tensor.data.astype(self.dtype)
        return net.train(self.training)

    def in_minires(self):
        """The net that minires is timed with."""
        return self.build()

    def in_pytorch(self):
        """The net that PyTorch is timed with; its weights are still its own."""
        from .pytorch_nets import Net as PyTorchNet

        return PyTorchNet(self.depth, self.width, "A" if self.residual else None)

    def data(self):
        """Images (batch, size, size, 3) and labels (batch,) below 10."""
        rng = np.random.default_rng(0)
        images = rng.standard_normal((self.batch, self.size, self.size, 3), np.float32)
        return images.astype(self.dtype), rng.integers(0, 10, self.batch)

    def flop(self):
        """Floating-point operations of the convolutions and the last layer, two for each
        multiply-add.

        Backward takes as many for dL/dw as forward, and as many again for dL/dx, which the first
        layer does not need.
        """
        net = replace(self, dtype="float32").build()
        layers = net.summary((1, self.size, self.size, 3)).layers
        flop = [2 * self.batch * one.multiply_adds for one in layers if one.multiply_adds]
        return 3 * sum(flop) - flop[0] if self.training else sum(flop)


@dataclass(frozen=True)
class ImageNet(Net):
    """Inference or a training step of a net for large images. With `fused`, minires folds its batch
    norm into the convolutions first.
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
        """The net in minires, with random numbers in its batch norm: the initial ones change
        nothing, so a mistake in folding them would not show.
        """
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
        return self._ready(net)

    def in_minires(self):
        """The net that minires is timed with."""
        return nn.fuse(self.build()) if self.fused else self.build()

    def in_pytorch(self):
        """The net that PyTorch is timed with; its weights are still its own."""
        from .pytorch_imagenet import Net as PyTorchNet

        return PyTorchNet(self.depth)


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
        if self.kernel == "batch_norm_relu" and len(self.shapes) == 4:
            settings += ", with shortcut"
        passes = "forward and backward" if self.backward else "forward"
        return f"{self.kernel} {shapes}{settings}, {passes}"

    def arrays(self):
        """The inputs, an array for each shape."""
        rng = np.random.default_rng(0)
        return [rng.standard_normal(shape, np.float32).astype(self.dtype) for shape in self.shapes]

    def gradient(self, shape):
        """dL/dy for an output of that shape."""
        return np.random.default_rng(1).standard_normal(shape, np.float32).astype(self.dtype)

    def flop(self):
        """Floating-point operations of a convolution whose padding keeps the size of the images,
        two for each multiply-add; None for other kernels.
        """
        if self.kernel != "conv2d":
            return None
        (n, h, w, c), (kh, kw, _, o) = self.shapes
        stride = dict(self.settings).get("stride", 1)
        forward = 2 * n * (h // stride) * (w // stride) * kh * kw * c * o
        return 3 * forward if self.backward else forward


def forward_and_backward(kernels):
    """Two pieces of work for each (name, shapes, settings): forward, and forward and backward."""
    for name, shapes, settings in kernels:
        for backward in (False, True):
            yield Kernel(name, shapes, tuple(settings.items()), backward)


@dataclass(frozen=True)
class SGDStep:
    """One step of SGD with momentum and weight decay on the parameters of a net."""

    depth: int
    tolerance: float = 1e-5

    def check(self):
        """The same work: a step of SGD is not sensitive to rounding."""
        return self

    @property
    def name(self):
        return f"SGD step, ResNet-{self.depth}"

    def arrays(self):
        """(parameters, gradients), two lists of arrays of the same shapes."""
        rng = np.random.default_rng(0)
        parameters = [parameter.data for parameter in models.resnet(self.depth).parameters()]
        return parameters, [rng.standard_normal(array.shape, np.float32) for array in parameters]

    def flop(self):
        """None: the tables give no GFLOP/s for it."""
        return None

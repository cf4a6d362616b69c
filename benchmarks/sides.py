"""The sides of each comparison on the CPU: minires, and PyTorch in either of its memory layouts.
The sides on a GPU are in `gpu_sides`.
"""

import numpy as np

from minires import backend

from .work import ImageNet, Kernel, Net, SGDStep

LR, MOMENTUM, WEIGHT_DECAY = 0.1, 0.9, 1e-4


class Side:
    """A library that does the work.

    A subclass has a method for each kind of work, with the name in `METHODS`.
    """

    METHODS = {Net: "_net", ImageNet: "_net", Kernel: "_kernel", SGDStep: "_sgd"}

    def prepare(self, work):
        """Move the arrays of `work` to the device, and return what is timed.

        Returns
        -------
        step : callable
            Does the work once.
        results : callable
            Returns NumPy arrays in minires' order of axes, by which the sides are compared. Of a
            training step these are the loss and the gradients of the first step.
        """
        return getattr(self, self.METHODS[type(work)])(work)

    def synchronize(self):
        """Wait until the device has finished all steps."""

    def release(self):
        """Give the memory of the last work back to the device."""


class Minires(Side):
    """minires on the CPU, with so many threads."""

    device = "cpu"

    def __init__(self, threads):
        backend.set_num_threads(threads)

    def synchronize(self):
        backend.synchronize()

    def _net(self, work):
        from minires import Tensor, no_grad, optim
        from minires import functional as F

        net, (images, labels) = work.in_minires().to(self.device), work.data()
        images = backend.move(images, self.device)
        optimizer = optim.SGD(net.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
        results = []

        def train():
            optimizer.zero_grad()
            loss = F.cross_entropy(net(Tensor(images)), labels)
            loss.backward()
            if not results:
                results.extend([loss.data, *(parameter.grad for parameter in net.parameters())])
            optimizer.step()

        def infer():
            with no_grad():
                results[:] = [net(Tensor(images)).data]

        return train if work.training else infer, lambda: [
            backend.move(array, "cpu") for array in results
        ]

    def _kernel(self, work):
        from minires import kernels

        kernel, settings = kernels.find(work.kernel, self.device), dict(work.settings)
        arrays = [backend.move(array, self.device) for array in work.arrays()]
        if work.kernel == "cross_entropy":
            settings["labels"] = np.arange(len(arrays[0])) % arrays[0].shape[1]
        dy = backend.move(work.gradient(kernel.forward(*arrays, **settings)[0].shape), self.device)
        results = []

        def step():
            y, cache = kernel.forward(*arrays, **settings)
            gradients = kernel.backward(dy, cache) if work.backward else ()
            results[:] = [y, *(gradients if isinstance(gradients, tuple) else (gradients,))]

        return step, lambda: [backend.move(backend.as_array(array), "cpu") for array in results]

    def _sgd(self, work):
        from minires import nn, optim

        parameters, gradients = work.arrays()
        parameters = [nn.Parameter(backend.move(array, self.device)) for array in parameters]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = backend.move(gradient, self.device)
        optimizer = optim.SGD(parameters, LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
        optimizer.step()
        results = [backend.copy(backend.move(parameter.data, "cpu")) for parameter in parameters]
        return optimizer.step, lambda: results


class PyTorch(Side):
    """PyTorch on the CPU, run eagerly, with so many threads.

    With `channels_last`, images lie in memory as they do in minires.
    """

    device = "cpu"

    def __init__(self, threads, channels_last=False):
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        self.format = torch.channels_last if channels_last else torch.contiguous_format

    def _tensor(self, array, weight=False):
        """A tensor on the device, with PyTorch's order of axes. An array of four axes holds images,
        or filters if it is a `weight`.
        """
        from .pytorch_nets import to_torch

        if array.ndim == 4 and not weight:
            array = array.transpose(0, 3, 1, 2)
        elif weight:
            array = to_torch(array)
        tensor = self.torch.tensor(array.copy(), device=self.device)
        return tensor.contiguous(memory_format=self.format) if tensor.ndim == 4 else tensor

    def _array(self, tensor, weight=False):
        """The inverse of `_tensor`: a NumPy array with minires' order of axes."""
        array = tensor.detach().cpu().numpy()
        if array.ndim == 4:
            return array.transpose((2, 3, 1, 0) if weight else (0, 2, 3, 1))
        return array.T if array.ndim == 2 and weight else array

    def _net(self, work):
        from .pytorch_nets import copy_weights

        torch, (images, labels) = self.torch, work.data()
        net = work.in_pytorch().to(getattr(torch, work.dtype))
        copy_weights(work.build(), net)
        net = net.to(self.device, memory_format=self.format).train(work.training)
        images, labels = self._tensor(images), torch.tensor(labels, device=self.device)
        optimizer = torch.optim.SGD(net.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
        results = []

        def train():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            return loss.detach()

        def infer():
            with torch.no_grad():
                results[:] = [net(images)]

        if work.training:
            return self._training(net, optimizer, train)
        return infer, lambda: [self._array(logits) for logits in results]

    def _training(self, net, optimizer, train):
        """(step, results) of `prepare`. `train` does a training step and returns the loss; after it
        the gradients are still there, because SGD does not change them.
        """
        results = []

        def step():
            loss = train()
            if not results:
                results.extend([loss, *(parameter.grad.clone() for parameter in net.parameters())])

        return step, lambda: [self._array(tensor, weight=i > 0) for i, tensor in enumerate(results)]

    def _kernel(self, work):
        torch = self.torch
        has_weights = work.kernel in ("conv2d", "linear")  # all inputs but the first
        inputs = [
            self._tensor(array, weight=has_weights and i > 0)
            for i, array in enumerate(work.arrays())
        ]
        function = self._function(work.kernel, dict(work.settings), inputs)
        y = function(*inputs)
        dy = self._tensor(work.gradient(self._array(y).shape))
        results = []

        def forward():
            with torch.no_grad():
                results[:] = [function(*inputs)]

        def forward_and_backward():
            for x in inputs:
                x.requires_grad_(True)
                x.grad = None
            y = function(*inputs)
            y.backward(dy)
            results[:] = [y, *(x.grad for x in inputs)]

        # Results are y, and the gradient of each input.
        return forward_and_backward if work.backward else forward, lambda: [
            self._array(tensor, weight=has_weights and i > 1) for i, tensor in enumerate(results)
        ]

    def _function(self, name, settings, inputs):
        """The function of PyTorch for a kernel of minires, to be called with the inputs alone."""
        F, torch = self.torch.nn.functional, self.torch

        def batch_norm(x, weight, bias):
            return F.batch_norm(x, None, None, weight, bias, training=True)

        def batch_norm_relu(x, weight, bias, shortcut=None):
            y = batch_norm(x, weight, bias)
            return torch.relu(y if shortcut is None else y + shortcut)

        if name == "cross_entropy":
            labels = torch.arange(len(inputs[0]), device=self.device) % inputs[0].shape[1]
            return lambda logits: F.cross_entropy(logits, labels)
        return {
            "conv2d": lambda x, w: F.conv2d(x, w, **settings),
            "linear": F.linear,
            "relu": torch.relu,
            "add": torch.add,
            "batch_norm": batch_norm,
            "batch_norm_relu": batch_norm_relu,
            "max_pool2d": lambda x: F.max_pool2d(x, **settings),
            "global_avg_pool2d": lambda x: x.mean((2, 3)),
        }[name]

    def _sgd(self, work):
        torch = self.torch
        arrays, gradients = work.arrays()
        parameters = [
            torch.nn.Parameter(torch.tensor(array, device=self.device)) for array in arrays
        ]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient, device=self.device)
        optimizer = torch.optim.SGD(parameters, LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
        optimizer.step()
        results = [parameter.detach().cpu().numpy().copy() for parameter in parameters]
        return optimizer.step, lambda: results


#: What the tables call each side -> what makes it, from the number of threads.
SIDES = {
    "minires": Minires,
    "PyTorch": PyTorch,
    "PyTorch, channels_last": lambda threads: PyTorch(threads, channels_last=True),
}

"""The two sides of each comparison: minires, and PyTorch in either of its memory layouts.

``prepare(work)`` returns (step, results): `step()` does the work once, and `results()` gives what came out of the
first time, as a list of arrays in minires' order of axes, for the check that both sides compute the same.
"""

import numpy as np

from .work import Kernel, Net, SGDStep

LR, MOMENTUM, WEIGHT_DECAY = 0.1, 0.9, 1e-4


class Minires:
    def __init__(self, threads):
        from minires import backend

        backend.set_num_threads(threads)

    def prepare(self, work):
        return {Net: self._net, Kernel: self._kernel, SGDStep: self._sgd}[type(work)](work)

    def _net(self, work):
        from minires import Tensor, functional as F, no_grad, optim

        net, (images, labels) = work.build(), work.data()
        optimizer = optim.SGD(net.parameters(), LR, MOMENTUM, WEIGHT_DECAY)
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

        return train if work.training else infer, lambda: results

    def _kernel(self, work):
        from minires import kernels

        kernel, arrays, settings = kernels.find(work.kernel), work.arrays(), dict(work.settings)
        if work.kernel == "cross_entropy":
            settings["labels"] = np.arange(len(arrays[0])) % arrays[0].shape[1]
        dy = work.gradient(kernel.forward(*arrays, **settings)[0].shape)
        results = []

        def step():
            y, cache = kernel.forward(*arrays, **settings)
            gradients = kernel.backward(dy, cache) if work.backward else ()
            results[:] = [y, *(gradients if isinstance(gradients, tuple) else (gradients,))]

        return step, lambda: results

    def _sgd(self, work):
        from minires import nn, optim

        parameters, gradients = work.arrays()
        parameters = [nn.Parameter(array) for array in parameters]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        optimizer = optim.SGD(parameters, LR, MOMENTUM, WEIGHT_DECAY)
        optimizer.step()
        results = [parameter.data.copy() for parameter in parameters]
        return optimizer.step, lambda: results


class PyTorch:
    def __init__(self, threads, channels_last=False):
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        self.format = torch.channels_last if channels_last else torch.contiguous_format

    def prepare(self, work):
        return {Net: self._net, Kernel: self._kernel, SGDStep: self._sgd}[type(work)](work)

    def _tensor(self, array, weight=False):
        """Images in this side's layout, filters and matrices in PyTorch's order of axes."""
        if array.ndim == 4 and not weight:
            return self.torch.tensor(array.transpose(0, 3, 1, 2).copy()).contiguous(memory_format=self.format)
        from .pytorch_nets import to_torch

        tensor = self.torch.tensor(to_torch(array).copy()) if weight else self.torch.tensor(array)
        return tensor.contiguous(memory_format=self.format) if tensor.ndim == 4 else tensor

    def _array(self, tensor, weight=False):
        array = tensor.detach().numpy()
        if array.ndim == 4:
            return array.transpose((2, 3, 1, 0) if weight else (0, 2, 3, 1))
        return array.T if array.ndim == 2 and weight else array

    def _net(self, work):
        from .pytorch_nets import Net, copy_weights

        torch, (images, labels) = self.torch, work.data()
        net = Net(work.depth, work.width, "A" if work.residual else None).to(getattr(torch, work.dtype))
        copy_weights(work.build(), net)
        net = net.to(memory_format=self.format).train(work.training)
        images, labels = self._tensor(images), torch.tensor(labels)
        optimizer = torch.optim.SGD(net.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
        results = []

        def train():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(images), labels)
            loss.backward()
            if not results:
                results.extend([loss.detach().numpy(), *(self._array(p.grad, weight=True).copy() for p in net.parameters())])
            optimizer.step()

        def infer():
            with torch.no_grad():
                results[:] = [net(images).numpy()]

        return train if work.training else infer, lambda: results

    def _kernel(self, work):
        torch = self.torch
        arrays = work.arrays()
        inputs = [self._tensor(array, weight=i > 0 and work.kernel in ("conv2d", "linear")) for i, array in enumerate(arrays)]
        function = self._function(work.kernel, dict(work.settings), inputs)
        y = function(*inputs)
        dy = self._tensor(work.gradient(self._array(y).shape))
        results = []

        def forward():
            with torch.no_grad():
                results[:] = [function(*inputs)]

        def both():
            for x in inputs:
                x.requires_grad_(True)
                x.grad = None
            y = function(*inputs)
            y.backward(dy)
            results[:] = [y, *(x.grad for x in inputs)]

        weights = [False] + [i > 0 and work.kernel in ("conv2d", "linear") for i in range(len(inputs))]
        return both if work.backward else forward, lambda: [self._array(r, w) for r, w in zip(results, weights)]

    def _function(self, name, settings, inputs):
        F, torch = self.torch.nn.functional, self.torch

        def batch_norm(x, weight, bias):
            return F.batch_norm(x, None, None, weight, bias, training=True)

        def batch_norm_relu(x, weight, bias, shortcut=None):
            y = batch_norm(x, weight, bias)
            return torch.relu(y if shortcut is None else y + shortcut)

        if name == "cross_entropy":
            labels = torch.arange(len(inputs[0])) % inputs[0].shape[1]
            return lambda logits: F.cross_entropy(logits, labels)
        return {"conv2d": lambda x, w: F.conv2d(x, w, **settings), "linear": F.linear, "relu": torch.relu, "add": torch.add,
                "batch_norm": batch_norm, "batch_norm_relu": batch_norm_relu, "max_pool2d": lambda x: F.max_pool2d(x, **settings),
                "global_avg_pool2d": lambda x: x.mean((2, 3))}[name]

    def _sgd(self, work):
        torch = self.torch
        arrays, gradients = work.arrays()
        parameters = [torch.nn.Parameter(torch.tensor(array)) for array in arrays]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient)
        optimizer = torch.optim.SGD(parameters, LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
        optimizer.step()
        results = [parameter.detach().numpy().copy() for parameter in parameters]
        return optimizer.step, lambda: results


SIDES = {
    "minires": Minires,
    "PyTorch": PyTorch,
    "PyTorch, channels_last": lambda threads: PyTorch(threads, channels_last=True),
}

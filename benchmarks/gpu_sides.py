"""The sides of the comparison on a GPU. See `sides` for what a side is.

Images, labels and weights stay on the GPU (minires takes the labels, a few numbers, from the CPU,
where it checks them). Each side may come in TF32: float32 arrays, but products of numbers rounded
to 10 bits of mantissa.
"""

import gc

from minires import backend, kernels

from . import sides


class Minires(sides.Minires):
    """With ``fused=False`` batch norm, addition and ReLU are kernels of their own."""

    device = "gpu"

    def __init__(self, tf32=False, fused=True):
        if tf32:
            backend.allow_tf32()
        kernels.set_default(fused=fused)

    def release(self):
        gc.collect()
        backend.free_memory()


class PyTorch(sides.PyTorch):
    """Eager, in channels_last, with the fastest of cuDNN's algorithms. Needs PyTorch 2.9 or
    later.
    """

    device = "cuda"

    def __init__(self, tf32=False):
        super().__init__(threads=backend.num_threads(), channels_last=True)
        backends = self.torch.backends
        backends.cudnn.benchmark = True
        backends.cuda.matmul.fp32_precision = backends.cudnn.conv.fp32_precision = (
            "tf32" if tf32 else "ieee"
        )

    def synchronize(self):
        self.torch.cuda.synchronize()

    def release(self):
        gc.collect()
        self.torch.cuda.empty_cache()


class PyTorchGraph(PyTorch):
    """The whole training step captured once as a CUDA graph, which one call then starts."""

    def _training(self, net, optimizer, train):
        before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        replay, loss = self._capture(optimizer, train)
        net.load_state_dict(before)  # in place: warming up has trained the net
        parameters = list(net.parameters())
        return (
            replay,
            lambda: (
                [self._array(loss)]
                + [self._array(parameter.grad, weight=True) for parameter in parameters]
            ),
        )

    def _capture(self, optimizer, train):
        """(replay, loss): what does a training step again, and where its loss is then. As PyTorch's
        notes on CUDA graphs say.
        """
        cuda = self.torch.cuda
        stream = cuda.Stream()
        stream.wait_stream(cuda.current_stream())
        with cuda.stream(stream):  # not the default stream, so that nothing it sets up is captured
            for _ in range(3):
                train()
        cuda.current_stream().wait_stream(stream)
        optimizer.zero_grad()  # the graph's backward makes gradients in memory of its own
        graph = cuda.CUDAGraph()
        with cuda.graph(graph):
            loss = train()
        return graph.replay, loss


SIDES = {
    "minires": Minires,
    "minires, TF32": lambda: Minires(tf32=True),
    "minires, unfused": lambda: Minires(fused=False),
    "PyTorch": PyTorch,
    "PyTorch, TF32": lambda: PyTorch(tf32=True),
    "PyTorch, graph": PyTorchGraph,
    "PyTorch, graph, TF32": lambda: PyTorchGraph(tf32=True),
}

"""The sides of the comparison on a GPU.

Images, labels and weights stay on the GPU. Only minires takes its labels, a few numbers, from the
CPU, because it checks them there. A side can use TF32: its arrays are float32, but matrix products
round their factors to 10 bits of mantissa.
"""

import gc

from minires import backend, kernels

from . import sides


class Minires(sides.Minires):
    """minires on the GPU. With ``fused=False``, batch norm, addition and ReLU are kernels of their
    own.
    """

    device = "gpu"

    def __init__(self, tf32=False, fused=True):
        if tf32:
            backend.allow_tf32()
        kernels.set_default(fused=fused)

    def release(self):
        gc.collect()
        backend.free_memory()


class PyTorch(sides.PyTorch):
    """PyTorch on the GPU, run eagerly, in channels_last, with the fastest of cuDNN's algorithms. It
    needs PyTorch 2.9 or later.
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
    """PyTorch with the whole training step captured as a CUDA graph, which one call launches."""

    def _training(self, net, optimizer, train):
        before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        replay, loss = self._capture(optimizer, train)
        net.load_state_dict(before)  # in place; the steps before the capture have trained the net
        parameters = list(net.parameters())
        return (
            replay,
            lambda: (
                [self._array(loss)]
                + [self._array(parameter.grad, weight=True) for parameter in parameters]
            ),
        )

    def _capture(self, optimizer, train):
        """Capture a training step, as PyTorch's notes on CUDA graphs say.

        Returns
        -------
        replay : callable
            Does the step again.
        loss : Tensor
            Holds the loss of the last step.
        """
        cuda = self.torch.cuda
        stream = cuda.Stream()
        stream.wait_stream(cuda.current_stream())
        # The first steps set things up. On a stream of their own, none of that is captured.
        with cuda.stream(stream):
            for _ in range(3):
                train()
        cuda.current_stream().wait_stream(stream)
        optimizer.zero_grad()  # so that backward makes the gradients in the graph's own memory
        graph = cuda.CUDAGraph()
        with cuda.graph(graph):
            loss = train()
        return graph.replay, loss


#: What the tables call each side -> what makes it.
SIDES = {
    "minires": Minires,
    "minires, TF32": lambda: Minires(tf32=True),
    "minires, unfused": lambda: Minires(fused=False),
    "PyTorch": PyTorch,
    "PyTorch, TF32": lambda: PyTorch(tf32=True),
    "PyTorch, graph": PyTorchGraph,
    "PyTorch, graph, TF32": lambda: PyTorchGraph(tf32=True),
}

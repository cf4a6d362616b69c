"""The gradient of one batch, computed in shards by all ranks (data parallelism).

Every rank has the whole net and some shards of the batch, and computes the gradients for these. The
loss is a mean over images, so it is a sum over shards:

    loss = sum over shards of (images of the shard / images of the batch) loss of the shard

Each shard begins its backward pass with this fraction instead of 1. Then the sum of the gradients
of all shards is the gradient of the batch. With class weights the loss is a weighted mean, and each
image counts as much as its class.
"""

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from .. import functional as F
from ..autograd import Tensor
from ..kernels.shards import Shard, computing
from ..nn import Module
from ..types import Array
from . import lockstep
from .cutting import check_shards, cut
from .pairwise import summed
from .world import World


class Outcome(NamedTuple):
    """The result of a batch, which is the same on all ranks."""

    loss: float  # mean over its images
    wrong: int  # images whose largest logit is not that of the right class
    flagged: bool  # whether any rank passed ``flag=True``


class DataParallel:
    """Computes the gradients of `model` together with the other ranks.

    Parameters
    ----------
    model : nn.Module
        On the CPU, with the same weights and random generators on all ranks.
    world : World
    batch_size : int
        Images that all ranks have together.
    shards : int
        Into how many parts a batch is cut: at least one for each rank, and at most one for each
        image. The same number gives the same bits on any number of ranks.
    label_smoothing : float
    class_weights : sequence of float (K,), optional

    Attributes
    ----------
    part : slice
        The images of a batch that this rank computes.

    Raises
    ------
    ConfigError
        For more shards than images, or a net on a GPU.
    """

    def __init__(
        self,
        model: Module,
        world: World,
        batch_size: int,
        shards: int,
        label_smoothing: float = 0.0,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        check_shards(shards, batch_size, next(model.parameters()).device)
        self.world, self.batch_size, self.shards = world, batch_size, shards
        self.label_smoothing, self.class_weights = label_smoothing, class_weights
        self.own = cut(shards, world.size)
        places = cut(batch_size, shards)[slice(*self.own[world.rank])]
        self.part = slice(places[0][0], places[-1][1])
        self.places = places
        self.nets = [model, *(replica(model).train() for _ in places[1:])]
        self._parameters = [[p for p in net.parameters() if p.requires_grad] for net in self.nets]
        self._threads = ThreadPoolExecutor(len(places), thread_name_prefix="minires-shard")

    def gradients(self, images: Array, labels: Array, flag: bool = False) -> Outcome:
        """Compute the gradients of the mean cross-entropy of a batch, and store them in the net.

        If the loss is not finite, no gradients are computed.

        Parameters
        ----------
        images : array (n, H, W, C)
            The images of this rank, which are `part` of the batch.
        labels : array of int (n,)
        flag : bool
            A signal to all ranks, for example that this one is about to stop.

        Returns
        -------
        Outcome
        """
        self.nets[0].train()
        for parameter in (p for parameters in self._parameters for p in parameters):
            parameter.grad = None

        def task(net, place):
            own = slice(place[0] - self.part.start, place[1] - self.part.start)
            return lambda exchange: self._shard(
                net, images[own], labels[own], Shard(*place, self.batch_size, exchange), flag
            )

        outcomes = lockstep.run(
            [task(net, place) for net, place in zip(self.nets, self.places)],
            self._exchange,
            self._threads,
        )
        if np.isfinite(outcomes[0].loss):
            self._add_up()
        return outcomes[0]

    def _shard(self, net, images, labels, shard, flag):
        """Forward and backward pass for one shard. Returns the `Outcome` of the whole batch."""
        with computing(shard):
            logits = net(Tensor(images))
            loss = F.cross_entropy(
                logits, labels, self.class_weights, label_smoothing=self.label_smoothing
            )
            wrong = (logits.data.argmax(axis=1) != labels).sum()
            counts: Any = len(labels)  # how much the images of this shard count in the mean
            if self.class_weights is not None:
                counts = np.array(self.class_weights, np.float64)[labels].sum()
            own = np.array([loss.item() * counts, wrong, flag, counts], np.float64)
            total, wrong, flags, all_counts = sum(shard.exchange(own))
            outcome = Outcome(float(total) / float(all_counts), int(wrong), bool(flags))
            if np.isfinite(outcome.loss):
                loss.backward(np.full_like(loss.data, counts / all_counts))
        return outcome

    def _exchange(self, arrays):
        """The arrays of all shards, given those of this rank's shards."""
        rows = np.array([array.ravel() for array in arrays])
        counts = [last - first for first, last in self.own]
        return list(self.world.gather_rows(rows, counts).reshape(-1, *arrays[0].shape))

    def _add_up(self):
        """Sum the gradients over all shards, and store the sums in the first net, which is `model`.

        In a block that stochastic depth dropped, parameters have no gradient in any shard, and get
        none. So each shard also sends a 1 or 0 for each parameter: whether it has a gradient.
        """
        parameters, vectors = self._parameters[0], []
        for of_shard in self._parameters:
            numbers = [
                np.zeros(p.size, p.dtype) if p.grad is None else p.grad.ravel() for p in of_shard
            ]
            present = np.array([p.grad is not None for p in of_shard], np.float32)
            vectors.append(np.concatenate([*numbers, present]))
        vector = summed(vectors, self.shards, self.world)
        ends = np.cumsum([p.size for p in parameters])
        *arrays, present = np.split(vector, ends)
        for parameter, array, shards in zip(parameters, arrays, present):
            grad = array.reshape(parameter.shape).astype(parameter.dtype, copy=False)
            parameter.grad = grad if shards else None


def replica(model: Module) -> Module:
    """A copy of a net that shares its weights, but has gradients, running averages and generators
    of its own.
    """
    return copy.deepcopy(model, {id(p.data): p.data for p in model.parameters()})

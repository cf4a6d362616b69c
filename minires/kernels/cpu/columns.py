"""The loop of a convolution: columns of a few images are made, used by all consumers, and
overwritten by the columns of the next few.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from ...types import Array
from . import chunks


class Plan(Protocol):
    """How the images are cut: see `chunks`."""

    @property
    def groups(self) -> int: ...

    @property
    def image_bytes(self) -> int: ...

    @property
    def min_chunk_bytes(self) -> int: ...


class Consumer(Protocol):
    """What columns are made for."""

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        """Use the columns of one group of channels of images first ... last - 1."""

    def finish(self, first: int, last: int) -> None:
        """All groups of these images were handed over, and are still in cache."""


#: Given images and plan, it makes one thread's ``columns(group, first, last)``.
Producer: TypeAlias = Callable[[Array, Any], Callable[[int, int, int], Array]]


def convolve(images: Array, plan: Plan, producer: Producer, *consumers: Consumer) -> None:
    """Make columns of images (N, H, W, C), a few at a time, and hand them to the consumers.

    Every thread has a producer of its own, and all share the consumers.
    """

    def worker(chunks):
        columns_of = producer(images, plan)
        for first, last in chunks:
            for group in range(plan.groups):
                columns = columns_of(group, first, last)
                for consumer in consumers:
                    consumer.take(columns, group, first, last)
            for consumer in consumers:
                consumer.finish(first, last)

    with chunks.one_blas_thread():
        chunks.run(worker, len(images), plan.image_bytes, plan.min_chunk_bytes)

"""The number of processes that a machine has cores and memory for."""

import math
from collections.abc import Sequence

from ... import backend
from ...checks import integer
from ...errors import ConfigError
from ...nn import Module
from ...nn.summary import summarize
from ...training.config import RunConfig
from ...types import Shape
from ..free_memory import free_memory
from .task import Task

SHARE = 0.8  # of the free memory may be used; the rest is for other programs on the machine


INTERPRETER = 120 * 2**20  # bytes of memory of a Python process with NumPy and minires
# The memory of a step is that of the arrays kept for backward, times this factor: gradients, and
# buffers that are kept for reuse.
LAYERS_AT_WORK = 2.0


def needs(model: Module, input_shape: Shape, config: RunConfig) -> tuple[float, int]:
    """The (cost, memory) of a training: multiply-adds of all its steps, and estimated bytes.

    Parameters
    ----------
    model : nn.Module
    input_shape : tuple of int
        Shape of one example.
    config : RunConfig
        With all settings resolved to numbers: `RunConfig.resolve`.
    """
    assert config.iterations is not None and isinstance(config.batch_size, int)  # resolved
    one = summarize(model, (1, *input_shape))
    images = config.iterations * config.batch_size
    memory = INTERPRETER + 4 * one.parameter_bytes
    return 3.0 * one.multiply_adds * images, memory + int(
        LAYERS_AT_WORK * one.kept_bytes * config.batch_size
    )


def check_workers(workers: int | None, where: str = "--workers") -> int | None:
    """`workers`, if it is None or a whole number of at least 1. Raises ConfigError otherwise."""
    return None if workers is None else integer(where, "workers", workers)


def fitting_workers(tasks: Sequence[Task], most: int | None = None) -> int:
    """How many processes to start: one for each core, but no more than there are tasks, and no
    more than fit into the free memory.

    Parameters
    ----------
    tasks : list of Task
    most : int, optional
        The number that the user asks for, instead of one for each core.

    Raises
    ------
    ConfigError
        If the user asks for more processes than fit into the free memory.
    """
    if not tasks:
        return 1
    wanted = min(len(tasks), backend.available_cores() if most is None else most)
    free = free_memory()
    room = math.inf if free is None else SHARE * free
    largest = sorted((task.memory for task in tasks), reverse=True)
    fitting = 1
    while fitting < wanted and sum(largest[: fitting + 1]) <= room:
        fitting += 1
    if most is not None and fitting < wanted:
        raise ConfigError(
            "--workers",
            "not enough memory for this many nets at a time",
            f"at most {fitting} ({room / 2**30:.1f} GiB may be used)",
            str(most),
            "each process holds a net, its gradients and a batch's activations",
        )
    return fitting

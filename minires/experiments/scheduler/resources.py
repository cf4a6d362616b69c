"""How many processes a machine has room for."""

from collections.abc import Sequence

import psutil

from ... import backend
from ...checks import integer
from ...errors import ConfigError
from ...nn import Module
from ...nn.summary import summarize
from ...training.config import RunConfig
from ...types import Shape
from .task import Task

SHARE = 0.8  # of the memory that is free: the rest is for those who sit at the machine


INTERPRETER = 120 * 2**20  # bytes of a Python with NumPy and minires
LAYERS_AT_WORK = 2.0  # kept arrays of a step, times this: gradients beside them, and the pool's


def needs(model: Module, input_shape: Shape, config: RunConfig) -> tuple[float, int]:
    """The cost of a training in multiply-adds, and its memory in bytes.

    Parameters
    ----------
    model : nn.Module
    input_shape : tuple of int
        Of one example.
    config : RunConfig
        Resolved.
    """
    assert config.iterations is not None and isinstance(config.batch_size, int)  # resolved
    one = summarize(model, (1, *input_shape))
    images = config.iterations * config.batch_size
    memory = INTERPRETER + 4 * one.parameter_bytes
    return 3.0 * one.multiply_adds * images, memory + int(
        LAYERS_AT_WORK * one.kept_bytes * config.batch_size
    )


def check_workers(workers: int | None, where: str = "--workers") -> int | None:
    """`workers`, if it is a whole number of at least 1, or None."""
    return None if workers is None else integer(where, "workers", workers)


def fitting_workers(tasks: Sequence[Task], most: int | None = None) -> int:
    """How many processes to start: one for each core, but no more than there are tasks, and no
    more than the free memory has room for.

    Parameters
    ----------
    tasks : list of Task
    most : int, optional
        What the caller asks for: at most so many, whatever the cores.

    Raises
    ------
    ConfigError
        If the caller asks for more than the memory has room for.
    """
    if not tasks:
        return 1
    wanted = min(len(tasks), backend.available_cores() if most is None else most)
    room = _room()
    largest = sorted((task.memory for task in tasks), reverse=True)
    fitting = 1
    while fitting < wanted and sum(largest[: fitting + 1]) <= room:
        fitting += 1
    if most is not None and fitting < wanted:
        raise ConfigError(
            "--workers",
            "not enough memory for so many nets at a time",
            f"at most {fitting} ({room / 2**30:.1f} GiB may be used)",
            str(most),
            "each process holds a net, its gradients and a batch's activations",
        )
    return fitting


def _room():
    """Bytes that may be used; any number, if the system does not say how much memory is free."""
    try:
        return SHARE * psutil.virtual_memory().available
    except OSError:  # no /proc, as behind some walls
        return float("inf")

"""The learning rate as a function of the iteration."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..checks import integer, is_integer, number
from ..errors import ConfigError
from .optimizer import Optimizer


class Schedule:
    """The learning rate as a function of the iteration: what `decayed` says, after a warm-up.

    Unlike in PyTorch, where a schedule usually steps once an epoch, all numbers here are
    iterations: call ``step`` after each batch.

    Parameters
    ----------
    optimizer : Optimizer
        Its ``lr`` at this moment is the base rate; ``step`` then sets it.
    warmup : int
        During the first `warmup` iterations the rate rises linearly from ``warmup_factor * lr``.
        With ``warmup_factor`` 0.1 this is a gentler form of the paper's start at 0.01 for its
        110-layer net.
    warmup_factor : float

    Raises
    ------
    ConfigError
        For a warm-up or a factor below 0.
    """

    def __init__(
        self, optimizer: Optimizer, *, warmup: int = 0, warmup_factor: float = 0.1
    ) -> None:
        where = type(self).__name__
        if not is_integer(warmup, 0):
            raise ConfigError(where, "warmup", "a number of iterations, 0 or more", repr(warmup))
        if not hasattr(optimizer, "lr"):
            raise ConfigError(where, "optimizer", "an optimiser", f"a {type(optimizer).__name__}")
        self.optimizer, self.base_lr = optimizer, optimizer.lr
        self.warmup = int(warmup)
        self.warmup_factor = number(
            where,
            "warmup_factor",
            warmup_factor,
            "a number of at least 0",
            lambda factor: factor >= 0,
        )
        self.iteration = 0
        optimizer.lr = self.lr_at(0)

    def decayed(self, iteration: int) -> float:
        """The learning rate at that iteration if there were no warm-up."""
        raise NotImplementedError

    def lr_at(self, iteration: int) -> float:
        """The learning rate that iteration number `iteration`, counted from 0, uses."""
        lr = self.decayed(iteration)
        if iteration < self.warmup:
            lr *= self.warmup_factor + (1 - self.warmup_factor) * iteration / self.warmup
        return lr

    def step(self) -> None:
        """Call after each ``optimizer.step()``."""
        self.iteration += 1
        self.optimizer.lr = self.lr_at(self.iteration)

    def state_dict(self) -> dict[str, int]:
        """How many steps were taken."""
        return {"iteration": self.iteration}

    def load_state_dict(self, state_dict: Mapping[str, int]) -> None:
        """Go on from a `state_dict`, and set the optimiser's rate to the one that belongs there."""
        self.iteration = state_dict["iteration"]
        self.optimizer.lr = self.lr_at(self.iteration)


class MultiStepLR(Schedule):
    """The learning rate is multiplied by `gamma` at each milestone.

    Parameters
    ----------
    optimizer, warmup, warmup_factor
        As for `Schedule`.
    milestones : sequence of int
        Iterations from which on the next lower rate holds. The paper: 32,000 and 48,000.
    gamma : float

    Raises
    ------
    ConfigError
        For milestones that do not rise, or a warm-up below 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Sequence[int],
        gamma: float = 0.1,
        *,
        warmup: int = 0,
        warmup_factor: float = 0.1,
    ) -> None:
        listed = isinstance(milestones, (list, tuple, range, np.ndarray))
        if not listed:
            raise ConfigError("MultiStepLR", "milestones", "a list of iterations", repr(milestones))
        milestones = list(milestones)
        if not all(is_integer(m, 0) for m in milestones) or milestones != sorted(set(milestones)):
            raise ConfigError("MultiStepLR", "milestones", "rising iterations", str(milestones))
        self.milestones = [int(m) for m in milestones]
        self.gamma = number(
            "MultiStepLR", "gamma", gamma, "a number of at least 0", lambda gamma: gamma >= 0
        )
        super().__init__(optimizer, warmup=warmup, warmup_factor=warmup_factor)

    def decayed(self, iteration: int) -> float:
        return self.base_lr * self.gamma ** sum(iteration >= m for m in self.milestones)


class CosineLR(Schedule):
    """The learning rate falls along half a cosine, lr (1 + cos(pi t / T)) / 2, from lr to 0.

    Loshchilov and Hutter 2017, arXiv:1608.03983; in PyTorch it is ``CosineAnnealingLR``.

    Parameters
    ----------
    optimizer, warmup, warmup_factor
        As for `Schedule`. The cosine begins after the warm-up.
    iterations : int
        The length of training; there the rate arrives at 0, unless the warm-up lasts as long.

    Raises
    ------
    ConfigError
        For no iterations, or a warm-up below 0 or longer than training.
    """

    def __init__(
        self, optimizer: Optimizer, iterations: int, *, warmup: int = 0, warmup_factor: float = 0.1
    ) -> None:
        self.iterations = integer("CosineLR", "iterations", iterations)
        if is_integer(warmup) and warmup > iterations:
            raise ConfigError(
                "CosineLR",
                "warmup",
                f"at most the {iterations} iterations of training",
                repr(warmup),
            )
        super().__init__(optimizer, warmup=warmup, warmup_factor=warmup_factor)

    def decayed(self, iteration: int) -> float:
        length = self.iterations - self.warmup
        after = min(max(0, iteration - self.warmup), length)
        return self.base_lr * (1 + math.cos(math.pi * after / max(1, length))) / 2

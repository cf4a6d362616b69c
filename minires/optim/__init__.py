"""Gradient descent: the step, the learning rate over time, and lengths kept in bounds."""

from .adam import Adam, AdamW
from .clipping import clip_grad_norm
from .groups import parameter_groups
from .muon import Muon
from .optimizer import Optimizer
from .schedules import CosineLR, MultiStepLR, Schedule
from .sgd import SGD
from .weight_norms import KeepNorms

__all__ = [
    "Adam",
    "AdamW",
    "CosineLR",
    "KeepNorms",
    "Muon",
    "MultiStepLR",
    "Optimizer",
    "SGD",
    "Schedule",
    "clip_grad_norm",
    "parameter_groups",
]

"""Gradient descent: the step, the learning rate over time, and lengths kept in bounds."""

from .clipping import KeepNorms, clip_grad_norm
from .schedules import CosineLR, MultiStepLR, Schedule
from .sgd import SGD, parameter_groups

__all__ = ["CosineLR", "KeepNorms", "MultiStepLR", "SGD", "Schedule", "clip_grad_norm", "parameter_groups"]

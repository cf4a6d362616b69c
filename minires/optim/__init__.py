"""Gradient descent: the step, the learning rate over time, and lengths kept in bounds."""

from .clipping import clip_grad_norm, keep_norms
from .schedules import CosineLR, MultiStepLR, Schedule
from .sgd import SGD, parameter_groups

__all__ = ["CosineLR", "MultiStepLR", "SGD", "Schedule", "clip_grad_norm", "keep_norms", "parameter_groups"]

"""Training a net and using it: the loop, its checkpoints, and predictions for pictures."""

from .inference import predict
from .trainer import Recipe, Trainer

__all__ = ["Recipe", "Trainer", "predict"]

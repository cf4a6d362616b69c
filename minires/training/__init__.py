"""Training a net and using it: the description of a run, the loop, checkpoints, and predictions for pictures."""

from .callbacks import Callback
from .config import RunConfig
from .inference import predict
from .trainer import Trainer

__all__ = ["Callback", "RunConfig", "Trainer", "predict"]

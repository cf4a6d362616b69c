"""Training a net and using it: the config of a run, the loop, checkpoints, predictions."""

from .callbacks import Callback
from .config import RunConfig
from .inference import predict
from .trainer import Trainer

__all__ = ["Callback", "RunConfig", "Trainer", "predict"]

"""When a GPU fails in training: a batch that would have fitted, and where a run can go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import backend
from .. import functional as F
from ..autograd import Tensor
from ..errors import DeviceError

if TYPE_CHECKING:
    from .trainer import Trainer


def out_of_memory(trainer: Trainer) -> DeviceError:
    """The DeviceError for too little memory: it says which batch would fit, found by trial."""
    evaluating, size = not trainer.model.training, trainer.config.batch_size
    while size and not _fits(trainer, size):
        size //= 2
    todo = "take a smaller net, or end what else uses the GPU"
    if evaluating:
        what = f"evaluating {trainer.test_loader.batch_size} images at a time"
    else:
        what = f"a batch of {trainer.config.batch_size} images"
        todo = f"take a batch of {size}, which fits" if size else f"not even one image fits: {todo}"
    return DeviceError(
        trainer.name,
        f"the GPU's memory is too small for {what}",
        None,
        f"{backend.free_memory() / 2**30:.1f} GiB free when none is in use",
        todo,
    )


def gpu_failed(trainer: Trainer, error: Exception) -> DeviceError:
    """The DeviceError for another failure of the GPU: it says what the checkpoint holds."""
    todo = (
        "no checkpoint was asked for"
        if trainer.path is None
        else f"{trainer.path} still holds iteration {trainer.saved_iteration}: start again with "
        "--resume"
    )
    what = f"the GPU failed at iteration {trainer.iteration}"
    return DeviceError(trainer.name, what, None, str(error), todo)


def _fits(trainer, size):
    """Whether there is memory for the forward and backward pass of so many images."""
    trainer.optimizer.zero_grad()
    backend.free_memory()
    trainer.model.eval()  # takes as much memory, and keeps the running statistics
    try:
        shape = size, *trainer.test_loader.dataset.input_shape
        images = backend.move(np.zeros(shape, np.float32), trainer.device)
        F.cross_entropy(trainer.model(Tensor(images)), np.zeros(size, int)).backward()
        return True
    except backend.out_of_memory_errors():
        return False

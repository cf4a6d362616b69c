"""The same nets built in PyTorch, where it is installed: with the same weights they must give the
same numbers."""

import numpy as np
import pytest

from minires import functional as F
from minires import models
from minires.autograd.tensor import Tensor

NETS = {
    "plain": (models.plain, {}),
    "A": (models.resnet, {"shortcut": "A"}),
    "B": (models.resnet, {"shortcut": "B"}),
    "C": (models.resnet, {"shortcut": "C"}),
    "A without batch norm": (models.resnet, {"shortcut": "A", "batch_norm": False}),
    "plain without batch norm": (models.plain, {"batch_norm": False}),
}


def assert_close(got, expected, what):
    """To 1e-4 of the largest number: float32 adds up in another order."""
    assert abs(got - expected).max() <= 1e-4 * abs(expected).max(), what


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("build, settings", NETS.values(), ids=NETS)
def test_logits_and_gradients(torch, build, settings, training):
    from benchmarks.pytorch_nets import Net, copy_weights, to_torch

    rng = np.random.default_rng(0)
    mine = build(14, width=4, **settings)
    theirs = Net(14, 4, settings.get("shortcut"), settings.get("batch_norm", True))
    for name, array in mine.state_dict().items():
        # batch norm with statistics other than those at the start
        if "conv" not in name and "fc" not in name:
            array += rng.uniform(0, 0.5, array.shape).astype(np.float32)
    copy_weights(mine, theirs)

    images, labels = rng.standard_normal((8, 12, 12, 3), dtype=np.float32), np.arange(8)
    mine.train(training)
    theirs.train(training)
    logits, other_logits = (
        mine(Tensor(images)),
        theirs(torch.tensor(images.transpose(0, 3, 1, 2).copy())),
    )
    F.cross_entropy(logits, labels).backward()
    torch.nn.functional.cross_entropy(other_logits, torch.tensor(labels)).backward()

    assert_close(logits.data, other_logits.detach().numpy(), "logits")
    others = dict(theirs.named_parameters())
    for name, parameter in mine.named_parameters():
        assert_close(to_torch(parameter.grad), others[name].grad.numpy(), f"gradient of {name}")
    buffers = dict(theirs.named_buffers())
    for name, buffer in mine.named_buffers():
        assert_close(buffer.data, buffers[name].numpy(), name)

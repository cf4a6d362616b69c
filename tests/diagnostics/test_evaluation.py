"""Loss and error on a data set."""

import numpy as np
import pytest

from minires import data, models, nn
from minires import functional as F
from minires.autograd.tensor import Tensor
from minires.diagnostics import classify, evaluate, responses, sharpest_curvature
from minires.errors import ConfigError
from minires.random import stream
from minires.training import RunConfig, Trainer

from .nets import batch


def test_solved_by_hand():
    """Logits (x, 0) for x = 3, -3, 3 with labels 0, 0, 1: only the first is right. The losses are
    softplus(-3), softplus(3) and softplus(3)."""
    net = nn.Linear(1, 2)
    net.weight.data[...] = [[1, 0]]
    x, y = np.array([[3], [-3], [3]], np.float32), np.array([0, 0, 1])
    loss = (np.log1p(np.exp(-3)) + 2 * np.log1p(np.exp(3))) / 3
    # each image counts the same, not each batch
    for batches in ([(x, y)], [(x[:1], y[:1]), (x[1:], y[1:])]):
        found = evaluate(net, batches)
        assert found.loss == pytest.approx(loss, rel=1e-6) and found.error == pytest.approx(200 / 3)


def test_agrees_with_the_trainer():
    train, test = data.synthetic(100, 60, size=8)
    trainer = Trainer(
        models.resnet(8, width=2),
        train,
        test,
        RunConfig(iterations=5, batch_size=20),
        progress=False,
    )
    trainer.run()
    found = evaluate(trainer.model, data.eval_loader(test, 25, train.pixel_mean()))
    assert found.error == pytest.approx(trainer.history[-1]["test_error"])


def test_mode_decides_which_statistics_are_used():
    net, (x, y) = models.plain(8, width=2), batch()
    found = {mode: evaluate(net, [(x, y)], mode=mode).loss for mode in ("train", "eval")}
    assert found["train"] == pytest.approx(F.cross_entropy(net.train()(Tensor(x)), y).item())
    assert found["train"] != pytest.approx(found["eval"], rel=1e-4)


def test_an_endless_stream_of_batches_is_refused():
    """The evaluation would never end."""
    train, _ = data.synthetic(20, 10, size=8)
    endless = data.train_loader(train, 10, stream(0, "order of images"), stream(0, "augmentation"))
    with pytest.raises(ConfigError, match="got DataLoader; an iterator can be used up only once"):
        evaluate(models.plain(8, width=2), endless)
    with pytest.raises(ConfigError, match="expected at least one image, got none"):
        evaluate(models.plain(8, width=2), [])


@pytest.mark.parametrize("diagnostic", [evaluate, classify, responses, sharpest_curvature])
def test_a_batch_outside_of_a_list_is_refused(diagnostic):
    net, (x, y) = models.plain(8, width=2), batch()
    cure = r"put the pair of images and labels into a list: \[\(images, labels\)\]"
    for batches, got in (
        ((x, y), "a tuple of arrays"),
        ([x, y], "a list of arrays"),
        ((Tensor(x), list(y)), "a tuple of arrays"),
        ([x], "a list of arrays"),
        (x, "an array"),
        (Tensor(x), "an array"),
    ):
        with pytest.raises(ConfigError, match=f"batches: expected a list .* got {got}; {cure}"):
            diagnostic(net, batches)
    for batches in ([(x, y)], ((x, y),), [[Tensor(x), y]]):
        diagnostic(net, batches)


def test_a_data_set_is_not_its_batches():
    _, test = data.synthetic(20, 10, size=8)
    with pytest.raises(ConfigError, match="got ImageDataset; data.eval_loader makes batches"):
        evaluate(models.plain(8, width=2), test)

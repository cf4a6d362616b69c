"""Losses as modules."""

import numpy as np
import pytest

from minires import functional as F
from minires import nn
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, DtypeError

LOGITS = np.random.default_rng(0).standard_normal((4, 3))


@pytest.mark.parametrize("smoothing", [0.0, 0.2, np.float32(0.5)])
def test_cross_entropy(smoothing):
    loss, labels = nn.CrossEntropyLoss(label_smoothing=smoothing), [0, 2, 1, 0]
    expected = F.cross_entropy(Tensor(LOGITS), labels, label_smoothing=smoothing)
    assert np.array_equal(loss(Tensor(LOGITS), labels).data, expected.data)
    assert np.array_equal(loss(Tensor(LOGITS), np.array(labels)).data, expected.data)


def test_class_weights():
    loss, labels = nn.CrossEntropyLoss([1, 2, 3], label_smoothing=0.1), [0, 2, 1, 0]
    expected = F.cross_entropy(Tensor(LOGITS), labels, [1, 2, 3], label_smoothing=0.1)
    assert np.array_equal(loss(Tensor(LOGITS), labels).data, expected.data)
    unweighted = F.cross_entropy(Tensor(LOGITS), labels, label_smoothing=0.1)
    assert expected.item() != pytest.approx(unweighted.item())


def test_mean_squared_error():
    x, target = Tensor(LOGITS, requires_grad=True), Tensor(np.zeros((4, 3)))
    loss = nn.MSELoss()(x, target)
    assert loss.item() == pytest.approx((LOGITS**2).mean())
    loss.backward()
    np.testing.assert_allclose(x.grad, 2 * LOGITS / 12)


def test_they_have_no_parameters_and_a_readable_repr():
    losses = (
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(label_smoothing=0.1),
        nn.CrossEntropyLoss(np.array([1, 2.5])),
        nn.MSELoss(),
    )
    assert [repr(loss) for loss in losses] == [
        "CrossEntropyLoss()",
        "CrossEntropyLoss(label_smoothing=0.1)",
        "CrossEntropyLoss(weight=[1.0, 2.5])",
        "MSELoss()",
    ]
    assert not any(list(loss.parameters()) for loss in losses)


def test_cross_entropy_agrees_with_pytorch(torch):
    labels = np.array([0, 2, 1, 0])
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.3)
    theirs = loss(torch.tensor(LOGITS), torch.tensor(labels))
    mine = nn.CrossEntropyLoss(label_smoothing=0.3)(Tensor(LOGITS), labels)
    assert mine.item() == pytest.approx(theirs.item())


def test_arguments_that_do_not_fit():
    with pytest.raises(ConfigError, match="label_smoothing: expected a number from 0 to 1, got 2"):
        nn.CrossEntropyLoss(label_smoothing=2)
    with pytest.raises(DtypeError, match="target: expected an array or a list of integers"):
        nn.CrossEntropyLoss()(Tensor(LOGITS), Tensor([0, 1, 2, 0]))
    with pytest.raises(ConfigError, match="weight: expected a list of numbers, one for each class"):
        nn.CrossEntropyLoss(0.1)  # the first argument is the weights, as in PyTorch

"""Top-1 and top-5 error, and the confusion matrix."""

import numpy as np
import pytest

from minires import data, models
from minires.diagnostics import Classified, classify, confusion_matrix, evaluate, top_error
from minires.errors import ConfigError, DataError, DtypeError, ShapeError

LOGITS = np.array([[3, 2, 1, 0], [0, 1, 2, 3], [1, 1, 1, 1], [0, 5, 4, 1]], np.float32)
LABELS = np.array([0, 2, 1, 3])


def test_top_errors_by_hand():
    """The right class comes first, second, in a tie of four (which counts as last), and third."""
    found = Classified(LOGITS, LABELS)
    assert [top_error(found, k) for k in (1, 2, 3, 4)] == [75, 50, 25, 0]
    assert top_error(found, np.int64(2)) == 50
    for k in (0, 5, 1.5, 2.0, "2", True):
        with pytest.raises(ConfigError, match="k: expected a whole number, 1 to 4"):
            top_error(found, k)


def test_a_net_whose_logits_are_not_numbers_is_never_right():
    assert top_error(Classified(np.full((2, 3), np.nan), np.array([0, 1])), 2) == 100


def test_the_matrix_by_hand():
    found = confusion_matrix(Classified(LOGITS, LABELS))
    assert (
        found.tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]]
        and found.dtype == np.int64
    )


def test_it_agrees_with_evaluate_and_leaves_the_net_alone():
    train, test = data.synthetic(40, 70)
    net = models.resnet(8, width=2)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    batches = data.eval_loader(test, 32, train.pixel_mean())
    found = classify(net, batches)
    assert found.logits.shape == (70, 10) and np.array_equal(found.labels, test.labels)
    assert top_error(found) == pytest.approx(evaluate(net, batches).error)
    assert (
        confusion_matrix(found).sum(axis=1).tolist()
        == np.bincount(test.labels, minlength=10).tolist()
    )
    assert 100 - np.trace(confusion_matrix(found)) / 0.7 == pytest.approx(top_error(found))
    assert net.training and all(
        np.array_equal(array, before[name]) for name, array in net.state_dict().items()
    )


def test_invalid_batches():
    net = models.resnet(8, width=2)
    with pytest.raises(ConfigError, match="at least one image"):
        classify(net, [])
    with pytest.raises(ConfigError, match="an iterator can be used up"):
        classify(net, iter([]))


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(
    "labels, error, words",
    [
        ([0, 1, 10], DataError, r"label out of range: expected 0 to 9 \(10 classes\), got 10"),
        ([0, -1, 2], DataError, "label out of range: expected 0 to 9 .* got -1"),
        ([0, 1], ShapeError, r"labels: expected shape \(3,\), one for each row of logits"),
        ([0.0, 1.0, 2.0], DtypeError, "labels: expected integers, got float64"),
    ],
)
def test_labels_that_do_not_fit_the_net(labels, error, words, flip):
    images = np.zeros((3, 8, 8, 3), np.float32)
    with pytest.raises(error, match=f"classify: {words}"):
        classify(models.resnet(8, width=2), [(images, np.array(labels))], flip=flip)


def test_flip_is_the_mean_over_both_views():
    train, test = data.synthetic(40, 30)
    net = models.resnet(8, width=2, seed=1)
    net.fc.weight.data *= 100  # as after training: logits that differ
    batches = list(data.eval_loader(test, 10, train.pixel_mean()))
    mirrored = [(np.ascontiguousarray(images[:, :, ::-1]), labels) for images, labels in batches]

    def probabilities(found):
        powers = np.exp(found.logits - found.logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    one, other, both = (
        probabilities(found)
        for found in (
            classify(net, batches),
            classify(net, mirrored),
            classify(net, batches, flip=True),
        )
    )
    np.testing.assert_allclose(both, (one + other) / 2, atol=1e-6)
    assert np.abs(both - one).max() > 1e-4

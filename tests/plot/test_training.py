"""The figures of one net's training: that they show the numbers they are given."""

import numpy as np
import pytest

from minires import plot

METRICS = [{"epoch": e, "train_loss": 2.0 / e, "train_error": 60 / e, "test_error": 70 / e} for e in (1, 2, 3)]
GRADIENTS = [{"iteration": i, "depth": d, "gradient_norm": d / (i + 1)} for i in (0, 1, 2, 10, 50) for d in (1, 2, 3)]


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines() if not line.get_label().startswith("_")}


def test_curves_are_the_metrics():
    left, right = plot.training_curves(METRICS, "caption", drops=[1.5]).axes
    assert list(left.get_lines()[0].get_ydata()) == [2.0, 1.0, 2 / 3] and "nats" in left.get_ylabel()
    assert {name: list(y) for name, y in lines(right).items()} == {"training": [60, 30, 20], "test": [70, 35, 70 / 3]}
    assert all(ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > max(ax.get_lines()[0].get_ydata()) for ax in (left, right))
    assert [line.get_xdata()[0] for line in right.get_lines() if len(set(line.get_xdata())) == 1] == [1.5]


def test_a_single_epoch_and_errors_of_nothing_can_be_drawn():
    plot.training_curves([{"epoch": 0.5, "train_loss": 0.0, "train_error": 0.0, "test_error": 0.0}])


def test_gradients_at_first_then_one_and_ten_steps_on_and_at_last():
    figure = plot.gradients_of_a_net(GRADIENTS)
    (ax,) = figure.axes
    assert {name: list(y) for name, y in lines(ax).items()} == {
        "at first": [1, 2, 3], "after 1 step": [0.5, 1, 1.5], "after 10 steps": [1 / 11, 2 / 11, 3 / 11], "after 50 steps": [1 / 51, 2 / 51, 3 / 51]}
    assert ax.get_yscale() == "log"


def test_a_matrix_says_what_part_of_a_class_was_taken_for_which():
    figure = plot.confusion([[3, 1, 0], [0, 0, 0], [1, 998, 1]], ("cat", "dog", "eel"))
    ax = figure.axes[0]
    assert {(text.get_position()[::-1]): text.get_text() for text in ax.texts if text.get_text()} == {
        (0, 0): "75", (0, 1): "25", (2, 0): "<1", (2, 1): "100", (2, 2): "<1"}
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["cat", "dog", "eel"] == [tick.get_text() for tick in ax.get_xticklabels()]
    assert ax.get_ylabel() == "right class" and np.asarray(ax.images[0].get_array())[0, 1] == 25


@pytest.mark.parametrize("count, named, written", [(20, 20, True), (21, 21, False), (60, 60, False), (100, None, False)])
def test_many_classes_have_no_numbers_and_at_last_no_names(count, named, written):
    ax = plot.confusion(np.eye(count, dtype=int), [f"class {i}" for i in range(count)]).axes[0]
    assert bool([text for text in ax.texts if text.get_text()]) == written
    assert named is None or len(ax.get_yticklabels()) == named

"""The figures of one net's training show the numbers that they are given, and can be read."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minires import plot

from ..slow import slow_but

METRICS = [
    {"epoch": e, "train_loss": 2.0 / e, "train_error": 60 / e, "test_error": 70 / e}
    for e in (1, 2, 3)
]
GRADIENTS = [
    {"iteration": i, "depth": d, "gradient_norm": d / (i + 1)}
    for i in (0, 1, 2, 10, 50)
    for d in (1, 2, 3)
]


def lines(ax):
    return {
        line.get_label(): line.get_ydata()
        for line in ax.get_lines()
        if not line.get_label().startswith("_")
    }


def test_curves_are_the_metrics():
    left, right = plot.training_curves(METRICS, "caption", drops=[1.5]).axes
    assert (
        list(left.get_lines()[0].get_ydata()) == [2.0, 1.0, 2 / 3] and "nats" in left.get_ylabel()
    )
    assert {name: list(y) for name, y in lines(right).items()} == {
        "training": [60, 30, 20],
        "test": [70, 35, 70 / 3],
    }
    assert all(
        ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > max(ax.get_lines()[0].get_ydata())
        for ax in (left, right)
    )
    assert [
        line.get_xdata()[0] for line in right.get_lines() if len(set(line.get_xdata())) == 1
    ] == [1.5]


def ticks(axis):
    """The ticks that are visible."""
    low, high = sorted(axis.get_view_interval())
    return [tick for tick in axis.get_majorticklocs() if low <= tick <= high]


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 7, 30, 164])
def test_epochs_are_whole(epochs, tmp_path):
    figure = plot.training_curves([METRICS[0] | {"epoch": epoch + 1} for epoch in range(epochs)])
    plot.save(figure, tmp_path / "x.png")
    for ax in figure.axes:
        assert (
            len(ticks(ax.xaxis)) >= 2
            and all(tick == round(tick) for tick in ticks(ax.xaxis))
            and ax.get_xlim()[0] == 0
        )


def test_both_points_of_a_single_epoch_can_be_seen():
    """Also where both are equal: the point of the test is a ring around the other."""
    right = plot.training_curves(
        [{"epoch": 1, "train_loss": 2.0, "train_error": 50.0, "test_error": 50.0}]
    ).axes[1]
    train, test = right.get_lines()
    assert (
        test.get_markersize() > 2 * train.get_markersize()
        and test.get_markerfacecolor() == "none"
        and 1.1 < right.get_xlim()[1] < 2
    )


def test_a_single_epoch_and_errors_of_nothing_can_be_drawn():
    row = {"epoch": 0.5, "train_loss": 0.0, "train_error": 0.0, "test_error": 0.0}
    figure = plot.training_curves([row])
    lines = [line for ax in figure.axes for line in ax.get_lines()]
    assert [line.get_ydata().tolist() for line in lines] == [[0], [0], [0]]
    for ax in figure.axes:
        low, high = ax.get_ylim()
        assert low <= 0 < high


def test_gradients_at_the_start_after_one_and_ten_steps_and_at_the_end():
    figure = plot.gradients_of_a_net(GRADIENTS)
    (ax,) = figure.axes
    assert {name: list(y) for name, y in lines(ax).items()} == {
        "at first": [1, 2, 3],
        "after 1 step": [0.5, 1, 1.5],
        "after 10 steps": [1 / 11, 2 / 11, 3 / 11],
        "after 50 steps": [1 / 51, 2 / 51, 3 / 51],
    }
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize(
    "low, high", [(2.1, 4.9), (0.012, 0.024), (0.9, 1.1), (2, 9), (3e-7, 5e-7), (1e-4, 1)]
)
@pytest.mark.parametrize("layers", [1, 2, 3, 8, 20, 110])
def test_ticks_of_gradients(low, high, layers, tmp_path):
    """Layers are whole numbers. An axis of less than a decade has plain numbers, of which several
    are visible."""
    norms = np.linspace(low, high, layers)
    figure = plot.gradients_of_a_net(
        [{"iteration": 0, "depth": d + 1, "gradient_norm": norm} for d, norm in enumerate(norms)]
    )
    plot.save(figure, tmp_path / "x.png")
    (ax,) = figure.axes
    assert (
        ticks(ax.xaxis)
        and all(tick == round(tick) for tick in ticks(ax.xaxis))
        and ax.get_yscale() == "log"
    )
    if layers > 1:
        seen = [ax.yaxis.get_major_formatter()(tick) for tick in ticks(ax.yaxis)]
        assert len(seen) >= 2 and ("$" in seen[0]) == (high > 10 * low), seen


def test_a_matrix_shows_the_share_of_a_class_taken_for_each_other():
    figure = plot.confusion([[3, 1, 0], [0, 0, 0], [1, 998, 1]], ("cat", "dog", "eel"))
    ax = figure.axes[0]
    assert {
        (text.get_position()[::-1]): text.get_text() for text in ax.texts if text.get_text()
    } == {(0, 0): "75", (0, 1): "25", (2, 0): "<1", (2, 1): "100", (2, 2): "<1"}
    assert (
        [tick.get_text() for tick in ax.get_yticklabels()]
        == ["cat", "dog", "eel"]
        == [tick.get_text() for tick in ax.get_xticklabels()]
    )
    assert ax.get_ylabel() == "true class" and np.asarray(ax.images[0].get_array())[0, 1] == 25


@pytest.mark.parametrize(
    "count, named, written", [(20, 20, True), (21, 21, False), (60, 60, False), (100, None, False)]
)
def test_many_classes_have_no_numbers_and_at_last_no_names(count, named, written):
    ax = plot.confusion(np.eye(count, dtype=int), [f"class {i}" for i in range(count)]).axes[0]
    assert bool([text for text in ax.texts if text.get_text()]) == written
    assert named is None or len(ax.get_yticklabels()) == named


NAMES = {
    "short": "c{}",
    "long": "a class with a name that goes on, and on, and on {}",
    "without end": "W" * 45 + "{}",
    "Japanese": "とても長い名前の犬の品種とても長い名前の犬の品種{}",
    "dollars": "$a_{}$ in $",
}


# Each test draws a figure and measures all its letters: many long names take seconds.
@pytest.mark.parametrize("kind", slow_but(["long"], NAMES))
@pytest.mark.parametrize("count", slow_but([2, 20], [2, 4, 10, 20, 25, 40, 60, 100]))
def test_everything_is_within_the_figure_and_apart_from_the_caption(count, kind, tmp_path):
    """And it is written without a warning."""
    figure = plot.confusion(
        np.eye(count, dtype=int),
        [NAMES[kind].format(i) for i in range(count)],
        "a caption of many words " * 8,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot.save(figure, tmp_path / "x.png")
    renderer = FigureCanvasAgg(figure).get_renderer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # with letters that the font does not have
        figure.draw(renderer)
        boxes = [ax.get_tightbbox(renderer) for ax in figure.axes]
    caption = figure.texts[-1].get_window_extent(renderer)
    for box in boxes:
        assert (
            box.x0 >= 0
            and box.y0 >= caption.y1
            and box.x1 <= figure.bbox.x1
            and box.y1 <= figure.bbox.y1
        )
    assert caption.y0 >= 0 and caption.x1 <= figure.bbox.x1 and figure.axes[0].bbox.width > 100


def test_long_names_are_cut_and_stay_apart():
    names = [
        "cat",
        "an American Staffordshire terrier",
        "a class whose name is long, first",
        "a class whose name is long, second",
        "two\nlines",
    ]
    ax = plot.confusion(np.eye(5, dtype=int), names).axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "cat",
        "an American Staffords…",
        "a class wh…long, first",
        "a class wh…ong, second",
        "two lines",
    ]


def test_above_60_classes_the_label_explains_the_numbers():
    for count, said in ((60, False), (61, True)):
        ax = plot.confusion(np.eye(count, dtype=int), list(map(str, range(count)))).axes[0]
        assert (
            ("position in the list of classes" in ax.get_xlabel())
            == ("position in the list of classes" in ax.get_ylabel())
            == said
        )


def test_dollars_in_names_begin_no_formula():
    """A folder called $run_^$1 used to train to the end, and could not be drawn then."""
    names = ["$a_^$", "caf\udce9", "red\x1b[31m"]
    figure = plot.confusion(np.eye(3, dtype=int), names, "of $run_^$1; lr 0.1")
    figure.savefig(io.BytesIO())
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown == ["$a_^$", "caf\\xe9", "red\\x1b[31m"]
    assert figure.texts[0].get_text() == "of $run_^$1; lr 0.1"


@pytest.mark.parametrize("letters", ["9" * 5000, "犬" * 1000, "of a name " * 300])
def test_a_long_caption_leaves_room_for_the_figure(letters, tmp_path):
    """The name of a data set in a changed config.json, or of a deep folder."""
    caption = f"resnet-20 on {letters}: 10 images, seed 3"
    for figure in (
        plot.training_curves(METRICS, caption),
        plot.confusion(np.eye(2), "ab", caption),
    ):
        plot.save(figure, tmp_path / "x.png")
        written = " ".join(figure.texts[-1].get_text().split())
        assert written.startswith("resnet-20 on") and written.endswith("10 images, seed 3")
        assert figure.axes[0].bbox.height > figure.bbox.height / 4

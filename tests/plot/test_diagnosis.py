"""The figures of trained nets show their numbers, and every net has a colour of its own."""

import pytest

from minires import plot
from minires.plot.diagnosis import _colours

MODELS = {"a": "resnet-56", "b": "resnet-20", "c": "plain-20"}


def lesion(net, kind, blocks, error, changes_shape=0):
    return {
        "net": net,
        "lesion": kind,
        "blocks": "+".join(blocks),
        "count": len(blocks),
        "changes_shape": changes_shape,
        "loss": 1.0,
        "error": error,
    }


LESIONS = [lesion(net, "dropped", ["layer1.0"], 20.0) for net in MODELS] + [
    lesion("a", "dropped", ["layer2.0"], 45.0, 1),
    lesion("a", "swapped", ["layer1.0", "layer1.1"], 33.0),
    lesion("a", "random", ["layer1.0", "layer2.0"], 50.0),
    lesion("a", "random", ["layer1.0", "layer1.1"], 60.0),
]
WHOLE = [{"net": net, "error": 10.0} for net in MODELS]


def line(ax, net):
    """The coordinates of the line of a net."""
    (found,) = [one for one in ax.lines if one.get_label() == net]
    return list(found.get_xdata()), list(found.get_ydata())


def test_lesions():
    dropped, swapped, several = plot.lesions(LESIONS, WHOLE, MODELS).axes
    assert line(dropped, "a") == ([1, 2], [20.0, 45.0])
    hollow = [one for one in dropped.lines if one.get_markerfacecolor() == "white"]
    assert [list(one.get_ydata()) for one in hollow if len(one.get_ydata())] == [[45.0]]
    assert line(swapped, "a") == ([1], [33.0])
    assert line(several, "a") == ([0, 100], [10.0, 55.0])  # the whole net, and the mean of two


def test_without_neighbours_of_one_shape():
    axes = plot.lesions([one for one in LESIONS if one["lesion"] != "swapped"], WHOLE, MODELS).axes
    assert axes[1].get_title(loc="left") == "no two neighbours have one shape"


def test_responses_leave_out_the_logits():
    rows = [
        {"net": net, "depth": depth, "std": std}
        for net in MODELS
        for depth, std in ((1, 0.5), (2, 0.75), (3, 9.0))
    ]
    in_order, by_size = plot.responses(rows, MODELS).axes
    assert line(in_order, "b") == ([1, 2], [0.5, 0.75])
    assert line(by_size, "b") == ([1, 2], [0.75, 0.5])


def test_paths_are_shares():
    rows = [
        {"net": "a", "length": k, "paths": n, "norm": norm, "total": n * norm}
        for k, n, norm in ((0, 1, 4.0), (1, 2, 1.0), (2, 1, 0.0))
    ]
    count, single, share = plot.paths(rows, MODELS).axes
    assert line(count, "a")[1] == [25, 50, 25]
    assert line(single, "a") == ([0, 1], [4.0, 1.0])  # 0 has no logarithm
    assert line(share, "a")[1] == pytest.approx([100 * 4 / 6, 100 * 2 / 6, 0])


def test_gradients_and_ranks():
    gradients = [{"net": "c", "depth": d, "gradient_norm": g} for d, g in ((1, 2.0), (2, 0.0))]
    ranks = [{"net": "c", "depth": 3, "rank": 7.5}]
    left, right = plot.gradients_and_ranks(gradients, ranks, MODELS).axes
    assert line(left, "c") == ([1], [2.0]) and line(right, "c") == ([3], [7.5])


def test_colours():
    found = _colours(MODELS)
    assert found["b"] == plot.SHADES["resnet"][0] and found["a"] == plot.SHADES["resnet"][1]
    assert found["c"] == plot.SHADES["plain"][0]
    assert len({*_colours({str(i): "resnet50" for i in range(8)}).values()}) == 8

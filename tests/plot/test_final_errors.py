"""Final errors of nets: every seed is drawn, and every depth."""

import pytest

from minires import plot

FINALS = [
    {
        "net": f"{family}-{depth}",
        "seed": seed,
        "train_error": depth + 10 * (family == "plain") + seed,
        "test_error": depth + 20 * (family == "plain") + 2 * seed,
    }
    for family in ("plain", "resnet")
    for depth in (8, 14, 20)
    for seed in range(4)
]


def test_a_dot_for_each_seed_and_a_number_for_their_mean():
    left, right = plot.every_seed(FINALS, intervals={("plain-14", "test_error"): (30, 44)}).axes
    dots = [line for line in right.lines if line.get_marker() == "o"]
    assert [len(line.get_ydata()) for line in dots] == [4] * 6
    assert list(dots[1].get_ydata()) == [34, 36, 38, 40] and sorted(dots[1].get_xdata())[0] > 0.5
    assert [text.get_text() for text in right.texts][1] == "37.0"
    bars = [list(line.get_ydata()) for line in right.lines if line.get_linewidth() == 3]
    assert bars == [[30, 44]] and not [line for line in left.lines if line.get_linewidth() == 3]
    assert [label.get_text() for label in left.get_xticklabels()][0] == "plain-8"


def test_error_against_depth():
    left, right = plot.errors_by_depth(FINALS).axes
    plain, residual = right.lines
    assert list(plain.get_xdata()) == [8, 14, 20]
    assert list(plain.get_ydata()) == pytest.approx([31, 37, 43])
    assert list(residual.get_ydata()) == pytest.approx([11, 17, 23])
    band = left.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 18 and band[:, 1].max() == 33
    assert {text.get_text() for text in left.texts} == {"plain nets", "residual nets"}

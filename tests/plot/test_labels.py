"""Names at the ends of lines."""

import math

import pytest

from minires import plot


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_names_stand_at_their_lines_in_their_order_and_apart(scale):
    """Two that would overlap are pushed apart to either side; one on its own stays."""
    figure, (ax,) = plot.panels(1, (5, 4))
    ax.set_yscale(scale)
    log = scale == "log"
    ends = [(2.0, "a", "red", 5), (2.01, "b", "blue", 5), (0.5, "c", "green", 3)]
    for y, _, _, x in ends:
        ax.plot([0, x], [10**y if log else y] * 2)
    ax.set_ylim((1, 1000) if log else (0, 3))
    plot.label_ends(ax, ends)
    found = {one.get_text(): one for one in ax.texts}
    height = {name: math.log10(one.xy[1]) if log else one.xy[1] for name, one in found.items()}
    assert height["c"] == pytest.approx(0.5) and found["c"].xy[0] == 3
    assert height["b"] - height["a"] == pytest.approx(0.055 * 3)
    assert height["a"] + height["b"] == pytest.approx(4.01)
    assert found["a"].get_color() == "red"

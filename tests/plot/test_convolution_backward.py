"""Drawings of the backward pass of a convolution: the right numbers are multiplied."""

import re

import numpy as np
import pytest

from minires import plot
from minires.errors import ConfigError
from minires.kernels.naive import conv2d

PLACES = {digit: i for i, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")}


def names(ax):
    """The letters and numbers in each cell: {"dy": (1, 2), "w": (0, 0)}."""
    return [
        {
            letter: tuple(PLACES[digit] for digit in place)
            for letter, place in re.findall("([a-z]+)([₀-₉]+)", text.get_text())
        }
        for text in ax.texts
    ]


@pytest.mark.parametrize("weight, pixel", [((0, 1), (2, 2)), ((2, 2), (0, 3)), ((1, 0), (4, 4))])
def test_the_sums_are_the_gradients(weight, pixel):
    rng = np.random.default_rng(0)
    x, w, dy = (rng.standard_normal((size, size)) for size in (5, 3, 3))
    _, cache = conv2d.forward(x[None, :, :, None], w[:, :, None, None], 1, 0)
    dx, dw = conv2d.backward(dy[None, :, :, None], cache)
    left, right = (names(ax) for ax in plot.conv_backward(weight, pixel).axes)
    met = [one for one in left if "dy" in one]
    assert np.isclose(sum(x[one["x"]] * dy[one["dy"]] for one in met), dw[(*weight, 0, 0)])
    met = [one for one in right if "w" in one]
    assert np.isclose(sum(w[one["w"]] * dy[one["dy"]] for one in met), dx[(0, *pixel, 0)])
    assert len(left) == 25 and len(right) == 9


def test_the_coloured_terms_of_a_line_are_those_of_the_weight_and_the_pixel():
    left, right = (
        [one["w"] for one in names(ax) if "w" in one]
        for ax in plot.conv_backward_line(weight=1, pixel=2).axes
    )
    assert left == [(1,)] * 3 and right == [(2,), (1,), (0,)]


@pytest.mark.parametrize(
    "draw, settings, said",
    [
        (plot.conv_backward, {"weight": (0, 3)}, "weight.*expected 0 to 2, got 3"),
        (plot.conv_backward, {"size": 8}, "size.*expected 3 to 7, got 8"),
        (plot.conv_backward_line, {"pixel": 5}, "pixel.*expected 0 to 4, got 5"),
        (plot.conv_backward_line, {"pixels": 2}, "pixels.*expected 3 to 9, got 2"),
        (plot.conv_backward_line, {"weight": 0.5}, "weight.*expected 0 to 2, got 0.5"),
    ],
)
def test_settings_that_cannot_be_drawn(draw, settings, said):
    with pytest.raises(ConfigError, match=said):
        draw(**settings)

"""Pictures for a screen have twice as many pixels as they are shown with."""

import io

import numpy as np
import pytest

pytest.importorskip("PIL", reason="pillow is not installed")
from matplotlib.figure import Figure
from PIL import Image

from minires.plot import on_screen


@pytest.mark.parametrize("dots, expected", [(None, (300, 200)), (75, (225, 150))])
def test_twice_the_pixels(dots, expected):
    figure = Figure(figsize=(3, 2), dpi=100)
    figure.subplots().plot(np.arange(3))
    png, size = on_screen(figure, dots)
    assert (size["width"], size["height"]) == expected
    assert Image.open(io.BytesIO(png)).size == (2 * expected[0], 2 * expected[1])


def test_cut_close_to_what_is_drawn():
    figure = Figure(figsize=(8, 6))
    figure.text(0.5, 0.5, "small")
    png, size = on_screen(figure, tight=True)
    assert size["width"] < 150 and size["height"] < 100
    assert abs(Image.open(io.BytesIO(png)).width - 2 * size["width"]) <= 1

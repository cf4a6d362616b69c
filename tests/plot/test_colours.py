"""Colours of figures: their contrast with the page, and whether colour-blind readers can tell them
apart.

Colour blindness is simulated as in Machado, Oliveira and Fernandes 2009 ("A physiologically-based
model for simulation of color vision deficiency"), at its strongest. The distance of two colours is
that in CIELAB, where 2.3 can just be seen side by side.
"""

import itertools

import numpy as np
import pytest

from minires.experiments.explorer.colours import contrast_of
from minires.plot import single_net, themes

SEEN_AS = {
    "by most": np.eye(3),
    "without long waves": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "without middle waves": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "without short waves": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
APART = 12.0  # five times what can just be seen, since lines are thin
PAGES = {"light": "#ffffff", "dark": themes.DARK.page}
OF_NETS = {  # colours that one figure shows together: two depths of each family, and other nets
    "light": [*(shade for two in themes.SHADES.values() for shade in two[:2]), *themes.OTHERS],
    "dark": [shade for two in themes.DARK.shades.values() for shade in two[:2]],
}


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = TO_XYZ @ rgb / TO_XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, seen_as):
    seen = [lab(np.clip(np.array(seen_as) @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def test_the_measure_by_hand():
    assert distance("#ffffff", "#000000", np.eye(3)) == pytest.approx(100, abs=0.1)
    # most readers can tell them apart, but hardly anyone without the middle-wave cones
    red, green = "#c04000", "#708000"
    assert distance(red, green, SEEN_AS["by most"]) > 50
    assert distance(red, green, SEEN_AS["without middle waves"]) < 25


@pytest.mark.parametrize("page", PAGES)
def test_every_colour_stands_out_from_its_page(page):
    theme = {"light": themes.LIGHT, "dark": themes.DARK}[page]
    shades = [shade for family in theme.shades.values() for shade in family]
    for colour in (*shades, *themes.OTHERS, theme.quiet):
        assert contrast_of(colour, PAGES[page]) >= 3, colour
    assert contrast_of(theme.text, PAGES[page]) >= 7


def test_moments_of_training_stand_out_and_grow_darker():
    contrasts = [contrast_of(shade, "#ffffff") for shade in single_net.SHADES]
    assert contrasts[0] >= 3 and contrasts == sorted(contrasts)


@pytest.mark.parametrize("seen_as", SEEN_AS)
@pytest.mark.parametrize("page", PAGES)
def test_nets_can_be_told_apart(page, seen_as):
    for one, other in itertools.combinations(OF_NETS[page], 2):
        assert distance(one, other, SEEN_AS[seen_as]) > APART, (one, other)

"""The drawing of the three ways through batch norm."""

import pytest

from minires import plot
from minires.errors import ConfigError


@pytest.mark.parametrize("inputs, chosen", [(4, 2), (2, 1), (6, 6)])
def test_each_way_is_named_and_reaches_what_it_should(inputs, chosen):
    (ax,) = plot.batch_norm_ways(inputs, chosen).axes
    texts = [text.get_text() for text in ax.texts if text.get_text()]
    assert {"1 itself", "2 mean", "3 variance"} <= set(texts) and len(texts) == 2 * inputs + 3
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    # Arrows from each input to both statistics, from both statistics to each output, and one
    # straight across.
    assert len(arrows) == 4 * inputs + 1
    straight = [one for one in arrows if one.xyann[0] < 1 and one.xy[0] > 6]
    assert [one.xy[1] for one in straight] == [inputs - chosen] == [straight[0].xyann[1]]
    grey = [one for one in arrows if one.arrow_patch.get_edgecolor()[:3] == (0.8, 0.8, 0.8)]
    assert len(grey) == 2 * (inputs - 1) and all(one.xyann[1] != inputs - chosen for one in grey)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"inputs": 7}, "inputs.*2 to 6, got 7"),
        ({"inputs": 3.5}, "inputs.*2 to 6, got 3.5"),
        ({"chosen": 0}, "chosen.*1 to 4, got 0"),
    ],
)
def test_what_cannot_be_drawn(settings, said):
    with pytest.raises(ConfigError, match=said):
        plot.batch_norm_ways(**settings)

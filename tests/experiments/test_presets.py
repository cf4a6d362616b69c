"""The sizes of the experiments."""

import pytest

from minires.errors import ConfigError
from minires.experiments.presets import PRESETS, preset


def test_the_paper_recipe():
    recipe = preset("paper").recipe(56)
    assert (recipe.iterations, recipe.milestones, recipe.batch_size, recipe.lr) == (64_000, (32_000, 48_000), 128, 0.1)
    assert (recipe.momentum, recipe.weight_decay, recipe.crop_padding, recipe.flip, recipe.warmup) == (0.9, 1e-4, 4, True, 0)
    assert preset("paper").recipe(110).warmup == 400


def test_quick():
    recipe = preset("quick").recipe(20)
    assert (recipe.iterations, recipe.milestones) == (7 * 78, (328, 464))       # 60 % and 85 % of the steps


def test_unknown():
    with pytest.raises(ConfigError, match="did you mean 'quick'"):
        preset("quik")
    assert set(PRESETS) == {"quick", "standard", "paper"}

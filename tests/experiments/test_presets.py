"""The sizes of the experiments."""

from dataclasses import replace

from minires.experiments.presets import PRESETS


def test_the_paper_recipe():
    recipe = PRESETS["paper"].recipe(56)
    assert (recipe.iterations, recipe.milestones, recipe.batch_size, recipe.lr) == (64_000, (32_000, 48_000), 128, 0.1)
    assert (recipe.momentum, recipe.weight_decay, recipe.crop_padding, recipe.flip, recipe.warmup) == (0.9, 1e-4, 4, True, 0)
    assert PRESETS["paper"].recipe(110).warmup == 400


def test_quick():
    recipe = PRESETS["quick"].recipe(20)
    assert (recipe.iterations, recipe.milestones) == (7 * 78, (328, 464))       # 60 % and 85 % of the steps


def test_the_shortest_run_there_is():
    assert replace(PRESETS["quick"], epochs=None, iterations=1).recipe(20).milestones == (1,)

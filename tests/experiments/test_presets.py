"""The sizes of the experiments."""

from dataclasses import replace

import pytest

from minires.experiments.presets import PRESETS, preset


def test_the_paper_recipe():
    config = PRESETS["paper"].for_depth(56).resolve(50_000)
    assert (config.iterations, config.milestones, config.batch_size, config.lr) == (
        64_000,
        (32_000, 48_000),
        128,
        0.1,
    )
    assert (
        config.momentum,
        config.weight_decay,
        config.crop_padding,
        config.flip,
        config.warmup,
    ) == (0.9, 1e-4, 4, True, 0)
    assert PRESETS["paper"].for_depth(110).warmup == 400


def test_quick():
    config = PRESETS["quick"].resolve(10_000)
    assert (config.iterations, config.milestones) == (
        7 * 78,
        (328, 464),
    )  # 60 % and 85 % of the steps


def test_small_warms_up_for_an_epoch():
    config = PRESETS["small"].resolve(50_000)
    assert config.warmup == 50_000 // config.batch_size and config.iterations == 16 * config.warmup


@pytest.mark.parametrize(
    "given, warmup",
    [
        ({}, 390),
        ({"epochs": 8}, 195),
        ({"epochs": 32}, 390),
        ({"epochs": None, "iterations": 20}, 1),
        ({"train_size": 12_800, "warmup": 7}, 7),
    ],
)
def test_a_shorter_training_warms_up_for_the_same_part_of_it(given, warmup):
    assert preset("small", **given).warmup == warmup


def test_the_shortest_run_there_is():
    assert replace(PRESETS["quick"], epochs=None, iterations=1).resolve(10_000).milestones == (1,)

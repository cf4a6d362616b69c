"""The sizes of the experiments."""

from dataclasses import replace
from pathlib import Path

import pytest

from minires.cli import demo
from minires.experiments.presets import EXPECT, PRESETS, preset, sizes

EXPERIMENT = Path(__file__).parents[2] / "docs" / "experiment.md"


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


@pytest.mark.parametrize("name, epochs", [("small", 16), ("standard", 20)])
def test_the_first_epoch_is_the_warm_up(name, epochs):
    config = PRESETS[name].resolve(50_000)
    assert config.warmup == 50_000 // config.batch_size
    assert config.iterations == epochs * config.warmup


@pytest.mark.parametrize(
    "given, warmup",
    [
        ({}, 390),
        ({"epochs": 8}, 195),
        ({"epochs": 32}, 390),
        ({"epochs": None, "iterations": 20}, 1),
        ({"train_size": 12_800, "warmup": 7}, 7),
        ({"train_size": None, "dataset": "cifar10"}, 390),
        ({"train_size": None}, 78),  # synthetic images: 10,000, if no other number is asked for
    ],
)
def test_a_shorter_training_warms_up_for_the_same_part_of_it(given, warmup):
    assert preset("small", **given).warmup == warmup


def test_the_shortest_run_there_is():
    assert replace(PRESETS["quick"], epochs=None, iterations=1).resolve(10_000).milestones == (1,)


def test_a_preset_in_words():
    assert sizes("quick") == "16x16 images, width 8, 10,000 images, 7 epochs"
    assert sizes("paper") == "32x32 images, width 16, 50,000 images, 64,000 iterations"
    assert EXPECT.keys() == PRESETS.keys()


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_of_presets_says_what_they_are(name):
    size, width, images, length = sizes(name).split(", ")
    row = f"| `{name}` | {size.removesuffix(' images')}, {images.removesuffix(' images')} | "
    row += f"{width.removeprefix('width ')} | {length} |"
    assert row in EXPERIMENT.read_text(encoding="utf-8")


def test_the_demo_says_what_it_trains_on():
    size, _, images, _ = sizes("demo").split(", ")
    words = f"{images.replace(' ', ' drawn ')} of {size.removesuffix(' images')}"
    assert words in " ".join(demo.DESCRIPTION.split())

"""Weights of classes in the loss of a training."""

from dataclasses import replace

import numpy as np
import pytest

from minires import Tensor, functional, models
from minires.errors import ConfigError
from minires.training import RunConfig, Trainer
from minires.training.class_weights import balanced_weights

CONFIG = RunConfig(iterations=1, batch_size=16, crop_padding=0, flip=False)


def trainer(sets, **settings):
    config = replace(CONFIG, **settings)
    return Trainer(models.resnet(8, width=4, seed=0), *sets, config, progress=False)


def test_balanced_as_in_scikit_learn():
    """Its example: compute_class_weight("balanced", classes=[0, 1], y=[1, 1, 1, 1, 0, 0])."""
    assert balanced_weights([1, 1, 1, 1, 0, 0], 2) == (1.5, 0.75)


def test_all_classes_count_the_same_and_an_image_counts_one_on_average():
    labels = np.repeat([0, 1, 2], [70, 5, 25])
    weights = np.array(balanced_weights(labels, 3))
    np.testing.assert_allclose(weights * [70, 5, 25], 100 / 3)
    assert weights[labels].mean() == pytest.approx(1)


def test_a_class_without_images_does_not_count():
    assert balanced_weights([0, 0, 2, 2], 3) == (1, 0, 1)


def test_the_first_loss_is_the_weighted_one(sets):
    images, labels = next(trainer(sets).train_loader)
    logits = trainer(sets).model(Tensor(images))
    weights = balanced_weights(sets[0].labels, 10)
    expected = functional.cross_entropy(logits, labels, weights).item()
    found = trainer(sets, class_weights="balanced").run()[0]["train_loss"]
    assert found == pytest.approx(expected)
    assert found != pytest.approx(trainer(sets).run()[0]["train_loss"])
    assert trainer(sets, class_weights=weights).run()[0]["train_loss"] == found


def test_a_run_resumes_with_its_weights_and_not_with_others(sets, tmp_path):
    first = trainer(sets, class_weights="balanced")
    first.run()
    first.save(tmp_path / "x.safetensors")
    trainer(sets, class_weights="balanced").load(tmp_path / "x.safetensors")
    with pytest.raises(ConfigError.__base__, match="other settings.*class_weights"):
        trainer(sets).load(tmp_path / "x.safetensors")


def test_numbers_that_do_not_fit(sets):
    with pytest.raises(ConfigError, match="class_weights.*expected 10, one for each of .*got 2"):
        trainer(sets, class_weights=(1, 2))
    for wrong in ("even", (1.0,), (1, -1), (1, "2"), 3):
        with pytest.raises(ConfigError, match="class_weights: expected balanced, or a number"):
            RunConfig(class_weights=wrong)

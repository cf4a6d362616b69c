"""Weights of classes in the loss of a training."""

from dataclasses import replace

import numpy as np
import pytest

from minires import Tensor, functional, models
from minires.errors import ConfigError, DataError
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


def test_a_run_whose_images_are_of_some_classes_only(sets):
    train, test = sets
    few = train.pick(np.flatnonzero(train.labels < 4)[:8])
    one = trainer((few, test), class_weights="balanced", batch_size=4)
    present = set(few.labels)
    assert [weight > 0 for weight in one.config.class_weights] == [k in present for k in range(10)]
    one.run()


@pytest.mark.parametrize(
    "labels, words",
    [
        ([0, 5], "label out of range: expected 0 to 1 .2 classes., got 5"),
        ([-1, 0, 1], "label out of range: .*got -1"),
        ([0.0, 1.0], "labels of the wrong kind: .*float64"),
        ([[0, 1]], r"labels of the wrong kind: .*shape \(1, 2\)"),
        ([], "labels of the wrong kind"),
    ],
)
def test_labels_that_are_none(labels, words):
    with pytest.raises(DataError, match=words):
        balanced_weights(labels, 2)


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
    with pytest.raises(ConfigError, match="no weight for .*, which has images: .*got 0"):
        trainer(sets, class_weights=(0, *[1] * 9))
    for wrong in ("even", (1.0,), (1, -1), (1, "2"), 3, (0, 0)):
        with pytest.raises(ConfigError, match="class_weights: expected balanced, or a number"):
            RunConfig(class_weights=wrong)

"""Loaders of images in memory: every image once an epoch, augmented as the paper says, resumable to
the bit."""

import json

import numpy as np
import pytest

from minires.data import ImageDataset, eval_loader, train_loader
from minires.errors import CheckpointError, ConfigError, ShapeError


def make_set(n=10, size=6):
    """Images that can be told apart by their labels."""
    rng = np.random.default_rng(0)
    return ImageDataset(
        rng.integers(0, 256, (n, size, size, 3), np.uint8),
        np.arange(n),
        tuple(map(str, range(n))),
        "set",
    )


def make_batches(dataset, batch_size=4, seed=0, **augmentation):
    return train_loader(
        dataset,
        batch_size,
        np.random.default_rng([seed, 0]),
        np.random.default_rng([seed, 1]),
        **augmentation,
    )


def test_an_epoch_shows_no_image_twice_and_epochs_differ():
    batches = make_batches(make_set(10), 5)
    epochs = [np.concatenate([next(batches)[1] for _ in range(2)]) for _ in range(3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(10))
    assert list(epochs[0]) != list(epochs[1])


def test_an_incomplete_last_batch_is_dropped():
    batches = make_batches(make_set(10), 4)
    assert batches.batches_per_epoch == 2
    for _ in range(5):
        labels = np.concatenate([next(batches)[1], next(batches)[1]])
        assert len(set(labels)) == 8


def test_without_augmentation_images_are_only_normalised():
    dataset = make_set()
    images, labels = next(make_batches(dataset))
    expected = dataset.images[labels] / 255 - dataset.images.mean(axis=0) / 255
    assert images.dtype == np.float32 and labels.dtype == np.int64
    np.testing.assert_allclose(images, expected, atol=1e-6)


def test_a_crop_is_a_window_of_the_image_padded_with_zeros_after_the_mean_is_subtracted():
    dataset, pad = make_set(), 2
    centred = dataset.images / 255 - dataset.pixel_mean()
    padded = np.pad(centred, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    batches, offsets = make_batches(dataset, crop_padding=pad), set()
    for _ in range(50):
        for image, label in zip(*next(batches)):
            fits = [
                (top, left)
                for top in range(5)
                for left in range(5)
                if np.allclose(image, padded[label, top : top + 6, left : left + 6], atol=1e-6)
            ]
            assert len(fits) == 1
            offsets.update(fits)
    assert len(offsets) == 25  # every offset occurs


def test_half_of_the_images_are_mirrored():
    dataset = make_set()
    centred = dataset.images / 255 - dataset.pixel_mean()
    batches, mirrored = make_batches(dataset, flip=True), []
    for _ in range(50):
        for image, label in zip(*next(batches)):
            straight = np.allclose(image, centred[label], atol=1e-6)
            turned = np.allclose(image, centred[label, :, ::-1], atol=1e-6)
            assert straight != turned
            mirrored.append(turned)
    assert 0.35 < np.mean(mirrored) < 0.65


def test_augmentation_does_not_change_the_order():
    dataset = make_set()
    plain, augmented = make_batches(dataset), make_batches(dataset, crop_padding=2, flip=True)
    for _ in range(6):
        np.testing.assert_array_equal(next(plain)[1], next(augmented)[1])


def test_the_set_itself_is_never_changed():
    dataset = make_set()
    before = dataset.images.copy()
    images, _ = next(make_batches(dataset, crop_padding=1, flip=True))
    images[:] = 0
    np.testing.assert_array_equal(dataset.images, before)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])  # within an epoch and at its end
def test_resumed_to_the_bit(steps):
    dataset = make_set()
    batches = make_batches(dataset, crop_padding=2, flip=True)
    for _ in range(steps):
        next(batches)
    state = batches.state_dict()
    permutation = state.pop("permutation")
    state = {
        **json.loads(json.dumps(state)),
        "permutation": permutation,
    }  # JSON can hold all of it but the array
    expected = [next(batches) for _ in range(5)]
    resumed = make_batches(dataset, seed=99, crop_padding=2, flip=True)
    resumed.load_state_dict(state)
    for images, labels in expected:
        again = next(resumed)
        np.testing.assert_array_equal(images, again[0])
        np.testing.assert_array_equal(labels, again[1])


def test_resumed_with_another_set():
    state = make_batches(make_set(10)).state_dict()
    with pytest.raises(CheckpointError, match="a permutation of 12 images.*10 numbers"):
        make_batches(make_set(12)).load_state_dict(state)


@pytest.mark.parametrize(
    "more, error, words",
    [
        ({"batch_size": 11}, ConfigError, "batch_size of at most 10, got 11"),
        (
            {"batch_size": 0},
            ConfigError,
            "batch_size: expected a whole number of at least 1, got 0",
        ),
        ({"batch_size": 2.0}, ConfigError, "a whole number of at least 1, got 2.0"),
        ({"batch_size": True}, ConfigError, "a whole number of at least 1, got True"),
        (
            {"crop_padding": -1},
            ConfigError,
            "crop_padding: expected a whole number of at least 0, got -1",
        ),
    ],
)
def test_impossible_settings(more, error, words):
    with pytest.raises(error, match=words):
        make_batches(make_set(10), **{"batch_size": 4, **more})


def test_mean_of_another_size():
    dataset = make_set()
    with pytest.raises(ShapeError, match="train.pixel_mean"):
        eval_loader(dataset, 4, np.zeros((5, 5, 3), np.float32))
    with pytest.raises(ShapeError, match="train.pixel_mean"):
        make_batches(dataset).eval_loader(make_set(size=5), 4)


def test_images_in_memory_need_the_mean_of_the_training_set():
    """The mean of the test set would be another normalisation."""
    with pytest.raises(
        ConfigError, match="mean: expected train.pixel_mean.. of the training set, got none"
    ):
        eval_loader(make_set(), 4)


def test_integers_of_numpy_are_integers():
    loader = make_batches(make_set(10), np.int64(4), crop_padding=np.int32(1))
    assert type(loader.batch_size) is int and next(loader)[0].shape == (4, 6, 6, 3)


def test_evaluation_shows_all_images_in_order():
    dataset = make_set(10)
    loader = eval_loader(dataset, 4, dataset.pixel_mean())
    found = list(loader)
    assert len(loader) == 3 and len(list(loader)) == 3  # a second time
    assert [len(labels) for _, labels in found] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in found]), dataset.labels)
    images = np.concatenate([images for images, _ in found])
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, dataset.images / 255 - dataset.pixel_mean(), atol=1e-6)


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.pop("position"),
        lambda state: state.pop("augment"),
        lambda state: state.update(position=-1),
        lambda state: state.update(position=11),
        lambda state: state.update(permutation=["a"] * 10),
        lambda state: state.update(permutation=[0] * 10),
        lambda state: state.update(shuffle={"bit_generator": "MT19937"}),
    ],
)
def test_a_damaged_state(damage):
    state = make_batches(make_set(10)).state_dict()
    damage(state)
    batches = make_batches(make_set(10))
    before = batches.permutation.copy()
    with pytest.raises(CheckpointError, match="resume"):
        batches.load_state_dict(state)
    np.testing.assert_array_equal(batches.permutation, before)


def test_outside_the_image_a_crop_is_exactly_zero():
    dataset = make_set(10, 2)
    images, _ = zip(
        *[next(make_batches(dataset, 10, seed=seed, crop_padding=4)) for seed in range(5)]
    )
    images = np.concatenate(images)  # at a padding of 4, most windows of 2x2 miss the image
    assert images.dtype == np.float32
    assert (images == 0).all(axis=(1, 2, 3)).any()

"""Loading a user's own data set that implements the protocol and nothing more, and features."""

import re

import numpy as np
import pytest

import minires as mr
from minires import data, nn
from minires.data.datasets import protocol
from minires.diagnostics import evaluate
from minires.errors import ConfigError
from minires.training import RunConfig, Trainer

from .loading import loader


class Numbers:
    """A data set of positive and negative numbers."""

    name, classes, input_shape = "numbers", ("negative", "positive"), (1,)

    def __init__(self, n):
        self.numbers = np.linspace(-1, 1, n, dtype=np.float32)[:, None]
        self.labels = (self.numbers[:, 0] > 0).astype(np.int64)

    def __len__(self):
        return len(self.numbers)

    def inputs(self, indices):
        return self.numbers[indices]


def test_every_example_once_an_epoch_with_its_label():
    batches = loader(Numbers(12))
    epoch = [next(batches) for _ in range(batches.batches_per_epoch)]
    inputs, labels = (np.concatenate(parts) for parts in zip(*epoch))
    assert sorted(inputs[:, 0]) == list(Numbers(12).numbers[:, 0]) and np.array_equal(
        labels, inputs[:, 0] > 0
    )
    assert np.array_equal(
        np.concatenate([x for x, _ in batches.eval_loader(Numbers(7), 3)]), Numbers(7).numbers
    )
    assert [len(y) for _, y in data.eval_loader(Numbers(7), 3)] == [3, 3, 1]


def test_the_order_goes_on_where_it_stopped():
    batches = loader(Numbers(12))
    for _ in range(4):
        next(batches)
    state, expected = batches.state_dict(), [next(batches) for _ in range(5)]
    again = loader(Numbers(12))
    again.load_state_dict(state)
    assert all(
        np.array_equal(x, y) for (x, _), (y, _) in zip(expected, [next(again) for _ in range(5)])
    )


def photographs(tmp_path):
    Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(8):
            pixels = rng.integers(0, 256, (20 + i, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    transform = data.ImageTransform(18, 16)
    return data.image_folder(
        tmp_path, workers=0, cache=tmp_path / "cache", progress=False, transform=transform
    )[0]


@pytest.mark.parametrize("kind", ["numbers", "images", "photographs"])
def test_the_parts_of_a_batch_are_those_of_the_whole(kind, tmp_path):
    """Order, crops and flips are drawn for the whole batch, whichever process computes a part."""
    dataset, crops = Numbers(12), {}
    if kind == "images":
        dataset, crops = data.synthetic(12, 4)[0].resize(8), {"crop_padding": 2, "flip": True}
    if kind == "photographs":
        dataset, crops = photographs(tmp_path), {"crop_scale": 0.3, "flip": True}
    whole, parts = loader(dataset, 6, **crops), [loader(dataset, 6, **crops) for _ in range(3)]
    for one, part in zip(parts, (slice(0, 1), slice(1, 4), slice(4, 6))):
        one.part = part
    for _ in range(4):
        images, labels = next(whole)
        made = [next(one) for one in parts]
        assert np.array_equal(np.concatenate([x for x, _ in made]), images)
        assert np.array_equal(np.concatenate([y for _, y in made]), labels)


def test_a_part_every_n_batches():
    batches = data.eval_loader(Numbers(11), 2)
    all_labels = [list(labels) for _, labels in batches]
    dealt = [[list(labels) for _, labels in batches.every(4, first)] for first in range(4)]
    assert [dealt[i % 4][i // 4] for i in range(6)] == all_labels
    assert [list(y) for _, y in batches.every(8, 7)] == []


def test_the_state_does_not_change_with_the_loader():
    batches = loader(Numbers(12))
    state = batches.state_dict()
    before = {name: str(value) for name, value in state.items()}
    for _ in range(7):
        next(batches)
    assert before == {name: str(value) for name, value in state.items()}


def test_a_net_learns_it_and_the_run_resumes_to_the_same_bits(tmp_path):
    def trainer(iterations=60):
        net = nn.Sequential(
            nn.Linear(1, 8, rng=np.random.default_rng(0)),
            nn.Linear(8, 2, rng=np.random.default_rng(1)),
        )
        return Trainer(
            net,
            Numbers(40),
            Numbers(12),
            RunConfig(iterations=iterations, batch_size=8, crop_padding=0, flip=False),
            path=tmp_path / "run.safetensors",
            progress=False,
        )

    class Stop:
        def after_step(self, trainer):
            if trainer.iteration == 33:
                raise RuntimeError

    whole = trainer()
    assert whole.run()[-1]["test_error"] == 0
    assert evaluate(whole.model, whole.test_loader).error == 0
    stopped = trainer()
    stopped.callbacks.append(Stop())
    with pytest.raises(RuntimeError):
        stopped.run()
    resumed = trainer()
    resumed.load(resumed.path)
    resumed.run()
    for name, array in whole.model.state_dict().items():
        assert np.array_equal(array, resumed.model.state_dict()[name]), name


def test_the_example_in_the_protocol_is_a_data_set():
    """The docstring's code is run unchanged."""
    code = re.search(r"::\n\n(.*)", protocol.__doc__, flags=re.DOTALL)[1]
    lines = [line.removeprefix("    ") for line in code.splitlines()]
    net = nn.Sequential(
        nn.Linear(2, 16, rng=np.random.default_rng(0)),
        nn.Linear(16, 2, rng=np.random.default_rng(1)),
    )
    names = {
        "np": np,
        "net": net,
        "RunConfig": RunConfig,
        "Trainer": lambda *args: Trainer(*args, progress=False),
    }
    exec(compile("\n".join(lines), "protocol.py", "exec"), names)
    rings = names["Rings"](100)
    assert loader(rings).dataset is rings and mr.data.eval_loader(rings, 10).dataset is rings


@pytest.mark.parametrize("crops", [{"crop_padding": 4}, {"crop_scale": 0.5}, {"flip": True}])
def test_only_images_are_cropped_and_flipped(crops):
    with pytest.raises(ConfigError, match="numbers: only images can be cropped and flipped"):
        loader(Numbers(12), **crops)


@pytest.mark.parametrize("missing", ["labels", "name", "input_shape", "inputs"])
def test_a_missing_part_of_a_data_set_is_named(missing):
    members = {
        name: value for name, value in vars(Numbers).items() if name not in (missing, "__init__")
    }
    incomplete = type("Incomplete", (), members)()
    for name in {"labels", "numbers"} - {missing}:
        setattr(incomplete, name, np.zeros(3, np.int64))
    for make in (lambda: loader(incomplete, 1), lambda: data.eval_loader(incomplete, 1)):
        with pytest.raises(
            ConfigError, match=f"this is no data set.*got Incomplete without {missing}"
        ):
            make()
    with pytest.raises(ConfigError, match="got list without name, labels, input_shape, inputs"):
        loader([1, 2, 3])


def test_training_and_test_sets_must_be_of_one_kind():
    with pytest.raises(ConfigError, match="two of one kind, got Numbers and ImageDataset"):
        loader(Numbers(12)).eval_loader(data.synthetic(10, 10)[0], 5)


def test_features_are_a_data_set_too():
    features = data.FeatureDataset(
        np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10) % 2, ("a", "b"), "f"
    )
    batches = loader(features)
    found, labels = next(batches)
    assert found.shape == (4, 2) and np.array_equal(found[:, 0] / 2 % 2, labels)
    assert np.array_equal(
        np.concatenate([x for x, _ in batches.eval_loader(features, 3)]), features.features
    )
    assert features.input_shape == (2,) and "10 vectors of 2, 2 classes" in repr(features)
    with pytest.raises(ConfigError, match="only images can be cropped"):
        loader(features, crop_padding=4, flip=True)


@pytest.mark.parametrize(
    "shuffle, augment, name",
    [(True, np.random.default_rng(0), "shuffle"), (np.random.default_rng(0), None, "augment")],
)
def test_shuffle_and_augment_take_generators_not_booleans(shuffle, augment, name):
    train, _ = data.synthetic(20, 10, 8)
    with pytest.raises(ConfigError, match=f"{name}: expected a numpy.random.Generator"):
        data.train_loader(train, 4, shuffle, augment)

"""Checkpoints that are damaged, edited, or contradict themselves change nothing."""

import copy
import json
from dataclasses import fields

import numpy as np
import pytest

from minires import data, models
from minires.errors import CheckpointError
from minires.serialization import safetensors
from minires.serialization.weights import open_weights, save
from minires.training import RunConfig, Trainer
from minires.training.checkpoint import RECIPE

CONFIG = RunConfig(iterations=10, batch_size=16, lr=0.1, flip=False, crop_padding=0)


@pytest.fixture(scope="module")
def sets():
    train, test = data.synthetic(64, 20)
    return train.resize(8), test.resize(8)


def trainer(sets, path=None):
    net = models.resnet(14, width=2, seed=0, survival_prob=0.5)
    return Trainer(net, *sets, CONFIG, path=path, progress=False)


@pytest.fixture(scope="module", params=[6, 8, 10], ids="after {} steps".format)
def written(request, sets, tmp_path_factory):
    """The bytes of a checkpoint: within an epoch, at the end of one, at the very end."""
    path = tmp_path_factory.mktemp("run") / "net.safetensors"

    class Stop:
        def after_step(self, trainer):
            if trainer.iteration == request.param:
                raise InterruptedError

        def after_epoch(self, trainer, row):
            if trainer.iteration == request.param:
                trainer.save(path)

    run = trainer(sets)
    run.callbacks.append(Stop())
    with pytest.raises(InterruptedError):
        run.run()
    run.save(path)
    return path.read_bytes()


def refused(sets, path, words=None):
    """Loading raises one line that names the file once, and changes nothing."""
    one = trainer(sets)
    before = copy.deepcopy((one.model.state_dict(), one.train_loader.state_dict(), one.history))
    velocities = [velocity.copy() for velocity in one.optimizer.velocities]
    with pytest.raises(CheckpointError, match=words) as error:
        one.load(path)
    line = str(error.value)
    assert "\n" not in line and line.startswith(str(path)) and line.count(str(path)) == 1, line
    assert len(line) < 400 + len(str(path))
    after = one.model.state_dict(), one.train_loader.state_dict(), one.history
    np.testing.assert_equal(after, before)
    assert all(map(np.array_equal, one.optimizer.velocities, velocities)) and one.iteration == 0
    return line


def header_end(content):
    return 8 + int.from_bytes(content[:8], "little")


def test_a_whole_one_is_read(sets, written, tmp_path):
    (tmp_path / "x").write_bytes(written)
    one = trainer(sets)
    before = one.model.state_dict()["conv1.weight"].copy()
    one.load(tmp_path / "x")
    assert one.iteration in (6, 8, 10) and one.history
    assert not np.array_equal(one.model.state_dict()["conv1.weight"], before)


def test_a_flipped_bit_in_a_number_is_noticed(sets, written, tmp_path):
    rng = np.random.default_rng(0)
    for place in rng.integers(header_end(written), len(written), 40):
        content = bytearray(written)
        content[place] ^= 1 << rng.integers(8)
        (tmp_path / "x").write_bytes(content)
        refused(sets, tmp_path / "x", "damaged or edited since it was written")
        with pytest.raises(CheckpointError, match="damaged or edited"):
            open_weights(tmp_path / "x")


def test_a_tail_of_zeros_is_noticed(sets, written, tmp_path):
    for length in (1, 100, 4096):
        tail = min(length, len(written) - header_end(written))
        if any(written[-tail:]):
            (tmp_path / "x").write_bytes(written[:-tail] + bytes(tail))
            refused(sets, tmp_path / "x", "damaged or edited since it was written")


def test_weights_with_a_flipped_bit_are_noticed(tmp_path):
    save(models.resnet(8, width=2), tmp_path / "x", classes=list("abcdefghij"))
    content = bytearray((tmp_path / "x").read_bytes())
    content[-3] ^= 1
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or edited since it was written"):
        open_weights(tmp_path / "x")


def rewritten(written, path, change, with_digest=True):
    """A checkpoint with another state, and with a digest that matches it or without one."""
    path.write_bytes(written)
    arrays, state = safetensors.read(path)
    change(arrays, state)
    if with_digest:
        safetensors.write(path, arrays, state)
    else:
        safetensors.write(path, arrays, metadata={"state": json.dumps(state)})
    return path


def test_one_without_a_digest_is_read(sets, written, tmp_path):
    """Earlier versions wrote none."""
    path = rewritten(written, tmp_path / "x", lambda arrays, state: None, with_digest=False)
    assert b"digest" not in path.read_bytes()
    trainer(sets).load(path)


ODD = [None, -1, 1.5, "1", [], {}, True, 10**30, float("nan"), float("inf"), [[]], [1]]
FIELDS = [
    ("iteration",),
    ("history",),
    ("history", 0),
    ("history", 0, "iteration"),
    ("history", 0, "train_loss"),
    ("history", 0, "test_error"),
    ("epoch_sums",),
    ("epoch_sums", "loss"),
    ("epoch_sums", "wrong"),
    ("epoch_sums", "images"),
    ("epoch_sums", "seconds"),
    ("seconds",),
    ("batches",),
    ("batches", "position"),
    ("batches", "shuffle"),
    ("batches", "augment", "state", "inc"),
    ("batches", "augment", "has_uint32"),
    ("schedule",),
    ("schedule", "iteration"),
    ("recipe",),
    ("recipe", "iterations"),
    ("recipe", "milestones"),
    ("recipe", "lr"),
    ("seed",),
    ("generators", "layer1.0.stochastic_depth.random"),
    ("generators", "layer1.0.stochastic_depth.random", "state"),
    ("net",),
]
PLAUSIBLE = {  # ordinary numbers: only the digest shows that they were edited
    ("history", 0, "train_loss"): (-1, 1.5, 10**30),
    ("history", 0, "test_error"): (1.5,),
    ("epoch_sums", "loss"): (-1, 1.5, 10**30),
    ("epoch_sums", "seconds"): (1.5, 10**30),
    ("seconds",): (1.5, 10**30),
    ("batches", "augment", "state", "inc"): (True, 10**30),
    ("batches", "augment", "has_uint32"): (True, -1),  # anything but 0 is true
    ("net",): (None, {}),  # earlier versions did not write it
}


@pytest.mark.parametrize("field", FIELDS, ids=".".join(["{}"]).format)
def test_a_field_of_another_type_is_refused(sets, written, tmp_path, field):
    """With a matching digest, as from a program that edits the state."""
    for value in ODD:
        if any(value is one or value == one for one in PLAUSIBLE.get(field, ())):
            continue

        def change(arrays, state):
            for step in field[:-1]:
                state = state[step]
            state[field[-1]] = value

        line = refused(sets, rewritten(written, tmp_path / "x", change))
        assert any(str(word) in line for word in (*field, "other settings")), (value, line)


@pytest.mark.parametrize("field", [one for one in FIELDS if one != ("net",)], ids=str)
def test_a_missing_field_is_named(sets, written, tmp_path, field):
    def change(arrays, state):
        for step in field[:-1]:
            state = state[step]
        del state[field[-1]]

    if field in (("recipe", "milestones"), ("recipe", "lr")):
        return  # a checkpoint of an earlier version may lack a setting: the run had its default
    line = refused(sets, rewritten(written, tmp_path / "x", change))
    named = any(str(word) in line for word in (*field, "other settings", "random streams"))
    assert named, line


def test_a_state_that_is_not_a_dict(sets, tmp_path):
    for state in (None, [], "state", 3, {}):
        safetensors.write(tmp_path / "x", {"a": np.zeros(1)}, state)
        refused(sets, tmp_path / "x", "not a checkpoint of a training run")


@pytest.mark.parametrize(
    "field, value, words",
    [
        (("iteration",), 5, "schedule"),
        (("schedule", "iteration"), 5, "schedule, iteration: expected"),
        (("iteration",), 11, "at most 10, as in its recipe"),
        (("batches", "position"), 0, "batches, position"),
        (("epoch_sums", "images"), 16, "epoch_sums, images"),
        (("epoch_sums", "wrong"), 10_000, "epoch_sums, wrong"),
        (("history",), [], "history"),
        (("history", 0, "iteration"), 3, "history: expected rows of iterations"),
        (("history", 0, "epoch"), 2.0, "history, row 1, epoch: expected 1.0, got 2.0"),
        (("history", 0, "lr"), 0.2, "history, row 1, lr: expected 0.1, got 0.2"),
        (("history", 0, "test_error"), 101, "history, row 1, test_error .*0 to 100, got 101"),
        (("history", 0, "seconds"), 1e6, "history, row 1, seconds"),
        (("seconds",), 0, "history, row 1, seconds"),
    ],
)
def test_fields_that_contradict_each_other(sets, written, tmp_path, field, value, words):
    def change(arrays, state):
        for step in field[:-1]:
            state = state[step]
        state[field[-1]] = value

    refused(sets, rewritten(written, tmp_path / "x", change), words)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("velocity.3"),
        lambda arrays: arrays.update({"velocity.3": np.zeros(3, np.float32)}),
        lambda arrays: arrays.update({"velocity.0": arrays["velocity.0"].astype(np.float64)}),
        lambda arrays: arrays.pop("permutation"),
        lambda arrays: arrays.update(permutation=arrays["permutation"][::-1] * 0),
        lambda arrays: arrays.update(permutation=arrays["permutation"] + 0.5),
        lambda arrays: arrays.pop("model.fc.weight"),
        lambda arrays: arrays.update({"model.fc.bias": np.zeros(10, np.int32)}),
    ],
)
def test_other_arrays_change_nothing(sets, written, tmp_path, change):
    refused(sets, rewritten(written, tmp_path / "x", lambda arrays, state: change(arrays)))


#: Deciding settings that are not in the recipe -> where a checkpoint shows them instead.
NOT_IN_RECIPE = {
    **dict.fromkeys(("model", "net", "weights", "train"), "the net's settings, and its arrays"),
    **dict.fromkeys(
        ("dataset", "only", "image_size", "train_size", "original_pixels"),
        "the training set is an argument of the Trainer; its size is that of the permutation",
    ),
    **dict.fromkeys(
        ("test_size", "test_image_size", "val_fraction"), "sets that no step is taken on"
    ),
    **dict.fromkeys(("epochs", "drops"), "resolved to iterations and milestones"),
    "warmup_from_depth": "resolved to warmup",
    "seed": "beside the recipe",
}


def test_every_setting_that_decides_is_in_the_recipe():
    deciding = [one.name for one in fields(RunConfig) if one.metadata["decides"]]
    assert sorted([*RECIPE, *NOT_IN_RECIPE]) == sorted(deciding)

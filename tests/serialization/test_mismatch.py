"""Differences between a net and weights: all of them, and the likely reason."""

import numpy as np
import pytest

from minires import models, nn
from minires.errors import CheckpointError, ShapeError
from minires.models import build
from minires.serialization.layout import from_torch, to_torch
from minires.serialization.mismatch import explain_mismatch


def state(name, **settings):
    return dict(build(name, **settings).state_dict())


SMALL = state("resnet-8", width=2, shortcut="B")


def test_weights_that_fit():
    assert explain_mismatch(SMALL, dict(SMALL), "net") is None


def test_all_three_kinds_in_one_report():
    other = dict(SMALL)
    del other["conv1.weight"], other["bn1.bias"]
    other |= {"conv0.weight": np.zeros(1), "fc.bias": np.zeros(3, np.float32)}
    error = explain_mismatch(SMALL, other, "net.load")
    assert type(error) is CheckpointError and str(error) == (
        "net.load: the weights seem to come from another architecture; "
        "2 missing: conv1.weight, bn1.bias; 1 unexpected: conv0.weight; "
        "1 of another shape: fc.bias (expected (10,), got (3,))"
    )


def test_long_lists_are_cut():
    text = str(explain_mismatch(SMALL, {f"x{i}": np.zeros(1) for i in range(6)}, "net"))
    assert "x3, x4 and 1 more" in text and "x5" not in text
    assert f"{len(SMALL)} missing: conv1.weight" in text
    assert f" and {len(SMALL) - 5} more; 6 unexpected" in text
    assert text.startswith(
        "net: the weights have no name in common with this net: is it the right file?; "
    )


@pytest.mark.parametrize(
    "name, settings, other, other_settings, error, reason",
    [
        (
            "resnet-8",
            {},
            "resnet-8",
            {"num_classes": 3},
            ShapeError,
            "come from a net for 3 classes: build this one with num_classes=3 (models.replace_head",
        ),
        (
            "resnet-8",
            {},
            "resnet-8",
            {"num_classes": 3, "shortcut": "B"},
            CheckpointError,
            "convolutions on more shortcuts than this one",
        ),
        (
            "resnet-8",
            {"shortcut": "C"},
            "resnet-8",
            {},
            CheckpointError,
            "convolutions on fewer shortcuts than this one",
        ),
        (
            "resnet-8",
            {},
            "resnet-14",
            {},
            CheckpointError,
            "a net with 2 + 2 + 2 basic blocks in its stages, but this one has 1 + 1 + 1 "
            "basic blocks",
        ),
        (
            "resnet18",
            {},
            "resnet50",
            {},
            CheckpointError,
            "3 + 4 + 6 + 3 bottlenecks in its stages, but this one has 2 + 2 + 2 + 2 basic blocks",
        ),
        (
            "resnet50",
            {},
            "resnet34",
            {},
            CheckpointError,
            "3 + 4 + 6 + 3 basic blocks in its stages, but this one has 3 + 4 + 6 + 3 bottlenecks",
        ),
        (
            "resnet-8",
            {"pre_activation": True},
            "resnet-8",
            {},
            CheckpointError,
            "pre_activation=False",
        ),
        (
            "resnet-8",
            {},
            "resnet-8",
            {"width": 4},
            ShapeError,
            "of another width: its first convolution has 4 channels, this net's has 16",
        ),
        (
            "resnet-8",
            {},
            "resnet-8",
            {"batch_norm": False},
            CheckpointError,
            "come from a net that was fused, or built with batch_norm=False: fuse this net first",
        ),
        (
            "resnet-8",
            {"batch_norm": False},
            "resnet-8",
            {},
            CheckpointError,
            "this net was fused, or built with batch_norm=False, but the weights come from "
            "a net with "
            "batch norm: load them before fusing",
        ),
        (
            "residual_mlp-4",
            {},
            "residual_mlp-8",
            {},
            CheckpointError,
            "a net with 3 linear blocks in its stages, but this one has 1 linear block: build",
        ),
        (
            "residual_mlp-4",
            {"image_size": 8, "width": 5},
            "residual_mlp-4",
            {"image_size": 16, "width": 5},
            ShapeError,
            "come from a net for images of another size: build this one with image_size=16;",
        ),
        (
            "residual_mlp-4",
            {"image_size": 8, "width": 5},
            "residual_mlp-4",
            {"image_size": 8, "width": 6},
            ShapeError,
            "come from a net of another width: build this one with width=6;",
        ),
        (
            "residual_mlp-4",
            {"image_size": 8, "width": 5},
            "residual_mlp-4",
            {"image_size": 9, "width": 6},
            ShapeError,
            "a net of another width and for images of another size: build this one with "
            "width=6 and "
            "image_size=9;",
        ),
        (
            "resnet18",
            {},
            "resnet18",
            {"pre_activation": True},
            CheckpointError,
            "pre_activation=True",
        ),
        ("resnet-8", {}, "plain_mlp-4", {}, CheckpointError, "come from another architecture; "),
    ],
)
def test_the_likely_reason(name, settings, other, other_settings, error, reason):
    found = explain_mismatch(state(name, **settings), state(other, **other_settings), "net")
    assert type(found) is error and reason in str(found), str(found)
    kinds = (" missing: ", " unexpected: ", " of another shape: ")
    assert str(found).index(reason) < min(
        str(found).index(kind) for kind in kinds if kind in str(found)
    )


@pytest.mark.parametrize(
    "name", ["layer3.0.conv1.weight", "layer2.0.downsample.0.weight", "bn1.running_var", "fc.bias"]
)
def test_one_array_that_is_not_there(name):
    """Not another net, but a file with a gap."""
    other = {key: array for key, array in SMALL.items() if key != name}
    assert str(explain_mismatch(SMALL, other, "net")) == (
        f"net: the weights are incomplete: they lack 1 of this net's {len(SMALL)} arrays; "
        f"1 missing: {name}"
    )


@pytest.mark.parametrize(
    "name, settings",
    [
        ("resnet-8", {"shortcut": "B"}),
        ("resnet-8", {"pre_activation": True}),
        ("resnet18", {}),
        ("residual_mlp-4", {"image_size": 4}),
    ],
)
def test_weights_of_a_fused_net(name, settings):
    """And a fused net with weights of an unfused one. Each fits its own kind."""
    plain = state(name, **settings)
    fused = dict(nn.fuse(build(name, **settings).eval()).state_dict())
    assert str(explain_mismatch(plain, fused, "net")).startswith(
        "net: the weights come from a net that was fused, or built with batch_norm=False: "
        "fuse this net first, or build it that way; "
    )
    assert str(explain_mismatch(fused, plain, "net")).startswith(
        "net: this net was fused, or built with batch_norm=False, but the weights come from "
    )
    assert explain_mismatch(fused, dict(fused), "net") is None


def test_names_with_something_in_front():
    wrapped = {f"backbone.net.{name}": array for name, array in SMALL.items()}
    error = explain_mismatch(SMALL, wrapped, "net")
    assert "all names begin with 'backbone.net.': remove that prefix" in str(error)
    assert "begin with" not in str(explain_mismatch(SMALL, wrapped | {"epoch": np.zeros(1)}, "net"))


def test_timms_deep_stem():
    other = dict(SMALL)
    other["conv1.0.weight"] = other.pop("conv1.weight")
    assert "resnet50d" in str(explain_mismatch(SMALL, other, "net"))


def test_nothing_and_too_much():
    assert "the right file" in str(explain_mismatch(SMALL, {}, "net"))
    assert "1 unexpected" in str(explain_mismatch(SMALL, SMALL | {"x": np.zeros(2)}, "net"))


def test_a_net_without_blocks():
    own = models.residual_mlp(4, width=4, image_size=4).state_dict()
    other = {name: np.zeros(array.size + 1) for name, array in own.items()}
    assert "a net of another width" in str(explain_mismatch(own, other, "net"))


def test_a_shard_is_not_taken_for_a_net_with_fewer_blocks():
    """Of two files of one net, one lacks the last layers and the other the first."""
    names = list(SMALL)
    for half in (names[:20], names[20:]):
        part = {name: SMALL[name] for name in half}
        text = str(explain_mismatch(SMALL, part, "net.safetensors"))
        assert "a part of the weights: " in text and "one of several files (shards)" in text
        assert f": {len(names) - len(half)} of this net's {len(names)} arrays" in text
        text = str(explain_mismatch(SMALL, part, "model-00002-of-00003.safetensors"))
        assert "it seems to be file 2 of 3 (shards)" in text
    fewer = state("resnet-8", width=2, shortcut="B")
    text = str(explain_mismatch(state("resnet-14", width=2, shortcut="B"), fewer, "x"))
    assert "come from a net with 1 + 1 + 1 basic blocks" in text


@pytest.mark.parametrize("name", ["linear", "classifier.1", "head"])
def test_a_last_layer_with_another_name_is_not_taken_for_another_architecture(name):
    renamed = {key.replace("fc.", f"{name}."): array for key, array in SMALL.items()}
    text = str(explain_mismatch(SMALL, renamed, "x"))
    assert f"the last layer is called {name!r}: rename its weight and bias to fc.weight" in text


def test_the_last_layer_of_a_vgg_is_known_by_its_own_name():
    settings = {"image_size": 4, "dropout": 0.5, "seed": 0}
    net, other = (
        dict(models.VGG([(1, 2)], 4, batch_norm=False, num_classes=n, **settings).state_dict())
        for n in (3, 5)
    )
    text = str(explain_mismatch(net, other, "x"))
    assert "a net for 5 classes: build this one with num_classes=5" in text
    body = {name: one for name, one in net.items() if not name.startswith("classifier.6.")}
    assert "of a net without its last layer" in str(explain_mismatch(net, body, "x"))
    head = {name: net[f"classifier.6.{name[5:]}"] for name in ("head.weight", "head.bias")}
    text = str(explain_mismatch(net, body | head, "x"))
    assert "called 'head': rename its weight and bias to classifier.6.weight and class" in text
    text = str(explain_mismatch({"a.weight": np.zeros(1)}, {"b.weight": np.zeros(1)}, "x"))
    assert "rename" not in text  # neither has a head


def test_pytorchs_layout_is_not_taken_for_another_width():
    text = str(explain_mismatch(SMALL, to_torch(SMALL), "load_state_dict"))
    assert "the weights are in PyTorch's layout: save them in a file and mr.load it" in text
    net = models.resnet(8, width=2, shortcut="B")
    net.load_state_dict(from_torch(to_torch(SMALL)))

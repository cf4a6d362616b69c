"""Nets of known families: the same logits as in PyTorch, and a line about conventions that the file
cannot show."""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import minires as mr
from minires.errors import CheckpointError, ConfigError, WeightsWarning
from minires.models.registry import settings_of
from minires.serialization import conventions, recognition
from minires.serialization.architecture import architecture_of
from minires.serialization.families import CAFFE, FACEBOOK, IMAGENET, KUANGLIU
from minires.serialization.layout import to_torch
from minires.serialization.weights import open_weights
from minires.serialization.weights_file import WeightsFile

from . import public_nets

X = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)


def theirs(torch, net, x=X):
    with torch.no_grad():
        return net(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()


def loaded(file, **settings):
    """The net of an open file, with its weights, and the lines of the warnings."""
    name, known = file.resolve_net(settings.pop("model", None), settings)
    net = mr.models.build(name, **{"num_classes": file.num_classes, **known})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        mr.load(net, file)
    return net.eval(), [str(one.message) for one in said if one.category is WeightsWarning]


def logits(net, x=X):
    with mr.no_grad():
        return net(mr.Tensor(x)).data


def saved(torch, net, path, **beside):
    torch.save({"state_dict": net.state_dict(), **beside} if beside else net.state_dict(), path)
    return path


def shapes_of(net):
    """The arrays of a net in PyTorch's layout, all zeros, without memory for them."""
    return {
        name: np.broadcast_to(np.float32(0), array.shape)
        for name, array in to_torch(net.state_dict()).items()
    }


@pytest.mark.parametrize(
    "make, blocks, model, settings, source, colours",
    [
        ("akamaster", (1, 1, 1), "resnet-8", {"width": 16, "zeros": "around"}, "akamaster", None),
        ("kuangliu", (2, 2, 2, 2), "resnet18", {"stem": "3x3"}, "kuangliu", KUANGLIU),
        ("chenyaofo", (1, 1, 1), "resnet-8", {"width": 16, "shortcut": "B"}, "chenyaofo", KUANGLIU),
        ("torchvision", (2, 2, 2, 2), "resnet18", {}, "torchvision", IMAGENET),
        ("facebook", (2, 2, 2, 2), "resnet18", {}, "fb.resnet.torch", IMAGENET),
    ],
)
def test_the_same_logits_as_in_pytorch(
    torch, tmp_path, make, blocks, model, settings, source, colours
):
    their_net = getattr(public_nets, make)(torch, blocks)
    # As training programs save them, with an epoch and an accuracy beside the weights.
    file = open_weights(saved(torch, their_net, tmp_path / "net.pth", epoch=3, acc=np.float64(91)))
    assert file.built == {"model": model, "net": settings}
    expected = colours or IMAGENET
    assert {name: file.transform[name] for name in ("mean", "std")} == expected
    net, lines = loaded(file)
    np.testing.assert_allclose(logits(net), theirs(torch, their_net), rtol=1e-3, atol=1e-3)
    assert sum(f"{source}" in line for line in lines) == 1
    assert file.transform["crop"] == (224 if their_net.conv1.kernel_size[0] == 7 else 32)
    # The conventions stay with the net in a file that minires writes.
    mr.save(net, tmp_path / "own.safetensors")
    again = open_weights(tmp_path / "own.safetensors")
    assert (again.transform, again.classes) == (file.transform, file.classes)
    assert again.built == file.built
    other, lines = loaded(again)
    assert lines == []
    np.testing.assert_array_equal(logits(other), logits(net))


@pytest.mark.slow  # a net of 50 layers in PyTorch; conventions alone are tested below
def test_stride_on_the_other_convolution_is_set_where_the_family_is_sure(torch, tmp_path):
    their_net = public_nets.kuangliu(torch, (3, 4, 6, 3), bottleneck=True)
    file = open_weights(saved(torch, their_net, tmp_path / "net.pth"))
    assert file.built == {"model": "resnet50", "net": {"stem": "3x3", "stride_on": "3x3"}}
    net = mr.models.resnet50(num_classes=10, stem="3x3", stride_on="1x1")
    with pytest.warns(WeightsWarning, match="bottlenecks were set to stride_on='3x3'"):
        mr.load(net, file)
    x = X[:1, :16, :16]
    np.testing.assert_allclose(
        logits(net.eval(), x), theirs(torch, their_net, x), rtol=1e-3, atol=1e-2
    )
    with pytest.raises(ConfigError, match="stride_on='3x3', but stride_on='1x1' was requested"):
        file.resolve_net(None, {"stride_on": "1x1"})


def test_a_net_from_caffe_gets_red_first_and_inputs_up_to_255(torch, tmp_path):
    their_net = public_nets.torchvision(torch, (2, 2, 2, 2))
    path = saved(torch, their_net, tmp_path / "net.pth")
    file = open_weights(path, family="caffe")
    net, lines = loaded(file)
    pixels = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    mean = np.float32([103.53, 116.28, 123.675])  # blue, green, red
    expected = theirs(torch, their_net, pixels[..., ::-1] - mean)
    ours = mr.data.ImageTransform(resize=32, crop=32, **CAFFE)(pixels[0].astype(np.uint8))
    np.testing.assert_allclose(logits(net, ours[None]), expected, rtol=1e-3, atol=1e-3)
    assert "BGR from 0 to 255" in lines[0] and "turned round" in lines[0]
    with pytest.raises(ConfigError, match="unknown family of weights.*did you mean 'caffe'"):
        open_weights(path, family="cafe")


def test_a_net_from_torch_7_for_cifar(torch, tmp_path):
    their_net = public_nets.chenyaofo(torch, (1, 1, 1), zeros="after")
    path = saved(torch, their_net, tmp_path / "net.pth")
    unknown = open_weights(path)
    assert unknown.built == {} and [name for name, _ in unknown.candidates] == [
        "resnet-8",
        "plain-8",
    ]
    file = open_weights(path, family="fb.resnet.torch")
    net, _ = loaded(file)
    assert file.built["net"] == {"width": 16, "zeros": "after"}
    assert {name: file.transform[name] for name in FACEBOOK} == FACEBOOK
    np.testing.assert_allclose(logits(net), theirs(torch, their_net), rtol=1e-3, atol=1e-3)


def test_a_family_that_says_nothing_of_zeros_leaves_that_open(torch, tmp_path):
    their_net = public_nets.akamaster(torch, (1, 1, 1), zeros="after")
    file = open_weights(saved(torch, their_net, tmp_path / "net.pth"), family="chenyaofo")
    assert file.built == {} and len(file.candidates) == 2
    net, lines = loaded(file, model="resnet-8")
    np.testing.assert_allclose(logits(net), theirs(torch, their_net), rtol=1e-3, atol=1e-3)
    assert "where shortcut A puts its zeros" in lines[1]


def test_assumed_conventions_can_be_overridden():
    net = mr.models.resnet50()
    arrays = _in_our_layout(net)
    known = recognition.recognise(arrays)
    assert known.built == {"model": "resnet50", "net": {}} and known.settings == {}
    (line,) = known.lines
    for words in ("Others have the same", "stride on the 3x3", "ImageNet's mean", "mean and std"):
        assert words in line
    file = WeightsFile(Path("x.pth"), arrays, built=known.built)
    assert file.resolve_net(None, {"stride_on": "1x1"}, settings_of("resnet50"))[1] == {
        "stride_on": "1x1"
    }
    # The file of the same digest as torchvision's is torchvision's.
    sure = recognition.recognise(arrays, "0676ba61" + 56 * "0")
    assert sure.settings == {"stride_on": "3x3"} and "Others have" not in sure.lines[0]
    file = WeightsFile(Path("x.pth"), arrays, built=sure.built)
    with pytest.raises(ConfigError, match="stride_on='3x3', but stride_on='1x1' was requested"):
        file.resolve_net(None, {"stride_on": "1x1"}, settings_of("resnet50"))
    second = recognition.recognise(arrays, "11ad3fa6")
    assert (second.transform["resize"], sure.transform["resize"]) == (232, 256)
    assert conventions.set_otherwise(net) == {}
    (line,) = conventions.set_in(net, {"stride_on": "1x1"})
    assert "bottlenecks were set to stride_on='1x1'" in line
    assert net.layer2[0].conv1.stride == (2, 2) and net.layer2[0].conv2.stride == (1, 1)
    assert conventions.set_otherwise(net) == {"stride_on": "1x1"}
    assert conventions.set_in(net, {"stride_on": "1x1"}) == []


def _in_our_layout(net):
    return {
        name: np.broadcast_to(np.float32(0), array.shape)
        for name, array in net.state_dict().items()
    }


NETS = [
    ("resnet-8", {"width": 4, "shortcut": "B"}),
    ("resnet-8", {"width": 4, "shortcut": "C"}),
    ("resnet-14", {"width": 4, "pre_activation": True}),
    ("resnet18", {}),
    ("resnet34", {"stem": "3x3", "shortcut": "C"}),
    ("resnet50", {"groups": 2, "width_per_group": 32}),
    ("resnext50_32x4d", {}),
    *(
        pytest.param(*net, marks=pytest.mark.slow)
        for net in (
            ("resnet50", {"pre_activation": True}),
            ("resnet101", {}),
            ("wide_resnet50_2", {}),
        )
    ),
]


@pytest.mark.parametrize("name, settings", NETS)
def test_the_net_is_known_by_its_arrays(name, settings):
    net = mr.models.build(name, num_classes=7, **settings)
    found = architecture_of(_in_our_layout(net)).candidates()
    assert (name, settings) == found[0] and len(found) == 1


@pytest.mark.parametrize("name", ["resnet-8", "plain-8", "resnet18", "plain18"])
def test_plain_nets_look_like_those_with_shortcut_a(name):
    settings = {"shortcut": "A"} if name == "resnet18" else {}
    net = mr.models.build(name, **settings)
    found = architecture_of(_in_our_layout(net)).candidates()
    assert name in dict(found) and len(found) == 2
    for model, own in found:
        mr.models.build(model, num_classes=net.fc.weight.shape[1], **own).load_state_dict(
            net.state_dict()
        )


def test_other_nets_belong_to_none_of_these_families():
    assert architecture_of({}) is None
    assert architecture_of(mr.models.residual_mlp(8, image_size=4).state_dict()) is None
    assert architecture_of(mr.models.resnet(8, width=2, batch_norm=False).state_dict()) is None
    arrays = mr.models.resnet(14, width=2, shortcut="B").state_dict()
    del arrays["layer2.0.downsample.0.weight"], arrays["layer2.0.downsample.1.weight"]
    assert architecture_of({k: v for k, v in arrays.items() if "layer2.0.down" not in k}) is None


def test_biases_before_batch_norm_are_folded():
    rng = np.random.default_rng(0)
    arrays = {
        "conv1.weight": rng.standard_normal((3, 3, 3, 4)),
        "conv1.bias": rng.standard_normal(4),
        "bn1.running_mean": rng.standard_normal(4),
        "conv2.bias": rng.standard_normal(4),  # without batch norm it stays
    }
    found, lines = recognition._without_biases(arrays)
    assert {*found} == {"conv1.weight", "bn1.running_mean", "conv2.bias"} and len(lines) == 1
    np.testing.assert_allclose(
        found["bn1.running_mean"], arrays["bn1.running_mean"] - arrays["conv1.bias"]
    )


# Other data beside the weights


TIMM = {
    "architecture": "resnet18",
    "num_classes": 1000,
    "pretrained_cfg": {
        "input_size": [3, 160, 160],
        "crop_pct": 0.95,
        "interpolation": "bicubic",
        "mean": [0.5, 0.4, 0.3],
        "std": [0.2, 0.2, 0.1],
    },
}


def test_timms_settings_beside_the_file(tmp_path):
    import safetensors.numpy

    net = mr.models.resnet18(num_classes=3)
    safetensors.numpy.save_file(to_torch(net.state_dict()), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(TIMM))
    file = open_weights(tmp_path / "model.safetensors")
    assert file.transform == {"resize": 168, "crop": 160} | {
        name: TIMM["pretrained_cfg"][name] for name in ("mean", "std")
    }
    assert any("'bicubic'" in line for line in file.lines)
    assert any("resnet18 as in timm" in line for line in file.lines)
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"]}')
    assert open_weights(tmp_path / "model.safetensors").transform["crop"] == 224
    wrong = TIMM | {"pretrained_cfg": TIMM["pretrained_cfg"] | {"std": [0, 1, 1]}}
    (tmp_path / "config.json").write_text(json.dumps(wrong))
    with pytest.raises(CheckpointError, match="config.json: timm's settings of inputs"):
        open_weights(tmp_path / "model.safetensors")


def test_timms_settings_of_another_net_lie_in_the_same_folder(torch, tmp_path):
    """For example a folder of downloads. These settings used to change the conventions of a net
    that is known for certain."""
    path = saved(torch, public_nets.akamaster(torch, (1, 1, 1)), tmp_path / "net.pth")
    expected = open_weights(path)
    (tmp_path / "config.json").write_text(json.dumps(TIMM))
    file = open_weights(path)
    assert (file.transform, file.built, file.lines) == (
        expected.transform,
        expected.built,
        expected.lines,
    )
    path = saved(torch, public_nets.torchvision(torch, (3, 4, 6, 3)), path)
    file = open_weights(path)
    assert "config.json beside it is of 'resnet18': not used" in file.lines
    assert file.transform["crop"] == 224


@pytest.mark.parametrize("older", [False, True])
def test_extra_entries_of_training_programs(torch, tmp_path, older):
    net = mr.models.resnet(8, width=2, shortcut="B")
    state = {name: torch.tensor(one) for name, one in to_torch(net.state_dict()).items()}
    content = {
        "epoch": 90,
        "arch": "resnet",
        "args": argparse.Namespace(lr=0.1, data="/data"),
        "best": np.float64(91.5),
        "device": torch.device("cpu"),
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [{}]},
        "state_dict": {f"model.{name}": one for name, one in state.items()}
        | {"criterion.weight": torch.ones(2)},
        "state_dict_ema": state,
    }
    torch.save(content, tmp_path / "x.ckpt", _use_new_zipfile_serialization=not older)
    file = open_weights(tmp_path / "x.ckpt")
    assert {*file.arrays} == {*net.state_dict()}
    said = "\n".join(file.lines)
    assert "'state_dict_ema': left out" in said and "'criterion.weight' among them" in said


def test_an_average_beside_the_weights_is_ignored_and_one_alone_is_loaded(tmp_path):
    import safetensors.numpy

    arrays = to_torch(mr.models.resnet(8, width=2).state_dict())
    average = {f"ema.{name}": one + 1 for name, one in arrays.items()}
    for own in ("", "model."):
        both = {own + name: one for name, one in arrays.items()} | average
        safetensors.numpy.save_file(both, tmp_path / "x.safetensors")
        file = open_weights(tmp_path / "x.safetensors")
        assert np.array_equal(file.arrays["fc.weight"], arrays["fc.weight"].T)
        assert any("an average of the weights lies beside" in line for line in file.lines)
    safetensors.numpy.save_file(average, tmp_path / "x.safetensors")
    file = open_weights(tmp_path / "x.safetensors")
    assert np.array_equal(file.arrays["fc.weight"], arrays["fc.weight"].T + 1)


# Conventions that stay with a net


def test_conventions_that_no_longer_fit_a_net_are_not_written(tmp_path):
    built = {"model": "resnet-8", "net": {"width": 2}}
    transform = {"mean": [0.1, 0.2, 0.3]}
    net = mr.models.resnet(8, width=2)
    mr.save(
        net,
        tmp_path / "x.safetensors",
        classes=list("abcdefghij"),
        transform=transform,
        built=built,
    )
    net = mr.models.resnet(8, width=2)
    mr.load(net, tmp_path / "x.safetensors")
    mr.models.replace_head(net, 10)  # as many classes, but different ones
    mr.save(net, tmp_path / "y.safetensors")
    file = open_weights(tmp_path / "y.safetensors")
    assert (file.classes, file.transform, file.built) == (None, transform, built)
    mr.save(mr.nn.fuse(net.eval()), tmp_path / "z.safetensors")
    assert open_weights(tmp_path / "z.safetensors").built == {}


@pytest.mark.parametrize("layout", ["minires", "torch"])
def test_eps_and_momentum_stay_with_the_weights(tmp_path, layout):
    mr.save(
        mr.models.resnet(8, width=2, eps=1e-3, momentum=0.01), tmp_path / "x.safetensors", layout
    )
    net = mr.models.resnet(8, width=2)
    with pytest.warns(WeightsWarning, match="batch norm was set to eps=0.001"):
        mr.load(net, tmp_path / "x.safetensors")
    assert {(one.eps, one.momentum) for one in net.modules() if hasattr(one, "eps")} == {
        (1e-3, 0.01)
    }


@pytest.mark.parametrize("name, value", [("eps", -1), ("stride_on", "5x5"), ("momentum", "x")])
def test_nonsense_in_a_file_is_an_error(tmp_path, name, value):
    from minires.serialization import safetensors

    arrays = mr.models.resnet(8, width=2).state_dict()
    safetensors.write(tmp_path / "x.safetensors", arrays, {name: value})
    with pytest.raises(CheckpointError, match=f"{name} in the metadata"):
        open_weights(tmp_path / "x.safetensors")
    with pytest.raises(ConfigError, match="minires wrote this file"):
        open_weights(tmp_path / "x.safetensors", family="caffe")

"""Files of Keras: every layout that its versions write, and other features of HDF5 files."""

import io
import sys
import zipfile

import numpy as np
import pytest

from minires.errors import CheckpointError, ConfigError
from minires.serialization import hdf5, keras
from minires.serialization.families import KERAS
from minires.serialization.weights import open_weights

from . import public_nets
from .test_families import loaded, logits

h5py = pytest.importorskip("h5py")
BLOCKS = (3, 4, 6, 3)  # of ResNet-50


def names():
    """Keras's names of ResNet-50's layers, without the kind at the end, and minires' names."""
    found = {"conv1": ("conv1", "bn1")}
    for stage, count in enumerate(BLOCKS, 2):
        for block in range(count):
            at, here = f"conv{stage}_block{block + 1}", f"layer{stage - 1}.{block}"
            if block == 0:
                found[f"{at}_0"] = (f"{here}.downsample.0", f"{here}.downsample.1")
            found |= {f"{at}_{i}": (f"{here}.conv{i}", f"{here}.bn{i}") for i in (1, 2, 3)}
    return found


def layers():
    """Small arrays, no two alike, for each layer under Keras's name and under minires' name."""
    theirs, ours, number = {}, {}, 0

    def array(*shape):
        nonlocal number
        number += 1
        return np.full(shape, number, np.float32)

    for name, (conv, norm) in names().items():
        theirs[f"{name}_conv"] = {"kernel": array(1, 1, 3, 2), "bias": array(2)}
        theirs[f"{name}_bn"] = {
            one: array(2) for one in ("gamma", "beta", "moving_mean", "moving_variance")
        }
        for layer, kind in ((conv, "conv"), (norm, "bn")):
            words = ("weight", "bias", "running_mean", "running_var")
            for word, one in zip(words, theirs[f"{name}_{kind}"].values()):
                ours[f"{layer}.{word}"] = one
    theirs["predictions"] = {"kernel": array(2, 5), "bias": array(5)}
    ours |= {"fc.weight": array(2, 5) - 2, "fc.bias": array(5) - 2}
    return theirs, ours


def in_keras_order(theirs):
    """The names in the order in which Keras lists layers: shortcuts after the second
    convolution."""
    found = []
    for name in theirs:
        shortcut = name.replace("_2_", "_0_")
        if "_0_" not in name:
            found.append(name)
        if shortcut != name and shortcut in theirs:
            found.append(shortcut)
    return found


def written(write):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write(file)
    return content.getvalue()


def of_keras_3(theirs, place="layers", named=True):
    """``.weights.h5``: folders named after classes, variables numbered."""

    def write(file):
        count = {}
        for name in in_keras_order(theirs):
            kind = "batch_normalization"
            if "kernel" in theirs[name]:
                kind = "dense" if theirs[name]["kernel"].ndim == 2 else "conv2d"
            number = count[kind] = count.get(kind, -1) + 1
            folder = file.create_group(f"{place}/{kind}{f'_{number}' if number else ''}/vars")
            if named:
                folder.attrs["name"] = name
            for i, one in enumerate(theirs[name].values()):
                folder[str(i)] = one
        file.create_group("optimizer/vars")["0"] = np.ones(3, np.float32)
        file.create_group("layers/dropout/seed_generator/vars")["0"] = np.ones(2, np.uint32)

    return written(write)


def of_keras_2(theirs, inside="", end=":0"):
    """``.h5``: folders named after layers, twice."""

    def write(file):
        for name, its in theirs.items():
            for word, one in its.items():
                file[f"{inside}{name}/{name}/{word}{end}"] = one
        file["optimizer_weights/adam/conv1_conv/kernel/m:0"] = np.ones(3, np.float32)

    return written(write)


def of_2017(theirs):
    """Keras 1 and the first years of 2, with the names of the Caffe models."""
    found = {}
    for name, its in theirs.items():
        if name == "predictions":
            found["fc1000"] = its
            continue
        *block, number, kind = name.split("_")
        if block:
            letter = "abcdef"[int(block[1].removeprefix("block")) - 1]
            branch = "1" if number == "0" else "2" + "abc"[int(number) - 1]
            start = "res" if kind == "conv" else "bn"
            found[f"{start}{block[0][-1]}{letter}_branch{branch}"] = its
        else:
            found["conv1" if kind == "conv" else "bn_conv1"] = its
    words = dict(kernel="W", bias="b", moving_mean="running_mean", moving_variance="running_std")

    def write(file):
        for name, its in found.items():
            for word, one in its.items():
                file[f"{name}/{name}_{words.get(word, word)}_1:0"] = one

    return written(write)


def in_a_zip(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "write, family, said",
    [
        (of_keras_3, "keras", ""),
        (lambda net: of_keras_3(net, "layers/functional/layers"), "keras", ""),
        (lambda net: of_keras_3(net, named=False), "keras", "its layers have no names"),
        (lambda net: in_a_zip(of_keras_3(net)), "keras", ""),
        (of_keras_2, "keras", ""),
        (lambda net: of_keras_2(net, "model_weights/"), "keras", ""),
        (lambda net: of_keras_2(net, "model_weights/resnet50/", end=""), "keras", ""),
        (of_2017, "keras-2017", ""),
    ],
    ids=["named", "nested", "nameless", "zip", "weights", "model", "nested-h5", "2017"],
)
def test_every_layout(write, family, said):
    theirs, ours = layers()
    content, lines = write(theirs), []
    assert keras.is_keras(content)
    found, known = keras.decode(content, "x", lines)
    assert known == family and found.keys() == ours.keys()
    for name, one in ours.items():
        np.testing.assert_array_equal(found[name], one)
    assert len(lines) == bool(said) and said in "".join(lines)


def test_the_last_layer():
    theirs, ours = layers()
    head = theirs.pop("predictions")
    lines = []
    found, _ = keras.decode(of_keras_2(theirs), "x", lines)
    assert "fc.weight" not in found and "no last layer" in lines[0]
    lines = []
    found, _ = keras.decode(of_keras_2({**theirs, "dense_7": head}), "x", lines)
    np.testing.assert_array_equal(found["fc.weight"], ours["fc.weight"])
    assert lines == []
    beside = {**theirs, "predictions": head, "rescale": {"gamma": np.ones(3, np.float32)}}
    keras.decode(of_keras_2(beside), "x", lines)
    assert lines == ["left out, beside the net's layers: one layer, 'rescale'"]
    with pytest.raises(CheckpointError, match="several linear layers behind the net"):
        keras.decode(of_keras_2({**theirs, "a": head, "b": head}), "x", [])


@pytest.mark.parametrize("write, eps", [(of_keras_3, 1.001e-5), (of_2017, 1e-3)])
def test_a_net_that_was_trained_on_rgb(tmp_path, write, eps):
    theirs, _ = layers()
    theirs["conv1_conv"]["kernel"] = np.arange(6, dtype=np.float32).reshape(1, 1, 3, 2)
    (tmp_path / "x.h5").write_bytes(write(theirs))
    first = theirs["conv1_conv"]["kernel"]
    for family, expected in ((None, first[:, :, ::-1]), ("keras-rgb", first)):
        file = open_weights(tmp_path / "x.h5", family=family)
        np.testing.assert_array_equal(file.arrays["conv1.weight"], expected)
        assert file.settings == {"stride_on": "1x1", "eps": eps, "momentum": 0.01}
        assert ("mean" in file.transform) == (family is None)


def test_two_nets_in_one_file():
    """Their layers have the same names, so that one would hide the other."""
    theirs, _ = layers()

    def both(file):
        for net in ("left", "right"):
            for name, its in theirs.items():
                for word, one in its.items():
                    file[f"model_weights/{net}/{name}/{word}:0"] = one

    with pytest.raises(CheckpointError, match="several layers called '"):
        keras.decode(written(both), "x", [])


def test_other_nets_are_refused_by_name():
    theirs, _ = layers()
    v2 = {**theirs, "post_bn": theirs["conv1_bn"]}
    with pytest.raises(CheckpointError, match="a ResNetV2 of keras.applications"):
        keras.decode(of_keras_2(v2), "x", [])
    vgg = {f"block{i}_conv1": theirs["conv1_conv"] for i in range(5)}
    for content in (of_keras_2(vgg), of_keras_3(vgg)):
        with pytest.raises(
            CheckpointError, match="expected ResNet50, .*got 5 layers, 'block0_conv"
        ):
            keras.decode(content, "x", [])
    with pytest.raises(CheckpointError, match="got 5 convolutions and 0 batch norms"):
        keras.decode(of_keras_3(vgg, named=False), "x", [])
    with pytest.raises(CheckpointError, match="an HDF5 file without layers"):
        keras.decode(written(lambda file: file.create_dataset("a", data=np.ones(3))), "x", [])


@pytest.mark.slow  # a net of 50 layers in PyTorch
def test_the_same_logits_as_in_pytorch(torch, tmp_path):
    """A net with biases, stride on the first 1x1 and Keras's eps, fed blue first."""
    net = public_nets.torchvision(
        torch, BLOCKS, bottleneck=True, bias=True, stride_on="1x1", num_classes=5
    )
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1.001e-5
    state = {name: one.numpy() for name, one in net.state_dict().items()}
    theirs = {}
    words = ("weight", "bias", "running_mean", "running_var")
    for name, (conv, norm) in names().items():
        kernel = state[f"{conv}.weight"].transpose(2, 3, 1, 0)
        theirs[f"{name}_conv"] = {"kernel": kernel, "bias": state[f"{conv}.bias"]}
        its = [state[f"{norm}.{word}"] for word in words]
        words_there = ("gamma", "beta", "moving_mean", "moving_variance")
        theirs[f"{name}_bn"] = dict(zip(words_there, its))
    theirs["predictions"] = {"kernel": state["fc.weight"].T, "bias": state["fc.bias"]}
    (tmp_path / "net.weights.h5").write_bytes(of_keras_3(theirs))
    file = open_weights(tmp_path / "net.weights.h5")
    known = {"stride_on": "1x1", "eps": 1.001e-5, "momentum": 0.01}
    assert file.built == {"model": "resnet50", "net": known}
    assert {name: file.transform[name] for name in KERAS} == KERAS
    ours, lines = loaded(file)
    assert "53 biases of convolutions were taken off" in lines[0]
    for words in ("stride on the 1x1", "BGR from 0 to 255", "eps=1.001e-05", "turned round"):
        assert words in lines[1]
    x = np.random.default_rng(0).uniform(-2, 2, (1, 32, 32, 3)).astype(np.float32)
    with torch.no_grad():
        blue_first = torch.from_numpy(x[..., ::-1].transpose(0, 3, 1, 2).copy())
        expected = net(blue_first).numpy()
    np.testing.assert_allclose(logits(ours, x), expected, rtol=1e-4, atol=1e-4)


# Other features of HDF5 files


def refused(write, words):
    with pytest.raises(CheckpointError, match=f"x: not a whole HDF5 file: .*{words}") as error:
        hdf5.read(written(write), "x", frozenset())
    assert "\n" not in str(error.value)


def test_nothing_outside_the_file_is_read(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["a"] = np.ones(1000, np.float32)

    def link(file):
        file["a"] = h5py.ExternalLink(str(secret), "a")

    def soft(file):
        file["a"] = np.ones(3)
        file["b"] = h5py.SoftLink("/a")

    def external(file):
        file.create_dataset("a", (10,), "f4", external=[(str(secret), 0, 40)])

    def virtual(file):
        layout = h5py.VirtualLayout((1000,), "f4")
        layout[:] = h5py.VirtualSource(str(secret), "a", (1000,))
        file.create_virtual_dataset("a", layout)

    refused(link, "a is a link")
    refused(soft, "b is a link")
    refused(external, "in another file")
    refused(virtual, "in another file")


def test_a_small_file_takes_only_a_few_times_its_size_in_memory():
    refused(lambda file: file.create_dataset("a", (10**12,), "f4", chunks=(1000,)), "8 times")
    zeros = np.zeros(10**6, np.float32)
    refused(lambda file: file.create_dataset("a", data=zeros, compression="gzip"), "8 times")

    def in_a_circle(file):
        file.create_group("a")["a"] = file["/"]

    refused(in_a_circle, "too many folders")


def test_half_precision_and_non_numbers():
    def write(file):
        file["half"] = np.float16([0.5, 2])
        file["brain"] = np.uint16([0x3F80, 0xC000])  # 1 and -2 in bfloat16
        file["brain"].attrs["dtype"] = "bfloat16"
        file["big"] = np.array([1, 2], ">f8")
        file["text"], file["whole"] = "abc", np.arange(3)
        file["empty"] = h5py.Empty("f4")

    found = {one.path[0]: one.array for one in hdf5.read(written(write), "x", frozenset())}
    assert {name: list(one) for name, one in found.items()} == {
        "half": [0.5, 2],
        "brain": [1, -2],
        "big": [1, 2],
    }
    assert found["big"].dtype.isnative and found["half"].dtype == np.float16


def test_a_damaged_file_is_an_error_and_nothing_else():
    whole = of_keras_3(layers()[0])
    rng = np.random.default_rng(0)
    for number in range(12):  # many more are tried in tests/test_files_that_lie.py
        content = bytearray(whole)
        if number % 4 == 0:
            content = content[: rng.integers(len(content))]
        for place in rng.integers(8, max(9, len(content)), 3):
            content[place : place + 1] = bytes([rng.integers(256)])
        try:
            keras.decode(hdf5.SIGNATURE + bytes(content[8:]), "x", [])
        except CheckpointError as error:
            assert "\n" not in str(error)


def test_without_h5py_a_line_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "x.h5").write_bytes(of_keras_3({}))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        ConfigError, match=r'h5py.* is not installed; pip install "minires\[keras\]"'
    ):
        open_weights(tmp_path / "x.h5")

"""Weights as other people publish them: files of every age, with the names and conventions of known
families."""

import io
import json
import pickle
import struct
import tarfile

import numpy as np
import pytest
import safetensors.numpy

import minires as mr
from minires import Tensor
from minires.errors import CheckpointError, WeightsWarning
from minires.models.shortcuts import subsample_and_pad
from minires.serialization.families import CIFAR10
from minires.serialization.layout import to_torch
from minires.serialization.weights import open_weights

from ..pickles import call, group, integer, name, old_file, program, table, text


def images(n=4):
    return np.random.default_rng(0).standard_normal((n, 16, 16, 3)).astype(np.float32)


def logits(net, x=None):
    net.eval()
    with mr.no_grad():
        return net(Tensor(images() if x is None else x)).data


def trained(depth=8, width=4, **settings):
    """A net whose running statistics and weights differ from those of a new net."""
    net = mr.models.resnet(depth, width=width, seed=1, **settings)
    rng = np.random.default_rng(2)
    for key, array in net.state_dict().items():
        array[...] = rng.uniform(0.5, 1.5, array.shape) if "bn" in key else array
    return net


def as_others_have_it(net):
    """The state of `net` under akamaster's names, in PyTorch's layout."""
    found = {}
    for key, array in to_torch(net.state_dict()).items():
        found["module." + key.replace("fc.", "linear.")] = array
    return found


def of_2017(arrays):
    """The bytes of a file as PyTorch 0.3 wrote it: tensors by `_rebuild_tensor`, on a GPU."""
    tensors, storages = {}, {}
    for number, (key, array) in enumerate(arrays.items()):
        words = text("storage"), name("torch", "FloatStorage"), text(str(number)), text("cuda:0")
        reference = group(*words, integer(array.size), b"N") + b"Q"
        strides = [step // array.itemsize for step in np.ascontiguousarray(array).strides]
        sizes = (group(*map(integer, one)) for one in (array.shape, strides))
        tensors[key] = call(name("torch._utils", "_rebuild_tensor"), reference, integer(0), *sizes)
        storages[str(number)] = np.ascontiguousarray(array, "<f4").tobytes(), array.size
    best = b"G" + struct.pack(">d", 91.78)
    return old_file(program(table(best_prec1=best, state_dict=table(**tensors))), storages)


@pytest.fixture
def net():
    return trained(zeros="around")


@pytest.fixture
def public(net, tmp_path):
    path = tmp_path / "resnet8-0123abcd.th"
    path.write_bytes(of_2017(as_others_have_it(net)))
    return path


def test_zeros_around():
    x = Tensor(np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2))
    around = subsample_and_pad(x, 2, 5, "around").data
    assert around.ravel().tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert subsample_and_pad(x, 2, 2).data.ravel().tolist() == [0, 1, 0, 0]
    assert "zeros='around'" in repr(trained(zeros="around"))
    assert not np.allclose(logits(trained(zeros="around")), logits(trained()))
    with pytest.raises(mr.errors.ConfigError, match="unknown zeros: .*got 'before'"):
        mr.models.resnet(8, zeros="before")


def test_a_file_of_2017_loads_as_it_is(net, public):
    file = open_weights(public)
    assert file.built == {"model": "resnet-8", "net": {"width": 4, "zeros": "around"}}
    assert file.classes == list(CIFAR10) and file.transform["mean"] == [0.485, 0.456, 0.406]
    other = mr.models.build(file.built["model"], **file.built["net"])
    with pytest.warns(WeightsWarning, match="akamaster/pytorch_resnet_cifar10"):
        mr.load(other, file)
    np.testing.assert_array_equal(logits(other), logits(net))


def test_a_net_with_its_zeros_elsewhere_is_corrected_with_a_message(net, public):
    other = mr.models.resnet(8, width=4)
    with pytest.warns(WeightsWarning, match="were set to zeros='around'"):
        mr.load(other, public)
    np.testing.assert_array_equal(logits(other), logits(net))


@pytest.mark.parametrize("layout", ["minires", "torch"])
def test_conventions_stay_with_the_net_in_files_of_minires(net, public, tmp_path, layout):
    other = mr.models.resnet(8, width=4)
    with pytest.warns(WeightsWarning):
        mr.load(other, public)
    mr.save(other, tmp_path / "own.safetensors", layout=layout)
    again = mr.models.resnet(8, width=4)
    with pytest.warns(WeightsWarning) as said:
        mr.load(again, tmp_path / "own.safetensors")
    assert [str(one.message).partition(": ")[2] for one in said] == [
        "the net's shortcuts were set to zeros='around', as the weights need"
    ]
    np.testing.assert_array_equal(logits(again), logits(net))


def test_the_same_logits_as_in_pytorch(torch, net, public):
    """The family's net, written again in PyTorch."""
    from torch import nn
    from torch.nn import functional as F

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.new = after - before

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            if self.new:
                half = self.new // 2
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half))
            return F.relu(x + y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
            self.layer1 = nn.Sequential(Block(4, 4, 1))
            self.layer2 = nn.Sequential(Block(4, 8, 2))
            self.layer3 = nn.Sequential(Block(8, 16, 2))
            self.linear = nn.Linear(16, 10)

        def forward(self, x):
            x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
            return self.linear(x.mean((2, 3)))

    theirs = Net().eval()
    state = torch.load(public, map_location="cpu", weights_only=False)["state_dict"]
    theirs.load_state_dict({key.removeprefix("module."): one for key, one in state.items()})
    expected = theirs(torch.from_numpy(images().transpose(0, 3, 1, 2))).detach().numpy()
    np.testing.assert_allclose(logits(net), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "prefix", ["module.", "model.", "net.", "_orig_mod.", "module._orig_mod.", "model.module."]
)
def test_prefixes_that_programs_add_to_names(prefix, tmp_path):
    net = trained()
    arrays = {prefix + key: array for key, array in to_torch(net.state_dict()).items()}
    safetensors.numpy.save_file(arrays, tmp_path / "x.safetensors")
    other = mr.models.resnet(8, width=4)
    with pytest.warns(WeightsWarning) as said:
        mr.load(other, tmp_path / "x.safetensors")
    assert len(said) == 1 and "does not say where shortcut A" in str(said[0].message)
    np.testing.assert_array_equal(logits(other), logits(net))


def test_unknown_conventions_are_stated(tmp_path):
    safetensors.numpy.save_file(to_torch(trained().state_dict()), tmp_path / "x.safetensors")
    with pytest.warns(WeightsWarning, match="does not say where shortcut A puts its zeros"):
        mr.load(mr.models.resnet(8, width=4), tmp_path / "x.safetensors")


def test_files_of_minires_raise_no_question(tmp_path, recwarn):
    for layout in ("minires", "torch"):
        mr.save(trained(), tmp_path / "a.safetensors", layout=layout)
        mr.load(mr.models.resnet(8, width=4), tmp_path / "a.safetensors")
    assert not recwarn.list


# Other kinds of files


def of_2016(arrays):
    """The bytes of a file as PyTorch before 0.2 wrote it, a tar."""
    storages, tensors, keys = [pickle.dumps(len(arrays), 2)], [pickle.dumps(len(arrays), 2)], {}
    for number, (key, array) in enumerate(arrays.items()):
        array = np.ascontiguousarray(array, "<f4")
        kind = name("torch", "FloatStorage")
        storages += [
            program(group(integer(1000 + number), text("cpu"), kind)),
            struct.pack("<q", array.size),
            array.tobytes(),
        ]
        strides = [step // 4 for step in array.strides]
        tensors += [
            program(
                group(integer(2000 + number), integer(1000 + number), name("torch", "FloatTensor"))
            ),
            struct.pack("<ii", array.ndim, 0),
            struct.pack(f"<{array.ndim}q", *array.shape),
            struct.pack(f"<{array.ndim}q", *strides),
            struct.pack("<q", 0),
        ]
        keys[key] = text(str(2000 + number)) + b"Q"
    storages.append(pickle.dumps([], 2))
    members = {
        "sys_info": pickle.dumps({"protocol_version": 1000}, 2),
        "pickle": program(table(**keys)),
        "tensors": b"".join(tensors),
        "storages": b"".join(storages),
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member, content in members.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def test_a_tar_of_2016(tmp_path):
    net = trained()
    (tmp_path / "x.pth").write_bytes(of_2016(to_torch(net.state_dict())))
    other = mr.models.resnet(8, width=4)
    with pytest.warns(WeightsWarning):
        mr.load(other, tmp_path / "x.pth")
    np.testing.assert_array_equal(logits(other), logits(net))


def test_pytorch_reads_the_same_from_that_tar(torch, tmp_path):
    arrays = to_torch(trained().state_dict())
    (tmp_path / "x.pth").write_bytes(of_2016(arrays))
    theirs = torch.load(tmp_path / "x.pth", weights_only=False)
    for key, array in open_weights(tmp_path / "x.pth", layout="minires").arrays.items():
        np.testing.assert_array_equal(array, theirs[key].numpy())


def test_a_damaged_tar_is_an_error_and_nothing_else(tmp_path):
    whole = of_2016({"a": np.arange(6.0).reshape(2, 3), "b": np.ones(3)})
    rng = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        for place in rng.integers(512, len(content), rng.integers(1, 4)):
            content[place] = rng.integers(256)
        (tmp_path / "x.pth").write_bytes(content)
        try:
            open_weights(tmp_path / "x.pth")
        except mr.errors.MiniresError as error:
            assert "\n" not in str(error)


def test_shards(tmp_path):
    net = trained()
    arrays = to_torch(net.state_dict())
    names = sorted(arrays)
    parts = {"m-00001-of-00002.safetensors": names[:9], "m-00002-of-00002.safetensors": names[9:]}
    for file, keys in parts.items():
        safetensors.numpy.save_file({key: arrays[key] for key in keys}, tmp_path / file)
    index = {"weight_map": {key: file for file, keys in parts.items() for key in keys}}
    path = tmp_path / "m.safetensors.index.json"
    path.write_text(json.dumps(index))
    for named in (path, tmp_path):
        other = mr.models.resnet(8, width=4)
        with pytest.warns(WeightsWarning):
            mr.load(other, named)
        np.testing.assert_array_equal(logits(other), logits(net))
    for wrong, words in (
        ({"a": "../x.safetensors"}, "no name of a file beside it"),
        ({"a": "m-00001-of-00002.safetensors"}, "1 are missing, a among them"),
        ({"a": "none.safetensors"}, "no such file"),
        ([], "no weight_map"),
    ):
        path.write_text(json.dumps({"weight_map": wrong}))
        with pytest.raises(CheckpointError, match=words):
            open_weights(path)


def test_shards_of_pytorch(tmp_path):
    """As the Hugging Face hub had them before safetensors."""
    arrays = to_torch(trained().state_dict())
    names = sorted(arrays)
    parts = {"m-00001-of-00002.bin": names[:9], "m-00002-of-00002.bin": names[9:]}
    for file, keys in parts.items():
        (tmp_path / file).write_bytes(of_2017({key: arrays[key] for key in keys}))
    index = {"weight_map": {key: file for file, keys in parts.items() for key in keys}}
    (tmp_path / "m.bin.index.json").write_text(json.dumps(index))
    found = open_weights(tmp_path, layout="minires").arrays
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("ours", [True, False])
def test_npz(tmp_path, save, ours):
    net = trained()
    arrays = net.state_dict() if ours else to_torch(net.state_dict())
    save(tmp_path / "x.npz", **arrays)
    file = open_weights(tmp_path / "x.npz")
    assert file.from_torch is not ours
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(file.arrays[key], array)


@pytest.mark.parametrize("ours", [True, False])
def test_npz_of_a_net_without_convolutions(tmp_path, ours):
    """Its axes used to be taken for PyTorch's."""
    net = mr.models.residual_mlp(4, width=8, image_size=4)
    np.savez(tmp_path / "x.npz", **(net.state_dict() if ours else to_torch(net.state_dict())))
    other = mr.models.residual_mlp(4, width=8, image_size=4, seed=5)
    mr.load(other, tmp_path / "x.npz")
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key], array)


def test_npz_that_lies(tmp_path):
    np.savez_compressed(tmp_path / "zeros.npz", a=np.zeros(10**7))
    np.savez(tmp_path / "objects.npz", a=np.array([print], object))
    np.savez(tmp_path / "shape.npz", a=np.zeros(4))
    content = (tmp_path / "shape.npz").read_bytes().replace(b"(4,), }", b"(9,), }")
    (tmp_path / "shape.npz").write_bytes(content)
    for file in ("zeros", "objects", "shape"):
        with pytest.raises(CheckpointError, match="not a whole .npz file"):
            open_weights(tmp_path / f"{file}.npz")


def test_numbers_and_texts_beside_the_tensors(tmp_path, torch):
    state = {"fc.weight": torch.ones(10, 4), "epoch": 3, "name": "x", "best": 0.5, "done": True}
    torch.save({"model": state, "optimizer": {"lr": 0.1}, "epoch": 3}, tmp_path / "x.pth")
    assert [*open_weights(tmp_path / "x.pth").arrays] == ["fc.weight"]
    torch.save({"ema_state_dict": {"fc.bias": torch.ones(3)}}, tmp_path / "x.pth")
    assert [*open_weights(tmp_path / "x.pth").arrays] == ["fc.bias"]
    torch.save({"fc.weight": torch.ones(1), "more": [1, 2]}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="a dict with other things in it"):
        open_weights(tmp_path / "x.pth")


def test_a_dict_that_holds_itself(tmp_path):
    """A pickle can contain one, and the search for weights in it used to run for ever."""
    (tmp_path / "x.pth").write_bytes(old_file(program(b"}q\0" + text("model") + b"h\0s"), {}))
    with pytest.raises(CheckpointError, match="a dict without tensors"):
        open_weights(tmp_path / "x.pth")

"""Weights in PyTorch's layout, and PyTorch's own files, from which no code is run."""

import pickle
import zipfile

import numpy as np
import pytest

import minires as mr
from minires.errors import CheckpointError, ConfigError, DataError, MiniresError
from minires.models.registry import settings_of
from minires.serialization import safetensors, torch_pickle
from minires.serialization.weights import open_weights
from minires.training import RunConfig, Trainer

from ..opened import openings

TRANSFORM = {"resize": 73, "crop": 64, "mean": [0.1, 0.2, 0.3], "std": [1, 0.5, 1]}


def net(seed=0):
    return mr.models.resnet(8, width=4, shortcut="B", seed=seed)


def same(a, b):
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def test_there_and_back_in_pytorchs_layout(tmp_path):
    mr.save(net(), tmp_path / "net.safetensors", layout="torch")
    back = net(seed=1)
    mr.load(back, tmp_path / "net.safetensors")
    assert same(back, net())


def test_pytorch_reads_what_is_saved_for_it(torch, tmp_path):
    from safetensors.torch import load_file

    mr.save(net(), tmp_path / "net.safetensors", layout="torch")
    tensors = load_file(tmp_path / "net.safetensors")
    assert tuple(tensors["layer2.0.conv1.weight"].shape) == (8, 4, 3, 3)
    assert tuple(tensors["fc.weight"].shape) == (10, 16)
    x = np.random.default_rng(0).standard_normal((1, 8, 8, 3), dtype=np.float32)
    own = net()
    ours = mr.functional.conv2d(mr.Tensor(x), own.conv1.weight, padding=1).data
    theirs = torch.nn.functional.conv2d(
        torch.tensor(x.transpose(0, 3, 1, 2).copy()), tensors["conv1.weight"], padding=1
    )
    assert np.allclose(ours.transpose(0, 3, 1, 2), theirs.numpy(), atol=1e-5)


def test_pytorchs_own_net_takes_it_strictly(torch, tmp_path):
    """Nothing is missing, although the file has no counters of batch norm."""
    from safetensors.torch import load_file

    from benchmarks.pytorch_imagenet import Net

    mr.save(mr.models.resnet18(num_classes=3), tmp_path / "net.safetensors", layout="torch")
    theirs = Net(18, num_classes=3)
    assert "bn1.num_batches_tracked" in theirs.state_dict()
    said = theirs.load_state_dict(load_file(tmp_path / "net.safetensors"))
    assert str(said) == "<All keys matched successfully>"


@pytest.mark.parametrize("name", ["x.pth", "x.pt", "x.bin", "x.ckpt", "X.PTH"])
def test_names_of_pytorchs_files_are_not_for_safetensors(tmp_path, name):
    words = "^save: path: expected the name of a safetensors file.*; call it [xX].safetensors$"
    with pytest.raises(ConfigError, match=words):
        mr.save(net(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["safetensors", "zip", "older"])
def test_bfloat16_is_read_exactly(torch, tmp_path, kind):
    """Every one of its 65536 numbers, beside other types, a number without axes, and a view."""
    from safetensors.torch import save_file

    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    every = every.view(torch.bfloat16).reshape(256, 256)
    tensors = {
        "every": every,
        "one": torch.tensor(-2.5, dtype=torch.bfloat16),
        "other": torch.tensor([1.5, 2.5]),
        "none": torch.zeros(0, 3, dtype=torch.bfloat16),
    }
    if kind == "safetensors":
        save_file(tensors, tmp_path / "x")
    else:
        tensors["view"] = every.T[3:5]
        torch.save(tensors, tmp_path / "x", _use_new_zipfile_serialization=kind == "zip")
    found = open_weights(tmp_path / "x", "minires").arrays
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], tensor.float().numpy(), equal_nan=True), name
    # including the bits of nan
    assert np.array_equal(found["every"].view(np.uint32), every.float().numpy().view(np.uint32))


@pytest.mark.parametrize(
    "settings", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "older"]
)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {f"module.{name}": value for name, value in state.items()},
    ],
    ids=["plain", "in a dict", "DataParallel"],
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "bfloat16"])
def test_files_of_torch_save(torch, tmp_path, settings, wrap, dtype):
    mr.save(net(), tmp_path / "net.safetensors", layout="torch")
    from safetensors.torch import load_file

    state = {
        name: tensor.to(getattr(torch, dtype))
        for name, tensor in load_file(tmp_path / "net.safetensors").items()
    }
    state["bn1.num_batches_tracked"] = torch.tensor(5)
    torch.save(wrap(state), tmp_path / "net.pth", **settings)
    back = net(seed=1)
    mr.load(back, tmp_path / "net.pth")
    tolerance = {"float16": 1e-3, "bfloat16": 1e-2}.get(dtype, 0)
    for name, array in net().state_dict().items():
        assert np.allclose(back.state_dict()[name], array, rtol=tolerance, atol=tolerance)
        assert back.state_dict()[name].dtype == np.float32


def test_views_and_parameters_of_torch_save(torch, tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    torch.save(
        {
            "rows": whole[1:3],
            "turned": whole.T,
            "empty": torch.zeros(0, 3),
            "parameter": torch.nn.Parameter(whole),
            "number": torch.tensor(2.5),
        },
        tmp_path / "x.pth",
    )
    read = torch_pickle.decode((tmp_path / "x.pth").read_bytes(), "x.pth")
    assert np.array_equal(read["rows"], whole[1:3].numpy())
    assert np.array_equal(read["turned"], whole.T.numpy()) and read["empty"].shape == (0, 3)
    assert np.array_equal(read["parameter"], whole.numpy()) and read["number"] == 2.5


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/minires-was-here",)


@pytest.mark.parametrize(
    "settings", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "older"]
)
def test_no_code_in_a_file_is_run(torch, tmp_path, settings):
    torch.save({"weight": torch.zeros(2), "evil": Evil()}, tmp_path / "evil.pth", **settings)
    with pytest.raises(DataError, match="unsafe pickle.*system"):
        mr.load(net(), tmp_path / "evil.pth")


def test_a_whole_net_is_refused_with_a_way_out(torch, tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pth")
    with pytest.raises(DataError, match="safetensors.torch.save_file"):
        mr.load(net(), tmp_path / "net.pth")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:20],
        lambda content: content[:2] + b"\0" * 500,
        lambda content: content.replace(b"FloatStorage", b"FlootStorage"),
    ],
)
@pytest.mark.parametrize(
    "settings", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "older"]
)
def test_damaged_files(torch, tmp_path, settings, damage):
    path = tmp_path / "net.pth"
    torch.save({"weight": torch.zeros(1000)}, path, **settings)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises((CheckpointError, DataError)):
        mr.load(net(), path)


@pytest.mark.parametrize(
    "offset, shape, strides",
    [
        (0, (3, 4), (4, 1)),
        (9, (2,), (1,)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0, (10**9, 10**9), (1, 1)),
    ],
)
def test_a_tensor_cannot_reach_beyond_its_storage(offset, shape, strides, tmp_path):
    """A file made by hand: ten numbers, and a tensor that claims more."""
    import io

    class Saver(pickle.Pickler):
        def persistent_id(self, thing):
            return ("storage", Storage, "0", "cpu", 10) if thing is NUMBERS else None

        def reducer_override(self, thing):
            return (Rebuild, thing.arguments) if isinstance(thing, Claim) else NotImplemented

    NUMBERS = object()

    class Claim:
        arguments = (NUMBERS, offset, shape, strides, False, None)

    stream = io.BytesIO()
    Saver(stream, 2).dump({"weight": Claim()})
    here, content = f"c{__name__}\n".encode(), stream.getvalue()
    content = content.replace(here + b"Storage", b"ctorch\nFloatStorage")
    content = content.replace(here + b"Rebuild", b"ctorch._utils\n_rebuild_tensor_v2")
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("x/data.pkl", content)
        archive.writestr("x/data/0", np.arange(10, dtype=np.float32).tobytes())
    with pytest.raises(CheckpointError, match="beyond its storage|whole numbers from 0"):
        torch_pickle.decode((tmp_path / "x.pth").read_bytes(), "x.pth")


class Storage:
    """Stands for torch.FloatStorage in a pickle made by hand."""


def Rebuild(*arguments):
    """Stands for torch._utils._rebuild_tensor_v2."""


@pytest.mark.parametrize("layout", ["minires", "torch"])
def test_names_of_classes_travel_with_the_weights(tmp_path, layout):
    names = ["cat", "dög", 'a, "quoted" one']
    mr.save(
        mr.models.resnet(8, width=4, num_classes=3),
        tmp_path / "net.safetensors",
        layout,
        classes=names,
    )
    assert open_weights(tmp_path / "net.safetensors").classes == names
    mr.load(mr.models.resnet(8, width=4, num_classes=3, seed=1), tmp_path / "net.safetensors")
    mr.save(net(), tmp_path / "none.safetensors", layout)
    assert open_weights(tmp_path / "none.safetensors").classes is None


@pytest.mark.parametrize("classes", [["cat", "dog"], "classes of ", [1] * 10])
def test_invalid_names_or_too_few(tmp_path, classes):
    with pytest.raises(ConfigError, match="^save: classes: expected"):
        mr.save(net(), tmp_path / "net.safetensors", classes=classes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [[1], 5, "cat", {}])
def test_invalid_names_in_a_file(tmp_path, wrong):
    safetensors.write(tmp_path / "net.safetensors", {"a": np.zeros(1)}, {"classes": wrong})
    with pytest.raises(CheckpointError, match="class names in the metadata"):
        open_weights(tmp_path / "net.safetensors")


@pytest.mark.parametrize(
    "metadata",
    [{"state": "no JSON"}, {"minires": "[1, 2]"}, {"minires": "0.1"}, {"classes": "three"}],
)
def test_notes_of_other_programs_are_ignored(tmp_path, metadata):
    safetensors.write(tmp_path / "net.safetensors", {"a": np.zeros(1)}, metadata=metadata)
    assert open_weights(tmp_path / "net.safetensors").classes is None
    assert open_weights(tmp_path / "net.safetensors").transform == {}


def test_the_same_bytes_every_time(tmp_path):
    """safetensors has its own order for metadata; with one entry there is only one order."""
    for i in range(8):
        mr.save(net(), tmp_path / str(i), classes=list("abcdefghij"), transform=TRANSFORM)
        assert (tmp_path / str(i)).read_bytes() == (tmp_path / "0").read_bytes()


def test_names_in_a_file_that_is_missing_or_of_pytorch(torch, tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        open_weights(tmp_path / "net.safetensors")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "net.pth")
    assert open_weights(tmp_path / "net.pth").classes is None
    assert open_weights(tmp_path / "net.pth").transform == {}


@pytest.mark.parametrize("layout", ["minires", "torch"])
@pytest.mark.parametrize("transform", [TRANSFORM, {"crop": 32}, {}])
def test_the_transform_travels_with_the_weights(tmp_path, layout, transform):
    mr.save(net(), tmp_path / "net.safetensors", layout, transform=transform)
    assert open_weights(tmp_path / "net.safetensors").transform == transform
    mr.save(net(), tmp_path / "net.safetensors", layout)
    assert open_weights(tmp_path / "net.safetensors").transform == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 3},
        {"crop": 0},
        {"crop": 2.5},
        {"crop": True},
        {"mean": [0.1]},
        {"std": [1, 0, 1]},
        {"std": [1, "1", 1]},
        {"mean": 0.5},
        {"mean": [0.1, 0.2, float("nan")]},
        [],
        "crop",
    ],
)
def test_an_invalid_transform(tmp_path, wrong):
    with pytest.raises(ConfigError, match="^save: transform: expected"):
        mr.save(net(), tmp_path / "net.safetensors", transform=wrong)
    safetensors.write(tmp_path / "net.safetensors", {"a": np.zeros(1)}, {"preparation": wrong})
    with pytest.raises(CheckpointError, match="transform in the metadata"):
        open_weights(tmp_path / "net.safetensors")


def test_an_open_file_holds_what_load_returns(torch, tmp_path):
    mr.save(net(), tmp_path / "own.safetensors")
    mr.save(net(), tmp_path / "torch.safetensors", layout="torch")
    from safetensors.torch import load_file

    torch.save(
        {**load_file(tmp_path / "torch.safetensors"), "bn1.num_batches_tracked": torch.tensor(5)},
        tmp_path / "net.pth",
    )
    for name in ("own.safetensors", "torch.safetensors", "net.pth"):
        file = open_weights(tmp_path / name)
        arrays = file.arrays
        assert set(arrays) == set(net().state_dict()) and file.num_classes == 10
        assert all(np.array_equal(arrays[key], array) for key, array in net().state_dict().items())
    assert open_weights(tmp_path / "own.safetensors", "torch").arrays["fc.weight"].shape == (10, 16)


def test_the_net_of_a_training_run(tmp_path):
    train, test = mr.data.synthetic(32, 16)
    trainer = Trainer(
        net(),
        train.resize(8),
        test.resize(8),
        RunConfig(iterations=2, batch_size=16),
        path=tmp_path / "run.safetensors",
        progress=False,
    )
    trainer.run()
    back = net(seed=1)
    mr.load(back, tmp_path / "run.safetensors")
    assert same(back, trainer.model) and not same(back, net())


def timms_names(bottleneck, blocks):
    """The names of timm's resnet18, 34, 50, 101, 152, as written in timm/models/resnet.py
    (1.0.31)."""

    def norm(name):
        return [
            f"{name}.{part}"
            for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        ]

    names = ["conv1.weight", *norm("bn1")]
    for stage, count in enumerate(blocks, 1):
        for block in (f"layer{stage}.{i}" for i in range(count)):
            for i in range(1, 4 if bottleneck else 3):
                names += [f"{block}.conv{i}.weight", *norm(f"{block}.bn{i}")]
            if block.endswith(".0") and (stage > 1 or bottleneck):
                names += [f"{block}.downsample.0.weight", *norm(f"{block}.downsample.1")]
    return [*names, "fc.weight", "fc.bias"]


@pytest.mark.parametrize(
    "depth, bottleneck, blocks",
    [
        (18, False, (2, 2, 2, 2)),
        (34, False, (3, 4, 6, 3)),
        (50, True, (3, 4, 6, 3)),
        (101, True, (3, 4, 23, 3)),
        (152, True, (3, 8, 36, 3)),
    ],
)
def test_timms_names(depth, bottleneck, blocks):
    names = [
        name for name in timms_names(bottleneck, blocks) if not name.endswith("num_batches_tracked")
    ]
    assert names == list(mr.models.build(f"resnet{depth}", num_classes=2).state_dict())


def test_layouts_that_do_not_exist(tmp_path):
    for act in (mr.save, mr.load):
        with pytest.raises(ConfigError, match="did you mean 'torch'"):
            act(net(), tmp_path / "x", layout="toch")


def test_number_types_that_numpy_lacks(torch, tmp_path):
    from safetensors.torch import save_file

    save_file({"conv1.weight": torch.zeros(2, dtype=torch.float8_e5m2)}, tmp_path / "x.safetensors")
    words = (
        "x.safetensors: conv1.weight holds numbers of a type that NumPy does not have: "
        "expected .*, got F8_E5M2; convert it first"
    )
    with pytest.raises(CheckpointError, match=words):
        mr.load(net(), tmp_path / "x.safetensors")


def saved_as(kind, folder):
    """A file of weights of each kind that `open_weights` reads, with notes if it can have them."""
    if kind in ("minires", "torch"):
        mr.save(
            net(),
            folder / "net.safetensors",
            kind,
            classes=list("abcdefghij"),
            transform=TRANSFORM,
            built={"model": "resnet-8", "net": {"width": 4, "shortcut": "B"}},
        )
        return folder / "net.safetensors"
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    state = load_file(saved_as("torch", folder))
    if kind == "bfloat16":
        save_file(
            {name: tensor.to(torch.bfloat16) for name, tensor in state.items()},
            folder / "bfloat16.safetensors",
        )
        return folder / "bfloat16.safetensors"
    torch.save(state, folder / "net.pth", _use_new_zipfile_serialization=kind == "zip")
    return folder / "net.pth"


def same_arrays(file, tolerance=0):
    return all(
        np.allclose(file.arrays[name], array, rtol=tolerance, atol=0)
        for name, array in net().state_dict().items()
    )


@pytest.mark.parametrize("kind", ["minires", "torch", "bfloat16", "zip", "older"])
def test_a_file_is_opened_once(kind, tmp_path):
    path = saved_as(kind, tmp_path)
    with openings(path) as opened:
        file = open_weights(path)
        assert len(opened) == 1
        mr.load(net(seed=1), file)
        assert file.num_classes == 10 and same_arrays(file, 1e-2 if kind == "bfloat16" else 0)
        assert (file.classes is None) == (kind not in ("minires", "torch"))
        assert len(opened) == 1
        mr.load(net(seed=1), path)
        assert len(opened) == 2


def test_all_that_a_file_says_in_one_object(tmp_path):
    for layout in ("minires", "torch"):
        path = saved_as(layout, tmp_path)
        file = open_weights(path)
        assert file.path == path and file.classes == list("abcdefghij")
        assert file.transform == TRANSFORM and file.num_classes == 10
        assert file.built == {"model": "resnet-8", "net": {"width": 4, "shortcut": "B"}}
        assert file.from_torch == (layout == "torch")
        assert same_arrays(file)
        back = mr.models.build(
            file.built["model"], num_classes=file.num_classes, seed=1, **file.built["net"]
        )
        mr.load(back, file)
        assert same(back, net())
        assert "resnet-8" in repr(file) and len(repr(file)) < 500  # no arrays


def test_a_layout_is_for_the_name_of_a_file(tmp_path):
    file = open_weights(saved_as("minires", tmp_path))
    words = "load: layout: expected none beside a WeightsFile, got 'torch'; give it to open_weights"
    with pytest.raises(ConfigError, match=words):
        mr.load(net(), file, layout="torch")


def test_files_of_earlier_versions_say_preparation_and_survival(tmp_path):
    built = {"model": "resnet-8", "net": {"width": 4, "survival": 0.5}}
    safetensors.write(
        tmp_path / "net.safetensors", net().state_dict(), {"preparation": TRANSFORM, "built": built}
    )
    file = open_weights(tmp_path / "net.safetensors")
    assert file.transform == TRANSFORM
    assert file.built == {"model": "resnet-8", "net": {"width": 4, "survival_prob": 0.5}}


def test_numbers_of_numpy_are_saved_as_pythons(tmp_path):
    transform = {
        "crop": np.int64(32),
        "mean": np.float32([0.5, 0.25, 0]),
        "std": (1, np.float64(0.5), 1),
    }
    mr.save(
        net(),
        tmp_path / "net.safetensors",
        transform=transform,
        built={"model": "resnet-8", "net": {"width": np.int32(4)}},
    )
    file = open_weights(tmp_path / "net.safetensors")
    assert file.transform == {"crop": 32, "mean": [0.5, 0.25, 0], "std": [1, 0.5, 1]}
    assert file.built["net"] == {"width": 4}


@pytest.mark.parametrize(
    "wrong",
    [
        "resnet-8",
        {"model": "resnet-8"},
        {"model": 8, "net": {}},
        {"model": "resnet-8", "net": ["width"]},
    ],
)
def test_an_invalid_description_of_a_net(wrong, tmp_path):
    """`save` refuses it. In a file it may belong to another program, and is ignored."""
    with pytest.raises(ConfigError, match="^save: built: expected"):
        mr.save(net(), tmp_path / "net.safetensors", built=wrong)
    safetensors.write(tmp_path / "net.safetensors", {"a": np.zeros(1)}, {"built": wrong})
    assert open_weights(tmp_path / "net.safetensors").built == {}


def test_weights_from_another_net(tmp_path):
    """They would fit plain-8 as well, which computes something else."""
    path = tmp_path / "net.safetensors"
    saved = {"width": 4, "num_classes": 10}
    mr.save(mr.models.resnet(8, width=4), path, built={"model": "resnet-8", "net": saved})
    file = open_weights(path)
    assert file.resolve_net() == file.resolve_net("resnet-8", {"width": 4}) == ("resnet-8", saved)
    other = {"num_classes": 3, "seed": 1, "shortcut": "B"}
    assert file.resolve_net(None, other) == ("resnet-8", {"width": 4, **other})
    for requested, words in (
        (("plain-8",), "saved from resnet-8, but plain-8 was requested"),
        ((None, {"width": 8}), "saved from a net with width=4, but width=8 was requested"),
    ):
        with pytest.raises(ConfigError, match=f"^{path}: the weights were {words}; leave that out"):
            file.resolve_net(*requested)
    mr.save(mr.models.resnet(8, width=4), path)
    assert open_weights(path).resolve_net() == (None, {})
    assert open_weights(path).resolve_net("plain-8", {"width": 8}) == ("plain-8", {"width": 8})


# The long case writes 19,000 files until the length is right; only it begins like a zip file.
@pytest.mark.parametrize(
    "length", [640, pytest.param(19280, marks=[pytest.mark.slow, pytest.mark.long])]
)
def test_a_safetensors_file_that_begins_like_one_of_pytorchs(length, tmp_path):
    """It begins with the length of its header: 640 looks like a pickle, 19280 like a zip file."""
    path = tmp_path / "net.safetensors"
    state = {"a": np.arange(3, dtype=np.float32)}
    for filler in range(length):
        safetensors.write(path, state, metadata={"state": "null", "x": "." * filler})
        if int.from_bytes(path.read_bytes()[:8], "little") == length:
            break
    assert path.read_bytes()[:2] in (b"PK", b"\x80\x02")
    assert np.array_equal(open_weights(path).arrays["a"], state["a"])


ODD = [
    None,
    -1,
    0,
    1.5,
    True,
    "x",
    "x" * 5000,
    [],
    {},
    [[1]],
    10**6,
    10**30,
    float("nan"),
    10**400,
]
SETTINGS = {
    "resnet-8": {"width": 4, "shortcut": "A", "batch_norm": True, "pre_activation": False}
    | {"shortcut_scale": 1.0, "init": "he", "survival_prob": 1.0, "num_classes": 10, "seed": 0},
    "residual_mlp-4": {"width": 4, "image_size": 8, "num_classes": 10, "seed": 0},
}


def rebuilt(path):
    """As `predict` does: build the net that the file names, and load the file."""
    file = open_weights(path)
    defaults = settings_of(file.built["model"]) if file.built else None
    name, settings = file.resolve_net(None, None, defaults)
    if name is not None:
        mr.load(mr.models.build(name, **settings), file)
    return name


@pytest.mark.parametrize("model", SETTINGS)
def test_odd_settings_of_a_net_get_one_line(tmp_path, model):
    whole = mr.models.build(model, **SETTINGS[model])
    for name in (*SETTINGS[model], "x", "x" * 5000):
        for value in ODD:
            built = {"model": model, "net": SETTINGS[model] | {name: value}}
            safetensors.write(tmp_path / "x", whole.state_dict(), {"built": built})
            same = SETTINGS[model].get(name) is value
            try:
                found = rebuilt(tmp_path / "x")
                assert found == model and (same or name in ("seed", "shortcut_scale"))
            except MiniresError as error:
                assert "\n" not in str(error) and len(str(error)) < 600 + len(str(tmp_path))


@pytest.mark.parametrize(
    "model, words",
    [
        ("resnet-9998", "resnet-9998, is not that of the arrays: .*got 37 arrays"),
        ("resnet-60002", "is not that of the arrays"),
        ("resnet-" + "2" * 80, "is not that of the arrays"),
        ("plain_mlp-9998", "is not that of the arrays"),
        ("resnet" + "2" * 80, "unknown net"),
        ("resnet152", "another net|come from a net with"),
        ("resnet", "of which depth"),
        ("x", "unknown net"),
    ],
)
def test_odd_names_of_a_net_get_one_line(tmp_path, model, words):
    """A net of ten thousand layers is not built for a file of 37 arrays."""
    built = {"model": model, "net": {"num_classes": 10}}
    arrays = mr.models.resnet(8, width=4).state_dict()
    safetensors.write(tmp_path / "x", arrays, {"built": built})
    with pytest.raises(MiniresError, match=words):
        rebuilt(tmp_path / "x")


@pytest.mark.parametrize("built", [3, [], {}, {"model": 3, "net": {}}, {"model": "x" * 5000}])
def test_a_note_that_names_no_net_is_ignored(tmp_path, built):
    safetensors.write(tmp_path / "x", {"a": np.zeros(1)}, {"built": built})
    assert open_weights(tmp_path / "x").built == {}


def test_long_digits_in_the_name_of_a_net():
    """int() refuses more than 4,300 digits with an error of its own."""
    for name in ("resnet-" + "2" * 5000, "resnet" + "2" * 5000, "plain_" + "2" * 5000):
        with pytest.raises(ConfigError, match="unknown net|too deep to build"):
            mr.models.build(name)


def test_a_picture_larger_than_any_net_takes(tmp_path):
    safetensors.write(tmp_path / "x", {"a": np.zeros(1)}, {"transform": {"crop": 10**6}})
    with pytest.raises(CheckpointError, match="transform in the metadata"):
        open_weights(tmp_path / "x")


def test_a_folder_with_one_file_of_weights(tmp_path):
    """As for a run, or for a net on the Hugging Face hub."""
    with pytest.raises(CheckpointError, match="with one in it, got a folder without one$"):
        open_weights(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    mr.save(mr.models.resnet(8, width=2), tmp_path / "weights.safetensors")
    assert open_weights(tmp_path).path == tmp_path / "weights.safetensors"
    (tmp_path / "other.PTH").write_bytes(b"")
    with pytest.raises(
        CheckpointError, match="got a folder with 2: other.PTH, weights.safetensors; name"
    ):
        open_weights(tmp_path)


def test_an_address_is_not_a_file():
    with pytest.raises(CheckpointError, match="the address of one; download it first"):
        open_weights("https://download.pytorch.org/models/resnet50-0676ba61.pth")


def test_a_net_comes_first_and_then_the_file(tmp_path):
    net = mr.models.resnet(8, width=2)
    for call in (mr.save, mr.load):
        with pytest.raises(ConfigError, match="expected a Module, the net, got a str"):
            call("x.safetensors", net)

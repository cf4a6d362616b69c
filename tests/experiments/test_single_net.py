"""One net on any data set, at the smallest size that still has every part of it."""

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

import minires as mr
from minires.diagnostics import evaluate
from minires.distributed import alone
from minires.errors import ConfigError, DataError, MiniresError, WeightsWarning
from minires.experiments import evaluation_records, model_setup, single_net
from minires.experiments.records import read_table
from minires.experiments.trained_net import trained_net
from minires.experiments.training_sets import features_of, load_sets
from minires.experiments.training_tables import GRADIENTS, METRICS, TEXT, UPDATES
from minires.models import vgg
from minires.serialization.families import IMAGENET
from minires.serialization.layout import to_torch
from minires.serialization.safetensors import write
from minires.serialization.weights import open_weights
from minires.training import RunConfig, trainer

from ..times import rows_without_times
from .tiny import tiny_run

Image = pytest.importorskip("PIL.Image")
TINY = tiny_run(model="resnet-8", net={"width": 2}, iterations=10)


def run(config, out, **more):
    single_net.run(config, out, progress=False, **more)
    return out


def metrics(out):
    return rows_without_times(read_table(out / "metrics.csv", METRICS, TEXT))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(TINY, tmp_path_factory.mktemp("runs") / "finished")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Two classes that are easy to tell apart by colour."""
    folder = tmp_path_factory.mktemp("photos")
    for label, name in enumerate(("fire", "water")):
        (folder / name).mkdir()
        for i in range(12):
            pixels = np.random.default_rng(100 * label + i).integers(
                0, 80, (14 + i, 20, 3), np.uint8
            )
            pixels[..., 2 * label] += 150
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def probe(photographs, weights, **more):
    usual = {
        "model": "resnet-8",
        "net": {"width": 2},
        "dataset": "folder",
        "data": str(photographs),
        "weights": str(weights),
        "train": "head",
        "image_size": 8,
        "batch_size": 4,
        "epochs": 15,
        "lr": 0.1,
        "workers": 0,
        "cache": str(photographs.parent / "cache"),
    }
    return RunConfig.for_data(**usual | more)


def test_the_files_of_a_run(finished):
    assert sorted(path.name for path in finished.iterdir()) == [
        ".lock",
        "checkpoints",
        "config.json",
        "confusion.csv",
        "evaluation.json",
        "gradients.csv",
        "metrics.csv",
        "predictions.csv",
        "updates.csv",
        "weights.safetensors",
    ]
    assert [path.name for path in single_net.plot(finished)] == [
        "training.png",
        "gradients.png",
        "confusion.png",
    ]
    assert [(row["net"], row["iteration"]) for row in metrics(finished)] == [
        ("resnet-8", 4),
        ("resnet-8", 8),
        ("resnet-8", 10),
    ]
    rows = read_table(
        finished / "confusion.csv", evaluation_records.CONFUSION, evaluation_records.CONFUSION[:2]
    )
    assert len(rows) == 100 and sum(row["images"] for row in rows) == 20
    wrong = sum(row["images"] for row in rows if row["right"] != row["taken_for"])
    evaluation = json.loads((finished / "evaluation.json").read_text())
    assert (
        evaluation["top_1_error_percent"]
        == pytest.approx(5 * wrong)
        == pytest.approx(metrics(finished)[-1]["test_error"])
        and evaluation["top_5_error_percent"] <= evaluation["top_1_error_percent"]
    )
    images = read_table(
        finished / "predictions.csv",
        evaluation_records.PREDICTIONS,
        evaluation_records.PREDICTIONS[:3],
    )
    assert [row["image"] for row in images] == [str(i) for i in range(20)] and sum(
        row["right"] != row["taken_for"] for row in images
    ) == wrong
    assert all(0.1 <= row["probability"] <= 1 for row in images)
    said = single_net.report(finished)
    assert (
        "resnet-8 on synthetic" in said
        and f"test error {5 * wrong:.1f} %" in said
        and "top-5 error" in said
    )


def test_the_weights_are_the_nets_with_the_names_of_its_classes(finished):
    net = mr.models.resnet(8, width=2)
    mr.load(net, finished / "weights.safetensors")
    train_set, test_set = mr.data.synthetic(64, 2000)
    train_set, test_set = train_set.resize(8), test_set.take(20).resize(8)
    found = evaluate(net, mr.data.eval_loader(test_set, 20, train_set.pixel_mean()))
    assert found.error == pytest.approx(metrics(finished)[-1]["test_error"])
    assert tuple(open_weights(finished / "weights.safetensors").classes) == train_set.classes


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "residual_mlp-6", "net": {"width": 8}},
        {"model": "plain_mlp-4", "net": {"width": 8}},
        {"model": "plain-8", "net": {"width": 2}},
        {"net": {"width": 2, "shortcut": "B", "pre_activation": True}},
        {"schedule": "cosine", "label_smoothing": 0.1, "warmup": 3},
        {"model": "resnet18", "net": {}, "iterations": 1, "batch_size": 2, "image_size": 8},
    ],
    ids=["residual mlp", "plain mlp", "plain", "settings of the net", "cosine", "resnet18"],
)
def test_any_net_and_schedule(settings, tmp_path):
    out = run(replace(TINY, **settings), tmp_path / "run")
    assert len(single_net.plot(out)) == 3 and single_net.report(out)


def test_recompute_changes_no_number(finished, tmp_path):
    again = run(replace(TINY, recompute=True), tmp_path / "run")
    assert (
        metrics(again) == metrics(finished)
        and (again / "gradients.csv").read_bytes() == (finished / "gradients.csv").read_bytes()
    )


def test_an_interrupted_run_goes_on_to_the_same_bits(finished, tmp_path, monkeypatch):
    step = trainer.Trainer._step

    def interrupted(self):
        if self.iteration == 5:
            os.kill(os.getpid(), signal.SIGINT)
        step(self)

    monkeypatch.setattr(trainer.Trainer, "_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(TINY, tmp_path / "run")
    monkeypatch.undo()
    run(TINY, tmp_path / "run", resume=True)
    assert metrics(tmp_path / "run") == metrics(finished)
    for name in ("gradients.csv", "updates.csv", "confusion.csv", "evaluation.json"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes(), name
    here, there = (
        open_weights(out / "weights.safetensors").arrays for out in (tmp_path / "run", finished)
    )
    assert all(np.array_equal(array, there[name]) for name, array in here.items())
    with pytest.raises(ConfigError, match="lr 0.1 -> 0.2"):
        run(replace(TINY, lr=0.2), tmp_path / "run", resume=True)
    with pytest.raises(ConfigError, match="the folder is not empty"):
        run(TINY, tmp_path / "run")


def test_updates_are_the_lengths_of_steps(finished, tmp_path):
    """With a single step and no weight decay, lr times the gradient."""
    out = run(replace(TINY, iterations=1, weight_decay=0.0, drops=()), tmp_path / "run")
    moved = read_table(out / "updates.csv", UPDATES, TEXT)
    norms = read_table(out / "gradients.csv", GRADIENTS, TEXT)
    assert len(moved) == len(norms) == 8
    for row, its in zip(moved, norms):
        assert [row[key] for key in UPDATES[:5]] == [its[key] for key in UPDATES[:5]]
        assert row["update_norm"] == pytest.approx(0.1 * its["gradient_norm"], rel=1e-3)
        assert row["update_ratio"] == pytest.approx(0.1 * its["ratio"], rel=1e-3)
    steps = {row["iteration"] for row in read_table(finished / "updates.csv", UPDATES, TEXT)}
    assert steps == {*range(10)}


def test_a_run_of_an_early_version_goes_on_without_updates(finished, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(finished, out)
    (out / "updates.csv").unlink()
    run(TINY, out, resume=True)
    assert single_net.report(out) == single_net.report(finished) and single_net.plot(out)
    assert (out / "updates.csv").read_text() == ",".join(UPDATES) + "\n"


def test_a_linear_probe_trains_the_head_alone(finished, photographs, tmp_path):
    """The colours can be told apart by the features of a net trained on shapes. All other weights
    are those of the file, to the bit."""
    start = finished / "weights.safetensors"
    out = run(probe(photographs, start), tmp_path / "run")
    before, after = (open_weights(path).arrays for path in (start, out / "weights.safetensors"))
    assert after["fc.weight"].shape == (8, 2)
    assert all(
        np.array_equal(array, after[name])
        for name, array in before.items()
        if not name.startswith("fc.")
    )
    assert open_weights(out / "weights.safetensors").classes == ["fire", "water"]
    assert (
        metrics(out)[-1]["test_error"] == 0
        and json.loads((out / "evaluation.json").read_text())["top_5_error_percent"] is None
    )
    assert [path.name for path in single_net.plot(out)] == [
        "training.png",
        "confusion.png",
    ] and "top-5" not in single_net.report(out)


@pytest.mark.parametrize("has_head", [True, False])
def test_a_linear_probe_on_a_vgg(has_head, photographs, tmp_path, monkeypatch):
    """Its head is not called fc: this used to end in a traceback. Without a head in the file, the
    other layers are taken all the same."""
    monkeypatch.setattr(vgg, "CHANNELS", (2, 2, 2, 2, 2))
    monkeypatch.setattr(vgg, "HIDDEN", 8)
    net = mr.models.vgg16_bn(num_classes=5, image_size=32)
    arrays = {
        name: array
        for name, array in net.state_dict().items()
        if has_head or not name.startswith("classifier.6.")
    }
    write(tmp_path / "vgg.safetensors", arrays)
    settings = {"model": "vgg16_bn", "net": {}, "image_size": 32, "epochs": 1}
    out = run(probe(photographs, tmp_path / "vgg.safetensors", **settings), tmp_path / "run")
    file = open_weights(out / "weights.safetensors")
    assert file.num_classes == 2 and file.classes == ["fire", "water"]
    for name, array in arrays.items():
        assert name.startswith("classifier.6.") or np.array_equal(array, file.arrays[name]), name
    assert trained_net(file).model.classifier[6].weight.shape == (8, 2)


def test_the_probes_features_are_those_of_the_photographs_in_evaluation(finished, photographs):
    file = open_weights(finished / "weights.safetensors")
    config = model_setup.complete(probe(photographs, file.path), file)
    train_set, _ = load_sets(config, file, progress=False)
    net, _ = model_setup.build(config, file, train_set.input_shape, train_set.classes)
    batches = mr.data.eval_loader(train_set, 7)
    found = features_of(net, batches, progress=False)
    images = np.concatenate([images for images, _ in batches])
    with mr.no_grad():
        assert np.allclose(
            found.features, mr.models.extract_features(net.eval(), images).data, atol=1e-6
        )
    assert np.array_equal(found.labels, train_set.labels)


def test_weights_without_a_last_layer_keep_the_conventions_of_their_family(photographs, tmp_path):
    """Such files used to be loaded without a message, and the net forgot how its inputs are
    prepared."""
    arrays = to_torch(mr.models.resnet(8, width=2, zeros="around").state_dict())
    body = {name: one for name, one in arrays.items() if not name.startswith("fc.")}
    safetensors.numpy.save_file(body, tmp_path / "body.safetensors")
    file = open_weights(tmp_path / "body.safetensors", family="akamaster")
    config = model_setup.complete(probe(photographs, file.path), file)
    with pytest.warns(WeightsWarning, match="as in akamaster/pytorch_resnet_cifar10"):
        net, note = model_setup.build(config, file, (16, 16, 3), ["fire", "water"])
    assert "has no last layer: a new one, for 2 classes" in note
    assert net.conventions.transform["mean"] == IMAGENET["mean"]
    np.testing.assert_array_equal(net.conv1.weight.data, file.arrays["conv1.weight"])
    # Once: the net is built a first time only to check that it can be built.
    with pytest.warns(WeightsWarning) as said:
        single_net.prepare(config, file, None, False, alone())
    assert sum("as in akamaster" in str(one.message) for one in said) == 1


def test_from_a_layer_on(finished, photographs, tmp_path):
    start = finished / "weights.safetensors"
    out = run(
        probe(photographs, start, train="layer3", epochs=None, iterations=3), tmp_path / "run"
    )
    before, after = (open_weights(path).arrays for path in (start, out / "weights.safetensors"))
    moved = {
        name.split(".")[0]
        for name, array in before.items()
        if not name.startswith("fc.") and not np.array_equal(array, after[name])
    }
    assert moved == {"layer3"}
    layers = {
        row["layer"] for row in read_table(out / "gradients.csv", ("layer",), ("net", "layer"))
    }
    assert layers == {"layer3.0.conv1", "layer3.0.conv2", "fc"}


def test_weights_of_the_same_classes_keep_their_head(finished, tmp_path):
    settings = replace(TINY, weights=str(finished / "weights.safetensors"), lr=1e-9, iterations=1)
    out = run(settings, tmp_path / "run")
    assert np.allclose(
        open_weights(out / "weights.safetensors").arrays["fc.weight"],
        open_weights(finished / "weights.safetensors").arrays["fc.weight"],
        atol=1e-6,
    )


def test_weights_of_pytorch(torch, photographs, tmp_path):
    net = mr.models.resnet(8, width=2, num_classes=7)
    mr.save(net, tmp_path / "net.safetensors", layout="torch")
    from safetensors.torch import load_file

    torch.save(load_file(tmp_path / "net.safetensors"), tmp_path / "net.pth")
    for name in ("net.safetensors", "net.pth"):
        out = run(probe(photographs, tmp_path / name, epochs=1), tmp_path / name.replace(".", "-"))
        assert np.array_equal(
            open_weights(out / "weights.safetensors").arrays["conv1.weight"], net.conv1.weight.data
        )


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"model": "resnet-9"}, "the nearest is 8"),
        ({"net": {"widht": 3}}, "did you mean 'width'"),
        ({"train": "head"}, "a net with random weights.*--weights"),
        ({"dataset": "folder"}, "name it with --data"),
        ({"data": "somewhere"}, "drawn, not read"),
        ({"train_size": 30_000_000}, "Unable to allocate"),
        ({"image_size": 7}, "a divisor"),
        ({"batch_size": 65}, "at most 64"),
        ({"device": "cuda"}, "say 'gpu'"),
        ({"crop_scale": 0.5}, "crop_scale is for photographs"),
        (
            {"model": "residual_mlp-4", "net": {}, "recompute": True},
            "no blocks that can be run again",
        ),
        ({"weights": "nothing.safetensors"}, "no such file"),
        ({"dataset": "cifar10", "data": "/nonexistent"}, "/nonexistent"),
    ],
)
def test_what_cannot_be_done_leaves_no_folder(settings, words, tmp_path):
    with pytest.raises((MiniresError, MemoryError), match=words):
        run(replace(TINY, **settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_weights_that_do_not_fit(finished, photographs, tmp_path):
    for wrong, words in (
        ({"model": "resnet-14"}, "were saved from resnet-8, but resnet-14 was requested"),
        ({"model": "plain-8"}, "but plain-8 was requested"),
        ({"net": {"width": 4}}, "from a net with width=2, but width=4 was requested"),
    ):
        with pytest.raises(ConfigError, match=words):
            run(probe(photographs, finished / "weights.safetensors", **wrong), tmp_path / "run")
    with pytest.raises(ConfigError, match="did you mean 'layer3'"):
        run(probe(photographs, finished / "weights.safetensors", train="layer4"), tmp_path / "run")
    from minires.serialization import safetensors

    safetensors.write(tmp_path / "other.safetensors", {"weight": np.zeros(3, np.float32)})
    with pytest.raises(MiniresError, match="seem to come from another architecture"):
        run(probe(photographs, tmp_path / "other.safetensors"), tmp_path / "run")
    assert not (tmp_path / "run").exists() and not (tmp_path / "cache").exists()


def test_weights_without_a_head(finished, photographs, tmp_path):
    """As timm offers them: only the layers before the head."""
    found = {
        name: array
        for name, array in open_weights(finished / "weights.safetensors").arrays.items()
        if not name.startswith("fc.")
    }
    write(tmp_path / "layers.safetensors", found)
    out = run(probe(photographs, tmp_path / "layers.safetensors"), tmp_path / "run")
    after = open_weights(out / "weights.safetensors").arrays
    assert (
        all(np.array_equal(array, after[name]) for name, array in found.items())
        and metrics(out)[-1]["test_error"] == 0
    )


def test_the_net_its_settings_and_the_size_are_those_of_the_file(finished, photographs, tmp_path):
    settings = probe(
        photographs, finished / "weights.safetensors", model=None, net={}, image_size=None
    )
    config = json.loads((run(settings, tmp_path / "run") / "config.json").read_text())
    assert (config["model"], config["net"], config["image_size"]) == ("resnet-8", {"width": 2}, 8)
    assert open_weights(tmp_path / "run" / "weights.safetensors").built == {
        "model": "resnet-8",
        "net": {"width": 2},
    }


def test_photographs_are_prepared_as_in_the_training_of_the_weights(tmp_path):
    """The images of a test set, as files: a net trained on that set must make the same errors on
    them."""
    start_from = run(
        replace(TINY, image_size=16, iterations=60, train_size=500, batch_size=32),
        tmp_path / "start",
    )
    train_set, test_set = mr.data.synthetic(500)
    test_set = test_set.take(60).resize(16)
    for i, (image, label) in enumerate(zip(test_set.images, test_set.labels)):
        for part in ("train", "val"):
            (tmp_path / "photos" / part / f"{label}-{test_set.classes[label]}").mkdir(
                parents=True, exist_ok=True
            )
            Image.fromarray(image).save(
                tmp_path / "photos" / part / f"{label}-{test_set.classes[label]}" / f"{i}.png"
            )
    file = open_weights(start_from / "weights.safetensors")
    config = model_setup.complete(
        RunConfig.for_data(
            dataset="folder",
            data=str(tmp_path / "photos"),
            weights=str(file.path),
            workers=0,
            cache=str(tmp_path / "cache"),
        ),
        file,
    )
    photographs, _ = load_sets(config, file, progress=False)
    transform = photographs.transform
    assert (transform.resize, transform.crop, transform.std) == (16, 16, (1, 1, 1))
    net = mr.models.build(config.model, **config.net)
    mr.load(net, start_from / "weights.safetensors")
    of_files = evaluate(net, mr.data.eval_loader(photographs, 60))
    of_arrays = evaluate(net, mr.data.eval_loader(test_set, 60, train_set.resize(16).pixel_mean()))
    assert of_files.loss == pytest.approx(
        of_arrays.loss, rel=0.05
    ) and of_files.error == pytest.approx(of_arrays.error, abs=4)


def test_a_head_is_trained_without_crops_and_flips(photographs, finished, tmp_path):
    with pytest.raises(ConfigError, match="with train 'fc' the last layer is trained on new crops"):
        run(probe(photographs, finished / "weights.safetensors", flip=True), tmp_path / "run")
    out = run(
        probe(
            photographs,
            finished / "weights.safetensors",
            train="fc",
            flip=True,
            epochs=None,
            iterations=2,
        ),
        tmp_path / "run",
    )
    before, after = (
        open_weights(folder / "weights.safetensors").arrays for folder in (finished, out)
    )
    assert all(
        np.array_equal(array, after[name])
        for name, array in before.items()
        if not name.startswith("fc.")
    )


def test_the_default_batch_is_no_larger_than_the_set(finished, photographs, tmp_path):
    out = run(
        probe(photographs, finished / "weights.safetensors", batch_size=None, epochs=2),
        tmp_path / "run",
    )
    assert (
        json.loads((out / "config.json").read_text())["batch_size"] == 18 + 2
    )  # of 24, 2 of each class are held out


def test_errors_in_the_net_or_the_folder_come_before_pictures_are_decoded(
    finished, photographs, tmp_path
):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("")
    cache = str(tmp_path / "cache")
    with pytest.raises(ConfigError, match="other files; choose another"):
        run(probe(photographs, finished / "weights.safetensors", cache=cache), tmp_path / "taken")
    for wrong in ({"train": "layer9"}, {"weights": "nothing.pth"}, {"net": {"widht": 3}}):
        with pytest.raises(MiniresError):
            run(
                probe(
                    photographs,
                    **{"weights": finished / "weights.safetensors", "cache": cache, **wrong},
                ),
                tmp_path / "run",
            )
    assert not (tmp_path / "cache").exists()


def test_folders_without_a_run(tmp_path, finished):
    with pytest.raises(DataError, match="config.json"):
        single_net.report(tmp_path)
    (tmp_path / "config.json").write_text('{"experiment": "degradation"}')
    with pytest.raises(DataError, match="not the settings of a single net run"):
        single_net.plot(tmp_path)


@pytest.mark.parametrize("net, words", [({"num_classes": 5}, "10, got 5"), ({"seed": 3}, "0, got")])
def test_what_the_data_or_the_run_decides_is_not_a_setting_of_the_net(net, words, tmp_path):
    with pytest.raises(ConfigError, match=f"net: {[*net][0]}: expected {words}"):
        run(replace(TINY, net={"width": 2} | net), tmp_path / "out")
    assert not (tmp_path / "out").exists()

"""A look inside trained nets: the measurements are those of the diagnostics, in tables from which
figures can be drawn again; and the command."""

import json
import math
import re

import numpy as np
import pytest

import minires as mr
from minires import data, diagnostics
from minires.cli import main
from minires.errors import ConfigError, DataError
from minires.experiments import diagnosis
from minires.experiments.diagnosis import findings
from minires.experiments.evaluation_images import images_to_test, source_of
from minires.experiments.records import read_config
from minires.experiments.trained_net import names_of, short_name, trained_net
from minires.serialization.weights import open_weights

TRANSFORM = {"resize": 16, "crop": 16, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]}
IMAGES = 24


def write(folder, name, net):
    """The path of a file of weights, as minires writes it."""
    settings = {"width": 2}
    if name.startswith("plain_mlp"):
        settings = {"width": 6, "image_size": 16}
    model = mr.models.build(name, seed=1, **settings)
    path = folder / f"{net}.safetensors"
    folder.mkdir(exist_ok=True, parents=True)
    mr.save(model, path, transform=TRANSFORM, built={"model": name, "net": settings})
    return path


TEST = data.synthetic(train_size=10, test_size=40)[1]


@pytest.fixture(scope="module", autouse=True)
def small_set():
    """The data set, drawn once and small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, folder=None: (None, TEST))
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    return {name: write(folder, name, name) for name in ("resnet-14", "plain-14", "plain_mlp-4")}


@pytest.fixture(scope="module")
def out(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "out"
    nets = [trained_net(open_weights(path)) for path in files.values()]
    diagnosis.run(nets, out, dataset="synthetic", images=IMAGES, paths=2, progress=False)
    return out


@pytest.fixture(scope="module")
def batches():
    return images_to_test(TEST, data.ImageTransform(**TRANSFORM), 100, count=IMAGES)[1]


def of(out, table, net, **also):
    return [
        row
        for row in diagnosis.tables(out)[table]
        if row["net"] == net and all(row[name] == value for name, value in also.items())
    ]


def test_the_seed_chooses_blocks_and_paths_but_no_images(files, out, tmp_path):
    net = trained_net(open_weights(files["resnet-14"]))
    settings = {"dataset": "synthetic", "images": IMAGES, "paths": 2, "progress": False}
    diagnosis.run([net], tmp_path, seed=1, **settings)
    for table in ("nets", "responses", "gradients", "ranks"):
        assert str(of(tmp_path, table, "resnet-14")) == str(of(out, table, "resnet-14"))  # nan
    for table, also in (("lesions", {"lesion": "random"}), ("paths", {})):
        assert of(tmp_path, table, "resnet-14", **also) != of(out, table, "resnet-14", **also)


def test_the_whole_net_and_each_block(out, files, batches):
    for name in ("resnet-14", "plain-14"):
        net = trained_net(open_weights(files[name])).model
        whole, *each = diagnostics.drop_each(net, batches)
        (row,) = of(out, "nets", name)
        assert (row["images"], row["error"]) == (IMAGES, pytest.approx(whole.error, rel=1e-5))
        rows = of(out, "lesions", name, lesion="dropped")
        assert [row["blocks"] for row in rows] == [one.blocks[0] for one in each]
        np.testing.assert_allclose([r["loss"] for r in rows], [o.loss for o in each], rtol=1e-5)
        assert [row["changes_shape"] for row in rows] == [0, 0, 1, 0, 1, 0]
        swapped = [one.blocks for one in diagnostics.swap_each(net, batches)]
        rows = of(out, "lesions", name, lesion="swapped")
        assert [tuple(row["blocks"].split("+")) for row in rows] == swapped
        random = of(out, "lesions", name, lesion="random")
        assert [row["count"] for row in random] == [2] * 3 + [3] * 3 + [4] * 3


def test_responses_gradients_and_ranks(out, files, batches):
    for name, path in files.items():
        net = trained_net(open_weights(path)).model
        expected = [one.std for one in diagnostics.responses(net, batches)]
        np.testing.assert_allclose(
            [row["std"] for row in of(out, "responses", name)], expected, rtol=1e-4
        )
        images, labels = next(iter(batches))
        mr.functional.cross_entropy(net(mr.Tensor(images)), labels).backward()
        expected = [one.gradient_norm for one in diagnostics.gradient_norms(net)]
        found = [row["gradient_norm"] for row in of(out, "gradients", name)]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        expected = [one.rank for one in diagnostics.effective_ranks(net, images)]
        found = [row["rank"] for row in of(out, "ranks", name)]
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_paths_are_those_of_residual_nets(out):
    rows = of(out, "paths", "resnet-14")
    assert [row["length"] for row in rows] == list(range(7))
    assert [row["paths"] for row in rows] == [1, 6, 15, 20, 15, 6, 1]
    assert [row["sampled"] for row in rows] == [1, 2, 2, 2, 2, 2, 1]
    assert not of(out, "paths", "plain-14") and not of(out, "lesions", "plain_mlp-4")


def test_the_numbers_of_the_report(out):
    found = diagnosis.results(out)["nets"]
    one = found["resnet-14"]
    dropped = [row["error"] for row in of(out, "lesions", "resnet-14", lesion="dropped")]
    assert one["dropped_error"] == pytest.approx(np.median(dropped))
    assert one["worst_error"] == max(dropped) and one["blocks"] == 6
    rows = of(out, "paths", "resnet-14")
    weights = [row["total"] for row in rows]
    assert one["path_length"] == pytest.approx(
        np.average([row["length"] for row in rows], weights=weights)
    )
    stds = [row["std"] for row in of(out, "responses", "resnet-14")]
    assert one["response"] == pytest.approx(np.mean(stds[:-1])) and len(stds) == 14
    error = sum(
        ((row["length"] - one["path_length"]) * row["paths"] * row["standard_error"]) ** 2
        for row in rows
    )
    assert one["path_length_standard_error"] == pytest.approx(error**0.5 / sum(weights))
    single = [{**row, "standard_error": math.nan} for row in rows]
    assert findings._path_length(single)[1] is None
    assert findings._times(3.4e8) == "3e+08 times"
    assert found["plain-14"]["path_length"] is None
    assert found["plain_mlp-4"]["dropped_error"] is None


def test_the_page_needs_no_other_file_and_holds_every_figure(out, capsys):
    assert main(["plot", str(out)]) == 0
    text = (out / "report.html").read_text(encoding="utf-8")
    assert f"drawn: {out / 'lesions.png'}" in capsys.readouterr().out
    addresses = re.findall(r'(?:src|srcset|href)="([^"]{1,30})', text)
    assert addresses and all(one.startswith("data:image/png;base64,") for one in addresses)
    assert text.count("<picture>") == len([*out.glob("*.png")]) == 4
    for line in diagnosis.sentences(diagnosis.results(out)):
        assert line in text
    assert "mean 0.5 0.4 0.3, std 0.2 0.25 0.3" in text


def test_records_that_do_not_fit_are_an_error(out, tmp_path):
    import shutil

    shutil.copytree(out, tmp_path / "copy")
    (tmp_path / "copy" / "nets.csv").write_text("net,images,loss,error\n")
    with pytest.raises(DataError, match="contradict each other"):
        diagnosis.report(tmp_path / "copy")
    (tmp_path / "copy" / "ranks.csv").unlink()
    with pytest.raises(DataError, match="ranks.csv: no such file"):
        diagnosis.figures(tmp_path / "copy")


def test_the_command(files, tmp_path, capsys, monkeypatch):
    drawn = tmp_path / "lesions.png", tmp_path / "report.html"
    monkeypatch.setattr(diagnosis, "draw", lambda out: list(drawn))  # drawing is tested above
    words = ["diagnose", "--weights", str(files["resnet-14"]), str(files["plain-14"])]
    words += ["--dataset", "synthetic", "--images", "16", "--paths", "1"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "resnet-14 (resnet-14):" in text and f"written: {drawn[1]}" in text
    assert main([*words, "--out", str(tmp_path / "json"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(diagnosis.results(tmp_path / "json")))
    other = diagnosis.results(tmp_path / "out")
    assert found["nets"] == json.loads(json.dumps(other["nets"]))
    assert read_config(tmp_path / "out")["images"] == 16


@pytest.mark.parametrize(
    "words, message",
    [
        ([], ": no images: expected --dataset"),
        (["--dataset", "synthetic", "--data", "nowhere"], "synthetic images are drawn"),
        (["--data", "nowhere"], "no such folder"),
        (["--dataset", "synthetic", "--family", "caffe"], "minires wrote this file"),
        (["--dataset", "synthetic", "--model", "resnet-20"], "were saved from resnet-14"),
    ],
)
def test_bad_input(files, tmp_path, capsys, words, message):
    status = main(
        ["diagnose", "--weights", str(files["resnet-14"]), "--out", str(tmp_path / "out"), *words]
    )
    error = capsys.readouterr().err
    assert status == 1 and error.count("\n") == 1
    assert any(part in error for part in message.split("|")), error
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty_and_a_file_twice(files, tmp_path, capsys):
    one = str(files["resnet-14"])
    words = ["diagnose", "--dataset", "synthetic", "--out", str(tmp_path), "--weights", one]
    (tmp_path / "x").write_text("")
    assert main(words) == 1 and "not empty" in capsys.readouterr().err
    assert main([*words, one]) == 1 and "a file twice" in capsys.readouterr().err


def test_names_of_nets(tmp_path):
    places = {"a": "resnet20-12fca82f", "runs/plain-20": "weights", "runs/resnet-20": "weights"}
    paths = [write(tmp_path / folder, "resnet-8", name) for folder, name in places.items()]
    paths.append(write(tmp_path / "b", "resnet-8", "resnet20-12fca82f"))
    nets = [trained_net(open_weights(path)) for path in paths]
    assert names_of(nets) == [
        "a/resnet20-12fca82f",
        "plain-20",
        "resnet-20",
        "b/resnet20-12fca82f",
    ]
    assert short_name("runs/plain-20/weights.safetensors") == "plain-20"


def test_names_of_files_that_are_not_text_or_too_long():
    """The first name used to differ between the tables and config.json. With the second no folder
    could be made for the results."""
    assert short_name("nets/a\udcff\n.th") == "a\\xff\\n"
    assert len(short_name("a" * 250 + ".th")) <= 100


def test_images_are_cut_as_the_transform_says():
    """A crop of 24 from 32 pixels, and pictures made larger, as `ImageTransform` does it."""
    pytest.importorskip("PIL.Image")
    for sizes in ({"resize": 32, "crop": 24}, {"resize": 48, "crop": 40}):
        transform = data.ImageTransform(**{**TRANSFORM, **sizes})
        chosen, batches = images_to_test(TEST, transform, 3, count=5)
        found = np.concatenate([images for images, _ in batches])
        expected = np.stack([transform(image) for image in chosen.images])
        np.testing.assert_allclose(found, expected, atol=1e-6)
    again, _ = images_to_test(TEST, transform, 3, count=5)
    assert np.array_equal(again.images, chosen.images) and len(chosen) == 5


def test_too_few_images():
    with pytest.raises(ConfigError, match="images"):
        diagnosis.run([], "nowhere", dataset="synthetic", images=1)


def test_no_images():
    with pytest.raises(ConfigError, match="images: none given"):
        source_of(None, None)

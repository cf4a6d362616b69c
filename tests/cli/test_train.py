"""``minires train`` and ``minires finetune`` as a user meets them."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import fields

import numpy as np
import pytest

from minires.cli import main
from minires.experiments.model_setup import complete
from minires.training import RunConfig

from ..opened import openings

TINY = [
    "--model",
    "resnet-8",
    "--net",
    "width=2",
    "--image-size",
    "8",
    "--train-size",
    "64",
    "--test-size",
    "20",
    "--batch-size",
    "16",
    "--iterations",
    "8",
]


def config(out):
    return json.loads((out / "config.json").read_text())


def test_the_whole_run_and_its_figures_again(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", *TINY, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "test error" in printed and all(
        f"drawn: {out / name}.png" in printed for name in ("training", "gradients", "confusion")
    )
    pictures = {path.name: path.read_bytes() for path in out.glob("*.png")}
    for name in pictures:
        (out / name).unlink()
    assert main(["plot", str(out)]) == 0
    assert {path.name: path.read_bytes() for path in out.glob("*.png")} == pictures


def test_numbers_as_people_write_them(tmp_path):
    assert (
        main(
            [
                "train",
                *TINY,
                "--lr",
                ".05",
                "--net",
                "survival_prob=.5",
                "--momentum",
                "0.",
                "--out",
                str(tmp_path / "run"),
            ]
        )
        == 0
    )
    found = config(tmp_path / "run")
    assert found["lr"] == 0.05 and found["net"]["survival_prob"] == 0.5 and found["momentum"] == 0


def test_every_setting_is_a_flag(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = capsys.readouterr().out
    assert (
        all("--" + one.name.replace("_", "-") in printed for one in fields(RunConfig))
        and "examples:" in printed
    )


def test_flags_override_the_file_and_the_file_overrides_the_defaults(tmp_path):
    (tmp_path / "settings.toml").write_text(
        'model = "residual_mlp-4"\nepochs = 3\nlr = 0.02\nbatch_size = 16\nimage_size = '
        "8\ntrain_size = 64\ntest_size = 20\nflip = true\n"
        "[net]\nwidth = 8\nbatch_norm = true\n"
    )
    out = tmp_path / "run"
    assert (
        main(
            [
                "train",
                "--config",
                str(tmp_path / "settings.toml"),
                "--iterations",
                "5",
                "--no-flip",
                "--net",
                "batch_norm=false",
                "--net",
                "num_classes=10",
                "--drops",
                "0.4",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    found = config(out)
    assert (
        found["model"],
        found["iterations"],
        found["epochs"],
        found["lr"],
        found["flip"],
        found["drops"],
    ) == ("residual_mlp-4", 5, None, 0.02, False, [0.4])
    assert found["net"] == {"width": 8, "batch_norm": False, "num_classes": 10}


def test_the_default_folder_is_named_after_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *TINY]) == 0
    assert (tmp_path / "runs" / "resnet-8-synthetic" / "training.png").exists()


def test_finetuning_on_other_classes(tmp_path, capsys):
    Image = pytest.importorskip("PIL.Image")
    assert main(["train", *TINY, "--out", str(tmp_path / "start")]) == 0
    for label, name in enumerate(("red", "blue")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(6):
            pixels = np.random.default_rng(i).integers(0, 50, (12, 12, 3), np.uint8)
            pixels[..., 2 * label] += 200
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    words = [
        "finetune",
        "--model",
        "resnet-8",
        "--net",
        "width=2",
        "--weights",
        str(tmp_path / "start" / "weights.safetensors"),
        "--data",
        str(tmp_path / "photos"),
        "--image-size",
        "8",
        "--batch-size",
        "4",
        "--workers",
        "0",
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert main([*words, "--out", str(tmp_path / "probe"), "--lr", "0.5"]) == 0
    assert (
        config(tmp_path / "probe")["train"] == "head"
        and "test error 0.0 %" in capsys.readouterr().out
    )
    with openings(tmp_path / "start" / "weights.safetensors") as opened:
        assert (
            main([*words, "--out", str(tmp_path / "whole"), "--train", "all", "--epochs", "1"]) == 0
        )
    assert len(opened) == 1  # the file of weights is read once
    assert config(tmp_path / "whole")["crop_scale"] == 0.08


def test_different_runs_get_different_default_folders():
    from minires.cli.train import _run_name

    names = [
        _run_name(complete(RunConfig(**given)))
        for given in (
            {},
            {"model": "plain-20", "dataset": "cifar10"},
            {"dataset": "folder", "data": "a/birds"},
            {"dataset": "folder", "data": "a/birds", "train": "head"},
            {"dataset": "folder", "data": "a/birds", "train": "layer4"},
            {"dataset": "folder", "data": "fish"},
        )
    ]
    assert names == [
        "resnet-20-synthetic",
        "plain-20-cifar10",
        "resnet-20-birds",
        "resnet-20-birds-head",
        "resnet-20-birds-layer4",
        "resnet-20-fish",
    ]


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["train", "--modle", "x"], "did you mean --model?"),
        (["train", "--dataset", "cifar"], "did you mean 'cifar10'?"),
        (["train", "--lr", "0"], "expected a finite number above 0, got '0'"),
        (["train", "--batch-size", "1.5"], "a whole number of at least 1, got '1.5'"),
        (["train", "--schedule", "cosin"], "did you mean 'cosine'?"),
        (["train", "--net", "width"], "expected NAME=VALUE, such as width=8, got 'width'"),
        (["train", "--epochs", "many"], "a finite number above 0, got 'many'"),
        (["train", "--lr", "nan"], "a finite number above 0, got 'nan'"),
        (["train", "--lr", "inf"], "a finite number above 0, got 'inf'"),
        (["trian"], "did you mean 'train'?"),
        (["finetun"], "did you mean 'finetune'?"),
    ],
)
def test_wrong_arguments_exit_2_and_say_what_was_expected(words, complaint, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2 and complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["train", *TINY, "--model", "resnet55"], "did you mean 'resnet50'"),
        (["train", *TINY, "--epochs", "2"], "one of them"),
        (["train", "--config", "nothing.toml"], "nothing.toml"),
        (["train", *TINY, "--drops", "0.5", "0.2"], "rising numbers"),
        (["finetune", "--data", "photos"], "to start without weights, use minires train"),
        (["finetune", "--weights", "x.pth", "--data", "nowhere"], "x.pth: no such file"),
        (["train", "--dataset", "folder", "--data", "nowhere"], "nowhere: no such folder"),
        (["train", *TINY, "--out", "/dev/null/here"], "cannot write here"),
        (["train", *TINY[:2], "--net", "width=1000000000000"], "not enough memory"),
    ],
)
def test_an_error_exits_1_with_one_line(words, complaint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    errors = capsys.readouterr().err
    assert complaint in errors and errors.startswith("minires: error: ") and errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_saves_and_exits_130_and_resume_goes_on(tmp_path):
    out = tmp_path / "run"
    words = [
        sys.executable,
        "-m",
        "minires",
        "train",
        *TINY,
        "--iterations",
        "400",
        "--out",
        str(out),
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    table, deadline = out / "metrics.csv", time.monotonic() + 180  # on a busy machine
    while (
        not (table.exists() and table.read_text().count("\n") > 3) and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in errors and "Traceback" not in errors
    resumed = subprocess.run([*words, "--resume"], capture_output=True, text=True, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert (out / "confusion.png").exists()

"""What a person sees: banner, bars, colours and curves, on a pseudo-terminal of 80 columns."""

import os
import re
import sys

import pytest

from minires.cli import banner
from minires.drawing.terminal import curves
from minires.experiments import degradation

from ..drawing.test_terminal import Screen
from ..test_readme import ROOT
from .keys import COLUMNS, Terminal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
SMALL = "--image-size 8 --train-size 64 --batch-size 16".split()
TRAIN = "train --model resnet-8 --net width=2 --test-size 20 --epochs 3 --out run".split()
PAIR = "degradation --depths 8 --epochs 3 --width 2 --workers 2 --out run".split()


def on_terminal(words, place, **environment):
    terminal = Terminal([sys.executable, "-m", "minires", *words], place, **environment)
    assert terminal.end() == 0, terminal.seen
    return terminal


@pytest.mark.slow
def test_a_run_of_one_net(tmp_path):
    terminal = on_terminal([*TRAIN, *SMALL], tmp_path, NO_COLOR="")
    lines = terminal.lines()
    assert "for 3 epochs on 64 drawn 8x8 images." in " ".join(lines)
    assert "Results: run" in lines
    assert any(re.match(r"resnet-8, seed 0: +\d+ %, loss .* left \|", line) for line in lines)
    assert any(re.fullmatch(r"training  [▁-█]{3}  \S+ to \S+ %", line) for line in lines)
    assert "\x1b[38;5;32mresnet-8\x1b[39m" in terminal.seen
    assert max(map(len, lines)) <= COLUMNS


@pytest.mark.slow
def test_a_run_of_several_nets(tmp_path):
    terminal = on_terminal([*PAIR, *SMALL], tmp_path, NO_COLOR="1")
    lines = terminal.lines()
    assert "Training two nets, plain and residual (8 layers), for 3 epochs each on 64" in " ".join(
        lines
    )
    assert any(re.match(r"all: +\d+ %, .* left \|", line) for line in lines)
    assert any(re.fullmatch(r"plain-8   [▁-█]{3}  \S+ to \S+ %", line) for line in lines)
    assert "\x1b[38" not in terminal.seen and max(map(len, lines)) <= COLUMNS


def test_banners_of_other_commands():
    runs = [f"lr={lr},seed={seed}" for seed in (0, 1) for lr in (0.1, 0.05)]
    common = {"epochs": 2, "iterations": None, "image_size": 8, "dataset": "synthetic"}
    settings = {"runs": runs, "common": common, "dataset_name": "synthetic"}
    assert banner.of_sweep(settings) == [
        "Training four nets for 2 epochs each on drawn 8x8 images: lr 0.1 and 0.05, seed 0 and 1."
    ]
    swept = {"runs": ["epochs=1"], "common": {"dataset": "cifar10"}, "dataset_name": "CIFAR-10"}
    assert banner.of_sweep(swept) == ["Training one net on images of CIFAR-10: epochs 1."]
    net = {"model": "resnet-8", "parameters": 1356, "weights": "a.th", "test_images": 2000}
    assert banner.of_evaluation({**net, "dataset_name": "photos\x1b"}) == [
        "Evaluating resnet-8 (1,356 parameters) with a.th on 2,000 test images of photos\\x1b."
    ]
    looked_at = {"nets": {"a": {}, "b": {}}, "images": 40, "dataset_name": "synthetic"}
    assert banner.of_diagnosis(looked_at) == ["Looking inside a and b with 40 drawn test images."]


@pytest.mark.slow
def test_several_runs_and_an_evaluation(tmp_path):
    words = [*TRAIN[:5], "--test-size", "20", "--epochs", "1", "--out", "sweep", "--seeds", "2"]
    lines = on_terminal([*words, *SMALL], tmp_path).lines()
    assert any(line.startswith("Training two nets for 1 epoch each") for line in lines)
    weights = "sweep/seed=0/weights.safetensors"
    words = ["evaluate", "--weights", weights, "--dataset", "synthetic", "--out", "evaluated"]
    lines = on_terminal(words, tmp_path).lines()
    assert any(line.startswith("Evaluating resnet-8") for line in lines)
    assert "Results: evaluated" in lines
    lines = on_terminal([*words[:-1], "json", "--json"], tmp_path).lines()
    assert not any(line.startswith("Evaluating") for line in lines)  # the JSON alone
    words = ["diagnose", "--weights", weights, "--dataset", "synthetic", "--out", "inside"]
    lines = on_terminal([*words, "--images", "20", "--paths", "1"], tmp_path).lines()
    assert any(line.startswith("Looking inside seed=0 with 20 drawn") for line in lines)


@pytest.mark.slow
def test_a_long_error_is_wrapped_between_words(tmp_path):
    terminal = Terminal([sys.executable, "-m", "minires", "plot", "no/such/folder"], tmp_path)
    assert terminal.end() == 1
    lines = [line for line in terminal.lines() if line]
    assert len(lines) > 1 and max(map(len, lines)) <= COLUMNS
    assert " ".join(lines) == (
        "minires: error: no/such/folder: not a run: expected the output folder of a run (its "
        "--out), got no such folder"
    )


@pytest.mark.parametrize(
    "seconds, words",
    [
        (3, "a few seconds"),
        (29, "half a minute"),
        (64, "about a minute"),
        (260, "about 4 minutes"),
        (2_750, "about 45 minutes"),
        (3_700, "about an hour"),
        (57_000, "about 15 hours"),
        (500_000, "about 6 days"),
    ],
)
def test_a_time_in_words(seconds, words):
    assert banner.about(seconds) == words


def test_curves_have_the_colours_of_their_nets(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for is_terminal in (True, False):
        monkeypatch.setattr("sys.stdout", Screen(is_terminal))
        banner.show_errors("errors", {"plain-20": [90.0, 50.0], "all\x1b": [50.0, 50.0]})
        expected = "\nerrors\n\x1b[38;5;166mplain-20  █▁\x1b[39m  90.0 to 50.0 %\n"
        expected += "all\\x1b      ▁▁  50.0 to 50.0 %\n"
        assert sys.stdout.getvalue() == (expected if is_terminal else "")
    monkeypatch.setattr("sys.stdout", Screen())
    banner.show_errors("errors", {"plain-20": [90.0]})
    assert sys.stdout.getvalue() == ""


def test_the_curves_in_the_documentation_are_those_of_the_recorded_run():
    recorded = ROOT / "results" / "degradation-quick-cifar10"
    lines = curves("training error by epoch", degradation.errors_by_epoch(recorded))
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert "```text\n" + "\n".join(lines) + "\n```" in text

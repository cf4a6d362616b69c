"""The benchmark of whole experiments: both sides train the same nets, and its tables say what was
timed."""

from dataclasses import replace

import pytest

from benchmarks import experiments, experiments_report
from minires.experiments import degradation
from minires.experiments.presets import PRESETS
from minires.experiments.records import read_table
from minires.experiments.training_tables import METRICS, TEXT

TINY = replace(
    PRESETS["quick"],
    net={"width": 4},
    train_size=256,
    test_size=100,
    batch_size=64,
    epochs=2,
)


def test_both_sides_train_the_same(torch, tmp_path):
    from benchmarks import pytorch_training

    degradation.run(TINY, tmp_path, (8,), progress=False)
    rows = read_table(tmp_path / "metrics.csv", METRICS, TEXT)
    sets = degradation.load_sets(TINY)
    for family in ("plain", "resnet"):
        found = pytorch_training.train(family, 8, TINY.resolve(256), *sets)
        last = [row for row in rows if row["net"] == f"{family}-8"][-1]
        # Rounding may decide on an image or two.
        assert found == pytest.approx((last["train_error"], last["test_error"]), abs=2.1)


def test_sides_take_turns_and_each_round_leaves_its_results(capsys):
    sides = {"a": ["-c", "pass"], "b": ["-c", "import time; time.sleep(0.2)"]}
    (_, found) = (dict(one) for one in experiments._by_turns(sides, 2))
    assert [len(samples) for samples in found.values()] == [2, 2]
    assert min(found["b"]) > 0.2
    assert [line[:2] for line in capsys.readouterr().out.splitlines()] == ["a:", "b:"] * 2


def test_tables():
    seconds = {"2 workers": [10.0, 12.0, 11.0], "1 worker": [22.0, 20.0, 24.0]}
    lines = experiments_report.seconds_table(seconds).splitlines()
    assert lines[2] == "| 2 workers | 3 | 11.0 (10.0-12.0) | 1.00 |"
    assert lines[3] == "| 1 worker | 3 | 22.0 (20.0-24.0) | 0.50 |"
    scaling = {  # 2 s to start, 10 s for one net, 11 s with another beside it
        "4 nets, 1 workers": [42.0],
        "1 nets, 1 workers": [12.0],
        "4 nets, 2 workers": [24.0],
        "2 nets, 2 workers": [13.0],
    }
    words = experiments_report.eight_cores(scaling, 2)
    assert "takes 2.0 s to start, and a net 10.0 s with one worker, 11.0 s with 2" in words
    assert "+10.0 % for each other" in words and "in 19 s and one core trains them in 82 s" in words


def test_sections_measured_earlier_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "_by_turns", lambda sides, rounds: [{"a": [1.0]}])
    for section in ("claims", "degradation"):
        experiments.main(["--sections", section, "--out", str(tmp_path)])
    kept = experiments.earlier(tmp_path)
    assert set(kept) == {"claims", "degradation"}
    assert kept["claims"]["environment"]["command"].startswith("python -m benchmarks.experiments")
    assert (tmp_path / "experiments.md").read_text().count("| a | 1 |") == 2

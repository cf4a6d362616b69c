"""Runs of one net that differ in a setting or in the seed."""

import numpy as np
import pytest

from minires.cli import main
from minires.errors import ConfigError, DataError, DivergenceError
from minires.experiments import single_net, sweep
from minires.experiments.records import read_config

from ..times import lines_without_times
from .tiny import tiny_run

TINY = tiny_run()
WORDS = (
    "train --model plain-8 --net width=1 --image-size 8 --train-size 64 --test-size 20 "
    "--batch-size 16 --iterations 6"
).split()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweeps") / "one"
    runs = sweep.configs(TINY, {"lr": [0.05, 0.1], "net.width": [1, 2]}, seeds=2)
    sweep.run(runs, out, progress=False)
    return out


def test_every_combination_with_every_seed():
    runs = sweep.configs(TINY, {"lr": [0.05, 0.1], "net.width": [1, 2]}, seeds=2)
    assert len(runs) == 8 and next(iter(runs)) == "lr=0.05,net.width=1,seed=0"
    config = runs["lr=0.1,net.width=2,seed=1"]
    assert (config.lr, config.net, config.seed) == (0.1, {"width": 2}, 1)
    assert list(sweep.configs(TINY, {}, seeds=2)) == ["seed=0", "seed=1"]


@pytest.mark.parametrize(
    "values, seeds, words",
    [
        ({"net.width": [1, 1]}, 1, "the same run twice"),
        ({"widht": [1, 2]}, 1, "widht: expected a setting of minires train"),
        ({"net": [1, 2]}, 1, "net: expected a setting of minires train"),
        ({"model.width": [1]}, 1, "model.width: expected a setting of minires train"),
        ({"lr": [0.1, -1]}, 1, "lr: expected a finite number above 0, got -1"),
        ({"seed": [0, 1]}, 2, "--seeds or seeds to sweep over, got both"),
        ({"data": ["a/b"]}, 1, "values name folders"),
        ({"lr": 0.1}, 1, "lr: expected a list of values, one or more, got 0.1"),
        ({"model": "resnet-20"}, 1, "model: expected a list of values, one or more, got .resnet-"),
        ({"lr": []}, 1, "lr: expected a list of values, one or more"),
        ({"lr": {0.1, 0.2}}, 1, "lr: expected a list of values, one or more"),
        ({}, 1, "values: expected a setting with its values, or several seeds, got none"),
        ({}, True, "seeds: expected a whole number"),
    ],
)
def test_impossible_sweeps(values, seeds, words):
    with pytest.raises(ConfigError, match=words):
        sweep.configs(TINY, values, seeds)


def test_values_and_seeds_may_be_arrays():
    runs = sweep.configs(TINY, {"lr": np.array([0.05, 0.1])}, np.array([1, 2]))
    assert list(runs) == list(sweep.configs(TINY, {"lr": [0.05, 0.1]}, [1, 2]))
    assert sweep.configs(TINY, {"net.width": range(1, 3)}, np.int64(1)).keys() == {
        "net.width=1",
        "net.width=2",
    }


def test_no_runs_and_no_workers(tmp_path, capsys):
    with pytest.raises(ConfigError, match="sweep: runs: expected one or more"):
        sweep.run({}, tmp_path / "run")
    with pytest.raises(ConfigError, match="sweep: workers: expected a whole number of at least 1"):
        sweep.run(sweep.configs(TINY, {}, seeds=2), tmp_path / "run", workers=0)
    assert main([*WORDS, "--seeds", "2", "--workers", "0", "--out", str(tmp_path / "run")]) == 1
    error = "--workers: workers: expected a whole number of at least 1, got 0"
    assert error in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_if_one_run_fails_the_others_are_finished(tmp_path):
    runs = sweep.configs(TINY, {"lr": [1e30, 0.1]})
    with pytest.warns(RuntimeWarning), pytest.raises(DivergenceError):
        sweep.run(runs, tmp_path / "run", progress=False)
    (row,) = (tmp_path / "run/sweep.csv").read_text().splitlines()[1:]
    assert row.startswith("0.1,")


def test_a_run_of_a_sweep_is_a_run_of_its_own(finished, tmp_path):
    config = sweep.configs(TINY, {"lr": [0.1], "net.width": [2]}, seeds=2)
    (name,) = [name for name in config if name.endswith("seed=1")]
    single_net.run(config[name], tmp_path / "alone", progress=False)
    alone, own = tmp_path / "alone", finished / name
    for table in ("gradients.csv", "confusion.csv", "weights.safetensors"):
        assert (alone / table).read_bytes() == (own / table).read_bytes()
    assert lines_without_times(alone / "metrics.csv") == lines_without_times(own / "metrics.csv")
    assert single_net.report(own) and read_config(own)["lr"] == 0.1


def test_the_table_of_all_runs(finished):
    lines = (finished / "sweep.csv").read_text().splitlines()
    assert lines[0] == "lr,net.width,seed,train_error,test_error,parameters,seconds"
    assert len(lines) == 9 and lines[1].startswith("0.05,1,0,") and lines[8].startswith("0.1,2,1,")
    last = (finished / "lr=0.1,net.width=2,seed=1/metrics.csv").read_text().splitlines()[-1]
    assert lines[8].split(",")[3:5] == last.split(",")[6:8]
    table = sweep.report(finished).splitlines()
    assert len(table) == 9 and table[0].split()[:3] == ["lr", "net.width", "seed"]
    errors = [float(line.split()[5]) for line in table[1:]]
    assert errors == sorted(errors)
    (figure,) = sweep.plot(finished)
    assert figure.stat().st_size > 8000


def test_two_workers_and_added_seeds_give_the_same_table(finished, tmp_path):
    values = {"lr": [0.05, 0.1], "net.width": [1, 2]}
    sweep.run(sweep.configs(TINY, values), tmp_path / "run", progress=False, workers=2)
    runs = sweep.configs(TINY, values, seeds=2)
    with pytest.raises(ConfigError, match="the run in this folder has other settings"):
        sweep.run(runs, tmp_path / "run", resume=True, progress=False)
    sweep.run(runs, tmp_path / "two", progress=False, workers=2)
    found = lines_without_times(tmp_path / "two/sweep.csv")
    assert found == lines_without_times(finished / "sweep.csv")


def test_more_seeds_may_be_added(finished, tmp_path):
    sweep.run(sweep.configs(TINY, {}, seeds=2), tmp_path / "run", progress=False)
    before = (tmp_path / "run/sweep.csv").read_text()
    runs = sweep.configs(TINY, {}, seeds=3)
    sweep.run(runs, tmp_path / "run", resume=True, progress=False)
    after = (tmp_path / "run/sweep.csv").read_text()
    assert after.startswith(before) and len(after.splitlines()) == 4


def test_the_command(tmp_path, capsys):
    out = tmp_path / "run"
    sweep_words = ["--sweep", "lr=0.05,0.1", "--workers", "1", "--out", str(out)]
    assert main([*WORDS, *sweep_words]) == 0
    printed = capsys.readouterr()
    assert "training error" in printed.out and printed.err == ""
    assert main(["plot", str(out)]) == 0 and "sweep.png" in capsys.readouterr().out
    assert main([*WORDS, *sweep_words]) == 1
    assert "go on with it with --resume" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["lr", "lr=", "=1", "lr=0.1,,0.2", "lr=0.1,"])
def test_a_folder_that_is_not_a_sweep(text, capsys):
    with pytest.raises(SystemExit):
        main([*WORDS, "--sweep", text])
    assert "expected NAME=VALUE,VALUE" in capsys.readouterr().err


def test_a_sweep_without_a_finished_run(finished, tmp_path):
    for name in ("config.json", "sweep.csv"):
        text = (finished / name).read_text()
        (tmp_path / name).write_text(text if name == "config.json" else text.splitlines()[0] + "\n")
    with pytest.raises(DataError, match="nothing to show yet: expected at least one finished run"):
        sweep.report(tmp_path)

"""Runs of one net that differ in a setting or in the seed."""

import pytest

from minires.cli import main
from minires.errors import ConfigError, DataError
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
    ],
)
def test_impossible_sweeps(values, seeds, words):
    with pytest.raises(ConfigError, match=words):
        sweep.configs(TINY, values, seeds)


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

"""``minires train`` on several processes started by mpiexec: the same bits, and one message when
something fails."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minires.cli import main
from minires.experiments.records import read_table

from ..times import rows_without_times
from .worlds import ROOT, command, environment, mpiexec, needs_mpi

pytestmark = needs_mpi
TINY = (
    "train --model resnet-8 --net width=2 --image-size 8 --train-size 64 --test-size 40 "
    "--batch-size 15 --iterations 8"
).split()
FAILING = Path(__file__).with_name("failing.py")


def bits(out):
    """Everything that must be the same: weights, and tables without their times."""
    rows = read_table(out / "metrics.csv", ["iteration"], ["net"])
    rows = rows_without_times(rows)
    gradients = (out / "gradients.csv").read_bytes()
    return (out / "weights.safetensors").read_bytes(), gradients, rows


def errors(done):
    """The lines of minires itself, without those of the launcher."""
    return [line for line in done.stderr.splitlines() if "minires" in line and "File" not in line]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The run in one process, ordinary except for its four shards."""
    out = tmp_path_factory.mktemp("one") / "run"
    assert main([*TINY, "--shards", "4", "--out", str(out)]) == 0
    return bits(out)


@pytest.mark.parametrize(
    "ranks", [2, *(pytest.param(ranks, marks=pytest.mark.slow) for ranks in (1, 3, 4))]
)
def test_the_same_bits_on_one_to_four_ranks(tmp_path, expected, ranks):
    done = mpiexec(ranks, "-m", "minires", *TINY, "--shards", 4, "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert bits(tmp_path / "run") == expected
    assert done.stdout.count("written: ") == 1 and done.stdout.count("iteration 8/8") == 1
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["shards"] == 4


@pytest.mark.long
@pytest.mark.slow  # starts several processes four times
def test_ctrl_c_saves_and_the_run_goes_on_with_another_number_of_ranks(tmp_path):
    words = ["-m", "minires", *TINY[:-1], "400", "--out", "run"]
    expected = mpiexec(2, *words[:-1], "whole", cwd=tmp_path)
    assert expected.returncode == 0, expected.stderr
    run = subprocess.Popen(
        command(2, *words), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    table = tmp_path / "run" / "metrics.csv"
    while not table.exists() or table.read_text().count("\n") < 3:
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.05)
    # both MPIs pass SIGTERM on; on Ctrl-C Open MPI ends all processes
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=60)
    assert run.returncode != 0 and said.count("minires:") <= 1
    refused = mpiexec(3, *words, "--resume", cwd=tmp_path)
    assert refused.returncode and "at most 2 ranks, got 3" in errors(refused)[0]
    resumed = mpiexec(1, *words, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


@pytest.mark.slow  # starts several processes
@pytest.mark.parametrize("how, who", [("error", 1), ("error", -1), ("bug", 0), ("bug", -1)])
def test_a_rank_that_fails_ends_all_with_one_message(tmp_path, how, who):
    done = mpiexec(3, FAILING, how, who, *TINY, "--out", "run", cwd=tmp_path, timeout=60)
    rank = "rank 1 of 3: " if who == 1 else ""
    said = {"error": "photo.png: cannot be read", "bug": "IndexError: list index out of range"}[how]
    assert done.returncode and errors(done) == [f"minires: error: {rank}{said}"]
    assert done.stderr.count("Traceback") == (how == "bug")


@pytest.mark.slow  # starts several processes
def test_a_rank_that_is_killed_ends_all(tmp_path):
    done = mpiexec(3, FAILING, "kill", 1, *TINY, "--out", "run", cwd=tmp_path, timeout=60)
    assert done.returncode and not errors(done) and "Traceback" not in done.stderr
    resumed = mpiexec(2, "-m", "minires", *TINY, "--out", "run", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr


@pytest.mark.slow  # starts several processes
@pytest.mark.parametrize(
    "ranks, words, said",
    [
        (3, ["--shards", "2"], "more ranks than parts of a batch: expected at most 2 ranks, got 3"),
        (4, ["--batch-size", "3"], "more parts of a batch than images in it: expected at most 3"),
        (2, ["--device", "gpu"], "--device"),
        (2, ["--seeds", "2"], "trained by one process: expected one process, got 2"),
        (2, ["--model", "resnet-9"], "the nearest is 8"),
    ],
)
def test_an_impossible_run_gets_one_error_and_leaves_no_folder(tmp_path, ranks, words, said):
    done = mpiexec(ranks, "-m", "minires", *TINY, *words, "--out", "run", cwd=tmp_path, timeout=60)
    assert done.returncode and len(errors(done)) == 1 and said in errors(done)[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.slow  # starts several processes
def test_a_wrong_option_gets_one_error(tmp_path):
    done = mpiexec(3, "-m", "minires", "train", "--epoch", "3", cwd=tmp_path, timeout=60)
    assert done.returncode and done.stderr.count("minires train: error:") == 1


@pytest.mark.slow  # starts several processes
def test_ranks_with_other_settings(tmp_path):
    words = command(1, "-m", "minires", *TINY, "--out", "run")
    done = subprocess.run(
        [*words, ":", *words[1:], "--lr", "0.2"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode and len(errors(done)) == 1
    assert "rank 1 of 2: another lr than rank 0: expected 0.1, got 0.2" in errors(done)[0]


@pytest.mark.slow  # starts several processes
def test_the_example_of_the_manual(tmp_path):
    text = (ROOT / "docs" / "many_machines.md").read_text(encoding="utf-8")
    script, *_ = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "together.py").write_text(script, encoding="utf-8")
    printed = {mpiexec(ranks, "together.py", cwd=tmp_path).stdout for ranks in (1, 2, 3)}
    alone = subprocess.run(
        [sys.executable, "together.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert printed == {alone.stdout} and "weights" in alone.stdout

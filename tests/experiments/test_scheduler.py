"""Tasks on worker processes: the same bits, whichever process is killed or stopped."""

import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from minires.errors import ConfigError, DataError, ProcessError
from minires.experiments import degradation, scheduler
from minires.experiments.scheduler import Task, worker
from minires.experiments.scheduler.board import Board
from minires.training.progress import duration

from ..faults import cases
from .degradation.test_training import tables
from .tiny import tiny_preset

TINY = tiny_preset(iterations=60)
POSIX = pytest.mark.skipif(not hasattr(os, "setpgrp"), reason="signals of POSIX")
SCRIPT = """
import sys
from minires.experiments import degradation
from tests.experiments.test_scheduler import TINY
out, workers = sys.argv[1:]
degradation.run(TINY, out, (8, 14), resume=True, progress=False, workers=int(workers))
"""


def run(out, workers, **more):
    degradation.run(TINY, out, (8, 14), progress=False, workers=workers, **more)
    return out


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "one", 1)


@pytest.mark.parametrize("workers", [2, 3])
def test_the_same_tables_with_any_number_of_workers(finished, tmp_path, workers, monkeypatch):
    monkeypatch.setattr("minires.backend.available_cores", lambda: workers)
    run(tmp_path / "run", workers)
    assert tables(tmp_path / "run") == tables(finished)
    assert (tmp_path / "run/gradients.csv").read_bytes() == (
        finished / "gradients.csv"
    ).read_bytes()


# Tasks of the tests. They are classes and functions of the module, since another process finds
# them by name.


@dataclass(frozen=True)
class Note:
    """Writes its name and its process into a file."""

    path: Path
    text: str
    seconds: float = 0.0

    def __call__(self, data, callbacks):
        time.sleep(self.seconds)
        with open(self.path, "a") as file:
            file.write(f"{self.text}\n")
        return os.getpid(), self.text


@dataclass(frozen=True)
class KillItself:
    """Dies as if memory were full, `times` times; after that it finishes."""

    path: Path
    times: int = 1

    def __call__(self, data, callbacks):
        before = self.path.read_text() if self.path.exists() else ""
        self.path.write_text(before + "x")
        if len(before) < self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"


def fail(data, callbacks):
    raise DataError("here", "it does not work")


def look_at(data, callbacks):
    array = data["images"]
    return type(array).__name__, array.flags.writeable, float(array.sum())


def talk(data, callbacks):
    print("a line \x1b[2J of a task")
    print("another", file=sys.stderr)


def results(tasks, data=None, workers=2, **more):
    found = {}
    scheduler.run(
        tasks,
        data,
        workers=workers,
        progress=False,
        on_end=lambda task, result: found.setdefault(task.name, result),
        **more,
    )
    return found


def test_the_longest_task_begins_first_and_none_before_the_tasks_it_needs(tmp_path):
    path = tmp_path / "order"
    tasks = [
        Task("short", Note(path, "short"), cost=1),
        Task("long", Note(path, "long", 1.5), cost=3),
        Task("needs long", Note(path, "needs long"), cost=9, after=("long",)),
        Task("middle", Note(path, "middle"), cost=2),
    ]
    found = results(tasks)
    order = path.read_text().split("\n")
    assert order.index("middle") < order.index("short") and order[-2:] == ["needs long", ""]
    assert len({process for process, _ in found.values()} - {os.getpid()}) == 2


def test_large_arrays_are_in_memory_once():
    images = np.arange(300_000, dtype=np.float32)
    found = results([Task("a", look_at), Task("b", look_at)], {"images": images})
    assert found == dict.fromkeys("ab", ("memmap", False, float(images.sum())))


@POSIX
def test_a_killed_process_costs_no_other_task_anything(tmp_path, capfd):
    tasks = [
        Task("killed", KillItself(tmp_path / "k"), cost=2),
        Task("other", Note(tmp_path / "n", "other", 1.0)),
    ]
    found = results(tasks)
    assert found["killed"] == "done" and (tmp_path / "n").read_text() == "other\n"
    note = "note: the process of killed was killed (SIGKILL(-9)); it goes on from its last"
    assert note in capfd.readouterr().err


@POSIX
def test_it_is_tried_twice(tmp_path):
    tasks = [
        Task("killed", KillItself(tmp_path / "k", times=2), cost=2),
        Task("needs it", Note(tmp_path / "n", "needs it"), after=("killed",)),
        Task("other", Note(tmp_path / "n", "other")),
    ]
    with pytest.raises(ProcessError, match=r"killed: its process was killed twice \(SIGKILL"):
        results(tasks)
    assert (tmp_path / "n").read_text() == "other\n" and (tmp_path / "k").read_text() == "xx"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_waits_for_the_others(tmp_path, capfd, workers):
    tasks = [
        Task("fails", fail, cost=2),
        Task("needs it", Note(tmp_path / "n", "needs it"), after=("fails",)),
        Task("other", Note(tmp_path / "n", "other", 0.5)),
        Task("later", Note(tmp_path / "n", "later"), cost=0.5),
    ]
    with pytest.raises(DataError, match="^here: it does not work$"):
        results(tasks, workers=workers)
    assert sorted((tmp_path / "n").read_text().split()) == ["later", "other"]
    assert workers > 1 or "error: here: it does not work" in capfd.readouterr().err


def test_this_process_keeps_the_order_of_the_tasks(tmp_path):
    tasks = [Task(name, Note(tmp_path / "n", name), cost) for name, cost in (("a", 1), ("b", 2))]
    results(tasks, workers=1)
    assert (tmp_path / "n").read_text() == "a\nb\n"


def test_what_tasks_print_comes_out_line_by_line(capfd):
    results([Task("a", talk), Task("b", talk)])
    assert sorted(capfd.readouterr().err.splitlines()) == [
        "a line \\x1b[2J of a task",
        "a line \\x1b[2J of a task",
        "another",
        "another",
    ]


# Stopped and killed


def start(out, workers, script=SCRIPT, **group):
    process = subprocess.Popen(
        [sys.executable, "-c", script, out, str(workers)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
        **(group or {"start_new_session": True}),
    )
    deadline = time.monotonic() + 180  # on a busy machine
    while process.poll() is None and time.monotonic() < deadline:
        if any(out.glob("nets/*/seed0/gradients.csv")):
            return process
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate())


def workers_of(process):
    """The processes that train. They outlive a killed parent, so list them before."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "loky" in " ".join(_words(child))]


def _words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def check_nothing_lost(out):
    """A net that has made a step has a checkpoint."""
    for folder in out.glob("nets/*/*/"):
        table = folder / "gradients.csv"
        if table.exists() and len(table.read_text().splitlines()) > 1:
            assert list((folder / "checkpoints").iterdir())


def gone(processes, seconds=30):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not alive


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_stopped_run_leaves_no_process_and_goes_on(finished, tmp_path, name):
    """SIGKILL: the workers find out that they are alone, and save."""
    for attempt in range(5):
        out = tmp_path / f"run{attempt}"
        process = start(out, 2)
        processes = workers_of(process)
        assert len(processes) >= 2
        process.send_signal(getattr(signal, name))
        process.communicate(timeout=60)
        assert gone(processes)
        if process.returncode != 0:  # otherwise the run finished before the signal came
            break
    assert process.returncode != 0
    check_nothing_lost(out)
    run(out, 1, resume=True)
    assert tables(out) == tables(finished)


@POSIX
def test_ctrl_c_while_workers_start_is_one_message(tmp_path):
    """A terminal sends it to the workers too, until they have left its process group."""
    words = ["degradation", "--preset", "demo", "--depths", "20", "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "minires", *words, "--out", tmp_path / "run"],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    deadline, starting = time.monotonic() + 100, []
    while process.poll() is None and len(starting) < 2 and time.monotonic() < deadline:
        starting = [one for one in workers_of(process) if "popen_loky" in " ".join(_words(one))]
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert len(starting) == 2 and process.returncode == 130, said
    assert "Traceback" not in said and "was killed" not in said, said
    assert said.count("interrupted") == 1, said


LONG = f"""
from dataclasses import replace
from minires.cli import _signals_as_ctrl_c
from tests.experiments import test_scheduler
test_scheduler.TINY = replace(test_scheduler.TINY, iterations=10**6)
with _signals_as_ctrl_c():
    {SCRIPT.strip().replace(chr(10), chr(10) + "    ")}
"""


def are(processes, stopped, seconds=30):
    """Whether all of the processes stop, or all go on, within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all((one.status() == psutil.STATUS_STOPPED) == stopped for one in processes):
            return True
        time.sleep(0.05)
    return False


@POSIX
@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_ctrl_z_stops_the_workers_too(tmp_path, end):
    """And ``fg`` lets them go on, also to save what they have if the run is then ended."""
    process = start(tmp_path / "run", 2, LONG, process_group=0)
    everyone = [psutil.Process(process.pid), *workers_of(process)]
    try:
        for _ in range(2):
            os.killpg(process.pid, signal.SIGTSTP)  # as the terminal does
            assert are(everyone, stopped=True)
            os.killpg(process.pid, signal.SIGCONT)
            assert are(everyone, stopped=False)
        os.killpg(process.pid, signal.SIGTSTP)  # as the terminal does
        assert are(everyone, stopped=True)
        os.killpg(process.pid, getattr(signal, end))
        os.killpg(process.pid, signal.SIGCONT)  # as `kill %1` does
        process.communicate(timeout=60)
        assert gone(everyone)
    finally:
        for one in everyone:
            if one.is_running():
                one.kill()
    check_nothing_lost(tmp_path / "run")


@POSIX
@pytest.mark.slow
def test_workers_killed_at_random_moments(finished, tmp_path):
    """In a run and its resumes, with one, two or three workers, until it is finished."""
    rng = random.Random(0)
    for case in range(cases(1)):
        out, kills = tmp_path / f"run{case}", 0
        while True:
            process = start(out, rng.choice([2, 3]))
            time.sleep(rng.uniform(0, 1.5))
            if process.poll() is None and (alive := workers_of(process)):
                rng.choice(alive).kill()
                kills += 1
            if rng.random() < 0.5 and process.poll() is None:
                processes = workers_of(process)
                process.kill()
                assert gone(processes)
            process.communicate()
            if process.returncode == 0:
                break
        run(out, 1, resume=True)
        assert tables(out) == tables(finished) and not list(out.rglob("*.part"))


# What a machine has room for


@pytest.mark.parametrize(
    "cores, gigabytes, most, expected",
    [(8, 64, None, 4), (2, 64, None, 2), (8, 2.6, None, 2), (8, 0.1, None, 1), (2, 64, 3, 3)],
)
def test_workers_that_fit(monkeypatch, cores, gigabytes, most, expected):
    monkeypatch.setattr("minires.backend.available_cores", lambda: cores)
    free = SimpleNamespace(available=gigabytes * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    tasks = [Task(str(i), fail, memory=2**30) for i in range(4)]
    assert scheduler.fitting_workers(tasks, most) == expected


def test_more_workers_than_memory(monkeypatch):
    free = SimpleNamespace(available=3 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    tasks = [Task(str(i), fail, memory=2**30) for i in range(4)]
    with pytest.raises(ConfigError, match=r"--workers: not enough memory .* at most 2 .* got 4"):
        scheduler.fitting_workers(tasks, 4)
    assert scheduler.fitting_workers([], 4) == 1


def test_a_system_that_does_not_say_how_much_memory_is_free(monkeypatch):
    def ask():
        raise FileNotFoundError("/proc/meminfo")

    monkeypatch.setattr(psutil, "virtual_memory", ask)
    monkeypatch.setattr("minires.backend.available_cores", lambda: 2)
    assert scheduler.fitting_workers([Task(str(i), fail, memory=2**30) for i in range(4)]) == 2


# What a person sees


def test_how_long_it_will_take(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr("minires.experiments.scheduler.board.time.monotonic", lambda: clock[0])
    tasks = [Task("a", fail, cost=1), Task("b", fail, cost=3)]
    row = {"iteration": 50, "train_loss": 1, "train_error": 2, "test_error": 3, "seconds": 4}
    with Board(tasks) as board:
        board.hear(tasks[0], "step", 0, 100, "")
        board.hear(tasks[1], "step", 50, 100, "")  # resumed: half of the work was done before
        clock[0] = 10
        board.hear(tasks[0], "epoch", 100, row)
        board.show()
    line = capsys.readouterr().out
    assert line.startswith("a: iteration 50/100, loss 1.000") and "all: 40 s left" in line


@pytest.mark.parametrize(
    "seconds, words", [(7, "7 s"), (59.7, "1 min 00 s"), (3600, "1 h 00 min"), (90_000, "25 h")]
)
def test_times_in_words(seconds, words):
    assert words in duration(seconds)


def test_changed_rows_are_restored(finished, tmp_path, capsys):
    out = run(tmp_path / "run", 1)
    text = (out / "metrics.csv").read_text()
    (out / "metrics.csv").write_text(re.sub(r"plain-8,0,(\d+),", r"plain-8,1,\1,", text))
    run(out, 1, resume=True)
    assert "metrics.csv: rows were changed; they are restored" in capsys.readouterr().err
    (out / "gradients.csv").unlink()
    run(out, 1, resume=True)
    assert capsys.readouterr().err == "" and tables(out) == tables(finished)


def test_a_task_that_is_handed_out_while_all_stop_does_not_begin(monkeypatch):
    """Between handing out a task and its beginning a process has to start."""
    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(worker, "post", worker._Post())
    worker.post.connection = theirs
    listener = threading.Thread(target=worker.post.listen, daemon=True)
    listener.start()
    ours.send(worker.STOP)
    while not worker.post.is_stopped:
        time.sleep(0.01)
    assert worker.do(Task("a net", lambda data, callbacks: "a result", 1.0)) == (False, None)
    monkeypatch.setattr(worker.os, "_exit", lambda status: None)
    monkeypatch.setattr(worker._thread, "interrupt_main", lambda: None)
    ours.close()
    listener.join(10)
    assert worker.post.is_alone and not listener.is_alive()

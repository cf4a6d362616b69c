"""Tasks as jobs: in processes that submitit starts here, and with made-up queues that give odd
answers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest.mock
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from minires.cli import main
from minires.errors import ConfigError, DataError, ProcessError
from minires.experiments import claims, degradation, scheduler, sweep
from minires.experiments.claims.frame.run import _Measurement
from minires.experiments.scheduler import Cluster, Task
from minires.experiments.scheduler.agenda import Agenda
from minires.experiments.scheduler.board import QuietBoard
from minires.experiments.scheduler.cluster import files, job, jobs, slurm
from minires.experiments.scheduler.cluster.files import TaskFiles
from minires.experiments.scheduler.cluster.job import Guard, Job
from minires.experiments.scheduler.cluster.queue import CANCELLED, GONE, RUNNING, WAITING, State
from minires.training.config import RunConfig

from .degradation.test_training import tables
from .test_scheduler import TINY, KillItself, Note, fail, gone

pytest.importorskip("submitit", reason="submitit is not installed: pip install minires[cluster]")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="jobs need signals of POSIX")

LOCAL = Cluster("local", parallelism=2)
ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from minires.experiments import degradation, scheduler
from tests.experiments.test_cluster import LONGER
degradation.run(
    LONGER, sys.argv[1], (8, 14), resume=True, progress=False,
    cluster=scheduler.Cluster("local", parallelism=2),
)
"""
LONGER = replace(TINY, iterations=200)  # long enough to be stopped half-way


def run(out, config=TINY, **more):
    degradation.run(config, out, (8, 14), progress=False, **more)
    return out


def results(tasks, folder, cluster=LOCAL, data=None):
    found = {}
    scheduler.run(
        tasks,
        data,
        cluster=cluster,
        folder=folder,
        progress=False,
        on_end=lambda task, result: found.setdefault(task.name, result),
    )
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture(scope="module")
def finished_longer(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "longer", LONGER)


# The same bits


@pytest.mark.parametrize(
    "cluster", [Cluster("debug"), pytest.param(LOCAL, marks=pytest.mark.slow, id="local")]
)
def test_the_same_tables_as_in_this_process(finished, tmp_path, cluster):
    run(tmp_path / "run", cluster=cluster)
    assert tables(tmp_path / "run") == tables(finished)
    for name in ("gradients.csv", "nets/plain-14/seed0/gradients.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes()
    assert json.loads((tmp_path / "run/cluster/jobs.json").read_text()) == {}


def test_a_sweep_by_jobs(tmp_path):
    config = RunConfig.for_data(
        model="resnet-8", net={"width": 2}, image_size=8, train_size=64, test_size=20, iterations=4
    )
    runs = sweep.configs(config, {"lr": [0.05, 0.1]})
    for out, cluster in (("here", None), ("jobs", Cluster("debug"))):
        sweep.run(runs, tmp_path / out, progress=False, cluster=cluster)
    rows = [
        [line.rsplit(",", 1)[0] for line in (tmp_path / out / "sweep.csv").read_text().split()]
        for out in ("here", "jobs")
    ]  # without seconds
    assert rows[0] == rows[1] and len(rows[0]) == 3
    assert (tmp_path / "jobs/cluster/jobs.json").exists()


def signal_after(out, net, kind, number):
    """Signal a net's job once it has reported `kind`; in a thread, since the test waits."""

    def act():
        task = TaskFiles(out.absolute() / "cluster", f"{net}, seed 0")
        deadline = time.monotonic() + 180  # on a busy machine
        while time.monotonic() < deadline:
            if any(said == kind for _, said, _ in task.read(0)):
                os.kill(int(task.writer.read_text().split()[1]), number)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=act)
    thread.start()
    return thread


@pytest.mark.slow
def test_at_its_time_limit_a_job_saves_and_goes_back_into_the_queue(
    finished_longer, tmp_path, capfd
):
    """The signal is the one that SLURM sends before the limit."""
    out = tmp_path / "run"
    thread = signal_after(out, "resnet-14", "epoch", signal.SIGUSR2)
    run(out, LONGER, cluster=LOCAL)
    thread.join()
    note = "(resnet-14, seed 0) has saved and goes back into the queue: its time was over"
    assert note in capfd.readouterr().err
    events = TaskFiles(out.absolute() / "cluster", "resnet-14, seed 0").read(0)
    kinds = [(kind, message) for _, kind, message in events if kind != "epoch"]
    again = [kind for kind, _ in kinds].index("saved")
    assert kinds[again + 1][0] == "begun" and kinds[again + 2][1][0] > 0  # not from its start
    assert tables(out) == tables(finished_longer)


@pytest.mark.slow
def test_a_job_that_is_killed_is_submitted_once_more(finished_longer, tmp_path, capfd):
    out = tmp_path / "run"
    thread = signal_after(out, "plain-14", "epoch", signal.SIGKILL)
    run(out, LONGER, cluster=LOCAL)
    thread.join()
    said = capfd.readouterr().err
    assert "(plain-14, seed 0) is gone (its process ended); it is submitted once more" in said
    assert tables(out) == tables(finished_longer)


# Tasks


@pytest.mark.slow
def test_no_task_begins_before_the_tasks_it_needs(tmp_path):
    path = tmp_path / "order"
    tasks = [
        Task("long", Note(path, "long", 0.5), cost=3),
        Task("needs long", Note(path, "needs long"), cost=9, after=("long",)),
        Task("short", Note(path, "short"), cost=1),
    ]
    found = results(tasks, tmp_path / "run")
    assert path.read_text().split("\n") == ["short", "long", "needs long", ""]
    assert os.getpid() not in {process for process, _ in found.values()}


@pytest.mark.slow
def test_killed_twice_is_an_error_that_names_the_log(tmp_path):
    tasks = [
        Task("killed", KillItself(tmp_path / "k", times=2), cost=2),
        Task("needs it", Note(tmp_path / "n", "needs it"), after=("killed",)),
        Task("other", Note(tmp_path / "n", "other")),
    ]
    with pytest.raises(
        ProcessError, match=r"killed: its job was lost twice .*its log: .*_log\.err"
    ):
        results(tasks, tmp_path / "run")
    assert (tmp_path / "n").read_text() == "other\n" and (tmp_path / "k").read_text() == "xx"


def trip(data, callbacks):
    raise TypeError("a mistake in the code")


def test_an_error_waits_for_the_others_and_the_log_is_named(tmp_path, capfd):
    tasks = [Task("fails", fail, cost=2), Task("other", Note(tmp_path / "n", "other"))]
    with pytest.raises(DataError, match="^here: it does not work$"):
        results(tasks, tmp_path / "run", Cluster("debug"))
    assert (tmp_path / "n").read_text() == "other\n"
    assert "(fails) failed; its log: " in capfd.readouterr().err
    with pytest.raises(ProcessError, match="^trips: TypeError: a mistake in the code$"):
        results([Task("trips", trip)], tmp_path / "run", Cluster("debug"))
    assert "in trip" in capfd.readouterr().err  # the traceback goes into the log


@dataclass(frozen=True)
class Signals:
    """Signals its own process, as a cluster would."""

    number: int

    def __call__(self, data, callbacks):
        os.kill(os.getpid(), self.number)
        time.sleep(30)


def single(task, folder, minutes=1.0):
    files.write_data(make(folder), None)
    return Job(task, folder, Cluster("local", minutes=minutes))


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_work_that_never_fits_into_its_time_is_not_queued_forever(tmp_path):
    outcome, error = single(Task("slow", Signals(signal.SIGUSR2)), tmp_path / "c")()
    assert outcome == "failed" and isinstance(error, ConfigError)
    assert str(error).startswith("--time: slow: expected a longer time limit, got 1 minutes")


def test_being_preempted_early_is_no_reason_to_give_up(tmp_path, monkeypatch):
    """A signal long before the limit does not mean that the work takes too long."""
    requeued = []
    monkeypatch.setattr(job._Stop, "requeue", lambda stop: requeued.append(stop.number))
    outcome = single(Task("quick", Signals(signal.SIGUSR2)), tmp_path / "c", minutes=60)()
    assert outcome == ("saved", None) and requeued == [signal.SIGUSR2]


def test_a_requeue_may_end_the_program_that_asks_for_it():
    """SLURM ends all processes of the job, `scontrol` included."""
    stop = job._Stop()
    for number, ends in ((-signal.SIGTERM, True), (1, False)):
        error = subprocess.CalledProcessError(number, ["scontrol", "requeue"])
        stop.before = unittest.mock.Mock(side_effect=error)
        with pytest.raises(SystemExit) if ends else nullcontext():
            stop.requeue()


def test_where_jobs_may_not_requeue_themselves(tmp_path, monkeypatch):
    answers = {"0": ("saved", None), "1": ("saved", None), "3": ("done", 4)}
    queue = Queue([{"2": State(GONE, "NODE_FAIL")}], answers)  # the only try that failed
    assert watch(monkeypatch, tmp_path, queue, TASKS) == [4] and queue.submitted == 4 * ["a"]


def test_a_cancelled_job_ends_and_does_not_go_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        single(Task("cancelled", Signals(signal.SIGTERM)), tmp_path / "c")()
    assert stopped.value.code == 143 and signal.getsignal(signal.SIGTERM) is before
    assert "saved" not in TaskFiles(tmp_path / "c", "cancelled").events.read_text()


def test_the_last_process_that_began_is_the_one_that_writes(tmp_path, monkeypatch):
    """A lost machine may come back while its net is trained elsewhere."""
    lost, now = (Guard(TaskFiles(tmp_path, "net")) for _ in range(2))
    ended = []
    monkeypatch.setattr(job.os, "_exit", ended.append)
    for event in ("after_step", "on_interrupt"):
        getattr(now, event)(None)
    now.after_epoch(None, {})
    assert ended == []
    lost.after_epoch(None, {})
    lost.on_interrupt(None)
    lost.after_step(None)
    assert ended == [1, 1]  # it checks only now and then, not at each step
    lost.last = 0.0
    lost.after_step(None)
    assert ended == [1, 1, 1]


# Answers of a queue


class Queue:
    """A queue that gives the answers of the test, one at each look."""

    grace, room = 0.0, float("inf")

    def __init__(self, looks, answers=()):
        self.looks, self.answers, self.submitted = list(looks), dict(answers), []
        self.asked = 0

    def submit(self, new):
        self.submitted += [one.task.name for one in new]
        return [str(len(self.submitted) - len(new) + i) for i in range(len(new))]

    def states(self):
        self.asked += 1
        assert self.asked < 100, "it waits for ever"
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def result(self, number):
        return self.answers.get(number)

    def leave(self, numbers):
        return f"{len(numbers)} jobs go on"


def watch(monkeypatch, folder, queue, tasks):
    monkeypatch.setattr(jobs, "_queue", lambda *args: queue)
    monkeypatch.setattr(jobs, "EVERY", 0.0)
    monkeypatch.setattr(jobs.shutil, "which", lambda name: None)
    found = []
    agenda = Agenda(tasks, QuietBoard(tasks), lambda task, result: found.append(result))
    jobs.Jobs(Cluster("slurm"), agenda, None, folder, lambda task: None).run()
    return found


TASKS = [Task("a", fail)]


def test_tasks_wait_for_room_when_nothing_is_watched(tmp_path, monkeypatch):
    """A job's result is there a moment before its process has ended and made room."""

    class Narrow(Queue):
        rooms = [1, 1, 0, 0, 1]

        @property
        def room(self):
            return self.rooms.pop(0) if len(self.rooms) > 1 else self.rooms[0]

    queue = Narrow([{}], {"0": ("done", 7), "1": ("done", 8)})
    tasks = [Task("a", fail, cost=2), Task("b", fail)]
    assert watch(monkeypatch, tmp_path, queue, tasks) == [7, 8]


def test_tasks_that_were_never_begun_are_an_error(tmp_path, monkeypatch):
    queue = Queue([{}], {"0": ("done", 7)})
    with pytest.raises(ProcessError, match="^b: never begun"):
        watch(monkeypatch, tmp_path, queue, [*TASKS, Task("b", fail, after=("no such task",))])


def test_a_lost_job_is_submitted_once_more(tmp_path, monkeypatch, capfd):
    waits = {"0": State(WAITING, "PartitionDown")}
    looks = [waits, waits, None, {"0": State(GONE, "NODE_FAIL")}, {"1": State(RUNNING, "")}]
    queue = Queue(looks, {"1": ("done", 7)})
    assert watch(monkeypatch, tmp_path, queue, TASKS) == [7] and queue.submitted == ["a", "a"]
    said = capfd.readouterr().err
    assert said.count("job 0 (a) waits: PartitionDown") == 1
    assert "job 0 (a) is gone (NODE_FAIL); it is submitted once more; it goes on from" in said


def test_a_job_that_begins_again_elsewhere(tmp_path, monkeypatch, capfd):
    """SLURM has requeued it because its machine was lost. The lost machine still writes, into the
    middle of a line."""
    said = iter(
        [["begun", "n1"], b'["st["step", 1, 2]\n', ["begun", "n2"], ["saved"], ["begun", "n1"]]
    )
    queue = Queue([{"0": State(RUNNING, "")}])
    task = TaskFiles(tmp_path.absolute() / "cluster", "a")

    def states():
        line = next(said, None)
        if line is None:
            queue.answers["0"] = "done", 5
        else:
            make(task.path)
            with open(task.events, "ab") as file:
                file.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        return {"0": State(RUNNING, "")}

    monkeypatch.setattr(queue, "states", states)
    monkeypatch.setattr(jobs, "_alive", lambda *args: {})
    assert watch(monkeypatch, tmp_path, queue, TASKS) == [5] and queue.submitted == ["a"]
    notes = capfd.readouterr().err
    assert notes.count("begins again on") == 1 and "job 0 (a) begins again on n2" in notes
    assert notes.count("has saved") == 1


def test_a_job_that_left_no_log(tmp_path, monkeypatch):
    """For example where the other machines do not see the folder."""
    with pytest.raises(ProcessError, match=r"twice \(FAILED; 1\); it left no log: do all machines"):
        watch(monkeypatch, tmp_path, Queue([{key: State(GONE, "FAILED") for key in "01"}]), TASKS)


def test_a_cancelled_job_is_not_submitted_again(tmp_path, monkeypatch):
    queue = Queue([{"0": State(CANCELLED, "CANCELLED")}])
    with pytest.raises(ProcessError, match="^a: job 0 was cancelled; --resume goes on$"):
        watch(monkeypatch, tmp_path, queue, TASKS)
    assert queue.submitted == ["a"]


def entry(task, number="5", kind="slurm"):
    return {task.name: {"job": number, "kind": kind, "task": files.identity(task)}}


def write_table(folder, content):
    make(folder / "cluster")
    (folder / "cluster/jobs.json").write_text(json.dumps(content))


def test_jobs_of_an_earlier_start_are_found_again(tmp_path, monkeypatch, capfd):
    write_table(tmp_path, entry(TASKS[0]))
    queue, answers = Queue([{"5": State(RUNNING, "")}]), iter([None, None, ("done", 3)])
    monkeypatch.setattr(queue, "result", lambda number: next(answers))
    assert watch(monkeypatch, tmp_path, queue, TASKS) == [3] and queue.submitted == []
    assert "found jobs of an earlier start: 5" in capfd.readouterr().err
    assert json.loads((tmp_path / "cluster/jobs.json").read_text()) == {}


def test_an_error_of_the_waiting_process_says_which_jobs_go_on(tmp_path, monkeypatch, capfd):
    """Here the queue refuses the second try of one job while another runs."""
    queue = Queue([{"0": State(GONE, "FAILED"), "1": State(RUNNING, "")}])
    submit = queue.submit

    def refuse(new):
        if queue.submitted:
            raise ConfigError("sbatch", "no more jobs")
        return submit(new)

    monkeypatch.setattr(queue, "submit", refuse)
    with pytest.raises(ConfigError, match="no more jobs"):
        watch(monkeypatch, tmp_path, queue, [*TASKS, Task("b", fail)])
    assert "note: 1 jobs go on" in capfd.readouterr().err


def test_results_that_an_earlier_start_did_not_collect(tmp_path, monkeypatch):
    """A job that finished while nothing waited for it is not run again. One that failed or vanished
    is submitted again."""
    for answer, submitted in ({"5": ("done", 3)}, []), ({"5": ("failed", None)}, ["a"]):
        write_table(tmp_path, entry(TASKS[0]))
        queue = Queue([{}, {"0": State(RUNNING, "")}], {**answer, "0": ("done", 3)})
        assert watch(monkeypatch, tmp_path, queue, TASKS) == [3] and queue.submitted == submitted


def test_two_jobs_never_train_the_same_net(tmp_path, monkeypatch):
    """A job with other settings, or one that is in no table, is an error."""
    write_table(tmp_path, entry(Task("a", Note(tmp_path, "another"))))
    queue = Queue([{"5": State(WAITING, "Resources")}])
    with pytest.raises(ConfigError, match="a: job 5 still does this task with other settings"):
        watch(monkeypatch, tmp_path, queue, TASKS)
    write_table(tmp_path, entry(TASKS[0]))
    with pytest.raises(ConfigError, match="job 6 of this run is not in jobs.json"):
        watch(monkeypatch, tmp_path, Queue([dict.fromkeys("56", State(RUNNING, ""))]), TASKS)
    assert queue.submitted == []


def test_workers_refuse_a_folder_with_jobs(tmp_path, monkeypatch):
    write_table(tmp_path, entry(TASKS[0]))
    monkeypatch.setattr(jobs, "_queue", lambda *args: Queue([{"5": State(RUNNING, "")}]))
    with pytest.raises(ConfigError, match="--cluster: 1 job still trains there: .* got 5"):
        scheduler.run(TASKS, folder=tmp_path)
    monkeypatch.setattr(jobs, "_queue", lambda *args: Queue([None]))
    with pytest.raises(ProcessError, match="squeue does not answer"):
        scheduler.run(TASKS, folder=tmp_path)
    monkeypatch.setattr(jobs, "_queue", lambda *args: Queue([{"5": State(GONE, "FAILED")}]))
    with pytest.raises(DataError, match="it does not work"):
        scheduler.run(TASKS, folder=tmp_path)


def test_ctrl_c_says_which_jobs_go_on(tmp_path, monkeypatch, capfd):
    queue = Queue([{}])
    monkeypatch.setattr(queue, "states", unittest.mock.Mock(side_effect=KeyboardInterrupt))
    monkeypatch.setattr(jobs, "_alive", lambda *args: {})
    with pytest.raises(KeyboardInterrupt):
        watch(monkeypatch, tmp_path, queue, TASKS)
    assert "note: 1 jobs go on" in capfd.readouterr().err
    table = json.loads((tmp_path / "cluster/jobs.json").read_text())
    assert table == entry(TASKS[0], "0")


def test_the_output_of_squeue(monkeypatch, tmp_path):
    said = """7_0|RUNNING|None
7_1|PENDING|Resources
7_2|CANCELLED|None
7_3|NODE_FAIL|NodeDown
7_4|OUT_OF_MEMORY|OutOfMemory
7_5|COMPLETED|None
"""
    answer = SimpleNamespace(stdout=said)
    monkeypatch.setattr(slurm.subprocess, "run", lambda *args, **more: answer)
    queue = slurm.Slurm(Cluster("slurm"), tmp_path, "minires-1")
    assert queue.states() == {
        "7_0": (RUNNING, ""),
        "7_1": (WAITING, "Resources"),
        "7_2": (CANCELLED, "CANCELLED"),
        "7_3": (GONE, "NODE_FAIL"),
        "7_4": (GONE, "OUT_OF_MEMORY"),
        "7_5": (GONE, "COMPLETED"),
    }
    assert "1 jobs go on and 1 wait" in queue.leave(["7_0", "7_1"])


def test_while_squeue_does_not_answer_no_job_counts_as_gone(monkeypatch, tmp_path):
    """Between two calls of squeue, too: an outage lasts longer than these few seconds."""
    now, answer = [0.0], [OSError()]

    def squeue(*args, **more):
        if isinstance(answer[0], OSError):
            raise answer[0]
        return SimpleNamespace(stdout=answer[0])

    monkeypatch.setattr(slurm.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(slurm.subprocess, "run", squeue)
    queue = slurm.Slurm(Cluster("slurm"), tmp_path, "minires-1")

    def looks():
        """The states at three looks, of which the first calls squeue."""
        now[0] += slurm.BETWEEN_LOOKS
        return [queue.states() for _ in range(3)]

    running = {"7": (RUNNING, "")}
    assert looks() == [None] * 3
    answer[0] = "7|RUNNING|None\n"
    assert looks() == [running] * 3
    answer[0] = OSError()
    assert looks() == [None] * 3
    assert "2 jobs go on or wait" in queue.leave(["7", "8"])


def test_a_damaged_table_of_jobs(tmp_path):
    for content in ("{", "[]", '{"a": 1}', '{"a": {"job": "1"}}'):
        make(tmp_path / "cluster")
        (tmp_path / "cluster/jobs.json").write_text(content)
        with pytest.raises(DataError, match="jobs.json: cannot be read: .* delete it"):
            scheduler.run(TASKS, folder=tmp_path)


def test_another_process_recognises_a_task(tmp_path):
    claim = next(iter(claims.CLAIMS.values()))
    code = (
        "from minires.experiments import claims\n"
        "from minires.experiments.claims.frame.run import _Measurement\n"
        "from minires.experiments.scheduler import Task\n"
        "from minires.experiments.scheduler.cluster.files import identity\n"
        "claim = next(iter(claims.CLAIMS.values()))\n"
        "print(identity(Task('a', _Measurement(claim, 0))))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    here = [files.identity(Task("a", _Measurement(claim, seed))) for seed in (0, 1)]
    assert there.stdout.strip() == here[0] != here[1]


# The process that waits is stopped or killed


def start(out):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, out],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 180  # on a busy machine
    while process.poll() is None and time.monotonic() < deadline:
        if list(out.glob("nets/*/seed0/checkpoints/*")):
            return process
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def jobs_of(process):
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "submitit" in " ".join(child.cmdline())]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_stopped_run_goes_on(finished_longer, tmp_path, capfd, name):
    """After SIGKILL the jobs go on, and the next start finds them."""
    out = tmp_path / "run"
    process = start(out)
    its = jobs_of(process)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60) if name == "SIGINT" else (process.wait(60), "")
    if name == "SIGINT":
        assert "jobs on this machine have saved and ended" in said and gone(its)
        rows = (out / "nets/plain-14/seed0/metrics.csv").read_text().splitlines()
        assert len(rows) <= LONGER.iterations // 4  # stopped half-way, 4 steps an epoch
        run(out, LONGER, resume=True)
    else:
        with pytest.raises(ConfigError, match="--cluster: 2 jobs still train there"):
            run(out, LONGER, resume=True)
        run(out, LONGER, resume=True, cluster=LOCAL)
        assert "found jobs of an earlier start: " in capfd.readouterr().err and gone(its)
        events = TaskFiles(out.absolute() / "cluster", "resnet-14, seed 0").read(0)
        assert [kind for _, kind, _ in events].count("begun") == 1
    assert tables(out) == tables(finished_longer)


# The command


SMALL = "--depths 8 --iterations 2 --train-size 128 --width 2 --image-size 8".split()


def test_a_script_is_printed_and_not_submitted(tmp_path, capfd, monkeypatch):
    out = tmp_path / "a folder"
    command = ["degradation", *SMALL, "--out", str(out)]
    more = ["--partition", "short", "--time", "30", "--array-parallelism", "3"]
    assert main([*command, "--cluster", "script", *more]) == 0
    script = capfd.readouterr().out
    assert script.startswith("#!/bin/bash\n") and not list(out.glob("nets/*"))
    for line in ("--partition=short", "--time=30", "--array=0-1%3", "--signal=USR2@90"):
        assert f"#SBATCH {line}\n" in script
    for number in "01":  # srun is for machines that have it
        subprocess.run(
            ["bash", "-e"],
            input=script.replace("srun ", ""),
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "SLURM_ARRAY_TASK_ID": number, "PYTHONPATH": str(ROOT)},
        )
    with monkeypatch.context() as patch:  # while its jobs are in the queue
        patch.setattr(jobs.shutil, "which", lambda name: name)
        patch.setattr(jobs, "_queue", lambda *args: Queue([{"5_0": State(WAITING, "")}]))
        assert main([*command, "--resume"]) == 1
        assert "--cluster: 1 job still trains there" in capfd.readouterr().err
    before = {path: path.read_bytes() for path in out.glob("nets/*/*/checkpoints/*")}
    assert len(before) == 2
    assert main([*command, "--resume"]) == 0 and "plain-8" in capfd.readouterr().out
    assert {path: path.read_bytes() for path in before} == before  # nothing was trained again


@pytest.mark.parametrize(
    "words, error",
    [
        ("degradation --partition p", "--partition: applies only to jobs of a cluster: expected"),
        ("claims --time 5", "--time: applies only to jobs of a cluster: expected --cl"),
        (
            "degradation --cluster local --partition p",
            "--partition: has no use here: expected --cluster slurm or script, got --cluster local",
        ),
        ("claims --cluster debug --time 5", "--time: has no use here"),
        ("degradation --cluster slurm --workers 2", "--workers: cannot be combined with --cluster"),
        ("train --seeds 2 --workers 2 --cluster local", "--workers: cannot be combined with"),
        ("train --cluster local", "--cluster: a job for each net: expected --seeds or --sweep"),
        ("degradation --cluster slum", "--cluster: unknown cluster: expected one of slurm, local"),
        ("degradation --cluster slurm", "--cluster slurm: sbatch was not found"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, monkeypatch, capsys, words, error):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(words.split()) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"minires: error: {error}") and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def write_sbatch(folder, monkeypatch, *lines):
    sbatch = make(folder / "bin") / "sbatch"
    words = "\n".join(f"echo '{line}' >&2" for line in lines)
    sbatch.write_text(f"#!/bin/sh\n{words}\nexit 1\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sbatch.parent}{os.pathsep}{os.environ['PATH']}")


def test_a_queue_whose_machines_are_down_is_waited_for(tmp_path, monkeypatch):
    words = "allocation failure: Requested node configuration is not available"
    write_sbatch(tmp_path, monkeypatch, words)
    Cluster("slurm").check()


def test_errors_of_sbatch(tmp_path, monkeypatch, capsys):
    write_sbatch(
        tmp_path,
        monkeypatch,
        "sbatch: error: invalid partition specified: nope",
        "allocation failure: Invalid partition name specified",
    )
    words = ["--cluster", "slurm", "--partition", "nope", "--out", str(tmp_path / "out")]
    assert main(["degradation", *words]) == 1
    assert capsys.readouterr().err.startswith(
        "minires: error: sbatch: error: invalid partition specified: nope allocation failure: "
        "Invalid partition name specified; sinfo lists"
    )
    assert not (tmp_path / "out").exists()


def test_submitit_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "submitit", None)
    assert main(["degradation", "--cluster", "local", "--out", str(tmp_path / "out")]) == 1
    assert 'submitit is not installed; pip install "minires[cluster]"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

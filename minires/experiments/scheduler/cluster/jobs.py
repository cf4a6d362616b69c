"""The process that waits for a cluster: it submits jobs, follows their progress and gathers their
results.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ....amounts import counted
from ....errors import ConfigError, MiniresError, ProcessError
from ..agenda import Agenda
from ..task import Data, Task
from .files import (
    DONE,
    JOBS,
    SAVED,
    JobTable,
    TaskFiles,
    folder_in,
    identity,
    log_of,
    logs_in,
    name_in_queue,
    write_data,
)
from .job import Job
from .local import Debug, Local
from .queue import CANCELLED, GONE, RUNNING, WAITING, Queue, State
from .settings import Cluster
from .slurm import Slurm

EVERY = 1.0  # seconds between two looks at the shared folder
#: Reasons of SLURM for which jobs usually wait. For any other reason a note is printed.
USUAL = {"", "None", "Priority", "Resources", "BeginTime", "JobArrayTaskLimit", "Dependency"}


class _Watched:
    """What the waiting process knows about one job."""

    def __init__(self, task: Task, files: TaskFiles, has_begun: bool = False) -> None:
        self.task, self.files, self.has_begun = task, files, has_begun
        self.read_to = files.size()  # events of earlier jobs are not read again
        self.gone_since: float | None = None  # when the queue first said so
        self.waits_for = ""  # the reason that SLURM gave last


class Jobs:
    """The jobs of one run.

    Parameters
    ----------
    cluster : Cluster
    agenda : Agenda
        The tasks.
    data : object
        Given to every task.
    run : Path
        The folder of the run.
    on_epoch : callable
        ``on_epoch(task)`` is called after each epoch of a training.

    Raises
    ------
    DataError
        If the table of jobs in the folder is damaged.
    """

    def __init__(
        self,
        cluster: Cluster,
        agenda: Agenda,
        data: Data,
        run: Path,
        on_epoch: Callable[[Task], object],
    ) -> None:
        self.cluster, self.agenda, self.on_epoch = cluster, agenda, on_epoch
        self.folder, self.board = folder_in(run), agenda.board
        self.logs = logs_in(self.folder)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.table = JobTable(self.folder)
        self.queue = _queue(cluster.kind, cluster, self.folder, self.table)
        self.watched: dict[str, _Watched] = {}  # by the number of the job
        if agenda.waiting:
            write_data(self.folder, data)

    def run(self) -> None:
        """Do all tasks. Raises the errors of `scheduler.run`."""
        try:
            self.find_again()
            while self.hand_out() or self.watched or self.waits_for_room():
                self.listen()
                time.sleep(EVERY * bool(self.watched or self.agenda.waiting))
            self.agenda.check()
        except BaseException:  # Ctrl-C, or a file that this process cannot write
            if self.watched:
                self.board.say(f"note: {self.queue.leave(list(self.watched))}")
            raise

    def find_again(self) -> None:
        """Watch the jobs of this run that an earlier start has left behind.

        Raises ConfigError if other jobs may still write into the folder of the run.
        """
        alive = _alive(self.folder, self.table)
        for name, entry in list(self.table.jobs.items()):
            number = entry["job"]
            task = next((one for one in self.agenda.waiting if one.name == name), None)
            is_same = task is not None and entry["task"] == identity(task)
            if number in alive and (not is_same or entry["kind"] != self.cluster.kind):
                raise _still_at_work(
                    f"{name}: job {number} still does this task with other settings", number
                )
            result = self.queue.result(number) if entry["kind"] == self.cluster.kind else None
            if task is not None and is_same and (number in alive or result and result[0] == DONE):
                self.agenda.take(name)
                is_running = number in alive and alive[number].kind == RUNNING
                files = TaskFiles(self.folder, name)
                self.watched[number] = _Watched(task, files, has_begun=is_running)
            elif number not in alive:
                del self.table.jobs[name]
        if unknown := alive.keys() - {one["job"] for one in self.table.jobs.values()}:
            number = min(unknown)
            raise _still_at_work(f"job {number} of this run is not in jobs.json", number)
        if self.watched:
            self.board.say(f"note: found jobs of an earlier start: {', '.join(self.watched)}")

    def hand_out(self) -> bool:
        """Submit the tasks that wait for no others, as far as the queue has room. Returns whether
        there were any.
        """
        tasks: list[Task] = []
        while len(tasks) < self.queue.room and (task := self.agenda.take()) is not None:
            tasks.append(task)
        if not tasks:
            return False
        numbers = self.queue.submit([Job(task, self.folder, self.cluster) for task in tasks])
        for number, task in zip(numbers, tasks):
            self.watched[number] = _Watched(task, TaskFiles(self.folder, task.name))
            if self.cluster.kind != "debug":
                entry = {"job": number, "kind": self.cluster.kind, "task": identity(task)}
                self.table.jobs[task.name] = entry
        self.table.write()
        others = f" and {len(tasks) - 1} more" if tasks[1:] else ""
        self.board.say(f"note: job {numbers[0]} ({tasks[0].name}){others}; logs: {self.logs}")
        return True

    def waits_for_room(self) -> bool:
        """Whether there are tasks that wait only because the queue takes no more jobs now.

        That can happen without any job to watch, when a job has returned its result and its
        process has not ended yet.
        """
        return bool(self.agenda.waiting) and self.queue.room < 1

    def listen(self) -> None:
        """Read the events of all jobs, and see which of them have ended."""
        states = self.queue.states()
        for number, one in list(self.watched.items()):
            self.read(number, one)
            if (outcome := self.queue.result(number)) is not None:
                self.read(number, one)
                self.end(number, one, *outcome)
            elif states is not None:
                self.look(number, one, states.get(number, State(GONE, "unknown to the queue")))
        self.board.show()

    def read(self, number: str, one: _Watched) -> None:
        """Read the new events of one job, and show them."""
        epochs = False
        for end, kind, message in one.files.read(one.read_to):
            one.read_to = end
            if kind == "begun":
                if one.has_begun:
                    self.board.say(
                        f"note: job {number} ({one.task.name}) begins again on {message[0]}, from "
                        "its last checkpoint: its machine was lost, or other jobs had priority"
                    )
                one.has_begun = True
            elif kind == "saved":
                one.has_begun = False
                self.board.say(
                    f"note: job {number} ({one.task.name}) has saved and goes back into the "
                    "queue: its time was over, or other jobs had priority"
                )
            else:
                self.board.hear(one.task, kind, *message)
                epochs |= kind == "epoch"
        if epochs:
            self.on_epoch(one.task)

    def look(self, number: str, one: _Watched, state: State) -> None:
        """Deal with the state that the queue reports for a job without a result."""
        if state.kind in (WAITING, RUNNING):
            one.gone_since = None
            if state.words not in USUAL | {one.waits_for}:
                self.board.say(f"note: job {number} ({one.task.name}) waits: {state.words}")
            one.waits_for = state.words
            return
        one.gone_since = one.gone_since or time.monotonic()
        if time.monotonic() - one.gone_since >= self.queue.grace:
            self.lose(number, one, state)

    def end(self, number: str, one: _Watched, outcome: str, result: Any) -> None:
        """Deal with a job that has returned a result."""
        if outcome == DONE:
            self.agenda.end(one.task, result)
            self.forget(number, one)  # only now, when its result has been recorded
        elif outcome == SAVED:  # the cluster does not let a job requeue itself
            self.forget(number, one)
            self.agenda.again(one.task)
        else:
            log = log_of(self.logs, number)
            self.board.say(f"note: job {number} ({one.task.name}) failed; its log: {log}")
            self.forget(number, one)
            self.agenda.fail(one.task, result)

    def lose(self, number: str, one: _Watched, state: State) -> None:
        """Deal with a job that has ended without a result."""
        self.forget(number, one)
        name, log = one.task.name, log_of(self.logs, number)
        if state.kind == CANCELLED:
            error = ProcessError(name, f"job {number} was cancelled", todo="--resume goes on")
            self.agenda.fail(one.task, error)
            return
        todo = f"its log: {log}"
        if not log.exists():
            todo = f"it left no log: do all machines see the folder {self.logs}?"
        self.agenda.lost(
            one.task,
            f"job {number} ({name}) is gone ({state.words}); it is submitted once more",
            ProcessError(name, f"its job was lost twice ({state.words}; {number})", todo=todo),
        )

    def forget(self, number: str, one: _Watched) -> None:
        """Stop watching a job, and remove it from the table."""
        del self.watched[number]
        if self.table.jobs.pop(one.task.name, None):
            self.table.write()


def _queue(kind: str, cluster: Cluster, folder: Path, table: JobTable) -> Queue:
    """The queue for jobs of this kind."""
    logs = logs_in(folder)
    if kind == "slurm":
        return Slurm(cluster, logs, name_in_queue(folder))
    if kind == "local":
        numbers = [one["job"] for one in table.jobs.values() if one["kind"] == "local"]
        return Local(cluster, logs, numbers)
    return Debug(logs)


def _alive(folder: Path, table: JobTable) -> dict[str, State]:
    """The jobs of this run that wait or run, by number."""
    alive: dict[str, State] = {}
    kinds = {one["kind"] for one in table.jobs.values()}
    if (folder / JOBS).exists() and shutil.which("squeue"):
        kinds.add("slurm")  # jobs of a script are not in the table
    for kind in kinds:
        states = _queue(kind, Cluster(kind), folder, table).states()
        if states is None:
            raise ProcessError(
                str(folder),
                "squeue does not answer",
                todo="try later, or delete jobs.json there if no job of this run is left",
            )
        alive |= {key: one for key, one in states.items() if one.kind in (WAITING, RUNNING)}
    return alive


def check_no_jobs(run: Path) -> None:
    """Raise ConfigError if jobs may still train in the folder of a run, on any machine, and
    ProcessError if the queue does not say whether there are any.
    """
    folder = folder_in(run)
    table = JobTable(folder)
    may_have_some = table.jobs or (folder / JOBS).exists()
    if may_have_some and (alive := _alive(folder, table)):
        raise _still_at_work(
            counted(len(alive), "job still trains there", "jobs still train there"),
            ", ".join(sorted(alive)),
        )


def _still_at_work(what: str, numbers: str) -> MiniresError:
    todo = "go on with the same --cluster, or end them: scancel, or kill for processes here"
    return ConfigError("--cluster", what, "one process at a time in a net's folder", numbers, todo)

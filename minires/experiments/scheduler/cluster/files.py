"""The files through which a run and its jobs exchange information, in a folder that all machines
see.
"""

import hashlib
import json
import os
import re
import socket
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib

from ....errors import DataError, ProcessError
from ....names import shortened
from ....serialization.files import append_bytes, write_bytes
from ..task import Data, Task

# How a job ended: with a result, with an error, or, where jobs cannot go back into the queue by
# themselves, with a saved training that is not done.
DONE, FAILED, SAVED = "done", "failed", "saved"
JOBS = "script"  # the file with all jobs of a script, by number


def folder_in(run: Path) -> Path:
    """The folder ``cluster`` in the folder of a run."""
    return run.absolute() / "cluster"


def logs_in(folder: Path) -> Path:
    """The folder with the output and the results of jobs, in a run's folder ``cluster``."""
    return folder / "logs"


def name_in_queue(folder: Path) -> str:
    """The name of all jobs of this run in a cluster's queue. No other run has the same name."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    return f"minires-{digest}"


def write_data(folder: Path, data: Data) -> None:
    """Write the data for all jobs. A job that reads the file meanwhile gets the whole old one."""
    unfinished = folder / f".data.{os.getpid()}.part"
    try:
        joblib.dump(data, unfinished)
        unfinished.replace(folder / "data")
    finally:
        unfinished.unlink(missing_ok=True)


def read_data(folder: Path) -> Data:
    """The data that `write_data` has written, in memory. The file is not needed afterwards."""
    return joblib.load(folder / "data")


def read_result(logs: Path, number: str) -> Any:
    """The result of a job, an (outcome, result) as from `Job`; None if it has not returned yet."""
    path = logs / f"{number}_0_result.pkl"
    with suppress(OSError):  # changing a folder makes a network file system show its new files
        logs.chmod(logs.stat().st_mode)
    if not path.exists():
        return None
    outcome, result = joblib.load(path)
    return result if outcome == "success" else (FAILED, ProcessError(number, result))


def log_of(logs: Path, number: str) -> Path:
    """The file with the messages and errors that a job has printed."""
    return logs / f"{number}_0_log.err"


def identity(task: Task) -> str:
    """A hash of a task's name and settings, the same in every process."""
    # Addresses in memory differ from process to process.
    words = re.sub(r" at 0x[0-9a-f]+", "", f"{task.name} {task.work!r}")
    return hashlib.sha256(words.encode("utf-8", "backslashreplace")).hexdigest()[:16]


class JobTable:
    """``jobs.json``: the job of each task that is not done yet.

    Parameters
    ----------
    folder : Path
        The run's folder ``cluster``.

    Raises
    ------
    DataError
        If the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "jobs.json"
        # name of a task -> number of its "job", "kind" of cluster, and "task", its `identity`
        self.jobs: dict[str, dict[str, str]] = {}
        try:
            self.jobs = json.loads(self.path.read_text(encoding="utf-8"))
            if not all(one.keys() == {"job", "kind", "task"} for one in self.jobs.values()):
                raise ValueError("other entries")
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError) as error:
            todo = "if no job of this run is left (squeue --me), delete it"
            raise DataError(
                str(self.path), "cannot be read", "the table of a run's jobs", str(error), todo
            ) from None

    def write(self) -> None:
        """Write the file in one step. Raises CheckpointError if that fails."""
        write_bytes(self.path, json.dumps(self.jobs, indent=1).encode())


class TaskFiles:
    """The files of one task: its progress, and which process may write for it.

    Parameters
    ----------
    folder : Path
        The run's folder ``cluster``.
    name : str
        Name of the task.
    """

    def __init__(self, folder: Path, name: str) -> None:
        digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
        readable = shortened(re.sub(r"[^\w.=-]+", "-", name, flags=re.ASCII), 80)
        self.path = folder / "tasks" / f"{readable}-{digest}"
        self.events, self.writer = self.path / "events.jsonl", self.path / "writer"

    def send(self, kind: str, *message: Any) -> None:
        """Append a message to the file of events."""
        append_bytes(self.events, (json.dumps([kind, *message]) + "\n").encode())

    def size(self) -> int:
        """The size of the file of events in bytes; 0 if there is none."""
        return self.events.stat().st_size if self.events.exists() else 0

    def read(self, start: int) -> Iterator[tuple[int, str, list[Any]]]:
        """Yield the events from byte `start` on, each as (position after it, kind, message).

        Lines that are no valid JSON are left out: a last line that is still being written, and
        lines that two machines have written into each other.
        """
        if not self.events.exists():
            return
        with open(self.events, "rb") as file:
            file.seek(start)
            for line in file:
                start += len(line)
                try:
                    kind, *message = json.loads(line)
                except (ValueError, TypeError):
                    continue
                yield start, kind, message

    def take(self) -> str:
        """Make this process the one that writes for the task. Returns a token for `is_mine`."""
        self.path.mkdir(parents=True, exist_ok=True)
        token = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"
        write_bytes(self.writer, token.encode())
        return token

    def is_mine(self, token: str) -> bool:
        """Whether no other process has taken over since `take` returned `token`."""
        return self.writer.read_bytes() == token.encode()

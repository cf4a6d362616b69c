"""What a run and its jobs write for each other, in a folder that all machines see."""

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

DONE, FAILED = "done", "failed"  # how a job ended, with what it returned or raised
SAVED = "saved"  # or, where jobs may not go back into the queue, before it was done
JOBS = "script"  # the file of the jobs of a script, by number


def folder_in(run: Path) -> Path:
    """The folder for all this in that of a run."""
    return run.absolute() / "cluster"


def logs_in(folder: Path) -> Path:
    return folder / "logs"


def name_in_queue(folder: Path) -> str:
    """What all jobs of this run are called in a cluster's queue, and no others."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    return f"minires-{digest}"


def write_data(folder: Path, data: Data) -> None:
    """Hand `data` to all jobs. One that reads the file meanwhile gets the old one, whole."""
    unfinished = folder / f".data.{os.getpid()}.part"
    try:
        joblib.dump(data, unfinished)
        unfinished.replace(folder / "data")
    finally:
        unfinished.unlink(missing_ok=True)


def read_data(folder: Path) -> Data:
    """What `write_data` wrote, read into memory: a job does not need the file afterwards."""
    return joblib.load(folder / "data")


def read_result(logs: Path, number: str) -> Any:
    """What a job has returned, through submitit; None if it has not."""
    path = logs / f"{number}_0_result.pkl"
    with suppress(OSError):  # a network's file system looks at a folder anew when that changes
        logs.chmod(logs.stat().st_mode)
    if not path.exists():
        return None
    outcome, result = joblib.load(path)
    return result if outcome == "success" else (FAILED, ProcessError(number, result))


def log_of(logs: Path, number: str) -> Path:
    """The file that holds what a job has printed about what went wrong."""
    return logs / f"{number}_0_log.err"


def identity(task: Task) -> str:
    """A digest of what a task does: of its name and settings, not of where it lies in memory."""
    words = re.sub(r" at 0x[0-9a-f]+", "", f"{task.name} {task.work!r}")
    return hashlib.sha256(words.encode("utf-8", "backslashreplace")).hexdigest()[:16]


class JobTable:
    """``jobs.json``: which job does which task, as long as the task is not done.

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
        self.jobs: dict[str, dict[str, str]] = {}  # task -> its "job", "kind" and "task" (digest)
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
        """Write it whole. Raises CheckpointError if that fails."""
        write_bytes(self.path, json.dumps(self.jobs, indent=1).encode())


class TaskFiles:
    """How far a task has come, and which process may write for it.

    Parameters
    ----------
    folder : Path
        The run's folder ``cluster``.
    name : str
        The task's.
    """

    def __init__(self, folder: Path, name: str) -> None:
        digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
        readable = shortened(re.sub(r"[^\w.=-]+", "-", name, flags=re.ASCII), 80)
        self.path = folder / "tasks" / f"{readable}-{digest}"
        self.events, self.writer = self.path / "events.jsonl", self.path / "writer"

    def send(self, kind: str, *message: Any) -> None:
        """Add a line to the events."""
        append_bytes(self.events, (json.dumps([kind, *message]) + "\n").encode())

    def size(self) -> int:
        """Bytes of events so far."""
        return self.events.stat().st_size if self.events.exists() else 0

    def read(self, start: int) -> Iterator[tuple[int, str, list[Any]]]:
        """Events from byte `start` on, as (byte after it, kind, message).

        The last line may still be growing; one that two machines have written into each other is
        left out.
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
        """Make this process the one that writes. Returns the token that `is_mine` takes."""
        self.path.mkdir(parents=True, exist_ok=True)
        token = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"
        write_bytes(self.writer, token.encode())
        return token

    def is_mine(self, token: str) -> bool:
        """Whether no other process has taken over since `take` returned `token`."""
        return self.writer.read_bytes() == token.encode()

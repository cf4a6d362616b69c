"""What is kept of a class between two runs, in ``results/`` of the folder of the reports: the
result of each notebook, and the hidden seed that all were marked with. All of it is signed.

Tables and reports are made anew from these records in every run, so that editing a table changes no
marks.
"""

import json
import secrets
from pathlib import Path
from typing import Any

from ..serialization.files import remove_unfinished, write_bytes
from .discover import Entry
from .result import Result
from .signing import Signer, fingerprint, key_file, user_key

LARGEST_SEED = 10**18  # nobody tries so many


class Records:
    """The records of one folder; `notes` says in lines what was found to be wrong with them.

    Parameters
    ----------
    out : Path
        The folder of the reports.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out / "results"
        self.changed: list[str] = []  # lines
        self.other_key = 0  # records that this key did not sign
        self.no_key: str | None = None  # why none could be kept
        try:
            key = user_key()
        except OSError as error:
            self.no_key = f"{key_file()}: {error.strerror or error}"
            key = secrets.token_bytes(32)  # holds for this run
        self.signer = Signer(key)

    @property
    def notes(self) -> list[str]:
        """Lines for the instructor."""
        lines = list(self.changed)
        if self.other_key:
            lines.append(
                f"{self.other_key} records were signed with another key than {key_file()}, as "
                "when they come from another machine or the key was lost: marked again"
            )
        if self.no_key:
            lines.append(
                f"no key can be kept ({self.no_key}): what is marked now is marked again next time"
            )
        return lines

    def seed(self, fixed: int | None = None) -> int:
        """The hidden seed of this class.

        Parameters
        ----------
        fixed : int, optional
            The one to use from now on; by default the one that is kept here, else a new one.
        """
        path = self.folder / "seed.json"
        found, record = self._read(path)
        if found == "changed":
            self.changed.append("the hidden seed was changed since it was written: another is used")
        kept = record["seed"] if found == "right" else None
        seed = next(
            (one for one in (fixed, kept) if one is not None), secrets.randbelow(LARGEST_SEED)
        )
        if seed != kept:
            self._write(path, {"seed": seed})
        return seed

    def load(self, entry: Entry, digest: str) -> Result | None:
        """The result of the same notebook marked before, or None."""
        folder = self.folder / entry.key
        found, record = self._read(folder / "result.json")
        is_of = f"{record.get('student')}/{record.get('assignment')}"
        if found == "right" and is_of != f"{entry.student}/{entry.assignment}":
            found = "changed"
        if found == "right" and record["digest"] != digest:
            return None  # of an older notebook, other tests or another seed
        figures = []
        if found == "right":
            for number, (label, expected) in enumerate(record["figures"], 1):
                try:
                    picture = (folder / f"figure-{number}.png").read_bytes()
                except OSError:
                    picture = b""
                figures.append((label, picture))
                if fingerprint(picture) != expected:
                    found = "changed"
        if found == "right":
            return Result.from_record(record["result"], figures)
        if found == "changed":
            self.changed.append(
                f"marks of {entry.student}/{entry.assignment} were changed since they were "
                "written; marked again"
            )
        return None

    def save(self, entry: Entry, digest: str, result: Result) -> None:
        """Keep a result."""
        folder = self.folder / entry.key
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder, only_writer=True)  # of a run that was killed
        for old in folder.glob("figure-*.png"):
            old.unlink()
        for number, (_, picture) in enumerate(result.figures, 1):
            (folder / f"figure-{number}.png").write_bytes(picture)
        record = {
            "student": entry.student,
            "assignment": entry.assignment,
            "digest": digest,
            "figures": [[label, fingerprint(picture)] for label, picture in result.figures],
            "result": result.record(),
        }
        self._write(folder / "result.json", record)  # last: without it the others do not count

    def _read(self, path: Path) -> tuple[str, dict[str, Any]]:
        """Whether a record is right, changed, signed with another key or missing; and it."""
        try:
            record = json.loads(path.read_bytes())
        except OSError:
            return "missing", {}
        except (ValueError, RecursionError):
            return "changed", {}
        if not isinstance(record, dict):
            return "changed", {}
        if record.get("key") != self.signer.name:
            self.other_key += 1
            return "other key", {}
        return ("right", record) if self.signer.is_right(record) else ("changed", {})

    def _write(self, path, record):
        text = json.dumps(self.signer.signed(record), ensure_ascii=False, indent=1)
        # A name that is no text has halves of characters, which JSON writes as \udc80.
        write_bytes(path, text.encode("utf-8", "backslashreplace"))

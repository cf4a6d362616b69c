"""The records of a class: the result of each notebook, and the hidden seed.

They are kept in ``results/`` in the folder of the reports, and every one of them is signed.

Tables and reports are written anew from the records in every run, so editing a table changes no
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

LARGEST_SEED = 10**18  # too many to try


class Records:
    """The records in one folder; `notes` lists what was wrong with them.

    Parameters
    ----------
    out : Path
        The folder of the reports.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out / "results"
        self.changed: list[str] = []  # lines
        self.other_key = 0  # number of records that this key did not sign
        self.no_key: str | None = None  # why no key could be kept
        try:
            key = user_key()
        except OSError as error:
            self.no_key = f"{key_file()}: {error.strerror or error}"
            key = secrets.token_bytes(32)  # valid for this run only
        self.signer = Signer(key)

    @property
    def notes(self) -> list[str]:
        """Lines for the instructor."""
        lines = list(self.changed)
        if self.other_key:
            lines.append(
                f"{self.other_key} records were signed with another key than {key_file()}, "
                "perhaps on another machine or with a key that was lost: marked again"
            )
        if self.no_key:
            lines.append(
                f"no key can be kept ({self.no_key}): the next run will mark everything again"
            )
        return lines

    def seed(self, fixed: int | None = None) -> int:
        """The hidden seed of this class.

        Parameters
        ----------
        fixed : int, optional
            The seed to use from now on; by default the one that is kept here, else a new one.
        """
        path = self.folder / "seed.json"
        found, record = self._read(path)
        if found == "changed":
            self.changed.append(
                "the hidden seed was changed after it was written: another one is used"
            )
        kept = record["seed"] if found == "right" else None
        seed = next(
            (one for one in (fixed, kept) if one is not None), secrets.randbelow(LARGEST_SEED)
        )
        if seed != kept:
            self._write(path, {"seed": seed})
        return seed

    def load(self, entry: Entry, digest: str) -> Result | None:
        """The kept result of the same notebook, tests and seed, or None."""
        folder = self.folder / entry.key
        found, record = self._read(folder / "result.json")
        is_of = f"{record.get('student')}/{record.get('assignment')}"
        if found == "right" and is_of != f"{entry.student}/{entry.assignment}":
            found = "changed"
        if found == "right" and record["digest"] != digest:
            return None  # the notebook, the tests or the seed changed
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
                f"marks of {entry.student}/{entry.assignment} were changed after they were "
                "written; marked again"
            )
        return None

    def save(self, entry: Entry, digest: str, result: Result) -> None:
        """Keep a result and its figures."""
        folder = self.folder / entry.key
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder, only_writer=True)  # files of a run that was killed
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
        self._write(folder / "result.json", record)  # last: the other files count only with it

    def _read(self, path: Path) -> tuple[str, dict[str, Any]]:
        """Read a record.

        Returns "right", "changed", "other key" or "missing", and the record, or {} if it is
        missing, signed with another key, or no record at all.
        """
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

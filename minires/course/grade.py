"""Grade a folder of submissions: each in a process of its own, several at a time, and what was
graded before is not graded again.
"""

import csv
import hashlib
import io
import json
import multiprocessing
import os
import re
import unicodedata
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import __version__
from ..errors import ConfigError, DataError
from ..names import expanded
from ..types import PathLike
from . import checks, notebooks, report, similarity
from .mark import Limits, Mark, Result, mark, short
from .sandbox import isolation

LIMITS = Limits()  # of one submission
LONGEST_ANSWER = 20_000  # characters; a spreadsheet holds 32,767 in a cell
LONGEST_CODE = 200_000  # characters that are compared with those of others
BY_HAND = ("student", "assignment", "cell", "out_of", "points", "comment", "answer")


@dataclass
class Entry:
    """A notebook to grade."""

    student: str
    assignment: str
    path: Path

    @property
    def key(self) -> str:
        """Names the files of its results."""
        return f"{_file_name(self.student)}/{self.assignment}"


@dataclass
class Graded:
    """All that came of a folder."""

    # (student, assignment) -> Result
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (student, line)
    # (assignment, share, student, student)
    alike: list[tuple[str, float, str, str]] = field(default_factory=list)
    students: list[str] = field(default_factory=list)


def grade(
    submissions: PathLike,
    out: PathLike,
    sources: PathLike | None = None,
    limits: Limits = LIMITS,
    jobs: int | None = None,
    progress: bool = True,
) -> Graded:
    """Grade every notebook below a folder, and write the reports.

    Parameters
    ----------
    submissions : str or Path
        ``STUDENT/NAME.ipynb``, ``STUDENT/ASSIGNMENT/NAME.ipynb`` (nbgrader's), or
        ``STUDENT.ipynb``.
    out : str or Path
        Where reports, tables and results go. Results that are there, of the same notebook and
        tests, are used again.
    sources : str or Path, optional
        The folder of the assignments' sources; by default those of the checkout.
    limits : Limits
    jobs : int, optional
        How many at a time; by default one for each core.
    progress : bool
        Show a bar.

    Returns
    -------
    Graded

    Raises
    ------
    ConfigError
        If there are no submissions or no sources, or `out` cannot be written.
    """
    submissions, out, known = expanded(submissions), expanded(out), notebooks.find(sources)
    limits = replace(limits, isolation=isolation.choose(limits.isolation))
    if Path(submissions).resolve() in (out.resolve(), *out.resolve().parents):
        raise ConfigError(
            "--out",
            "the folder of the submissions: what is written there would be graded next time",
            "a folder beside it",
            str(out),
        )
    checks.seeds(hidden=True)
    graded, entries = Graded(), []
    entries = discover(submissions, known, graded)
    try:
        (out / "results").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            "--out", "cannot be written", "a folder", f"{out}: {error.strerror}"
        ) from error
    _given(out)
    unreadable = [Path(submissions).resolve(), out.resolve()]
    todo = []
    for entry in entries:
        digest = _digest(entry.path, known[entry.assignment], limits)
        kept = _load(out, entry, digest)
        if kept is None:
            todo.append((entry, digest))
        else:
            graded.results[entry.student, entry.assignment] = kept
    for entry, digest, future in _bar(
        _marked(todo, known, limits, unreadable, jobs or os.cpu_count() or 1), len(todo), progress
    ):
        result = _outcome(future, entry, known)
        graded.results[entry.student, entry.assignment] = result
        if isinstance(
            future.exception(), (DataError, type(None))
        ):  # what went wrong for other reasons is tried again next time
            _save(out, entry, digest, result)
    graded.alike = _alike(entries, known)
    try:
        _by_hand(out, graded)
        report.write(out, graded, known)
    except OSError as error:
        raise ConfigError(
            "--out",
            "cannot be written",
            "a file that no other program holds open",
            f"{error.filename}: {error.strerror}",
        ) from error
    return graded


def _marked(todo, sources, limits, unreadable, jobs):
    """(entry, digest, future) for each, as they are done. A process that is killed takes those
    beside it with it: they are marked again, one by one. None is handed over before its turn, so
    that Ctrl-C waits for none.
    """
    todo, suspects = deque(todo), []
    while todo:
        with _pool(jobs) as pool:
            running = {}
            while running or todo and not suspects:
                while todo and not suspects and len(running) < jobs:
                    entry, digest = todo.popleft()
                    running[
                        pool.submit(
                            _mark, entry.path, sources[entry.assignment], limits, unreadable
                        )
                    ] = entry, digest
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        suspects.append(running.pop(future))
                    else:
                        yield (*running.pop(future), future)
        while suspects:
            entry, digest = suspects.pop()
            with _pool(1) as pool:
                future = pool.submit(
                    _mark, entry.path, sources[entry.assignment], limits, unreadable
                )
                wait([future])
                yield entry, digest, future


def _pool(jobs):
    return ProcessPoolExecutor(max_workers=jobs, mp_context=multiprocessing.get_context("spawn"))


def discover(submissions: PathLike, sources: Iterable[str], graded: Graded) -> list[Entry]:
    """The notebooks, and lines about what is none; newest first counts if there are two of one
    student and assignment.

    Returns
    -------
    list of Entry
    """
    folder = Path(submissions)
    if not folder.is_dir():
        raise ConfigError(
            "minires course grade",
            "no folder of submissions",
            "a folder with one folder for each student",
            str(folder),
        )
    found: dict[tuple[str, str], list[Path]] = {}
    for place in sorted(folder.iterdir(), key=lambda path: path.name):
        if place.name.startswith("."):
            continue
        student = _student(place)
        paths = (
            [place]
            if place.is_file()
            else sorted(
                path
                for path in place.rglob("*")
                if path.is_file()
                and not any(part.startswith(".") for part in path.relative_to(folder).parts)
            )
        )
        notebooks = [path for path in paths if path.suffix == ".ipynb"]
        if place.is_file() and not notebooks:
            graded.problems.append((student, f"{place.name}: not a notebook (.ipynb); left out"))
            continue
        if student not in graded.students:
            graded.students.append(student)
        if not notebooks:
            graded.problems.append(
                (
                    student,
                    "no notebook"
                    + (
                        f" among {', '.join(path.name for path in paths[:5])}"
                        if paths
                        else ": the folder is empty"
                    ),
                )
            )
        for path in notebooks:
            if place.resolve() not in (path.resolve(), *path.resolve().parents):
                graded.problems.append(
                    (
                        student,
                        f"{path.relative_to(folder)}: a link to what is not in the "
                        "student's folder; left out",
                    )
                )
                continue
            name = which(path, sources)
            if name is None:
                graded.problems.append(
                    (
                        student,
                        f"{path.relative_to(folder)}: it is not to be seen which assignment "
                        "this is; left out",
                    )
                )
                continue
            found.setdefault((student, name), []).append(path)
    if not found and not graded.students:
        raise ConfigError(
            "minires course grade",
            "no submissions",
            "one folder for each student",
            f"none in {folder}",
        )
    entries = []
    for (student, name), paths in found.items():
        newest = max(paths, key=lambda path: (path.stat().st_mtime, path.name))
        for path in paths:
            if path != newest:
                graded.problems.append(
                    (
                        student,
                        f"{path.relative_to(folder)}: there are {len(paths)} notebooks for "
                        f"{name}; the newest, {newest.relative_to(folder)}, was graded",
                    )
                )
        entries.append(Entry(student, name, newest))
    return entries


def which(path: Path, sources: Iterable[str]) -> str | None:
    """The assignment of a notebook: by the names of its cells, else by its file name; None if
    neither says.
    """
    try:
        content = (
            path.read_text(encoding="utf-8", errors="replace")
            if path.stat().st_size <= notebooks.LARGEST
            else ""
        )
    except OSError:
        content = ""
    keys = {name.split("_")[0]: name for name in sources}
    counts = {
        keys[key]: number
        for key, number in (
            (key, len(re.findall(rf'"grade_id"\s*:\s*"{key}-', content))) for key in keys
        )
        if number
    }
    if counts:
        return max(counts, key=counts.__getitem__)
    stems = [path.stem.lower(), path.parent.name.lower()]
    return next(
        (
            name
            for stem in stems
            for key, name in keys.items()
            if name in stem or re.search(rf"(^|[^a-z0-9]){key}([^a-z0-9]|$)", stem)
        ),
        None,
    )


def _student(place: Path) -> str:
    """The name of a student: that of the folder, or of the file without what follows the
    assignment's name.
    """
    name = unicodedata.normalize("NFC", place.name if place.is_dir() else place.stem)
    return re.split(r"[ _-]+a\d(?:_\w+)?$", name)[0] or name


def _file_name(student: str) -> str:
    return re.sub(r"[^\w.@ -]", "_", student).strip(". ") or "student"


def _mark(path, source, limits, unreadable):
    """In a process of the pool."""
    notebook = notebooks.read(path)
    return mark(notebook, notebooks.read(source), source.stem, limits, unreadable)


def _outcome(future, entry, sources):
    """The result of a submission, or no points and the reason."""
    try:
        return future.result()
    except DataError as error:
        reason = str(error)
    except Exception as error:  # one submission must not keep the others from being graded
        reason = f"could not be graded: {type(error).__name__}: {error}"
    cells = notebooks.cells(notebooks.read(sources[entry.assignment]))
    return Result(
        entry.assignment,
        [Mark(cell.id, 0, cell.points, "not run") for cell in cells if cell.points],
        [reason],
    )


def _bar(iterable, total, progress):
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit="notebook", disable=not progress or not total)


def _digest(path, source, limits):
    """Changes when the notebook, its tests, the limits or minires change."""
    try:
        content = path.read_bytes() if path.stat().st_size <= notebooks.LARGEST else b""
    except OSError:  # `_mark` will say so
        content = b""
    parts = [
        content,
        source.read_bytes(),
        repr(limits).encode(),
        __version__.encode(),
        os.environ.get("MINIRES_COURSE_SEED", "").encode(),
    ]
    parts += [file.read_bytes() for file in sorted(Path(__file__).parent.rglob("*.py"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _save(out, entry, digest, result):
    folder = out / "results" / entry.key
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("figure-*.png"):
        old.unlink()
    for number, (_, picture) in enumerate(result.figures, 1):
        (folder / f"figure-{number}.png").write_bytes(picture)
    record = {
        "digest": digest,
        "figures": [label for label, _ in result.figures],
        **result.record(),
    }
    temporary = folder / "result.json.part"
    temporary.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(folder / "result.json")


def _load(out, entry, digest):
    """The result of the same notebook graded before, or None."""
    folder = out / "results" / entry.key
    try:
        record = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        if record.pop("digest") != digest:
            return None
        record["marks"] = [Mark(**one) for one in record["marks"]]
        record["figures"] = [
            (label, (folder / f"figure-{number}.png").read_bytes())
            for number, label in enumerate(record["figures"], 1)
        ]
        return Result(**record)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _by_hand(out, graded):
    """Points that a person gave in by_hand.csv are put in; the answers that wait for some are
    written there.
    """
    given, rows = _given(out), []
    for (student, assignment), result in sorted(graded.results.items()):
        for one in result.to_read:
            row = given.pop((report.plain(student), assignment, one.id), {})
            answer, text = (
                report.plain(short(one.answer, LONGEST_ANSWER)),
                (row.get("points") or "").strip().replace(",", "."),
            )
            if text and answer.split() != (row.get("answer") or "").split():
                graded.problems.append(
                    (
                        student,
                        f"by_hand.csv: the answer to {one.id} has changed since it was "
                        f"given {text} points; read it again",
                    )
                )
                comment = f"(earlier answer: {text} points) {row.get('comment') or ''}".strip()
                text, row = "", {"comment": comment}
            if text:
                try:
                    points = float(text)
                    if not 0 <= points <= one.out_of:
                        raise ValueError
                except ValueError:
                    graded.problems.append(
                        (
                            student,
                            f"by_hand.csv: points for {one.id}: expected 0 to "
                            f"{one.out_of:g}, got {text!r}",
                        )
                    )
                else:
                    one.points, one.message = points, row.get("comment") or ""
            rows.append(
                [
                    report.plain(student),
                    assignment,
                    one.id,
                    f"{one.out_of:g}",
                    text,
                    row.get("comment") or "",
                    answer,
                ]
            )
    rows += [
        [row[name] for name in BY_HAND] for row in given.values() if (row["points"] or "").strip()
    ]  # of notebooks that are gone: work all the same
    if rows:
        with open(
            out / "by_hand.csv", "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
        ) as file:
            csv.writer(file).writerows([BY_HAND, *rows])


def _given(out):
    """The rows of by_hand.csv by student, assignment and cell, as a spreadsheet may have saved
    them: with ; or in an older encoding.
    """
    path = out / "by_hand.csv"
    if not path.exists():
        return {}
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    head = text.partition("\n")[0]
    try:
        rows = list(
            csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
        )
    except csv.Error:
        rows = [{}]
    if not all(set(BY_HAND) <= set(row) for row in rows):
        raise ConfigError(
            "by_hand.csv",
            "cannot be read",
            f"columns {', '.join(BY_HAND)}",
            f"{head.strip()[:100]!r} in {path}",
            "mend it, or move it away",
        )
    return {(row["student"], row["assignment"], row["cell"]): row for row in rows}


def _alike(entries, sources):
    """Submissions that look alike, by assignment."""
    found = []
    for name, source in sources.items():
        answers = {}
        for entry in entries:
            if entry.assignment == name:
                try:
                    answers[entry.student] = "\n".join(
                        cell.source
                        for cell in notebooks.cells(notebooks.read(entry.path))
                        if cell.kind == "code" and not cell.locked
                    )[:LONGEST_CODE]
                except DataError:
                    pass
        if len(answers) > 1:
            given = "\n".join(
                cell.source
                for cell in notebooks.cells(notebooks.release(notebooks.read(source)))
                if cell.kind == "code"
            )
            found += [(name, *pair) for pair in similarity.pairs(answers, given)]
    return found

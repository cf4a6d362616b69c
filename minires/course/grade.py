"""Grade a folder of submissions, several at a time, each in a process of its own.

Submissions that were graded before are not graded again.
"""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import __version__, backend
from ..errors import CheckpointError, ConfigError, DataError
from ..names import expanded
from ..serialization.files import Lock
from ..types import PathLike
from . import by_hand, checks, folders, notebooks, pool, report, signing, similarity
from .discover import discover
from .limits import USUAL, Limits
from .mark import mark
from .records import Records
from .result import Mark, Result
from .sandbox import isolation
from .variants import foreign, personal

# Limits of the process that marks a submission: it mostly compares numbers.
MARGIN = 120  # seconds on top of those of the submission
MEMORY = 2 * 1024**3  # bytes on top of what it needs to start
LONGEST_CODE = 200_000  # characters of a submission that are compared with others


@dataclass
class Graded:
    """The results of grading a folder."""

    # (student, assignment) -> Result
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (student, line)
    # (assignment, share, student, student)
    alike: list[tuple[str, float, str, str]] = field(default_factory=list)
    students: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # lines about the records that were kept
    # (student, line) about answers that are right in another variant
    foreign: list[tuple[str, str]] = field(default_factory=list)
    seed: int | None = None  # of the hidden tests


def grade(
    submissions: PathLike,
    out: PathLike,
    sources: PathLike | None = None,
    limits: Limits = USUAL,
    jobs: int | None = None,
    progress: bool = True,
    seed: int | None = None,
    follow_through: bool = True,
    students: Collection[str] | None = None,
) -> Graded:
    """Grade all notebooks in a folder of submissions, and write the reports.

    Parameters
    ----------
    submissions : str or Path
        ``STUDENT/NAME.ipynb``, ``STUDENT/ASSIGNMENT/NAME.ipynb`` (nbgrader's), or
        ``STUDENT.ipynb``.
    out : str or Path
        Where reports, tables and results go. Earlier results for the same notebook, tests and seed
        are used again, unless somebody changed them.
    sources : str or Path, optional
        The folder of the assignments' sources; by default that of minires.
    limits : Limits
    jobs : int, optional
        How many submissions at a time; by default one for each core that this process may run on.
    progress : bool
        Show a bar.
    seed : int, optional
        The number that the hidden seeds are made from. By default MINIRES_COURSE_SEED if it is set,
        else the one kept in `out`, which is drawn when `out` is first used.
    follow_through : bool
        After a failed task, test later ones with the right answer to it, so that a mistake costs
        only its own points.
    students : list of str, optional
        The ids of all students with a personal notebook: each is marked in the variant of the id.
        Without the list, a submission is marked in its student's variant if its notebook names a
        student.

    Returns
    -------
    Graded

    Raises
    ------
    ConfigError
        If there are no submissions or no sources, or `out` cannot be written, or another run is
        writing there.
    """
    submissions, out, known = expanded(submissions), expanded(out), notebooks.find(sources)
    limits = replace(limits, isolation=isolation.choose(limits.isolation))
    _keep_apart(submissions, out)
    fixed = checks.fixed_seed() if seed is None else seed
    found = discover(submissions, known)
    owners, lines = foreign.students_of(found.entries, students)
    found.problems += lines
    with _alone_in(out):
        by_hand.read(out)
        folders.remove_leftovers()
        records = Records(out)
        with _writing(out):
            seed = records.seed(fixed)
        graded = Graded(problems=found.problems, students=found.students, seed=seed)
        todo, failed = [], []
        for entry in found.entries:
            source = known[entry.assignment]
            owner = owners[entry.student, entry.assignment]
            digest = _digest(entry.path, source, limits, seed, follow_through, owner)
            kept = records.load(entry, digest)
            if kept is None:
                todo.append((entry, digest))
            else:
                graded.results[entry.student, entry.assignment] = kept
        unreadable = [submissions.resolve(), *report.written(out.resolve()), signing.key_file()]
        unreadable += [path.resolve() for path in known.values()]
        tasks = [
            (
                entry.path,
                known[entry.assignment],
                limits,
                unreadable,
                seed,
                follow_through,
                owners[entry.student, entry.assignment],
            )
            for entry, _ in todo
        ]
        jobs = jobs or backend.available_cores()
        with closing(pool.each(_mark, tasks, jobs, limits.total + MARGIN, MEMORY)) as marked:
            for done in _bar(marked, len(todo), progress):
                entry, digest = todo[done.task]
                if done.failure is None:
                    result = done.result
                    try:
                        records.save(entry, digest, result)
                    except (CheckpointError, OSError) as error:  # others may still be kept
                        graded.problems.append(
                            (entry.student, f"the result could not be kept: {_reason(error, out)}")
                        )
                else:  # it is tried again in the next run
                    failed.append(entry)
                    result = _nothing(
                        known[entry.assignment], f"could not be graded: {done.failure}"
                    )
                graded.results[entry.student, entry.assignment] = result
        graded.notes = records.notes
        graded.foreign = foreign.answers_of_others(graded.results)
        graded.alike = _alike([one for one in found.entries if one not in failed], known)
        with _writing(out):
            graded.problems += by_hand.fill(out, graded.results)
            report.write(out, graded, known)
    return graded


def _keep_apart(submissions: Path, out: Path) -> None:
    """Check that neither folder is the other or lies in it, links followed.

    Raises
    ------
    ConfigError
        If so: reports would be graded next time, or overwrite submissions.
    """
    one, other = submissions.resolve(), out.resolve()
    if _is_same(one, other):
        wrong = "the folder of the submissions, so that its reports would be graded next time"
    elif any(_is_same(one, parent) for parent in other.parents):
        wrong = (
            "inside the folder of the submissions, where it would be taken for a student's folder"
        )
    elif any(_is_same(parent, other) for parent in one.parents):
        wrong = "around the folder of the submissions, where reports could overwrite submissions"
    else:
        return
    raise ConfigError("--out", wrong, "a folder beside it", str(out))


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths are the same folder, by name or by what the disk says.

    Some disks ignore capitals or show one folder twice.
    """
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:  # one of them does not exist yet
        return False


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Within the block no other run writes into `out`.

    Raises
    ------
    ConfigError
        If another run does.
    """
    lock = Lock(out / "results" / "lock")
    with _writing(out):
        lock.path.parent.mkdir(parents=True, exist_ok=True)
        is_free = lock.acquire()
    if not is_free:
        raise ConfigError(
            "--out",
            "another minires course grade is writing there",
            "a folder that no other run uses",
            str(out),
            "wait until it is done",
        )
    with lock:
        yield


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Within the block, an error of writing becomes a ConfigError in one line."""
    try:
        yield
    except (CheckpointError, OSError) as error:
        raise ConfigError(
            "--out",
            "cannot be written",
            "files that no other program holds open",
            _reason(error, out),
        ) from error


def _reason(error: Exception, out: Path) -> str:
    """What could not be written, and why."""
    return (
        f"{error.filename or out}: {error.strerror}" if isinstance(error, OSError) else str(error)
    )


def _mark(path, source, limits, unreadable, seed, follow_through, student):
    """Mark one submission, in a process of the pool."""
    try:
        assignment = notebooks.read(source)
        if student is not None:
            assignment = personal.notebook_of(assignment, source.stem, student)
        solutions = assignment if follow_through else None
        notebook = notebooks.read(path)
        return mark(notebook, assignment, source.stem, limits, unreadable, seed, solutions, student)
    except DataError as error:  # it is no notebook, and will be none in the next run
        return _nothing(source, str(error))


def _nothing(source: Path, reason: str) -> Result:
    """A result without points, and the reason."""
    cells = notebooks.cells(notebooks.read(source))
    marks = [Mark(cell.id, 0, cell.points, "not run") for cell in cells if cell.points]
    return Result(source.stem, marks, [reason])


def _bar(iterable, total, progress):
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit="notebook", disable=not progress or not total)


def _digest(path, source, limits, seed, follow_through, student):
    """A hash that changes with the notebook, its tests, the way of marking, the hidden seed or
    minires.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= notebooks.LARGEST else b""
    except OSError:  # `_mark` will report it
        content = b""
    parts = [
        content,
        source.read_bytes(),
        repr(limits).encode(),
        __version__.encode(),
        repr((seed, follow_through, student)).encode("utf-8", "backslashreplace"),
    ]
    parts += [file.read_bytes() for file in sorted(Path(__file__).parent.rglob("*.py"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _alike(entries, sources):
    """Pairs of submissions that look alike: (assignment, share, student, student)."""
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
                except Exception:  # an unreadable notebook must not stop the comparison
                    pass
        if len(answers) > 1:
            given = "\n".join(
                cell.source
                for cell in notebooks.cells(notebooks.release(notebooks.read(source)))
                if cell.kind == "code"
            )
            found += [(name, *pair) for pair in similarity.pairs(answers, given)]
    return found

"""Grade a folder of submissions: each in a process of its own, several at a time, and what was
graded before is not graded again.
"""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import __version__
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

# Of the process that marks it, whose own work is to compare numbers.
MARGIN = 120  # seconds beyond those of the submission
MEMORY = 2 * 1024**3  # bytes beyond what it needs to start
LONGEST_CODE = 200_000  # characters that are compared with those of others


@dataclass
class Graded:
    """All that came of a folder."""

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
    """Grade every notebook below a folder, and write the reports.

    Parameters
    ----------
    submissions : str or Path
        ``STUDENT/NAME.ipynb``, ``STUDENT/ASSIGNMENT/NAME.ipynb`` (nbgrader's), or
        ``STUDENT.ipynb``.
    out : str or Path
        Where reports, tables and results go. Results that are there, of the same notebook, tests
        and seed, are used again, unless somebody changed them.
    sources : str or Path, optional
        The folder of the assignments' sources; by default those of the checkout.
    limits : Limits
    jobs : int, optional
        How many at a time; by default one for each core.
    progress : bool
        Show a bar.
    seed : int, optional
        Leads to the numbers of the hidden tests. By default that of MINIRES_COURSE_SEED if it is
        set, else the one kept in `out`, which is drawn when `out` is first used.
    follow_through : bool
        Test later tasks with right answers to those that failed: one mistake costs its own points
        only.
    students : list of str, optional
        The ids of all students with a notebook of their own: each is marked as the variant that
        belongs to the id. Without the list a submission is marked as its student's variant if its
        notebook has one.

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
        jobs = jobs or os.cpu_count() or 1
        with closing(pool.each(_mark, tasks, jobs, limits.total + MARGIN, MEMORY)) as marked:
            for done in _bar(marked, len(todo), progress):
                entry, digest = todo[done.task]
                if done.failure is None:
                    result = done.result
                    try:
                        records.save(entry, digest, result)
                    except (CheckpointError, OSError) as error:  # the others go on
                        graded.problems.append(
                            (entry.student, f"the result could not be kept: {_reason(error, out)}")
                        )
                else:  # is tried again next time
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
    """See to it that neither folder is the other, or in it, also by way of links.

    Raises
    ------
    ConfigError
        If one is: reports would be graded next time, or overwrite what was handed in.
    """
    one, other = submissions.resolve(), out.resolve()
    if _is_same(one, other):
        wrong = "the folder of the submissions: what is written there would be graded next time"
    elif any(_is_same(one, parent) for parent in other.parents):
        wrong = "within the folder of the submissions: it would be taken for a student's"
    elif any(_is_same(parent, other) for parent in one.parents):
        wrong = "around the folder of the submissions: reports could overwrite what was handed in"
    else:
        return
    raise ConfigError("--out", wrong, "a folder beside it", str(out))


def _is_same(one: Path, other: Path) -> bool:
    """By name or, on disks that tell no capitals or show a folder twice, by what it is."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:  # one of them is not there yet
        return False


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Within: no other run writes into `out`.

    Raises
    ------
    ConfigError
        If one does.
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
    """Within: what cannot be written is an error in one line."""
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
    return (
        f"{error.filename or out}: {error.strerror}" if isinstance(error, OSError) else str(error)
    )


def _mark(path, source, limits, unreadable, seed, follow_through, student):
    """In a process of the pool."""
    try:
        assignment = notebooks.read(source)
        if student is not None:
            assignment = personal.notebook_of(assignment, source.stem, student)
        solutions = assignment if follow_through else None
        notebook = notebooks.read(path)
        return mark(notebook, assignment, source.stem, limits, unreadable, seed, solutions, student)
    except DataError as error:  # no notebook, and none the next time
        return _nothing(source, str(error))


def _nothing(source: Path, reason: str) -> Result:
    """No points, and the reason."""
    cells = notebooks.cells(notebooks.read(source))
    marks = [Mark(cell.id, 0, cell.points, "not run") for cell in cells if cell.points]
    return Result(source.stem, marks, [reason])


def _bar(iterable, total, progress):
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit="notebook", disable=not progress or not total)


def _digest(path, source, limits, seed, follow_through, student):
    """Changes when the notebook, its tests, the way of marking, the hidden seed or minires do."""
    try:
        content = path.read_bytes() if path.stat().st_size <= notebooks.LARGEST else b""
    except OSError:  # `_mark` will say so
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
                except Exception:  # one that cannot be read keeps no others from being compared
                    pass
        if len(answers) > 1:
            given = "\n".join(
                cell.source
                for cell in notebooks.cells(notebooks.release(notebooks.read(source)))
                if cell.kind == "code"
            )
            found += [(name, *pair) for pair in similarity.pairs(answers, given)]
    return found

"""``minires course``"""

import argparse
import sys
from pathlib import Path

from ..amounts import counted
from ..errors import ConfigError
from ..names import printable
from ..starting import INTERRUPTED
from .arguments import at_least, path
from .parser import Commands, Parser
from .printing import say


def add_to(commands: Commands) -> None:
    """Add the command and its three subcommands to the parser."""
    command = commands.add_parser(
        "course",
        help="assignments: build, check and grade them",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Coursework that grades itself; see docs/instructors.md.",
        epilog="examples:\n"
        "  minires course build course              what to hand out, and what to keep\n"
        "  minires course build course --students ids.txt    a variant for each student\n"
        "  minires course check a1_autograd.ipynb   as a student: what is wrong, and why\n"
        "  minires course grade submitted --out graded",
    )
    command.set_defaults(run=lambda args: command.print_help())
    steps = command.add_subparsers(metavar="COMMAND", parser_class=Parser)

    step = steps.add_parser(
        "build",
        help="write the students' and the instructors' notebooks",
        description="Write source/ (for instructors), release/ (for students, without solutions "
        "and hidden tests) and a zip of the release.",
    )
    step.set_defaults(run=build)
    step.add_argument(
        "out",
        type=path,
        metavar="OUT",
        help="folder for the notebooks, which can be a course directory of nbgrader",
    )
    _add_students(step, "give each student a variant of each assignment, in OUT/personal")
    _add_sources(step)

    step = steps.add_parser(
        "check",
        help="check your own notebook",
        usage="minires course check NOTEBOOK ... [OPTIONS ...]",
        description="Run the checks in a notebook of an assignment, as the grader does.",
    )
    step.set_defaults(run=check)
    step.add_argument("notebooks", nargs="+", type=path, metavar="NOTEBOOK", help="an .ipynb file")
    _add_limits(step)

    step = steps.add_parser(
        "grade",
        help="grade a folder of submissions",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires course grade SUBMISSIONS --out DIR [OPTIONS ...]",
        description="Grade every notebook in a folder with a fresh copy of the tests, each in a\n"
        "process of its own. Submissions that were graded before are not graded again,\n"
        "so an interrupted run goes on with the same command.",
        epilog="SUBMISSIONS holds STUDENT/NAME.ipynb, STUDENT/ASSIGNMENT/NAME.ipynb (as for\n"
        "nbgrader), or STUDENT_ASSIGNMENT.ipynb.",
    )
    step.set_defaults(run=grade)
    step.add_argument(
        "submissions", type=path, metavar="SUBMISSIONS", help="folder of the notebooks"
    )
    step.add_argument(
        "--out", type=path, required=True, metavar="DIR", help="folder for reports and tables"
    )
    step.add_argument(
        "--jobs",
        type=at_least(1),
        metavar="N",
        help="submissions to grade at the same time (default: one for each core)",
    )
    step.add_argument(
        "--seed",
        type=at_least(0),
        metavar="N",
        help="seed of the numbers in hidden tests (default: drawn when --out is first used)",
    )
    _add_students(step, "mark each student's notebook as the variant of the id")
    _add_sources(step)
    _add_limits(step)


def build(args: argparse.Namespace) -> None:
    """``minires course build``"""
    from ..course import notebooks

    ids = _students(args)
    for written in notebooks.build(args.out, args.sources):
        say(f"written: {written}")
    if ids:
        from ..course.variants import personal

        *_, overview = personal.build(args.out, ids, args.sources)
        folder = overview.parent
        say(f"written: {folder}: a folder and a zip for each of {counted(len(ids), 'student')}")
        say(f"written: {overview}: who has which variant; for you")


def check(args: argparse.Namespace) -> int:
    """``minires course check``"""
    from ..course import discover, folders, harmless, mark, notebooks
    from ..course.sandbox import isolation
    from ..course.variants import personal

    _check_files(map(Path, args.notebooks))
    right, limits, known = True, _limits(args), notebooks.find()
    folders.remove_leftovers()
    say(
        "checked as in `minires course grade`, with two differences: with the numbers that you can "
        "see, and with the tests in the notebook. Grading repeats each test with hidden numbers."
    )
    say(f"isolation: {isolation.WORDS[isolation.choose(limits.isolation)]}")
    for notebook_path in map(Path, args.notebooks):
        notebook = notebooks.read(notebook_path)
        name = discover.which(notebook_path, {key: key for key in notebooks.KEYS})
        if name is None:
            raise ConfigError(
                str(notebook_path),
                "not an assignment",
                f"cells with the names of {', '.join(notebooks.KEYS)}",
                "none",
            )
        solutions = None
        if args.follow_through:
            solutions = next(
                notebooks.read(one) for stem, one in known.items() if stem.split("_")[0] == name
            )
        student = personal.claimed(notebook) or None
        if student is not None and solutions is not None:
            solutions = personal.notebook_of(solutions, name, student)
        result = mark.mark(notebook, notebook, name, limits, solutions=solutions, student=student)
        if not result.marks:
            raise ConfigError(
                str(notebook_path),
                "not an assignment",
                "a notebook with its checks, as it was handed out",
                "none of its checks",
            )
        say(
            f"{notebook_path.name}: {result.points:g} of {result.out_of:g} points"
            + (
                f", {counted(len(result.to_read), 'answer')} to be read by a person"
                if result.to_read
                else ""
            )
        )
        for one in result.marks:
            sign = "…" if one.points is None else "✓" if one.points == one.out_of else "✗"
            say(harmless.line(f"  {sign} {one.id}" + (f": {one.words}" if one.words else "")))
            for row in one.picture.splitlines():
                say(harmless.line(f"    {row}"))
        for line in result.problems:
            say(harmless.line(f"  ! {line}"))
        right = right and not any(one.wrong for one in result.marks)
    return 0 if right else 1


def _check_files(paths):
    for notebook_path in paths:
        if notebook_path.is_dir():
            inside = ", ".join(sorted(one.name for one in notebook_path.glob("*.ipynb"))[:6])
            raise ConfigError(
                "minires course check",
                "not a file",
                "a notebook of an assignment",
                f"the folder {notebook_path}" + (f"; there is {inside} in it" if inside else ""),
            )
        if not notebook_path.is_file():
            raise ConfigError(
                "minires course check",
                "no such file",
                "a notebook of an assignment",
                str(notebook_path),
            )


def grade(args: argparse.Namespace) -> int:
    """``minires course grade``"""
    from ..course import grade, harmless
    from ..course.sandbox import isolation

    try:
        graded = grade.grade(
            args.submissions,
            args.out,
            args.sources,
            _limits(args),
            args.jobs,
            seed=args.seed,
            follow_through=args.follow_through,
            students=_students(args),
        )
    except KeyboardInterrupt:
        kept = printable(f"what is graded is kept in {args.out}")
        print(f"\nminires: interrupted; {kept}. Go on with the same command.", file=sys.stderr)
        return INTERRUPTED
    waiting = sum(len(result.to_read) for result in graded.results.values())
    print(
        f"{counted(len(graded.results), 'notebook')} of "
        f"{counted(len(graded.students), 'student')} graded; "
        f"{counted(len(graded.problems), 'problem')} with files; "
        f"{counted(len(graded.alike), 'pair looks alike', 'pairs look alike')}"
    )
    for name in sorted({result.isolation for result in graded.results.values()}):
        print(f"isolation: {isolation.WORDS[name]}")
    if graded.foreign:
        print(
            counted(len(graded.foreign), "submission answers", "submissions answer")
            + " another variant: see summary.md"
        )
    for line in graded.notes:
        say(harmless.line(line))
    if waiting:
        say(
            f"{counted(waiting, 'answer waits', 'answers wait')} to be read: put points and "
            f"comments into {Path(args.out) / 'by_hand.csv'}, and run this again"
        )
    say(f"written: {Path(args.out) / 'summary.md'}, grades.csv, marks.csv, reports/, gradescope/")
    return 0


def _limits(args):
    from ..course.limits import Limits
    from ..course.sandbox import allowed

    total = max(args.seconds, args.total)
    packages = tuple(filter(None, (args.packages or "").replace(" ", "").split(",")))
    allowed.entries(packages)  # raises an error at once if a package is not installed
    return Limits(args.seconds, total, args.memory * 1024**2, args.isolation, packages)


def _students(args):
    """The ids given with --students and --student; None if there are none."""
    from ..course.variants import ids

    found = ids.read(args.students) if args.students else []
    return ids.checked([*found, *(args.student or [])]) or None


def _add_students(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--students",
        type=path,
        metavar="FILE",
        help=f"{what}: a file with an id on each line, or a table with a column id",
    )
    command.add_argument(
        "--student",
        action="append",
        metavar="ID",
        help="the same for a single id; can be given several times",
    )


def _add_sources(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--sources",
        type=path,
        metavar="DIR",
        help="the assignments' sources (default: those of minires)",
    )


def _add_limits(command: argparse.ArgumentParser) -> None:
    """Add the options on how a submission is marked, and what it may use."""
    command.add_argument(
        "--follow-through",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="test later tasks with correct answers to failed ones, so that a mistake costs its "
        "points only once (default: yes)",
    )
    command.add_argument(
        "--seconds",
        type=at_least(1),
        default=60,
        metavar="N",
        help="seconds for each cell, and up to five times as many if the machine is busy with "
        "other programs (default: 60)",
    )
    command.add_argument(
        "--total",
        type=at_least(1),
        default=900,
        metavar="N",
        help="seconds for a whole notebook (default: 900)",
    )
    command.add_argument(
        "--memory",
        type=at_least(1),
        default=4096,
        metavar="MB",
        help="memory for each notebook (default: 4096)",
    )
    command.add_argument(
        "--isolation",
        metavar="NAME",
        help="how a submission is isolated: bubblewrap, container, landlock, or process for "
        "students whom you trust (default: the strongest that works here)",
    )
    command.add_argument(
        "--packages",
        metavar="NAMES",
        help="installed packages that submissions may import besides the packages that minires "
        "needs, such as scipy,pandas (with bubblewrap and landlock; a container has the packages "
        "of its image)",
    )

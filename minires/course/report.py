"""What instructors and students read: tables, a report for each submission in Markdown and HTML,
and Gradescope's results.json.
"""

import base64
import csv
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..types import PathLike
from . import harmless
from .discover import folder_name
from .result import Mark, Result
from .sandbox import isolation

if TYPE_CHECKING:
    from .grade import Graded

STYLE = """body { font: 16px/1.5 system-ui, sans-serif; color: #222; }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid #ddd; }
td, th { vertical-align: top; }
td.points, td:first-child { white-space: nowrap; }
tr.right td.points { color: #00695c; }
tr.wrong td.points { color: #b03a00; }
tr.waits td.points { color: #555; }
img { max-width: 100%; }
pre { background: #f5f5f5; padding: .7rem; overflow: auto; max-height: 30rem; }
pre { white-space: pre-wrap; }"""

#: What no one outside can see for themselves. It can cost points, and gives none.
BELIEVED = (
    "Points come from numbers that were compared outside the submission's process. Some things "
    "are believed from inside: that arrays are unchanged after a call, what parts a net or a "
    "figure says it has, and that no hooks are left."
)


# A second wall behind `escape`: a browser loads nothing, and runs nothing.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def written(out: Path) -> list[Path]:
    """The folders and files that grading writes into `out`: what no submission may read."""
    folders = ("results", "reports", "gradescope")
    files = ("grades.csv", "marks.csv", "by_hand.csv", "summary.md")
    return [out / name for name in folders + files]


def write(out: PathLike, graded: "Graded", sources: Iterable[str]) -> None:
    """All files: grades.csv, marks.csv, summary.md, and a folder for each student."""
    out, names = Path(out), list(sources)
    names = [name for name in names if any(assignment == name for _, assignment in graded.results)]
    students = sorted(set(graded.students) | {student for student, _ in graded.results})
    for (student, name), result in graded.results.items():
        own = [line for whose, line in graded.problems if whose == student]
        try:
            _files(out, student, result, own)
        except OSError as error:  # the others get theirs
            graded.problems.append(
                (student, f"the report on {name} could not be written: {error.strerror or error}")
            )
    _table(
        out / "grades.csv",
        ["student", *names, "total", "out of", "to read", "problems"],
        [_line(graded, student, names) for student in students],
    )
    _table(
        out / "marks.csv",
        ["student", "assignment", "cell", "points", "out of", "message"],
        [
            [
                student,
                name,
                mark.id,
                "" if mark.points is None else f"{mark.points:g}",
                f"{mark.out_of:g}",
                mark.words,
            ]
            for (student, name), result in sorted(graded.results.items())
            for mark in result.marks
        ],
    )
    _text(out / "summary.md", summary(graded, students, names))


def _files(out: Path, student: str, result: Result, problems: Sequence[str]) -> None:
    """The files about one submission."""
    name, own = result.assignment, folder_name(student)
    folder, target = out / "reports" / own, out / "gradescope" / own / name
    folder.mkdir(parents=True, exist_ok=True)
    _text(folder / f"{name}.md", markdown(student, result, problems))
    _text(folder / f"{name}.html", html(student, result, problems))
    target.mkdir(parents=True, exist_ok=True)
    _text(target / "results.json", json.dumps(gradescope(result), ensure_ascii=False, indent=1))


def _line(graded: "Graded", student: str, names: Sequence[str]) -> list[Any]:
    results = [graded.results.get((student, name)) for name in names]
    there = [result for result in results if result]
    problems = sum(len(result.problems) for result in there) + sum(
        whose == student for whose, _ in graded.problems
    )
    return [
        student,
        *["" if result is None else f"{result.points:g}" for result in results],
        f"{sum(result.points for result in there):g}",
        f"{sum(result.out_of for result in there):g}",
        sum(len(result.to_read) for result in there),
        problems,
    ]


def _table(path, head, rows):
    with open(
        path, "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
    ) as file:  # with the mark by which spreadsheets know UTF-8
        csv.writer(file).writerows(
            [
                head,
                *(
                    [harmless.name_in_table(row[0]), *map(harmless.in_table, row[1:])]
                    for row in rows
                ),
            ]
        )


def _text(path: Path, text: str) -> None:
    path.write_text(
        text, encoding="utf-8", errors="backslashreplace"
    )  # names of folders can hold what is no text


def markdown(student: str, result: Result, problems: Sequence[str] = ()) -> str:
    """The report of one submission."""
    lines = [
        f"# {result.assignment}: {harmless.markdown(student)}",
        "",
        f"**{result.points:g} of {result.out_of:g} points**" + _waiting(result),
        "",
        f"Isolation: {isolation.WORDS[result.isolation]}. {BELIEVED}",
        "",
        "| cell | points | |",
        "|---|---|---|",
    ]
    lines += [
        f"| {harmless.markdown(mark.id)} | {_points(mark)} | {harmless.markdown(mark.words)} |"
        for mark in result.marks
    ]
    if result.problems or problems:
        lines += [
            "",
            "## What happened on the way",
            "",
            *[f"- {harmless.markdown(line)}" for line in [*problems, *result.problems]],
        ]
    if result.output.strip():
        fence = "`" * max(3, _longest_run(result.output) + 1)
        output = harmless.lines(result.output.strip())
        lines += ["", "## What the code printed", "", fence, output, fence]
    if result.figures:
        lines += ["", f"{len(result.figures)} figures: see {result.assignment}.html."]
    return "\n".join(lines) + "\n"


def html(student: str, result: Result, problems: Sequence[str] = ()) -> str:
    """The same for a browser, with the figures in it."""
    rows = "".join(
        f'<tr class="{_state(mark)}"><td>{_safe(mark.id)}</td><td '
        f'class="points">{_points(mark)}</td><td>{_safe(mark.words)}</td></tr>'
        for mark in result.marks
    )
    parts = [
        f"<h1>{escape(result.assignment)}: "
        f"{_safe(student)}</h1><p><strong>{result.points:g} of {result.out_of:g} "
        f"points</strong>{escape(_waiting(result))}</p>"
        f"<p>Isolation: {escape(isolation.WORDS[result.isolation])}. {BELIEVED}</p>",
        f"<table><tr><th>cell</th><th>points</th><th></th></tr>{rows}</table>",
    ]
    if result.problems or problems:
        parts.append(
            "<h2>What happened on the way</h2><ul>"
            + "".join(f"<li>{_safe(line)}</li>" for line in [*problems, *result.problems])
            + "</ul>"
        )
    if result.figures:
        parts.append(
            "<h2>Figures</h2>"
            + "".join(
                f'<p>{_safe(label)}<br><img alt="figure of {_safe(label)}" '
                f'src="data:image/png;base64,{base64.b64encode(picture).decode()}"></p>'
                for label, picture in result.figures
            )
        )
    if result.output.strip():
        output = escape(harmless.lines(result.output.strip()))
        parts.append(f"<h2>What the code printed</h2><pre>{output}</pre>")
    return (
        '<!doctype html><html lang="en"><meta '
        f'charset="utf-8">{POLICY}<title>{escape(result.assignment)}: '
        f"{_safe(student)}</title><style>{STYLE}</style><body>"
        + "".join(parts)
        + "</body></html>\n"
    )


def _safe(text: object) -> str:
    """A student's text on one line of HTML."""
    return escape(harmless.line(text))


def gradescope(result: Result) -> dict[str, Any]:
    """What Gradescope's autograders hand in."""
    return {
        "score": result.points,
        "execution_time": round(result.seconds, 1),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        # Letters as they are, whatever the settings of the assignment: no HTML, no colours.
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "output": "\n".join(map(harmless.line, result.problems)),
        "tests": [
            {
                "name": harmless.line(mark.id),
                "score": mark.points or 0,
                "max_score": mark.out_of,
                "output": harmless.line(mark.words)
                or ("a person will read this" if mark.points is None else "right"),
            }
            for mark in result.marks
        ],
    }


def _isolations(graded):
    """A line for each kind of wall that was around the submissions."""
    used = {result.isolation for result in graded.results.values()}
    lines = [f"Isolation: {isolation.WORDS[name]}.\n" for name in isolation.NAMES if name in used]
    return [*lines, f"{BELIEVED}\n"]


def summary(graded: "Graded", students: Sequence[str], names: Sequence[str]) -> str:
    """An overview for the instructor."""
    lines = [
        "# Grades",
        "",
        f"{len(students)} students, {len(graded.results)} notebooks. Hidden seed: {graded.seed} "
        f"(`--seed {graded.seed}` repeats these numbers elsewhere).",
        "",
        *[f"**{harmless.markdown(line)}.**\n" for line in graded.notes],
        *_isolations(graded),
        "| student | " + " | ".join(names) + " | total | to read | problems |",
        "|---|" + "---:|" * (len(names) + 3),
    ]
    for student in students:
        row = _line(graded, student, names)
        lines.append(
            "| "
            + " | ".join(str(value) for value in (harmless.markdown(row[0]), *row[1:-3], *row[-2:]))
            + " |"
        )
    for name in names:
        results = [
            result for (_, assignment), result in graded.results.items() if assignment == name
        ]
        marks: dict[str, list[float]] = {}
        for result in results:
            for mark in result.marks:
                marks.setdefault(mark.id, []).append(
                    (mark.points or 0) / mark.out_of if mark.out_of else 1
                )
        lines += [
            "",
            f"## {name}: share of the points, by task",
            "",
            *[
                f"- {harmless.markdown(cell)}: {100 * sum(shares) / len(shares):.0f} %"
                for cell, shares in marks.items()
            ],
        ]
    if graded.alike:
        lines += [
            "",
            "## Alike",
            "",
            "A list to read, not a verdict: the share of the shorter one's code that the "
            "other has as well, names and numbers left out of account.",
            "",
            "| assignment | share | | |",
            "|---|---:|---|---|",
            *[
                f"| {name} | {100 * share:.0f} % | "
                + " | ".join(map(harmless.markdown, pair))
                + " |"
                for name, share, *pair in graded.alike
            ],
        ]
    problems = [(student, line) for student, line in graded.problems] + [
        (student, f"{name}: {line}")
        for (student, name), result in sorted(graded.results.items())
        for line in result.problems
    ]
    if problems:
        lines += [
            "",
            "## Problems",
            "",
            *[
                f"- {harmless.markdown(student)}: {harmless.markdown(line)}"
                for student, line in problems
            ],
        ]
    return "\n".join(lines) + "\n"


def _points(mark: Mark) -> str:
    return (
        f"to read, of {mark.out_of:g}"
        if mark.points is None
        else f"{mark.points:g} of {mark.out_of:g}"
    )


def _state(mark: Mark) -> str:
    return "waits" if mark.points is None else "wrong" if mark.wrong else "right"


def _waiting(result: Result) -> str:
    waiting = sum(mark.out_of for mark in result.to_read)
    return f" so far; answers for {waiting:g} more are still to be read" if waiting else ""


def _longest_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest

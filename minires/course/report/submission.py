"""The report on one submission for its student, in Markdown, and in HTML with the figures."""

import base64
from collections.abc import Sequence
from html import escape

from .. import choices, harmless
from ..result import Mark, Result
from ..sandbox import isolation

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
pre { white-space: pre-wrap; }
pre.numbers { white-space: pre; font-size: .8rem; line-height: 1.25; }"""

#: What cannot be checked from outside. It can cost a student points, but gives none.
BELIEVED = (
    "Points come from numbers that were compared outside the submission's process. Some things "
    "are taken on trust from inside it: that arrays are unchanged after a call, which parts a net "
    "or a figure reports, and that no hooks are left."
)


# A second wall behind `escape`: the browser loads nothing and runs nothing.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def markdown(student: str, result: Result, problems: Sequence[str] = ()) -> str:
    """The report on one submission, in Markdown.

    Parameters
    ----------
    student : str
    result : Result
    problems : list of str
        Lines about the student that do not belong to this notebook alone.
    """
    lines = [
        f"# {result.assignment}: {harmless.markdown(student)}",
        "",
        f"**{result.points:g} of {result.out_of:g} points**" + _waiting(result),
        "",
        f"Isolation: {isolation.WORDS[result.isolation]}. {BELIEVED}",
        "",
        *([f"Variant: {harmless.markdown(_variant(result))}.", ""] if result.student else []),
        "| cell | points | |",
        "|---|---|---|",
    ]
    lines += [
        f"| {harmless.markdown(mark.id)} | {_points(mark)} | {harmless.markdown(mark.words)} |"
        for mark in result.marks
    ]
    pictures = [mark for mark in result.marks if mark.picture]
    if pictures:
        lines += ["", "## Which numbers are wrong"]
        for mark in pictures:
            lines += [
                "",
                harmless.markdown(mark.id),
                "",
                "```",
                harmless.lines(mark.picture),
                "```",
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
        count = len(result.figures)
        figures = "1 figure" if count == 1 else f"{count} figures"
        lines += ["", f"{figures}: see {result.assignment}.html."]
    return "\n".join(lines) + "\n"


def html(student: str, result: Result, problems: Sequence[str] = ()) -> str:
    """The same report as one HTML page, with the figures in it."""
    rows = "".join(
        f'<tr class="{_state(mark)}"><td>{_safe(mark.id)}</td><td '
        f'class="points">{_points(mark)}</td><td>{_safe(mark.words)}</td></tr>{_picture(mark)}'
        for mark in result.marks
    )
    parts = [
        f"<h1>{escape(result.assignment)}: "
        f"{_safe(student)}</h1><p><strong>{result.points:g} of {result.out_of:g} "
        f"points</strong>{escape(_waiting(result))}</p>"
        f"<p>Isolation: {escape(isolation.WORDS[result.isolation])}. {BELIEVED}</p>",
        f"<p>Variant: {_safe(_variant(result))}.</p>" if result.student else "",
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


def _variant(result: Result) -> str:
    """The student and the options of their variant, in words."""
    words = choices.words(result.assignment.split("_")[0], result.student or "")
    return f"that of {result.student}: {'; '.join(words)}"


def _picture(mark: Mark) -> str:
    """A row for the picture of wrong numbers, wide enough for 80 columns; "" without one."""
    if not mark.picture:
        return ""
    numbers = escape(harmless.lines(mark.picture))
    return f'<tr><td colspan="3"><pre class="numbers">{numbers}</pre></td></tr>'


def _safe(text: object) -> str:
    """A student's text as one harmless line of HTML."""
    return escape(harmless.line(text))


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
    return f" so far; answers for {waiting:g} more points are still to be read" if waiting else ""


def _longest_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest

"""The museum as one page of HTML that needs no other file."""

from collections.abc import Callable, Iterator, Sequence
from html import escape

from ... import __version__
from ...experiments import html_page
from ...plot import DARK, LIGHT, picture, use_theme
from ...types import Figure
from ..html_pieces import inline
from . import drawing
from .exhibit import Exhibit, Findings
from .page_style import SCRIPT, STYLE
from .training import OUTCOMES

TITLE = "A museum of mistakes"
INTRODUCTION = (
    "Every mistake here was made by somebody who thought about it. Each is planted in code that "
    "was right, and the code was then run: what you see is what it did.",
    "Read the code, guess what breaks, and only then look. Lines in green are the right ones, "
    "lines in red replace them. The last question is always the same: does the network still "
    "learn? You will find that many of these mistakes do not stop it, which is why they live so "
    "long, and why a check that compares numbers finds what a falling loss hides.",
)
DOTS_PER_INCH = 90


def html(found: Sequence[tuple[Exhibit, Findings]]) -> str:
    """The whole page as HTML.

    Parameters
    ----------
    found : list of (Exhibit, Findings)
        The exhibits and their results, in the order of the page.
    """
    body = [f"<h1>{TITLE}</h1>", *(f"<p>{inline(text)}</p>" for text in INTRODUCTION)]
    body += list(_map([exhibit for exhibit, _ in found]))
    room = ""
    for exhibit, findings in found:
        if exhibit.room != room:
            room = exhibit.room
            body.append(f'<h2 id="{_anchor(room)}">{escape(room)}</h2>')
        body += list(_article(exhibit, findings))
    body += [
        '<p class="score" hidden><output></output> '
        '<button type="button">Forget my guesses</button></p>',
        f'<p class="small">Made by <code>minires museum</code>, minires {__version__}. Every '
        "number "
        "and curve was computed when the page was written.</p>",
        f"<script>{SCRIPT}</script>",
    ]
    return html_page.page(TITLE, body, STYLE)


def _map(exhibits: Sequence[Exhibit]) -> Iterator[str]:
    """Links to all rooms and exhibits."""
    yield "<nav>"
    for room in dict.fromkeys(one.room for one in exhibits):
        yield f'<b><a href="#{_anchor(room)}">{escape(room)}</a></b><ul>'
        for one in exhibits:
            if one.room == room:
                yield f'<li><a href="#{one.key}">{inline(one.title)}</a></li>'
        yield "</ul>"
    yield "</nav>"


def _article(exhibit: Exhibit, findings: Findings) -> Iterator[str]:
    picture = exhibit.picture
    yield f'<article id="{exhibit.key}"><h3>{inline(exhibit.title)}</h3>'
    yield code_html(exhibit)
    yield _question(
        f"{exhibit.key}-breaks",
        exhibit.question,
        exhibit.choices,
        exhibit.answer,
        f"<p>{inline(exhibit.why)}</p><p class='small'>{inline(_sentence(exhibit.shows))}</p>"
        + _drawn(lambda: picture.draw(exhibit, findings), picture.words(exhibit, findings)),
    )
    yield _question(
        f"{exhibit.key}-trains",
        "And a short training with this code?",
        OUTCOMES,
        findings.outcome,
        f"<p class='small'>{inline(_training(exhibit))}</p>"
        + _drawn(lambda: drawing.curves(findings), drawing.words_on_curves(findings))
        + f"<p>{inline(exhibit.lesson)}</p>",
    )
    yield (
        f"<details><summary>What the check of <code>{exhibit.task}</code> says</summary>"
        f'<p class="says">✗ {escape(findings.message)}</p></details></article>'
    )


def code_html(exhibit: Exhibit) -> str:
    """The code of an exhibit as HTML, with right lines and the lines that replace them marked."""
    kinds = {" ": "", "-": "taken", "+": "added"}
    lines = "".join(
        f'<span class="{kinds[mark]}">{escape(f"{mark} {line}", quote=False)}</span>'
        for mark, line in exhibit.code()
    )
    return f'<pre class="diff" tabindex="0">{lines}</pre>'


def _question(name, question, choices, answer, result):
    """A question with its choices, and the result folded below."""
    listed = "".join(f"<li>{inline(choice)}</li>" for choice in choices)
    return (
        f'<div class="question" id="{name}" data-answer="{list(choices).index(answer)}">'
        f"<p><b>Predict.</b> {inline(question)}</p><ul>{listed}</ul>"
        f"<details><summary>The result</summary><p><b>{inline(answer)}.</b></p>{result}</details>"
        "</div>"
    )


def _drawn(draw: Callable[[], Figure], words: str) -> str:
    """A figure as HTML, in colours for light and for dark pages."""
    images = []
    for theme in (LIGHT, DARK):
        with use_theme(theme):
            images.append(picture(draw(), dots_per_inch=DOTS_PER_INCH))
    return html_page.picture(images[0], words, dark=images[1])


def _training(exhibit: Exhibit) -> str:
    """The first sentences of the training's docstring, which the page shows."""
    return " ".join((exhibit.training.__doc__ or "").split("\n\n")[0].split())


def _sentence(text: str) -> str:
    return f"The picture: {text}."


def _anchor(room: str) -> str:
    return "room-" + "".join(letter if letter.isalnum() else "-" for letter in room.lower())

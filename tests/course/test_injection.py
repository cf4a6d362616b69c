"""Text that students write is shown in reports as text: it is neither rendered, run nor
computed."""

import csv
import io
import json
from html.parser import HTMLParser

import pytest

from minires.course import by_hand, harmless, report
from minires.course.grade import Graded
from minires.course.result import Mark, Result

NAME = "a1_small"
ATTACKS = {
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+cmd",
    "minus": "-2+3",
    "at": "@SUM(1)",
    "wide": "＝1+1",
    "space": "  =1+1",
    "separator": "x;=1+1\t=2\n=3",
    "tag": "</pre></td><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onload="alert(1)',
    "heading": "# Full points",
    "table": "x | 9 of 9 |\n| y | 9 of 9 | well done",
    "link": "[read](javascript:alert(1)) ![x](http://x.org/a.png) http://x.org www.x.org",
    "fence": "```\n# Full points\n```",
    "rule": "---",
    "list": "1. one",
    "emphasis": "**9 of 9** _9_ ~~0~~ `x` $x$",
    "entity": "&lt;b&gt; &#35;",
    "escape": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "bidi": "\u202e9 fo 9\u2066\u200f",
    "nul": "a\x00b\r\nc\x08\x7f\u2028d",
}


def written(text, tmp_path):
    """All files of a class in which a student wrote `text` wherever students write."""
    marks = [
        Mark("a1-relu-test", 0, 2, text),
        Mark(text, 0, 3, text),
        Mark("a1-why", None, 4, "", text),
    ]
    result = Result(NAME, marks, [text], [(text, b"\x89PNG\r\n")], f"printed: {text}\n{text}")
    student = text.replace("/", "_").replace("\x00", "0")[:60]
    graded = Graded({(student, NAME): result}, [(student, text)], [(NAME, 1.0, student, text)])
    graded.students, graded.notes, graded.seed = [student], [text], 5
    by_hand.fill(tmp_path, graded.results)
    report.write(tmp_path, graded, [NAME])
    return {
        path.suffix + path.name: path.read_bytes().decode("utf-8-sig")
        for path in tmp_path.rglob("*.*")
        if path.is_file()
    }


@pytest.fixture(params=ATTACKS, ids=ATTACKS)
def files(request, tmp_path):
    found = written(ATTACKS[request.param], tmp_path)
    assert len(found) == 7
    return found


def test_no_file_holds_control_sequences_of_a_terminal(files):
    for name, text in files.items():
        bad = [
            one
            for one in text
            if (ord(one) < 32 and one not in "\n\t\r") or one in "\x7f\x9b\u202e\u2066\u200f\u2028"
        ]
        assert not bad, (name, bad)


def test_tables_hold_no_formulas(files):
    for name, text in files.items():
        if not name.endswith(".csv"):
            continue
        for separator in ",;\t":  # spreadsheets are set to any of these separators
            quoted = separator == ","
            rows = (
                csv.reader(io.StringIO(text, newline=""), delimiter=separator)
                if quoted
                else (line.split(separator) for line in text.splitlines())
            )
            for cell in (cell for row in rows for cell in row):
                start = cell.lstrip(' "')[:2]
                assert start[:1] not in tuple("=@＝＠") and (
                    start[:1] not in tuple("+-＋－") or start[1:] == " "
                ), (name, separator, cell)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attributes):
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attributes)}


def test_html_holds_our_own_tags_alone(files, tmp_path_factory):
    def tags(files):
        (page,) = [text for name, text in files.items() if name.endswith(".html")]
        parser = Tags()
        parser.feed(page)
        assert "Content-Security-Policy" in page and "Isolation: " in page
        return parser.found

    assert tags(files) == tags(written("plain", tmp_path_factory.mktemp("plain")))


def test_markdown_holds_our_marks_alone(files, tmp_path_factory):
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    parser = markdown.MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def shape(files):
        shapes = []
        for name, text in sorted(files.items()):
            if name.endswith(".md"):
                tokens = [
                    one for token in parser.parse(text) for one in (token, *(token.children or ()))
                ]
                shapes.append(
                    [
                        one.type
                        for one in tokens
                        if one.type not in ("text", "text_special", "softbreak")
                    ]
                )
        return shapes

    assert shape(files) == shape(written("plain", tmp_path_factory.mktemp("plain")))


def test_gradescope_shows_it_as_text(files):
    (text,) = [text for name, text in files.items() if name.endswith("results.json")]
    content = json.loads(text)
    assert {content[f"{name}_format"] for name in ("output", "test_output", "test_name")} == {
        "text"
    }
    assert content["score"] == 0 and "\x1b" not in content["output"] + content["tests"][0]["output"]


def test_markdown_shows_every_letter():
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    from html import unescape

    for text in (
        "a * b",
        "f(x)[0] <= 3 & y",
        "_a_ __init__ a_b",
        "3. Mai",
        "-1",
        "2.5",
        r"C:\x",
        "a|b",
    ):
        shown = markdown.MarkdownIt("commonmark").render(harmless.markdown(text)).strip()
        assert unescape(shown.removeprefix("<p>").removesuffix("</p>")) == text

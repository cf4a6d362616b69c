"""The prose linter: sentences that sound translated, and what proselint finds.

`python -m tests.prose` reads every text of the project, `python -m tests.prose FILE ...` some of
them; the exit status is 1 if there is something to mend. The rules below are checks of proselint
(https://github.com/amperser/proselint), beside those of its own checks that fit technical prose.
Each of our rules is narrow on purpose: a rule that reports good sentences is soon switched off.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proselint.checks import __register__ as of_proselint
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check, CheckFlags, CheckResult
from proselint.registry.checks.engine import Fancy
from proselint.registry.checks.types import ExistenceSimple
from proselint.tools import LintFile

from . import texts

ROOT = Path(__file__).parents[1]
OURS = "translated"
LONG = 90  # characters within parentheses
THINGS = (
    "array|batch|block|cell|check|class|code|convolution|file|function|grader|hook|kernel|layer|"
    "library|loader|method|model|module|net|network|node|notebook|optimizer|process|program|"
    "some code|tape|Tensor|test|trainer|worker"
)

# proselint's checks that do not fit a text about code, and why.
UNFIT = {
    "annotations": "an argument may be called todo",
    "typography": "straight quotes, 3x3 and ... stand in code and on a terminal",
    "lexical_illusions": "numbers repeat in tables",
    "misc.phrasal_adjectives": "multiply-adds",
    "misc.tense_present": "more than they would of a random walk",
    "spelling.ve_of": "more than they would of a random walk",
    "misc.illogic": "more than x in all",
    "misc.but": "a lesson may turn with a But",
    "dates_times": "plain-20's",
    "spelling.consistency": "the variable NO_COLOR and our colours",
    "cliches": "the line at the error of guessing is drawn",
    "redundancy.misc": "images for free",
    "weasel_words": "on the very images that it is trained on",
}


def _words(name: str, pattern: str, instead: str) -> Check:
    """A rule about words: its name, what it looks for, and what to write instead."""
    return Check(
        check_type=ExistenceSimple(pattern=pattern),
        engine=Fancy(),
        path=f"{OURS}.words.{name.replace(' ', '_')}",
        message=instead,
        flags=CheckFlags(allow_quotes=True),
    )


def _sentences(name: str, find, instead: str) -> Check:
    """A rule about whole sentences, which `find` answers with those to be rewritten."""

    def run(text: str, check: Check) -> Iterator[CheckResult]:
        for start, sentence in _sentences_of(text):
            if find(sentence):
                yield CheckResult(check.path, check.message, (start, start + len(sentence)), None)

    return Check(
        check_type=run,
        path=f"{OURS}.sentences.{name.replace(' ', '_')}",
        message=instead,
        flags=CheckFlags(allow_quotes=True),
    )


def _chains_colons(sentence: str) -> bool:
    outside = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", sentence))
    return len(re.findall(r"\w:\s", outside)) > 1


def _hides_content(sentence: str) -> bool:
    inside = re.findall(r"\(([^()]*)\)", sentence)
    return any(len(part) > max(LONG, len(sentence) / 2) for part in inside)


CHECKS = (
    _words("whoever", r"\bwho(so)?ever\b", "name the person: a student who ..., anyone who ..."),
    _words("those that", r"\bthose (that|which)\b", "repeat the noun: the pictures that ..."),
    _words("that which", r"\bthat which\b", "name the thing"),
    _words(
        "what comes out",
        r"\bwhat (comes|came|goes|went|has come) out\b",
        "the output, or the results",
    ),
    _words("in place of", r"\bin place of\b", "instead of"),
    _words("put out", r"\b(puts?|putting) out\b", "to output, to return, to give"),
    _words("for nothing", r"\bfor nothing\b", "at no cost; in vain"),
    _words(
        "is told",
        rf"\b({THINGS})s? (is|are|was|were|be) (told|asked)\b(?! apart)",
        "say what the code does: gets, receives, is called with",
    ),
    _words(
        "knows nothing of",
        rf"\b({THINGS})s? knows? nothing (of|about)\b",
        "does not depend on, does not see",
    ),
    _words("lets go", r"\blets? go of\b", "frees, closes, drops"),
    _words(
        "which shape has",
        r"\bwhich (shape|size|value|number|dtype|gradient)s? (has|have)\b|\bhow many \w+ has\b",
        "what is the shape of; how many does it have",
    ),
    _words(
        "doubled word",
        r"(?<![\w.-])(the|a|an|of|to|in|is|are|and|it|its|for|with|by|as|at|on|be)\s+\1(?![\w.-])",
        "write the word once",
    ),
    _sentences("colon chain", _chains_colons, "end the sentence instead of adding another colon"),
    _sentences("long parentheses", _hides_content, "give what stands in them its own sentence"),
)
CheckRegistry().register_many((*of_proselint, *CHECKS))
_THEIRS = (
    dict.fromkeys(UNFIT, False)
    | DEFAULT["checks"]
    | {name: False for name in UNFIT if "." not in name}
)


class Found(NamedTuple):
    """Something to mend."""

    place: str
    rule: str
    words: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}: {self.words!r}: {self.instead}"


def check(text: str, place: str, line: int = 1, *, sentences: bool = False) -> list[Found]:
    """What is to be mended in a text that begins on that line of a file.

    `sentences`: whole sentences too, which only pages and notebooks have.
    """
    if not text.strip():
        return []
    checks = {f"{OURS}.sentences": sentences, OURS: True} | _THEIRS
    linted = LintFile(place, text)
    found = []
    for result, _ in linted.lint({"max_errors": sys.maxsize, "checks": checks}):
        start, end = result.span
        around = linted.content[max(0, start - 40) : min(end, start + 80) + 40]
        found.append(
            Found(
                f"{place}:{line - 1 + linted.content.count(chr(10), 0, start)}",
                result.check_path.split(".")[-1].replace("_", " "),
                " ".join(around.split()),
                result.message,
            )
        )
    return found


def _sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a page, each with where its paragraph begins.

    Without tables, headings and the leading words of lists.
    """
    where = 0
    for part in re.split(r"(\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)|\n(?=#))", text):
        start = where + len(part) - len(part.lstrip("\n"))
        where += len(part)
        part = part.strip()
        if part and part[0] not in "|#>:!" and "\n:" not in part:
            item = re.match(r"(?:[-*]|\d+\.)\s+[^.:]{1,60}:\s", part)  # its leading words
            paragraph = " ".join(part[item.end() if item else 0 :].split())
            for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\[])", paragraph):
                yield start, sentence


def of_page(path: Path) -> list[Found]:
    """What is to be mended in a page."""
    return check(texts.of_markdown(_read(path)), _place(path), sentences=True)


def of_source(path: Path) -> list[Found]:
    """What is to be mended in the docstrings and comments of a Python file, and in the strings of
    lessons, which students read."""
    source = _read(path)
    parts = [*texts.of_python(source)]
    if "lessons" in path.parts:
        parts += texts.of_strings(source)
    return [found for line, part in parts for found in check(part, _place(path), line)]


def of_notebook(path: Path) -> list[Found]:
    """What is to be mended in a notebook's source: its text, its comments and its strings."""
    markdown, code = texts.of_notebook(_read(path))
    parts = [*texts.of_python(code), *texts.of_strings(code)]
    return [
        *check(texts.of_markdown(markdown), _place(path), sentences=True),
        *(found for line, part in parts for found in check(part, _place(path), line)),
    ]


def of_file(path: Path) -> list[Found]:
    """What is to be mended in a page, a Python file or a notebook's source."""
    if path.suffix == ".md":
        return of_page(path)
    return of_notebook(path) if path.parts[-3:-1] == ("notebooks", "src") else of_source(path)


def all_files() -> list[Path]:
    """Every text of the project, but for tests and pages that a program writes."""
    return sorted(
        {
            *ROOT.glob("*.md"),
            *(ROOT / "docs").glob("*.md"),
            *(ROOT / "docs" / "site").glob("*.md"),
            ROOT / "data" / "README.md",
            ROOT / "benchmarks" / "NOTES.md",
            *(ROOT / "minires").rglob("*.py"),
            *(ROOT / "benchmarks").glob("*.py"),
            *(ROOT / "docs").glob("*.py"),
            *(ROOT / "docs" / "generate").glob("*.py"),
            *(ROOT / "notebooks" / "src").glob("*.py"),
        }
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def main(names: list[str] | None = None) -> int:
    """Print what is to be mended in these files, or in all; 1 if there is any."""
    parser = argparse.ArgumentParser("python -m tests.prose", description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="default: every text of the project")
    files = [path.resolve() for path in parser.parse_args(names).files]
    for path in files:
        if not path.is_file():
            parser.error(f"{path}: no such file")
    found = [one for path in files or all_files() for one in of_file(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

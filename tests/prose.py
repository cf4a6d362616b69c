"""Sentences that sound translated: the words that give them away, and the texts to look for them
in.

Each rule is narrow on purpose: a rule that reports good sentences is soon switched off.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LONG = 90  # characters within parentheses
CODE = "some code"  # stands for `code`, so that a sentence keeps its grammar
THINGS = (
    "array|batch|block|cell|check|class|code|convolution|file|function|grader|hook|kernel|layer|"
    "library|loader|method|model|module|net|network|node|notebook|optimizer|process|program|"
    "some code|tape|Tensor|test|trainer|worker"
)


class Rule(NamedTuple):
    """A habit, and what to write instead."""

    pattern: re.Pattern[str]
    instead: str


def _rule(pattern: str, instead: str) -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE), instead)


RULES = {
    "whoever": _rule(r"\bwho(so)?ever\b", "name the person: a student who ..., anyone who ..."),
    "those that": _rule(r"\bthose (that|which)\b", "repeat the noun: the pictures that ..."),
    "that which": _rule(r"\bthat which\b", "name the thing"),
    "what comes out": _rule(
        r"\bwhat (comes|came|goes|went|has come) out\b", "the output, or the results"
    ),
    "in place of": _rule(r"\bin place of\b", "instead of"),
    "put out": _rule(r"\b(puts?|putting) out\b", "to output, to return, to give"),
    "for nothing": _rule(r"\bfor nothing\b", "at no cost; in vain"),
    "is told": _rule(
        rf"\b({THINGS})s? (is|are|was|were|be) (told|asked)\b(?! apart)",
        "say what the code does: gets, receives, is called with",
    ),
    "knows nothing of": _rule(
        rf"\b({THINGS})s? knows? nothing (of|about)\b", "does not depend on, does not see"
    ),
    "lets go": _rule(r"\blets? go of\b", "frees, closes, drops"),
    "which shape has": _rule(
        r"\bwhich (shape|size|value|number|dtype|gradient)s? (has|have)\b|\bhow many \w+ has\b",
        "what is the shape of; how many does it have",
    ),
}
ANY = re.compile("|".join(rule.pattern.pattern for rule in RULES.values()), re.IGNORECASE)


class Found(NamedTuple):
    """A sentence that sounds translated."""

    place: str
    rule: str
    words: str


def check(text: str, place: str, line: int = 1) -> Iterator[Found]:
    """The rules' findings in a text that begins on that line of a file."""
    for name, rule in RULES.items():
        for match in rule.pattern.finditer(text):
            where = f"{place}:{line + text.count(chr(10), 0, match.start())}"
            around = text[max(0, match.start() - 40) : match.end() + 40]
            yield Found(where, name, " ".join(around.split()))


def check_sentences(text: str, place: str) -> Iterator[Found]:
    """Sentences of a page (`of_markdown`) that are chains of colons or hold most of their content
    in parentheses.

    Tables, headings and the leading words of lists are not checked.
    """
    for number, paragraph in _paragraphs(text):
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\[])", paragraph):
            where, words = f"{place}:{number}", sentence[:80]
            outside = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", sentence))
            if len(re.findall(r"\w:\s", outside)) > 1:
                yield Found(where, "colon chain", words)
            for inside in re.findall(r"\(([^()]*)\)", sentence):
                if len(inside) > max(LONG, len(sentence) / 2):
                    yield Found(where, "long parentheses", words)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Each paragraph and item of a list on one line, with the number of its first line."""
    number = 1
    for part in re.split(r"(\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)|\n(?=#))", text):
        line = number + len(part) - len(part.lstrip("\n"))
        number += part.count("\n")
        part = part.strip()
        if part and part[0] not in "|#>:!" and "\n:" not in part:
            item = re.match(r"(?:[-*]|\d+\.)\s+[^.:]{1,60}:\s", part)  # its leading words
            yield line, " ".join(part[item.end() if item else 0 :].split())


def of_markdown(text: str) -> str:
    """The prose of a page, on the same lines: without code, links' targets and HTML."""
    for pattern in (
        r"^```.*?^```",
        r"^(    |\t).*?$",
        r"<!--.*?-->",
    ):
        text = re.sub(
            pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE
        )
    text = re.sub(r"`[^`]+`", CODE, text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"<[^>\n]+>|[*_]{1,2}(?=\w)|(?<=\w)[*_]{1,2}", "", text)


def of_python(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings and comments of a file, each with its first line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield node.body[0].lineno, of_markdown(text)
    before, block, first = -2, [], 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != before + 1 and block:
                yield first, re.sub(r"`[^`]+`", CODE, "\n".join(block))
                block = []
            if not block:
                first = token.start[0]
            block.append(token.string.lstrip("#: "))
            before = token.start[0]
    if block:
        yield first, re.sub(r"`[^`]+`", CODE, "\n".join(block))


def of_strings(source: str) -> Iterator[tuple[int, str]]:
    """The strings of a file that readers see: questions, hints, captions.

    Docstrings are left to `of_python`, and strings without a space are names.
    """
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    within = {  # parts of f-strings, which are checked as a whole
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in docstrings | within:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else CODE for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if " " in text.strip():
            yield node.lineno, of_markdown(text)


def of_notebook(source: str) -> tuple[str, str]:
    """The text cells of a notebook's source as Markdown, and its code, each on the same lines."""
    texts, code, is_text = [], [], False
    for line in source.splitlines():
        if line.startswith("# %%"):
            is_text = "[markdown]" in line
            line = ""
        texts.append(re.sub(r"^# ?", "", line) if is_text else "")
        code.append("" if is_text else line)
    markdown = "\n".join(texts)
    formula = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
    return formula.sub(lambda found: "x" + "\n" * found[0].count("\n"), markdown), "\n".join(code)


def findings_in_notebook(path: Path, root: Path) -> list[Found]:
    """The rules' findings in a notebook's source: its text, its comments and its strings."""
    place = path.relative_to(root).as_posix()
    markdown, code = of_notebook(path.read_text(encoding="utf-8"))
    prose = of_markdown(markdown)
    parts = [*of_python(code), *of_strings(code)]
    return [
        *check(prose, place),
        *check_sentences(prose, place),
        *(one for line, part in parts for one in check(part, place, line)),
    ]


def findings_in_strings(path: Path, root: Path) -> list[Found]:
    """The rules' findings in the strings of a Python file."""
    place = path.relative_to(root).as_posix()
    strings = of_strings(path.read_text(encoding="utf-8"))
    return [one for line, part in strings for one in check(part, place, line)]


def findings(path: Path, root: Path) -> list[Found]:
    """The rules' findings in a Markdown or Python file."""
    text, place = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
    if path.suffix == ".md":
        prose = of_markdown(text)
        return [*check(prose, place), *check_sentences(prose, place)]
    at_a_glance = re.sub(r"\n\s*#?:?\s*", " ", re.sub(r"`[^`]+`", CODE, text))
    if not ANY.search(at_a_glance):
        return []  # this takes a tenth of the time
    return [one for line, part in of_python(text) for one in check(part, place, line)]

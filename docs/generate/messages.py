"""Every message that minires can raise, read from the source.

An error is written ``ConfigError(where, what, expected, got, todo)``; see `minires/errors.py`. Its
text consists of the strings in these arguments, with braces around every other expression.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from minires import errors

from .places import ROOT

CLASSES = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.MiniresError)
}
PARTS = ("where", "what", "expected", "got", "todo")
UNKNOWN_NAME = {
    "what": "unknown {}",
    "expected": "one of {}",
    "got": "{}",
    "todo": "did you mean {}?",
}


class Message(NamedTuple):
    """A place in the source that makes an error, and the parts of its message."""

    file: str
    line: int
    kind: str  # the name of the error's class
    where: str
    what: str
    expected: str
    got: str
    todo: str

    @property
    def text(self) -> str:
        """The whole message, with {...} for each part that varies."""
        comparison = ", ".join(
            f"{word} {part}"
            for word, part in (("expected", self.expected), ("got", self.got))
            if part
        )
        line = f"{self.where}: {self.what}" + (f": {comparison}" if comparison else "")
        return line + (f"; {self.todo}" if self.todo else "")


def every_message() -> list[Message]:
    """All messages of the package, sorted by file and line."""
    found = []
    for path in sorted((ROOT / "minires").rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        if file == "minires/errors.py":
            continue
        found += of_source(path.read_text(encoding="utf-8"), file)
    return sorted(found)


def of_source(source: str, file: str) -> list[Message]:
    """The messages in the source of one file.

    Raises
    ------
    SyntaxError
        If the source is not Python.
    """
    return [
        message
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        for message in _of_call(call, file)
    ]


def _of_call(call: ast.Call, file: str) -> Iterator[Message]:
    """The message of a call, if it makes an error."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    keywords = {word.arg: as_text(word.value) for word in call.keywords if word.arg}
    given = [as_text(argument) for argument in call.args if not isinstance(argument, ast.Starred)]
    if name == "unknown_name" and len(given) >= 2:
        parts = {**UNKNOWN_NAME, "where": given[0], "what": f"unknown {given[1]}"}
        yield Message(file, call.lineno, "ConfigError", *(parts[part] for part in PARTS))
    elif name in CLASSES:
        parts = {**dict.fromkeys(PARTS, ""), **dict(zip(PARTS, given)), **keywords}
        yield Message(file, call.lineno, name, *(parts[part] for part in PARTS))


def as_text(node: ast.expr) -> str:
    """The text of an expression: strings as they are, None as "", both sides of a conditional with
    a slash between them, and anything else as {its source}.
    """
    match node:
        case ast.Constant(value=None):
            return ""
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(
                f"{{{ast.unparse(v.value)}}}" if isinstance(v, ast.FormattedValue) else as_text(v)
                for v in values
            )
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return f"{{{ast.unparse(inner)}}}"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return as_text(left) + as_text(right)
        case ast.IfExp(body=body, orelse=other):
            choices = dict.fromkeys(filter(None, (as_text(body), as_text(other))))
            return " / ".join(choices)
        case _:
            return f"{{{ast.unparse(node)}}}"

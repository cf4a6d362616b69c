"""The page of errors: every message of minires, with the causes and cures of site/errors.toml."""

import json
import re
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatch
from html import escape
from typing import Any

from .links import to_source
from .messages import Message, every_message
from .places import read

ENTRIES = "docs/site/errors.toml"
PAGE = "errors.md"
#: A variable part of a message, as `messages.as_text` writes it.
VARIABLE = re.compile(r"\{((?:[^{}]|\{[^{}]*\})*)\}")
INTRODUCTION = """# Errors by their text

Every error of minires is one line: *where, what, expected ..., got ...; what to do*. Paste yours
here, or any part of it, to read its cause and its cure. A message of PyTorch, NumPy or Keras leads
to the same mistake in minires, where there is one:

```{{raw}} html
<form class="lookup" onsubmit="return false">
<label for="message">Your message</label>
<textarea id="message" rows="3"
 placeholder="conv2d: input channels do not match the weight"></textarea>
<p id="found" role="status" aria-live="polite"></p>
</form>
<script id="messages" type="application/json">{data}</script>
```

All {count} messages that the source can raise are below, in {entries} groups. Words in ‹angle
brackets› stand for values that are known only when the error occurs. In Python, `except
minires.errors.MiniresError` catches all of them. Each class is also the built-in exception that a
user of NumPy would catch ([classes](api/minires.errors.rst)).
"""


def entries() -> list[dict[str, Any]]:
    """The entries of site/errors.toml, in its order."""
    return tomllib.loads(read(ENTRIES))["entry"]


def fits(entry: dict[str, Any], message: Message) -> bool:
    """Whether an entry explains this message.

    It does if one pair of its ``also`` (a pattern for the file, an expression for the text) fits,
    or if its ``match`` fits "where: what", and its ``files`` and ``kinds``, where given, fit too.
    """
    file = message.file.removeprefix("minires/")
    if any(
        fnmatch(file, one) and re.search(text, message.text) for one, text in entry.get("also", ())
    ):
        return True
    if "files" in entry and not any(fnmatch(file, one) for one in entry["files"]):
        return False
    if "kinds" in entry and message.kind not in entry["kinds"]:
        return False
    return "match" in entry and bool(re.search(entry["match"], f"{message.where}: {message.what}"))


def is_one_of(text: str, messages: Sequence[Message]) -> bool:
    """Whether one of these messages can give this text, for some values of its variables."""
    return any(re.fullmatch(_pattern(message), text) for message in messages)


def is_written_down(text: str, entry: dict[str, Any]) -> bool:
    """Whether a text fits one of the ``texts`` of an entry: messages that are written by hand,
    because no class of `minires.errors` makes them.
    """
    patterns = (".*".join(map(re.escape, VARIABLE.split(one)[::2])) for one in entry["texts"])
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def _pattern(message: Message) -> str:
    """A regular expression for the texts of one message. A part that is a single variable may be
    None, and is then left out of the text.
    """

    def of(part):
        return ".*".join(map(re.escape, VARIABLE.split(part)[::2]))

    def optional(lead, part):
        if not part:
            return ""
        return f"({lead}{of(part)})?" if VARIABLE.fullmatch(part) else lead + of(part)

    expected, got = optional("expected ", message.expected), optional("got ", message.got)
    return (
        f"{of(message.where)}: {of(message.what)}(: )?{expected}(, )?{got}"
        f"{optional('; ', message.todo)}"
    )


def by_entry(
    known: Sequence[dict[str, Any]], messages: Sequence[Message]
) -> tuple[dict[str, list[Message]], list[Message]]:
    """Give each message to the first entry that fits.

    Returns
    -------
    found : dict
        An entry's id -> its messages.
    rest : list of Message
        The messages that no entry fits.
    """
    found: dict[str, list[Message]] = {entry["id"]: [] for entry in known}
    rest = []
    for message in messages:
        entry = next((one for one in known if fits(one, message)), None)
        (rest if entry is None else found[entry["id"]]).append(message)
    return found, rest


def shown(text: str) -> str:
    """A message as readers see it: a variable becomes ‹its name›, or ‹...› where the source has an
    expression.
    """

    def name(match: re.Match[str]) -> str:
        inside = re.sub(r"^(?:repr|str|shown)\((.*)\)$", r"\1", match[1])
        plain = re.fullmatch(r"(?:\w+\.)*(\w+)", inside)
        return f"‹{plain[1].replace('_', ' ')}›" if plain else "‹...›"

    return VARIABLE.sub(name, text)


def page() -> str:
    """The page, as Markdown."""
    known, messages = entries(), every_message()
    found, _ = by_entry(known, messages)
    data = [
        {
            "id": one["id"],
            "title": one["title"],
            "texts": [
                *texts(one, found[one["id"]]),
                one["example"],
                *one.get("elsewhere", ()),
            ],
        }
        for one in known
    ]
    safe = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    parts = [INTRODUCTION.format(data=safe, count=len(messages), entries=len(known))]
    parts += [_section(one, found[one["id"]]) for one in known]
    return "\n".join(parts)


def texts(entry: dict[str, Any], messages: Sequence[Message]) -> list[str]:
    """The messages of an entry as readers see them."""
    return [shown(text) for text in [*(m.text for m in messages), *entry.get("texts", ())]]


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    return {PAGE: page()}


def _section(entry: dict[str, Any], messages: Sequence[Message]) -> str:
    """The section of an entry: cause, cure, example, and its folded messages."""
    rows = [
        f"<li><code>{escape(shown(message.text))}</code> <small>{message.kind}, "
        f"{to_source(message.file, PAGE, 'source', message.line)}</small></li>"
        for message in messages
    ]
    rows += [f"<li><code>{escape(shown(text))}</code></li>" for text in entry.get("texts", ())]
    count = f"{len(rows)} message{'s' * (len(rows) != 1)}"
    others = "".join(f"<li><code>{escape(text)}</code></li>" for text in entry.get("elsewhere", ()))
    if others:
        others = (
            '\n```{raw} html\n<details class="messages"><summary>The same mistake in PyTorch, '
            f"NumPy or Keras</summary><ul>{others}</ul></details>\n```\n"
        )
    return (
        f"({entry['id']})=\n## {entry['title']}\n\n"
        f"**Cause.** {entry['cause']}\n\n**Cure.** {entry['cure']}\n\n"
        f"```{{code-block}} text\n:class: message\n\n{entry['example']}\n```\n\n"
        f'```{{raw}} html\n<details class="messages"><summary>{count}</summary>'
        f"<ul>{''.join(rows)}</ul></details>\n```\n{others}"
    )

"""Text of students made harmless: what they wrote is shown, and neither obeyed nor laid out.

It may reach reports by a message of an error, what code prints, the name of a cell, the label of a
figure or the name of a file.
"""

import hashlib
import re
from typing import Any

from ..names import printable

# Marks that turn the direction of reading around: text that is read otherwise than it stands.
_TURNS = {code: f"\\u{code:04x}" for code in (0x200E, 0x200F, 0x061C)}
_TURNS |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
# Signs without width that no language writes: a name with one looks like the name without.
_UNSEEN = (0x00AD, 0x180E, 0x200B, *range(0x2060, 0x2065), 0xFEFF, *range(0xE0000, 0xE0080))
_TURNS |= {code: f"\\u{code:04x}" for code in _UNSEEN}
_JOINERS = "\u200c\u200d"  # without width too, but Persian and Hindi are written with them
_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])|(?<=http):|(?<=https):|(?<=www)\.")
_START = re.compile(r"^(\d*)(?=[#+=-]|[.)](?: |$))")  # of a heading, a list or a line
_FORMULA = "=+@＝＋－＠-"
# Also after a separator that a spreadsheet may be set to; "- " is an item of a list.
_WITHIN = re.compile(r"(?<=[;\t\r\n])([ ]*)(?=[=@＝＠']|[-+＋－](?! ))")
_HASHED = re.compile(r"#[0-9a-f]{12}$")  # as `name_in_table` ends a name


def line(text: object) -> str:
    """On one line, without what a terminal would obey."""
    return printable(str(text)).translate(_TURNS)


def lines(text: str) -> str:
    """The same over several lines."""
    rows = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(line, row.split("\t"))) for row in rows)


def markdown(text: object) -> str:
    """On one line of Markdown, in a table too: shown letter by letter."""
    plain = _MARKS.sub(r"\\\g<0>", line(text).strip()).replace("&", "&amp;")
    return _START.sub(r"\1\\", plain.replace("<", "&lt;").replace(">", "&gt;"))


def in_table(value: Any) -> Any:
    """A value for a CSV file that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    text = _WITHIN.sub(r"\1'", lines(value))
    return f"'{text}" if text.lstrip(" ")[:1] in (*_FORMULA, "\t", "'") else text


def name_in_table(name: str) -> str:
    """The name of a student for a CSV file: two students never get the same.

    `in_table` tells two names apart that it shows letter by letter; others get a hash.
    """
    if line(name) == name and not _HASHED.search(name) and not set(name) & set(_JOINERS):
        return str(in_table(name))
    whole = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{in_table(line(name))} #{whole[:12]}"

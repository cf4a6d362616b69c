"""Make students' text harmless: it is shown, and never obeyed or formatted.

It reaches reports through error messages, printed output, names of cells and files, and labels of
figures.
"""

import hashlib
import re
from typing import Any

from ..names import printable

# Marks that change the direction of reading, so that text looks different from what it is.
_TURNS = {code: f"\\u{code:04x}" for code in (0x200E, 0x200F, 0x061C)}
_TURNS |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
# Signs without width that no language needs: a name with one looks like the name without it.
_UNSEEN = (0x00AD, 0x180E, 0x200B, *range(0x2060, 0x2065), 0xFEFF, *range(0xE0000, 0xE0080))
_TURNS |= {code: f"\\u{code:04x}" for code in _UNSEEN}
_JOINERS = "\u200c\u200d"  # without width too, but Persian and Hindi need them
_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])|(?<=http):|(?<=https):|(?<=www)\.")
_START = re.compile(r"^(\d*)(?=[#+=-]|[.)](?: |$))")  # the start of a heading, a list or a line
_FORMULA = "=+@＝＋－＠-"
# A formula can also follow a separator that a spreadsheet uses; "- " is an item of a list.
_WITHIN = re.compile(r"(?<=[;\t\r\n])([ ]*)(?=[=@＝＠']|[-+＋－](?! ))")
_HASHED = re.compile(r"#[0-9a-f]{12}$")  # how `name_in_table` ends a name


def line(text: object) -> str:
    """Text on one line, without characters that a terminal would obey."""
    return printable(str(text)).translate(_TURNS)


def lines(text: str) -> str:
    """Text over several lines, without characters that a terminal would obey."""
    rows = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(line, row.split("\t"))) for row in rows)


def markdown(text: object) -> str:
    """Text on one line of Markdown, also in a table, shown character by character."""
    plain = _MARKS.sub(r"\\\g<0>", line(text).strip()).replace("&", "&amp;")
    return _START.sub(r"\1\\", plain.replace("<", "&lt;").replace(">", "&gt;"))


def in_table(value: Any) -> Any:
    """A value for a CSV file, changed so that no spreadsheet takes it for a formula."""
    if not isinstance(value, str):
        return value
    text = _WITHIN.sub(r"\1'", lines(value))
    return f"'{text}" if text.lstrip(" ")[:1] in (*_FORMULA, "\t", "'") else text


def name_in_table(name: str) -> str:
    """The name of a student for a CSV file; no two students get the same.

    Names that can be shown unchanged stay as they are; all others get a hash.
    """
    if line(name) == name and not _HASHED.search(name) and not set(name) & set(_JOINERS):
        return str(in_table(name))
    whole = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{in_table(line(name))} #{whole[:12]}"

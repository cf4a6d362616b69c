"""File names from a disk or a person, made safe to print and possible to open.

On Linux a file name is a sequence of bytes, and may hold anything. Letters in another encoding are
an example: Python keeps them as lone surrogates, which no text file can hold. Another is the escape
character, with which printed text can change the title of a terminal or hide a line.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .types import PathLike

LONGEST = 100  # characters of a file name that minires makes from other names; systems allow 255
MOST_FOLDERS = 500  # folders within each other in one path


def printable(text: str) -> str:
    r"""`text` on one line: escapes such as ``\x1b`` replace characters that cannot be shown.

    These are control characters, ends of lines and lone surrogates.
    """
    return text.translate(_ESCAPES)


def as_text(name: PathLike) -> str:
    r"""The name of a file as text that can be written and printed anywhere.

    Names are read as UTF-8, whatever the locale says. Other bytes become escapes such as ``\xe9``.
    """
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))


def expanded(path: PathLike) -> Path:
    """`path` with a leading ``~`` or ``~user`` replaced by the home folder, as a shell does.

    A shell does not do so in ``--out=~/runs``, nor does anyone in settings files and Python code.
    ``./~`` is left as it is.
    """
    return on_disk(os.path.expanduser(path))


def on_disk(path: PathLike) -> Path:
    """`path` in a form that can be opened even if the locale lacks its letters, as C lacks é.

    On disk such a name is UTF-8, like settings files and the names that minires makes.

    Raises
    ------
    OSError
        For more than `MOST_FOLDERS` folders within each other: Python makes them by recursion, and
        would run out of stack.
    """
    path = os.fspath(path)
    if len(Path(path).parts) > MOST_FOLDERS:
        raise OSError(errno.ENAMETOOLONG, "more folders within each other than can be made", path)
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        with suppress(UnicodeEncodeError):  # a surrogate for no byte: such a file cannot exist
            path = os.fsdecode(path.encode("utf-8", "surrogateescape"))
    return Path(path)


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text`, cut in the middle if it is longer than that many characters."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def shown(value: object, longest: int = 200) -> str:
    """``repr(value)``, cut to a length that fits into an error message.

    It stops early, so a large value is never written in full. A number of more than 4,300 digits,
    which Python refuses to write, is described instead.
    """
    text = ""
    try:
        for piece in _pieces(value, longest):
            text += piece
            if len(text) > 10 * longest:
                return f"{text[: longest - 1]}…"
        return shortened(text, longest)
    except RecursionError:  # lists a thousand deep
        return f"a {type(value).__name__} too deep to write"
    except ValueError:
        return f"a number of more than {sys.get_int_max_str_digits():,} digits"


def _pieces(value: object, longest: int) -> Iterator[str]:
    """Yield ``repr(value)`` piece by piece; long texts and large arrays are abbreviated."""
    kind = type(value)
    if isinstance(value, str) and len(value) > 2 * longest:
        yield repr(value[:longest] + value[-longest:])
    elif isinstance(value, (bytes, bytearray)) and len(value) > 2 * longest:
        yield repr(value[:longest] + value[-longest:])
    elif isinstance(value, (list, tuple)) and kind in (list, tuple):
        yield "[" if kind is list else "("
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(item, longest)
        yield "]" if kind is list else ",)" if len(value) == 1 else ")"
    elif isinstance(value, dict) and kind is dict:
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield ", " if number else ""
            yield from _pieces(key, longest)
            yield ": "
            yield from _pieces(item, longest)
        yield "}"
    elif isinstance(value, (set, frozenset)) and len(value) > 2 * longest:
        yield f"a {kind.__name__} of {len(value):,}"
    elif kind.__name__ == "ndarray" and getattr(value, "size", 0) > 1000:
        yield f"an array of shape {getattr(value, 'shape', '?')}"
    else:
        yield repr(value)


_CONTROLS = {
    code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}
_SURROGATES = {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
_BYTES = {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(128, 256)}  # how Python keeps a byte
_ESCAPES = _CONTROLS | _SURROGATES | _BYTES

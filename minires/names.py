"""Names of files, as a disk or a person gives them, made fit to be shown and to be opened.

On Linux a name is bytes, and may hold anything: letters in another encoding, which Python keeps as
lone surrogates that no text file can hold, or the escape character, by which text that is printed
can change the title of a terminal or hide a line.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .types import PathLike

LONGEST = 100  # characters of a file name that minires makes from other names; systems allow 255
MOST_FOLDERS = 500  # within each other, in one path


def printable(text: str) -> str:
    r"""`text` on one line, with escapes such as \x1b and \n for all that is no letter, sign or
    space.
    """
    return text.translate(_ESCAPES)


def as_text(name: PathLike) -> str:
    r"""The name of a file as text that can be written and printed anywhere.

    UTF-8 whatever the locale says; bytes that are not come out as \xe9.
    """
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))


def expanded(path: PathLike) -> Path:
    """`path` with a leading ``~`` or ``~user`` as the home folder, as a shell would have it.

    A shell leaves it in ``--out=~/runs``, and so do settings files and Python. ``./~`` stays.
    """
    return on_disk(os.path.expanduser(path))


def on_disk(path: PathLike) -> Path:
    """`path` as it can be opened where the locale lacks its letters, such as é in the C locale.

    It is UTF-8 on disk then, as settings files and minires's own names are.

    Raises
    ------
    OSError
        For more folders within each other than Python can make: it calls itself for each.
    """
    path = os.fspath(path)
    if len(Path(path).parts) > MOST_FOLDERS:
        raise OSError(errno.ENAMETOOLONG, "more folders within each other than can be made", path)
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        with suppress(UnicodeEncodeError):  # half a letter is in no name
            path = os.fsdecode(path.encode("utf-8", "surrogateescape"))
    return Path(path)


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text`, cut in the middle if it is longer than that many characters."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def shown(value: object, longest: int = 200) -> str:
    """``repr(value)`` in a length that fits an error; Python refuses numbers of 4,300 digits.

    Of something large no more is written than is shown.
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
    """``repr(value)`` piece by piece."""
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


_LINES = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}
_HALVES = {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
_BYTES = {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(128, 256)}  # as Python keeps them
_ESCAPES = _LINES | _HALVES | _BYTES

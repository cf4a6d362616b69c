"""Fonts for names in any script: a class is called 猫, قط or बिल्ली if its folder is.

The font of all figures, DejaVu Sans, has Latin, Greek, Cyrillic, Hebrew and Arabic letters, and
some emoji. For other letters the fonts of the system are searched. If no font has them, the figure
shows the number of the class instead, and a warning says which font to install. Matplotlib itself
would draw a box for each letter.
"""

import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from unicodedata import bidirectional, category, name

from ..names import printable, shortened

BASE = "DejaVu Sans"  # comes with Matplotlib
BOXES = "Last Resort"  # comes with Matplotlib, too, and draws a box for every letter
#: Families with many letters, the best ones first. All other fonts of the system come after them.
PREFERRED = (
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",  # macOS
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Kohinoor Devanagari",
    "Microsoft YaHei",  # Windows
    "Yu Gothic",
    "Malgun Gothic",
    "Nirmala UI",
    "Leelawadee UI",
    "Segoe UI",
    "Segoe UI Symbol",
    "Arial Unicode MS",
    "WenQuanYi Zen Hei",
    "Symbola",
    "Unifont",
)
CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")
#: Scripts whose letters join or move. Matplotlib draws them correctly from version 3.11 on.
SHAPED = "ARABIC HEBREW SYRIAC THAANA DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU"
SHAPED += " KANNADA MALAYALAM SINHALA KHMER MYANMAR TIBETAN"
NAMED = 5  # how many names a warning lists


class MissingLetters(UserWarning):
    """A figure shows something else instead of letters, because no font here has them."""


def families(texts: Iterable[str]) -> list[str]:
    """The font families for these texts. Each letter is drawn in the first that has it."""
    return [BASE, *_found(_letters(texts))[0]]


def readable(text: str) -> str:
    r"""`text`, in which escapes such as ``\u732b`` replace letters that no font has.

    A `MissingLetters` warning names them.
    """
    missing = _found(_letters([text]))[1]
    if missing:
        warn(f"{shortened(printable(text))!r} is drawn with numbers for letters", missing)
    return "".join(ascii(one)[1:-1] if one in missing else one for one in text)


def readable_names(classes: Sequence[str]) -> list[str]:
    """The names of classes, where "class 3" replaces a name with letters that no font has.

    A `MissingLetters` warning says which.
    """
    missing = _found(_letters(classes))[1]
    lacking = [i for i, one in enumerate(classes) if missing & _letters([one])]
    if lacking:
        shown = [f"{shortened(printable(classes[i]))} is class {i}" for i in lacking[:NAMED]]
        more = f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else ""
        warn(f"in the figure {', '.join(shown)}{more}", missing)
    _warn_of_shapes(classes)
    return [f"class {i}" if i in lacking else one for i, one in enumerate(classes)]


def _letters(texts: Iterable[str]) -> frozenset[str]:
    """The letters and signs outside ASCII, without marks that only change how others look."""
    letters = {letter for text in texts if not text.isascii() for letter in printable(text)}
    return frozenset(
        one
        for one in letters
        if not one.isascii() and category(one) != "Cf" and not 0xFE00 <= ord(one) <= 0xFE0F
    )


@lru_cache(maxsize=64)
def _found(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """(families, missing): the families needed besides `BASE`, and the letters that no font has."""
    chosen: list[str] = []
    if not letters:
        return chosen, letters
    from matplotlib import font_manager

    missing = letters - _covered(font_manager.findfont(BASE))
    for look_on_disk in (False, True):
        if missing and look_on_disk:
            _list_new_fonts()
        for entry in _entries() if missing else ():
            has = missing & _covered(entry.fname)
            if has:
                chosen.append(entry.name)
                missing -= has
            if not missing:
                break
    return chosen, missing


def _entries() -> list[Any]:
    """The upright fonts of normal weight that Matplotlib knows, the preferred ones first."""
    from matplotlib.font_manager import fontManager

    ranks = {family: rank for rank, family in enumerate(PREFERRED)}
    normal = {
        entry.name: entry
        for entry in fontManager.ttflist
        if not entry.name.startswith(BOXES)
        and entry.style == "normal"
        and str(entry.weight) in ("400", "normal", "regular")
    }
    return sorted(normal.values(), key=lambda one: (ranks.get(one.name, len(ranks)), one.name))


def _list_new_fonts() -> None:
    """Tell Matplotlib about fonts that were installed after it made its list."""
    from matplotlib import font_manager

    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError, ValueError, KeyError):  # damaged, or an unknown format
                continue


@lru_cache(maxsize=1000)
def _covered(path: str) -> frozenset[str]:
    """The letters in a font file that can be drawn.

    A font that consists of pictures, as most fonts of coloured emoji do, has none.
    """
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
        return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def warn(what: str, missing: frozenset[str]) -> None:
    """Warn that letters are missing, and say what to install."""
    needed = _to_install(missing)
    warnings.warn(
        f"{what}: no font here has these letters; install {' and '.join(needed)} (Debian, Ubuntu: "
        f"apt install {' '.join(dict.fromkeys(needed.values()))}; others: "
        "fonts.google.com/noto), and draw again with minires plot",
        MissingLetters,
        stacklevel=3,
    )


def _to_install(missing: frozenset[str]) -> dict[str, str]:
    """Name of a font that has some of the letters -> the Debian package that contains it."""
    found = {}
    for letter in sorted(missing):
        script = name(letter, "UNKNOWN").split()[0].split("-")[0]
        if script in CJK:
            found["Noto Sans CJK"] = "fonts-noto-cjk"
        elif category(letter).startswith("S"):
            found["Symbola"] = "fonts-symbola"  # fonts of coloured emoji cannot be drawn
        else:
            found[f"Noto Sans {script.title()}"] = "fonts-noto-core"
    return found


def _warn_of_shapes(texts: Sequence[str]) -> None:
    """Warn if this Matplotlib would not join letters, or draw them in the wrong direction."""
    from matplotlib import ft2font

    if hasattr(ft2font, "__libraqm_version__"):
        return
    scripts = SHAPED.split()
    for text in texts:
        if any(
            bidirectional(one) in ("R", "AL") or name(one, "?").split()[0] in scripts
            for one in text
            if not one.isascii()
        ):
            warnings.warn(
                f"this Matplotlib does not join the letters of {shortened(printable(text))}, and "
                "draws them from left to right; pip install -U matplotlib (3.11 or later)",
                MissingLetters,
                stacklevel=3,
            )
            return

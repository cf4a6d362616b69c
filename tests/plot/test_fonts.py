"""Names in any script are drawn with a font that has the letters, or replaced by something
readable."""

import os
import warnings

import numpy as np
import pytest
from matplotlib import font_manager

from minires import plot
from minires.plot import fonts
from minires.plot.fonts import MissingLetters, families, readable, readable_names

LETTERS = "\U000f0000\U000f0001"  # for private use: no font of a system has these


@pytest.fixture(autouse=True)
def fresh():
    fonts._found.cache_clear()
    before = list(font_manager.fontManager.ttflist)
    yield
    font_manager.fontManager.ttflist = before
    fonts._found.cache_clear()
    fonts._covered.cache_clear()


def make_font(path, family, letters, square=600):
    """A font whose letters are squares of that size."""
    builder = pytest.importorskip("fontTools.fontBuilder").FontBuilder(1000, isTTF=True)
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, square), (square, square), (square, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = [".notdef", *(f"u{ord(one):05X}" for one in letters)]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(one): name for one, name in zip(letters, names[1:])})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (700, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def confusion(names, caption=""):
    return plot.confusion(np.eye(len(names), dtype=int), names, caption)


def test_letters_that_the_usual_font_has():
    assert families(["plain-20", "café", "γάτα", "кот", "قطة", "חתול", "e\u0301"]) == [
        "DejaVu Sans"
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert readable_names(["café", "قطة"]) == ["café", "قطة"]
        assert readable("on café") == "on café"


def test_a_font_of_the_system_is_found_and_drawn_with(tmp_path):
    font_manager.fontManager.addfont(make_font(tmp_path / "a.ttf", "Squares", LETTERS))
    names = [f"a {LETTERS}", "b"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = confusion(names, f"on {LETTERS}")
        picture = plot.picture(figure)
    (ax, *_) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == names
    assert ax.get_yticklabels()[0].get_fontfamily() == ["DejaVu Sans", "Squares"]
    font_manager.fontManager.ttflist.pop()
    fonts._found.cache_clear()
    font_manager.fontManager.addfont(make_font(tmp_path / "b.ttf", "Dots", LETTERS, 200))
    assert plot.picture(confusion(names, f"on {LETTERS}")) != picture


def test_several_fonts_are_combined(tmp_path):
    for name, letters in (("One", LETTERS[0]), ("Two", LETTERS[1])):
        font_manager.fontManager.addfont(make_font(tmp_path / f"{name}.ttf", name, letters))
    assert families([LETTERS]) == ["DejaVu Sans", "One", "Two"]
    assert families([LETTERS[1]]) == ["DejaVu Sans", "Two"]


def test_a_font_that_was_installed_since_matplotlib_made_its_list(tmp_path, monkeypatch):
    path = make_font(tmp_path / "a.ttf", "Squares", LETTERS)
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(broken), path])
    assert families([LETTERS]) == ["DejaVu Sans", "Squares"]


def test_no_font_has_them():
    """Numbers replace the names, and a line says which and what to do. There are never boxes."""
    with pytest.warns(MissingLetters) as said:
        figure = confusion(["cat", f"a {LETTERS}"], f"on {LETTERS[0]}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot.picture(figure)
    (ax, *_) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "class 1"]
    assert figure.texts[0].get_text() == "on \\U000f0000"
    lines = [str(one.message) for one in said]
    assert len(lines) == 2 and f"in the figure a {LETTERS} is class 1: no font here has" in lines[0]
    assert "draw again with minires plot" in lines[0]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("猫", {"Noto Sans CJK": "fonts-noto-cjk"}),
        ("ねこ고양이", {"Noto Sans CJK": "fonts-noto-cjk"}),
        ("बिल्ली", {"Noto Sans Devanagari": "fonts-noto-core"}),
        ("🐈", {"Symbola": "fonts-symbola"}),
        ("แม猫", {"Noto Sans Thai": "fonts-noto-core", "Noto Sans CJK": "fonts-noto-cjk"}),
    ],
)
def test_what_to_install(text, expected):
    assert fonts._to_install(frozenset(text)) == expected


def test_boxes_in_a_users_own_figure_are_reported_once():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0.5, 0.5, LETTERS, family="DejaVu Sans")
    with pytest.warns(MissingLetters, match="boxes stand for letters in the figure") as said:
        plot.picture(figure)
    assert len(said) == 1


def test_fonts_of_pictures_and_boxes_are_not_chosen(tmp_path):
    """Matplotlib brings a font with a box for every letter, and cannot draw coloured emoji."""
    assert not any(name.startswith("Last Resort") for name in families([LETTERS, "猫"]))
    assert fonts._covered(str(tmp_path / "nothing.ttf")) == frozenset()


def test_variation_selectors_need_no_font():
    assert fonts._letters(["a\ufe0f\u200d"]) == frozenset()


@pytest.mark.skipif(os.name != "posix", reason="one system is enough")
def test_an_old_matplotlib_is_named(monkeypatch):
    from matplotlib import ft2font

    monkeypatch.delattr(ft2font, "__libraqm_version__", raising=False)
    with pytest.warns(MissingLetters, match="does not join the letters of قطة.*pip install -U"):
        readable_names(["cat", "قطة"])

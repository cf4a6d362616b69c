"""The drawn blocks: the committed pictures are what the code draws, and each describes what it
shows."""

from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minires.drawing import blocks

ROOT = Path(__file__).parents[2]
NAME = "{http://www.w3.org/2000/svg}"


def words(picture):
    root = ElementTree.fromstring(picture.svg)
    return [text.text for text in root.iter(f"{NAME}text")]


def test_the_picture_of_the_docs_is_this_one():
    drawn = (ROOT / "docs" / "pictures" / "residual_block.svg").read_text(encoding="utf-8")
    assert drawn == blocks.block().svg, (
        "draw it again: minires.drawing.blocks.block().save('docs/pictures/residual_block.svg')"
    )


def test_only_the_residual_block_has_an_addition():
    assert {"F(x) + x", "the shortcut:"} <= set(words(blocks.block()))
    assert not {"F(x) + x", "the shortcut:"} & set(words(blocks.block(shortcut=False)))
    assert "F(x) + αx" in words(blocks.block(scale="α"))


@pytest.mark.parametrize("shortcut", [True, False])
def test_there_are_twenty_layers(shortcut):
    picture = blocks.twenty_layers(shortcut)
    texts = words(picture)
    arcs = picture.svg.count(f'marker-end="url(#tip-{blocks.BLUE[1:]})"')
    assert arcs == (9 if shortcut else 0)  # one for each block
    layers = sum(int(text.split()[0]) for text in texts if text.endswith(("layer", "layers")))
    assert layers == 20 == texts.count("conv 3×3") + 1  # and the linear layer


@pytest.mark.parametrize(
    "picture",
    [blocks.block(), blocks.block(shortcut=False), blocks.twenty_layers()],
    ids=["block", "plain", "twenty"],
)
def test_it_describes_what_it_shows_and_fits_a_phone(picture):
    root = ElementTree.fromstring(picture.svg)
    assert root.get("role") == "img" and "block" in root.get("aria-label")
    assert "max-width: 100%" in root.get("style")
    assert not root.findall(".//*[@id='title']")  # there are several of them on one page


def test_nothing_leaves_the_page():
    root = ElementTree.fromstring(blocks.twenty_layers().svg)
    width, height = (float(root.get(side)) for side in ("width", "height"))
    for text in root.iter(f"{NAME}text"):
        assert 0 < float(text.get("x")) < width and 0 < float(text.get("y")) < height


def test_a_notebook_gets_the_words_with_the_picture(monkeypatch):
    display = pytest.importorskip("IPython.display", reason="IPython is not installed")
    shown = []
    monkeypatch.setattr(display, "display", lambda data, **settings: shown.append(data))
    picture = blocks.block()
    picture._ipython_display_()
    (image,) = ElementTree.fromstring(f"<p>{shown[0]['text/html'][:-1]}/></p>")
    assert image.get("alt").startswith("A residual block")
    assert "max-width: 100%" in image.get("style")  # narrow pages show the whole picture
    assert b64decode(image.get("src").split(",")[1]).decode() == picture.svg

"""The whole site: it builds without a warning, needs no network, and every link in it leads
somewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import docs.__main__ as command
from docs.generate import explorer

from ..slow import LONG

pytestmark = LONG  # builds some hundred pages


class Page(HTMLParser):
    """What a page links to, loads and offers as anchors."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors, self.without_words = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loads.append(given["src"])
        if tag == "link" and given.get("href"):
            self.loads.append(given["href"])
        if tag == "img" and not given.get("alt"):
            self.without_words.append(given.get("src"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    missing = command.missing_packages()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("site")
    assert command.build(folder) == 0  # warnings are errors
    return folder / "html"


@pytest.fixture(scope="module")
def pages(built):
    return {
        path.relative_to(built).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in built.rglob("*.html")
        if "_static" not in path.parts
    }


def test_every_link_and_anchor_leads_somewhere(built, pages):
    dead = []
    for name, page in pages.items():
        for link in page.links:
            path, _, anchor = unquote(link).partition("#")
            if ":" in path.split("/")[0]:
                continue
            target = (built / name).parent / path if path else built / name
            if target.is_dir() or not target.exists():
                dead.append((name, link))
                continue
            other = pages.get(target.resolve().relative_to(built.resolve()).as_posix())
            if other is not None and target.name == Path(explorer.FILE).name:
                continue  # on that page the fragment is a view, not an anchor
            if anchor and other is not None and anchor not in other.anchors:
                dead.append((name, link))
    assert not dead, (len(dead), dead[:20])


def test_nothing_is_loaded_from_a_network(built, pages):
    for name, page in pages.items():
        for source in page.loads:
            assert not re.match(r"(https?:)?//", source), (name, source)
            if not source.startswith(("data:", "#")):
                path = (built / name).parent / unquote(re.split("[?#]", source)[0])
                assert path.exists(), (name, source)
    for style in built.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"url\([\"']?https?:|@import [\"']https?:", text), style


def test_every_picture_has_a_description(pages):
    assert not [(name, page.without_words) for name, page in pages.items() if page.without_words]


def test_formulas_notebooks_and_tabs_are_there(built):
    conv = (built / "kernels" / "conv2d.html").read_text(encoding="utf-8")
    assert "tex-svg-full.js" in conv and "sd-tab-set" in conv
    assert (built / "_static" / "mathjax" / "tex-svg-full.js").stat().st_size > 1e6
    notebook = next((built / "notebooks").glob("03_*.html")).read_text(encoding="utf-8")
    assert "<details" in notebook and "cell_output" in notebook
    assert (built / "searchindex.js").stat().st_size > 100_000


FIGURES = """() => [...document.querySelectorAll("article .cell_output img")].map(one => {
    const style = getComputedStyle(one);
    const inner = one.clientWidth - 2 * parseFloat(style.paddingLeft);
    return {size: inner / one.naturalWidth, filter: style.filter,
            page: style.backgroundColor, enlarged: !!one.closest("button.enlarge")};
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_figure_of_a_notebook_can_be_read(built, browser, width, scheme):
    """On a dark page it lies on dimmed paper, and one that was made smaller can be enlarged."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(next((built / "notebooks").glob("09_*.html")).as_uri())
    page.evaluate("document.querySelectorAll('article details').forEach(one => one.open = true)")
    page.wait_for_timeout(500)
    figures = page.evaluate(FIGURES)
    assert len(figures) >= 6 and page.evaluate("document.documentElement.scrollWidth") <= width
    for figure in figures:
        assert figure["page"] == "rgb(255, 255, 255)"
        assert figure["filter"] == {"light": "none", "dark": "brightness(0.84)"}[scheme]
        assert figure["size"] > 0.8 or figure["enlarged"], figure
    assert any(figure["enlarged"] for figure in figures) or width > 390
    if width == 390:
        page.locator("button.enlarge").nth(1).click()
        box = page.locator("dialog.enlarged").bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= width
        assert page.evaluate("""() => {
            const large = document.querySelector("dialog img");
            return large.clientWidth >= large.naturalWidth;
        }""")
        page.keyboard.press("Escape")
        assert page.locator("dialog").count() == 0
    page.evaluate("document.body.dataset.theme = 'light'")  # the reader's own choice
    page.wait_for_timeout(100)
    assert {figure["filter"] for figure in page.evaluate(FIGURES)} == {"none"}
    assert wrong == []
    page.close()


def test_axe_finds_nothing_on_a_notebook_and_an_enlarged_figure(built, browser):
    reason = "axe-playwright-python, which holds axe-core, is not installed"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page.goto(next((built / "notebooks").glob("09_*.html")).as_uri())
    for part in ("body", "dialog"):
        found = axe.Axe().run(page, context=part)
        assert found.violations_count == 0, found.generate_report()
        if part == "body":
            page.locator("button.enlarge").first.click()
    page.close()

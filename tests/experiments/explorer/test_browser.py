"""The page as a reader sees it, in a real browser without a network.

Needs Playwright (``pip install -e ".[browser]"``) and a Chromium, its own or the system's.
"""

import csv
import io
import re
from urllib.parse import parse_qs

import pytest

from minires.experiments import explorer

from . import made_up

pytestmark = pytest.mark.slow  # starts a browser: some 10 s for the whole file
EVIL = "<img src=x onerror=document.title='broken'>"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The pages: on one run, on two, on one with names that are HTML, and on runs without some of
    the tables."""
    folder = tmp_path_factory.mktemp("runs")
    one = made_up.degradation(folder / "one")
    other = made_up.degradation(folder / "other", depths=(8,), steps=(0, 1, 2, 15))
    evil = made_up.single(folder / "evil", EVIL, dataset_name=EVIL)
    bare = made_up.single(folder / "bare", steps=())
    old = made_up.single(folder / "old")
    (old / "updates.csv").unlink()
    pages = {
        "old": [old, one],
        "older": [old],
        "one": [one],
        "two": [one, other],
        "evil": [evil],
        "bare": [bare, one],
    }
    for name, folders in pages.items():
        explorer.write(folders, folder / f"{name}.html")
    return folder


class Reader:
    """A reader of one page who notes errors."""

    def __init__(self, browser, files, width=1280, scheme="light"):
        self.files, self.wrong = files, []
        size = {"width": width, "height": 800}
        self.page = browser.new_page(viewport=size, color_scheme=scheme)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._note_line)
        self.page.on("request", self._note_request)

    def _note_line(self, line):
        if "willReadFrequently" not in line.text:  # these tests read canvases, the page does not
            self.wrong.append(line.text)

    def _note_request(self, request):
        if not request.url.startswith(("file:", "blob:")):
            self.wrong.append(request.url)

    def open(self, name, address=""):
        self.page.goto("about:blank")
        self.page.goto(f"{(self.files / name).as_uri()}{address and '#' + address}")
        return self.page

    def address(self):
        # It is written when the slider stops: a later timer of the page ends after that.
        self.page.evaluate("new Promise(done => setTimeout(done, 250))")
        return parse_qs(self.page.url.partition("#")[2])

    def box(self, name):
        return self.page.get_by_role("checkbox", name=name, exact=True)

    def lines(self, part):
        return self.page.locator(f"#{part} path.net").count()

    def table(self):
        return self.page.locator("#tables tr").all_inner_texts()

    def download(self, name):
        with self.page.expect_download() as found:
            self.page.click(f"[data-csv={name}]")
        text = found.value.path().read_text(encoding="utf-8")
        return found.value.suggested_filename, list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def reader(browser, files):
    one = Reader(browser, files)
    yield one
    one.page.close()
    assert one.wrong == []


def test_all_nets_are_drawn(reader):
    page = reader.open("one.html")
    assert (reader.lines("curves"), reader.lines("layers")) == (8, 4)
    names = page.locator("#curves text.name").all_text_contents()
    assert sorted(names) == ["plain-14", "plain-8", "resnet-14", "resnet-8"]
    assert page.locator("#maps canvas").count() == 4
    sizes = page.eval_on_selector_all("#maps canvas", "all => all.map(c => [c.width, c.height])")
    assert sizes == [[4, 7], [4, 13], [4, 7], [4, 13]]  # steps, layers
    row = next(row for row in reader.table() if row.startswith("plain-14"))
    low, high = (made_up.error("plain-14", seed, 3, "train") for seed in (0, 1))
    assert f"{(low + high) / 2:.1f} % ({low:.1f}–{high:.1f})" in row


def test_a_line_is_where_its_numbers_are(reader):
    """The curve of one net and seed, read off its path against the axis."""
    reader.open("one.html", "without-seed=1&without=plain-14&without=resnet-8&without=resnet-14")
    page = reader.page
    path = page.locator("#curves path.net").first.get_attribute("d")
    heights = [float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", path)]
    labels = page.eval_on_selector_all(
        "#curves text[text-anchor=end]",
        "all => all.map(one => [+one.textContent, +one.getAttribute('y') - 4])",
    )
    (a, y_a), (b, y_b) = labels[0], labels[-1]
    errors = [a + (y - y_a) * (b - a) / (y_b - y_a) for y in heights]
    expected = [made_up.error("plain-8", 0, epoch, "train") for epoch in (1, 2, 3)]
    assert errors == pytest.approx(expected, abs=0.05)


def test_a_cell_of_a_map_has_the_colour_of_its_norm(reader):
    """The lowest and the highest norm have the ends of the scale."""
    reader.open("one.html", "without-seed=1")
    found = reader.page.evaluate("""() => [...document.querySelectorAll("#maps canvas")].map(c => {
        const pixel = (x, y) => [...c.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
        return [pixel(c.width - 1, c.height - 1), pixel(0, 0)];
    })""")
    bright, dull = found[3]  # resnet-14: the images at the last step; the last layer at the first
    assert sum(bright) > sum(dull)
    light = [sum(ends[0]) for ends in found]
    assert light[2] == light[3] > light[0] == light[1]  # residual nets have twice the norm


def test_nets_and_seeds_are_switched_off(reader):
    page = reader.open("one.html")
    reader.box("plain-14").uncheck()
    assert (reader.lines("curves"), reader.lines("layers")) == (6, 3)
    reader.box("1").uncheck()
    assert all(row.split("\t")[1] == "1" for row in reader.table()[1:])
    reader.box("test error, dashed").uncheck()
    assert reader.lines("curves") == 3
    assert reader.address() == {"without": ["plain-14"], "without-seed": ["1"], "test": ["off"]}
    page.get_by_role("button", name="no nets").click()
    assert reader.lines("curves") == reader.lines("layers") == page.locator("canvas").count() == 0
    page.get_by_role("button", name="all nets").click()
    assert reader.lines("curves") == 4 and reader.box("plain-14").is_checked()


def test_each_seed_on_its_own(reader):
    reader.open("one.html")
    reader.box("each seed on its own").check()
    assert (reader.lines("curves"), reader.lines("layers")) == (16, 8)


def test_the_slider_moves_the_norms(reader):
    page = reader.open("one.html")
    before = page.locator("#layers path.net").first.get_attribute("d")
    page.locator("#step").focus()
    page.keyboard.press("End")
    assert page.locator("#step-said").inner_text() == "after 10 steps"
    assert page.locator("#step").get_attribute("aria-valuetext") == "after 10 steps"
    assert page.locator("#layers path.net").first.get_attribute("d") != before
    page.locator("#layer").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#layer-said").inner_text() == "3, layer3"
    mean = (made_up.norm("plain-8", 0, 10, 3) * made_up.norm("plain-8", 1, 10, 3)) ** 0.5
    row = next(row for row in reader.table() if row.startswith("plain-8"))
    assert float(row.split("\t")[-1]) == pytest.approx(mean, rel=0.006)
    assert reader.address() == {"step": ["10"], "layer": ["3"]}


def test_weights_and_ratios(reader):
    page = reader.open("one.html", "step=10&layer=3")
    norm = {}
    for what in ("gradient", "weight", "ratio", "update"):
        page.locator("#what").select_option(what)
        row = next(row for row in reader.table() if row.startswith("plain-8"))
        norm[what] = float(row.split("\t")[-1].replace("−", "-"))
    assert norm["weight"] == pytest.approx(30, rel=0.006)
    assert norm["ratio"] == pytest.approx(norm["gradient"] / 30, rel=0.01)
    assert norm["update"] == pytest.approx(norm["gradient"] / 100, rel=0.01)


def test_the_rule_of_thumb_is_a_line_where_it_belongs(reader):
    page = reader.open("one.html", "what=update")
    assert "CS231n" in page.locator("#about-what").inner_text()
    line = float(page.locator("#layers line.guide").get_attribute("y1"))
    marks = page.eval_on_selector_all(
        "#layers text[text-anchor=end]",
        "all => all.map(one => [one.textContent, +one.getAttribute('y') - 4])",
    )
    (a, y_a), (b, y_b) = ((int(text[2:].replace("−", "-")), y) for text, y in (marks[0], marks[-1]))
    assert a + (line - y_a) * (b - a) / (y_b - y_a) == pytest.approx(-3, abs=0.01)
    assert page.locator("#maps canvas").count() == 4
    page.locator("#what").select_option("weight")
    assert page.locator("line.guide").count() == 0
    _, rows = reader.download("norms")
    for row in rows:
        expected = made_up.ratio(row["net"], int(row["seed"]), 0, int(row["depth"]))
        assert float(row["update_ratio"]) == pytest.approx(expected, rel=0.0012)


def test_runs_without_update_ratios(reader):
    page = reader.open("old.html", "what=update")
    assert page.locator("#maps canvas").count() == 4
    assert "earlier version" in page.locator("#maps p").inner_text()
    page = reader.open("older.html", "what=update")
    assert page.locator("#what").input_value() == "gradient"
    assert page.locator("#what option[value=update]").count() == 0


def test_it_plays_to_the_end_and_stops(reader):
    page = reader.open("one.html", "step=5")
    page.get_by_role("button", name="play").click()
    page.wait_for_function("document.getElementById('step-said').textContent === 'after 10 steps'")
    page.get_by_role("button", name="play").wait_for()  # not "stop"
    assert page.locator("#step-said").inner_text() == "after 10 steps"
    page.get_by_role("button", name="play").click()  # from the beginning again
    assert page.locator("#step-said").inner_text() == "before training"


def test_a_cell_of_a_map_can_be_chosen(reader):
    page = reader.open("one.html")
    cells = page.locator("#maps .cells").nth(1)  # plain-14: 4 columns, 13 rows
    box = cells.bounding_box()
    cells.click(position={"x": 0.6 * box["width"], "y": box["height"] * 1.5 / 13})
    assert reader.address() == {"step": ["5"], "layer": ["12"]}
    frame = page.locator("#maps .cell").nth(1).bounding_box()
    assert frame["x"] == pytest.approx(box["x"] + 0.5 * box["width"], abs=1)


def test_the_address_shows_the_same_view_again(reader, browser, files):
    page = reader.open("two.html")
    page.locator("#left").select_option("other")
    page.locator("#right").select_option("one")
    reader.box("resnet-8").uncheck()
    reader.box("each seed on its own").check()
    page.locator("#what").select_option("weight")
    page.locator("#step").focus()
    page.keyboard.press("ArrowRight")
    reader.address()
    other = Reader(browser, files)
    again = other.open("two.html", page.url.partition("#")[2])
    for seen in ("#titles", "#tables", "#moment"):
        assert again.locator(seen).inner_text() == page.locator(seen).inner_text()
    drawn = "document.getElementById('layers').innerHTML"
    assert again.evaluate(drawn) == page.evaluate(drawn) and other.address() == reader.address()
    again.close()


@pytest.mark.parametrize(
    "address",
    ["left=nowhere&step=x&layer=-3&what=constructor&without=a&without-seed=b", "%", "step=999999",
     "layer=99999", "right=&left=", "what=__proto__&train=<b>"],
)  # fmt: skip
def test_an_address_that_asks_for_what_is_not_there(address, reader):
    page = reader.open("two.html", address)
    assert page.locator("#curves svg").count() >= 1 and reader.lines("layers") > 0
    assert page.locator("#what").input_value() == "gradient"


def test_an_address_that_changes(reader):
    page = reader.open("one.html")
    page.evaluate("location.hash = 'step=5&without=plain-8'")
    page.wait_for_function("document.getElementById('step-said').textContent === 'after 5 steps'")
    assert not reader.box("plain-8").is_checked() and reader.lines("layers") == 3


def test_two_runs_side_by_side(reader):
    page = reader.open("two.html")
    left, right = (page.locator("#curves svg").nth(i).bounding_box() for i in (0, 1))
    assert left["y"] == right["y"] and left["x"] + left["width"] < right["x"]
    axes = page.evaluate("""() => [...document.querySelectorAll("#curves svg")].map(svg => {
        const numbers = [...svg.querySelectorAll("text[text-anchor=end]")];
        return numbers.map(one => one.textContent).join(" ");
    })""")
    assert axes[0] == axes[1]
    page.set_viewport_size({"width": 390, "height": 800})
    left, right = (page.locator("#curves svg").nth(i).bounding_box() for i in (0, 1))
    assert left["x"] == right["x"] and left["y"] < right["y"]
    page.locator("#right").select_option("")
    assert page.locator("#curves svg").count() == 1
    assert reader.address() == {}  # "" is written as right=, which parse_qs leaves out
    assert page.url.endswith("#right=")


def test_a_run_without_norms(reader):
    page = reader.open("bare.html", "right=")
    assert page.locator("#no-norms").is_visible() and not page.locator("#moment").is_visible()
    assert reader.lines("curves") == 2 and reader.table()[1].endswith("–")
    page.locator("#right").select_option("one")
    assert page.locator("#moment").is_visible() and not page.locator("#no-norms").is_visible()
    assert page.locator("#maps p").count() == 1 and page.locator("#maps canvas").count() == 4


def test_tables_as_csv(reader):
    page = reader.open("one.html", "step=5&layer=2&without=plain-8&without-seed=1")
    name, rows = reader.download("errors")
    assert name == "errors.csv" and len(rows) == 9 and {row["seed"] for row in rows} == {"0"}
    for row in rows:
        expected = made_up.error(row["net"], 0, int(row["epoch"]), "test")
        assert float(row["test_error"]) == pytest.approx(expected)
    _, rows = reader.download("norms")
    assert len(rows) == 7 + 2 * 13
    for row in rows:
        expected = made_up.norm(row["net"], 0, 5, int(row["depth"]))
        assert float(row["gradient_norm"]) == pytest.approx(expected, rel=0.0012)
    _, rows = reader.download("summary")
    assert [row["net"] for row in rows] == ["plain-14", "resnet-8", "resnet-14"]
    assert page.locator("#tables tr").count() == 1 + len(rows)


def test_names_that_are_html_stay_text(reader):
    page = reader.open("evil.html")
    assert page.title() == "Explorer: evil" and page.locator("img").count() == 0
    assert EVIL[:20] in page.locator("#tables").inner_text()
    assert EVIL in page.locator("#titles").inner_text()


def test_a_script_that_slipped_in_would_not_run(reader):
    """This is what the page's content security policy is for."""
    page = reader.open("one.html")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', `" + EVIL + "`)")
    page.wait_for_timeout(100)
    assert page.title() == "Explorer: one"
    assert len(reader.wrong) >= 1 and all("Content Security Policy" in it for it in reader.wrong)
    reader.wrong.clear()


def test_everything_can_be_reached_by_keyboard(reader):
    page = reader.open("two.html")
    wanted = page.locator("select, input, button").count()
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
            const all = [...document.querySelectorAll("select, input, button")];
            return all.indexOf(document.activeElement);
        }""")
        )
        focused = """() => [document.activeElement.tagName,
            getComputedStyle(document.activeElement).outlineStyle]"""
        tag, outline = page.evaluate(focused)
        assert tag == "BODY" or outline == "solid"  # the page's own, not "auto"
    assert reached - {-1} == set(range(wanted))
    page.locator("#nets input").first.focus()
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.checked") is False


def test_every_control_and_picture_has_a_name(reader):
    page = reader.open("two.html")
    nameless = page.evaluate("""() => [...document.querySelectorAll(
        "select, input, button, svg, canvas")].filter(one =>
        !(one.ariaLabel || one.labels?.[0]?.textContent.trim() || one.textContent.trim() &&
          one.tagName === "BUTTON")).map(one => one.outerHTML.slice(0, 80))""")
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk_in_light_and_dark(width, scheme, browser, files):
    reader = Reader(browser, files, width, scheme)
    page = reader.open("two.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page_colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page_colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    stroke = page.locator("#curves path.net").first.get_attribute("stroke")
    numbers = page.evaluate("JSON.parse(document.getElementById('numbers').textContent)")
    assert stroke == numbers["nets"][0]["line"][scheme]
    assert reader.wrong == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(width, scheme, browser, files):
    """Contrast, labels, headings, landmarks and more, by the rules of axe-core."""
    reason = "axe-playwright-python, which holds axe-core, is not installed"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    reader = Reader(browser, files, width, scheme)
    found = axe.Axe().run(reader.open("two.html"))
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 20 and reader.wrong == []
    reader.page.close()


def test_ten_seeds_of_four_nets_are_fast(browser, tmp_path):
    """Ten times what they take on two slow cores."""
    run = made_up.degradation(
        tmp_path / "run", (20, 56), range(10), epochs=30, steps=range(0, 310, 10)
    )
    explorer.write([run], tmp_path / "x.html")
    assert (tmp_path / "x.html").stat().st_size < 1.5e6
    reader = Reader(browser, tmp_path)
    page = reader.open("x.html")
    assert page.evaluate("performance.getEntriesByName('drawn')[0].startTime") < 5000
    took = page.evaluate("""() => {
        const slider = document.getElementById("step"), times = [];
        for (let i = 0; i <= +slider.max; i++) {
            const start = performance.now();
            slider.value = i;
            slider.dispatchEvent(new Event("input"));
            document.body.offsetHeight;  // have it laid out, too
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[times.length >> 1];
    }""")
    assert took < 200 and reader.wrong == []
    page.close()

"""The pages that are made from the source and the records: each public name, kernel and claim has
one."""

import importlib
import json
import os
import pkgutil
import re
from urllib.parse import parse_qs

import numpy as np
import pytest

import minires
from docs.generate import (
    api,
    claims,
    commands,
    dark,
    docstrings,
    explorer,
    glossary,
    kernel_examples,
    kernels,
    nets,
    number_grids,
    reading,
    recorded_claims,
    speed,
)
from docs.generate.places import ROOT
from minires.experiments.claims import CLAIMS
from minires.experiments.explorer.colours import contrast_of
from minires.plot.themes import DARK, LIGHT

TIMINGS = json.loads((ROOT / "benchmarks" / "results" / "cpu.json").read_text())
WORDS = kernels.words()
FOLDERS = (recorded_claims.RECORDED, recorded_claims.DECIDED)  # of the claims


# ------------------------------------------------------------------------------- kernels


def test_every_kernel_has_words_and_an_example():
    assert set(WORDS) == set(minires.kernels.names()) == set(kernel_examples.EXAMPLES)


@pytest.mark.parametrize("name", minires.kernels.names())
def test_the_page_of_a_kernel_shows_its_loops_its_formulas_and_its_numbers(name):
    page = kernels.page(name, WORDS[name], TIMINGS)
    assert f"class {name}(Kernel):" in page and "{tab-item} naive" in page
    assert WORDS[name]["forward"] in page and WORDS[name]["backward"] in page
    y, _, gradients = kernel_examples.EXAMPLES[name].run(name)
    assert page.count("<rect") >= y.size + sum(gradient.size for gradient in gradients)
    assert page.count("``````") == 2  # one set of tabs, closed


def test_the_page_of_conv2d_has_every_version_and_its_timings():
    page = kernels.page("conv2d", WORDS["conv2d"], TIMINGS)
    for tab in ("naive", "cpu", "gpu, launcher", "im2col.cu"):
        assert f"{{tab-item}} {tab}\n" in page
    assert "conv2d 128x32x32x16 3x3x16x16, padding 1, forward |" in page
    assert "Not timed on its own" in kernels.page("abs", WORDS["abs"], TIMINGS)


def test_examples_have_gradients_to_show():
    """A dL/dy of ones would give softmax nothing but zeros."""
    for name, example in kernel_examples.EXAMPLES.items():
        _, _, gradients = example.run(name)
        assert any(np.abs(gradient).max() > 1e-9 for gradient in gradients), name


def test_tolerances_are_those_of_the_tests():
    from tests.kernels import checks

    close, rel, step = kernels.limits()
    assert float(close) == checks.assert_close.__defaults__[-1]
    assert float(step) == checks.assert_slopes.__defaults__[-1]
    checks.assert_close(np.ones(1), np.ones(1) + 0.5 * float(close))
    with pytest.raises(AssertionError):
        checks.assert_close(np.ones(1), np.ones(1) + 3 * float(close))
    dy = np.ones(1)
    inside, outside = 1 + float(rel), 1 + 100 * float(rel)
    checks.assert_slopes(lambda x: x, [np.ones(1)], [np.array([inside])], dy)
    with pytest.raises(AssertionError):
        checks.assert_slopes(lambda x: x, [np.ones(1)], [np.array([outside])], dy)


def test_a_grid_shows_each_number_with_its_sign():
    svg, width, height = number_grids.grid(np.array([[1.0, -2.0, 0.0]]), "x", 0, 0)
    assert svg.count("<rect") == 3 and ">-2<" in svg and ">x<" in svg
    assert number_grids.POSITIVE in svg and f'fill="{number_grids.NEGATIVE}"' in svg
    assert (width, height) == (3 * number_grids.CELL, number_grids.CELL + number_grids.LINE)


def test_a_filter_is_drawn_as_a_square():
    """(KH, KW, C, O), and not like an image, (N, H, W, C)."""
    _, width, height = number_grids.grid(np.ones((2, 3, 1, 1)), "w", 0, 0)
    assert (width, height) == (3 * number_grids.CELL, 2 * number_grids.CELL + number_grids.LINE)


# ------------------------------------------------------------------------------- reference


def public_modules():
    """Every module of the package with an `__all__`."""
    names = [found.name for found in pkgutil.walk_packages(minires.__path__, "minires.")]
    modules = [importlib.import_module(name) for name in names if "__main__" not in name]
    return [module for module in [minires, *modules] if hasattr(module, "__all__")]


def test_every_public_name_is_on_a_page():
    assert {module.__name__ for module in public_modules()} <= set(api.MODULES) | set(api.INTERNAL)
    for module in public_modules():
        if module.__name__ in api.INTERNAL:
            continue
        page = api.page(module.__name__)
        for name in module.__all__:
            value = getattr(module, name)
            full = rf"{re.escape(module.__name__)}\.{name}"
            entry = rf"^\.\. (auto(class|function):: {full}|py:data:: {name})$"
            if isinstance(value, type(minires)):
                assert f"* :doc:`{name}" in page or f"* ``{name}``" in page
            elif (home := api.home(module.__name__, name)) != module.__name__:
                assert f"* :py:obj:`{name} <{home}.{name}>`" in page  # described there
            else:
                assert re.search(entry, page, re.MULTILINE), (module.__name__, name)


def test_a_constant_is_described_by_the_comment_above_it(monkeypatch):
    assert api.comment_above("minires.plot", "GREY") == "For lines that are not about a net."
    assert "Family of nets -> its shades" in api.page("minires.plot")
    monkeypatch.setattr("minires.plot.themes.GREYER", "#555555", raising=False)
    with pytest.raises(LookupError, match="minires.plot.themes.GREYER: no comment"):
        api.comment_above("minires.plot.themes", "GREYER")


def test_a_name_leads_to_its_line():
    link = api.source_link("minires.functional", "relu")
    file, line = link.removeprefix("../source/").split(".html#L-")
    assert (ROOT / file).read_text().splitlines()[int(line) - 1].startswith("def relu(")
    assert api.source_link("minires.functional", "no_such_name") is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            ["So:", "", "    y = |x|", "", "where"],
            ["So:", "", "::", "", "    y = |x|", "", "where"],
        ),
        (["Marked::", "", "    y = x"], ["Marked::", "", "    y = x"]),
        (["- a list", "", "    goes on"], ["- a list", "", "    goes on"]),
        (["a", "", "    b", "", "    c"], ["a", "", "::", "", "    b", "", "    c"]),
        (["Returns", "-------", "", "    b"], ["Returns", "-------", "", "    b"]),
        (["the norm |w|, or ``|w|``"], [r"the norm \|w\|, or ``|w|``"]),
        (["So::", "", "    |w|", "and |w|"], ["So::", "", "    |w|", r"and \|w\|"]),
    ],
)
def test_a_formula_of_a_docstring_is_shown_as_it_stands(given, expected):
    assert docstrings.with_formulas(given) == expected


# ------------------------------------------------------------------------------- records


def test_the_gallery_shows_every_claim_with_the_verdict_of_the_record():
    page = claims.pages()[claims.PAGE]
    rows = {}
    for folder in FOLDERS:  # where both have a record, the latter counts
        report = (ROOT / folder / "report.md").read_text(encoding="utf-8")
        rows |= dict(re.findall(r"\| \[([\w-]+)\]\(#.*?\| (\w+) \| \d+ \|", report))
    assert rows and set(rows) == {one.claim.name for one in claims.recorded()} <= set(CLAIMS)
    for claim, (verdict, *_), *_ in claims.recorded():
        assert rows[claim.name] == verdict
        card = page.split(f'<span class="name">{claim.name}</span>')[0].rsplit("````{container}")[
            -1
        ]
        assert f"claim-{verdict}" in card
        source = claim.name.replace("-", "_")
        assert (ROOT / f"minires/experiments/claims/{source}.py").exists()


def test_a_figure_of_a_claim_is_drawn_in_dark_colours():
    from matplotlib.colors import to_hex

    figure = CLAIMS["copy"].draw(recorded_claims.best_rows("copy"), "caption")
    light = [to_hex(bar.get_facecolor()) for bar in figure.axes[0].patches]
    dark.recoloured(figure)
    after = [to_hex(bar.get_facecolor()) for bar in figure.axes[0].patches]
    assert to_hex(figure.get_facecolor()) == DARK.page
    for before, now in zip(light, after):
        if before in LIGHT.shades["plain"]:
            rank = LIGHT.shades["plain"].index(before)
            assert now == DARK.shades["plain"][rank]
        assert contrast_of(now, DARK.page) >= dark.CONTRAST
    for label in figure.axes[0].get_xticklabels():
        assert contrast_of(to_hex(label.get_color()), DARK.page) > 4.5
    shown = {path.removeprefix("files/") for path in dark.figures.__wrapped__(only="copy")}
    assert len(shown) == 1 and shown < {f"{one}/copy-dark.png" for one in FOLDERS}


def test_the_charts_are_drawn_from_the_records():
    assert set(speed.CHARTS) == set(speed.ALT_TEXTS)
    changed = json.loads(json.dumps(speed.results()))
    row = next(row for row in changed["nets"] if row["threads"] == max(changed["threads"]))
    row["seconds"]["minires"] = [99.0]
    widths = [
        max(bar.get_width() for bar in speed.nets(known).axes[0].patches)
        for known in (speed.results(), changed)
    ]
    assert widths[1] == pytest.approx(99_000) and widths[0] < 5_000


@pytest.mark.parametrize("chart", speed.CHARTS)
def test_a_chart_holds_all_its_points_and_its_title(chart):
    figure = speed.CHARTS[chart](speed.results())
    figure.draw_without_rendering()
    for ax in figure.axes:
        assert ax.get_tightbbox().x1 <= figure.bbox.x1  # the title too
        bottom, top = ax.get_ylim()
        for line in ax.lines:
            assert bottom <= min(line.get_ydata()) and max(line.get_ydata()) <= top


def test_the_table_of_nets_is_that_of_the_readme():
    assert nets.table().count("\n") >= 20 and nets.table().startswith("| name | layers |")
    assert all(row.startswith("| ") for row in nets.table().splitlines())
    assert (ROOT / "docs" / "site" / "nets.md").read_text().count(nets.MARK) == 1


def test_the_views_of_the_explorer_name_what_is_there():
    text = explorer.files()[explorer.FILE]
    data = json.loads(re.search(r'id="numbers">(.*?)</script>', text)[1])
    runs = {run["name"]: run for run in data["runs"]}
    assert [f"results/{name}" for name in runs][:2] == [*explorer.RUNS[:2]] and len(runs) == 4
    nets = {net["name"] for net in data["nets"]}
    steps = {step for run in runs.values() for one in run["trainings"] for step in one["steps"]}
    for view in explorer.VIEWS.values():
        words = parse_qs(view, keep_blank_values=True)
        assert {*words.get("without", [])} <= nets
        assert {*words.get("left", []), *words.get("right", [])} <= {"", *runs}
        assert {int(step) for step in words.get("step", [])} <= steps
    page = explorer.pages()[explorer.PAGE]
    assert page.count(f'href="{explorer.FILE}') == len(explorer.VIEWS) and "<iframe" in page


# ------------------------------------------------------------------------------- texts


def test_every_command_shows_its_help(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    page = commands.pages()[commands.PAGE]
    for name in ("train", "degradation", "claims", "course grade"):
        assert f"## minires {name}\n" in page
    assert "--batch-size" in page and os.environ["COLUMNS"] == "40"
    assert commands.pages()[commands.PAGE] == page


def test_the_reading_order_names_existing_files_once_each():
    files = [path for step in reading.steps() for path in step["files"]]
    assert len(set(files)) == len(files) > 30
    for path in files:
        assert 10 < len(reading.summary(path)) < 200, path
    assert reading.summary("minires/models/cifar.py").startswith("The nets of He et al. 2015")
    assert reading.minutes(10) == 5 and reading.minutes(300) == 20


def test_the_glossary_says_how_each_library_uses_a_word():
    terms = glossary.terms()
    names = [one["term"] for one in terms]
    assert len(set(names)) == len(names) > 40
    for one in terms:
        assert one["here"].endswith((".", "`.")), one["term"]
        for other in one["others"]:
            assert all(glossary.split(other)), (one["term"], other)
    page = glossary.pages()[glossary.PAGE]
    shortcut = page.split("\nshortcut\n")[1].split("\nstage\n")[0]
    assert "(notebooks/11_the_shortcut.ipynb)" in shortcut

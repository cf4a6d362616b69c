"""The page on a run: everything that it says is computed from the records, and it needs no other
file."""

import json
import math
import re
from dataclasses import replace

import pytest

from minires.cli import _parser
from minires.cli import degradation as command_line
from minires.experiments import degradation
from minires.experiments.degradation import gradient_slider, page
from minires.experiments.presets import PRESETS
from minires.experiments.records import read_config

from .test_training import TINY, run, tables


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "three seeds"
    run(out, seeds=3)
    return out


@pytest.fixture(scope="module")
def text(out):
    return degradation.write_page(out).read_text(encoding="utf-8")


def test_it_needs_no_other_file(text):
    addresses = re.findall(r'(?:src|srcset|href)="([^"]{1,30})', text)
    assert addresses and all(one.startswith(("data:image/png;base64,", "#")) for one in addresses)
    assert "@import" not in text and "url(" not in text


def test_every_figure_is_there_for_light_and_for_dark_pages(out, text):
    figures = degradation.figures(out)
    assert {*figures} == {"degradation", "gradients", "seeds"}
    assert text.count("<picture>") == text.count('media="(prefers-color-scheme: dark)"') == 3


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_figures_stay_large_and_axe_finds_nothing(out, text, browser, scheme):
    reason = "axe-playwright-python, which holds axe-core, is not installed"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    phone = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    phone.goto((out / "report.html").as_uri())
    widths = phone.evaluate("[...document.images].map(one => one.clientWidth)")
    assert len(widths) >= 3 and min(widths) > 600  # they scroll by themselves, not the page
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    found = axe.Axe().run(phone)
    assert found.violations_count == 0, found.generate_report()
    phone.close()


def test_verdict_table_and_settings(out, text):
    for line in degradation.report(out).splitlines():
        if line.startswith(("Degradation", "Shortcuts", "Depth")):
            assert line.partition(": ")[2] in text
    row = next(line for line in degradation.report(out).splitlines() if "plain-14" in line)
    for cell in re.split(r"  +", row):
        assert f">{cell}</td>" in text
    assert '<td>batch size</td><td class="number">16</td>' in text and "NumPy" in text


def test_the_slider_holds_the_geometric_means_of_all_layers_but_the_last(out, text):
    data = json.loads(re.search(r'id="gradients">(.*?)</script>', text)[1])
    _, gradients = tables(out)
    assert data["iterations"] == sorted({row["iteration"] for row in gradients})
    assert [net["name"] for net in data["nets"]] == ["plain-8", "plain-14", "resnet-8", "resnet-14"]
    net, moment, layer = data["nets"][1], 3, 4
    norms = [
        row["gradient_norm"]
        for row in gradients
        if (row["net"], row["iteration"], row["depth"])
        == ("plain-14", data["iterations"][moment], layer)
    ]
    expected = sum(map(math.log10, norms)) / 3
    assert net["powers"][moment][layer - 1] == pytest.approx(expected, abs=1e-3)
    assert all(len(row) == 13 for row in net["powers"]) and data["layers"] == 13
    powers = [power for net in data["nets"] for row in net["powers"] for power in row]
    assert data["low"] <= min(powers) and max(powers) <= data["high"]


def test_gradients_that_are_nan_leave_a_gap():
    rows = [
        {"net": "plain-8", "iteration": 0, "depth": depth, "gradient_norm": norm}
        for depth, norm in enumerate([1.0, 0.0, math.inf, math.nan, 10.0, 5.0], 1)
    ]
    slider = gradient_slider.html(rows)
    data = json.loads(re.search(r'id="gradients">(.*?)</script>', slider)[1])
    assert data["nets"][0]["powers"] == [[0.0, None, None, None, 1.0]]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--preset standard --dataset cifar10",
        "--preset paper --lr 0.05 --width 4",
        "--preset small --dataset cifar10 --train-size 20000 --epochs 8",
        "--epochs 3 --seeds 3 --depths 8 14 20",
        "--iterations 100 --batch-size 64 --image-size 8 --train-size 500 --seeds 30-59",
    ],
)
def test_the_command_is_the_one_that_made_the_run(words):
    args = _parser().parse_args(["degradation", *words.split()])
    settings = command_line._config(args).deciding() | {
        "depths": args.depths,
        "seeds": list(range(args.seeds)) if isinstance(args.seeds, int) else args.seeds,
    }
    found = page.command(json.loads(json.dumps(settings)))
    again = _parser().parse_args(found.split()[1:])
    assert command_line._config(again) == command_line._config(args), found
    assert (list(again.depths), again.seeds) == (list(args.depths), args.seeds)
    assert len(found.split()) <= 2 + len(words.split())


def test_settings_without_an_option(out):
    config = read_config(out) | {"momentum": 0.5}
    assert page.command(config) is None
    assert "RunConfig" in "".join(page._how_to_run_again(config))


def test_a_run_that_has_not_finished_a_net(tmp_path):
    run(tmp_path, replace(TINY, iterations=4), depths=(8,))
    settings = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(settings | {"iterations": 14}))
    text = degradation.write_page(tmp_path).read_text(encoding="utf-8")
    assert "not finished, and left out here" in text and "<h2>Gradients</h2>" in text


def test_presets_have_commands_of_their_own():
    for name, preset in PRESETS.items():
        settings = preset.deciding() | {"depths": [20, 56], "seeds": [0]}
        words = ["minires degradation"] + ([f"--preset {name}"] if name != "quick" else [])
        assert page.command(settings) == " ".join(words)

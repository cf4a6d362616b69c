"""The README and the docs are true: their numbers are those of the recorded run, their code runs,
their commands are understood, and their links lead somewhere."""

import json
import re
import shlex
from pathlib import Path
from statistics import geometric_mean, mean, median

import pytest

from benchmarks import report
from minires import models, save
from minires.cli import _parser
from minires.experiments import degradation, training_tables
from minires.experiments.degradation import verdict
from minires.experiments.records import read_config, read_table
from minires.training import RunConfig
from minires.training.settings_file import read_settings

from .gpu import SIMULATED, in_use

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {
    page.stem: page.read_text() for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
}
EXPERIMENT, SPEED = PAGES["experiment"], PAGES["speed"]
RECORDED = ROOT / "results" / "degradation-quick-cifar10"
NETS = ("plain-20", "plain-56", "resnet-20", "resnet-56")
WHOLE = ROOT / "results" / "degradation-small-cifar10"  # the picture on the front page


def finals(run):
    """(net, seed) -> the last row of a training."""
    return verdict.final_rows(
        read_table(run / "metrics.csv", training_tables.METRICS, training_tables.TEXT)
    )


@pytest.mark.parametrize("run", [WHOLE, RECORDED], ids=["small", "quick"])
def test_the_results_are_those_of_the_recorded_run(run):
    table, _, words = degradation.report(run).strip().partition("\n\n")
    assert table in EXPERIMENT
    quoted = " ".join(EXPERIMENT.replace("\n>", "\n").split())
    assert " ".join(words.split()) in quoted


def test_the_front_page_shows_the_whole_picture_with_every_seed():
    last = finals(WHOLE)
    for seed in {seed for _, seed in last}:
        train, test = (
            {net: last[net, seed][error] for net in NETS} for error in ("train_error", "test_error")
        )
        assert train["plain-56"] >= train["plain-20"] + 5
        assert (
            train["resnet-56"] <= train["resnet-20"] - 1 and test["resnet-56"] < test["resnet-20"]
        )
        assert train["resnet-56"] < train["plain-56"]
        gaps = (one["resnet-56"] - one["resnet-20"] for one in (train, test))
        pairs = (f"{train[net]:.1f}, {test[net]:.1f}" for net in train)
        row = [str(seed), *pairs, ", ".join(f"{gap:+.1f}" for gap in gaps)]
        assert f"| {' | '.join(row)} |" in PAGES["presets"]


def test_the_test_errors_of_the_whole_picture_are_those_of_the_records():
    means = [
        mean(row["test_error"] for (name, _), row in finals(WHOLE).items() if name == net)
        for net in NETS
    ]
    words = "{:.1f} %, {:.1f} %, {:.1f} % and {:.1f} %".format(*means)
    assert f"Test errors are {words} for plain-20, plain-56, resnet-20 and resnet-56" in " ".join(
        EXPERIMENT.split()
    )


def test_the_recorded_run_shows_the_effect_with_every_seed():
    report = degradation.report(RECORDED)
    assert (
        "the deeper plain net trains worse" in report
        and "the shortcuts help" in report
        and "3 seeds" in report
    )


def test_the_errors_on_the_drawn_images_are_those_of_the_recorded_run():
    last = finals(RECORDED.parent / "degradation-quick-synthetic")
    for net in ("plain-20", "plain-56", "resnet-20", "resnet-56"):
        error = mean(row["train_error"] for (name, _), row in last.items() if name == net)
        assert f"{net} {error:.1f} %" in " ".join(EXPERIMENT.split())


def test_the_slopes_of_the_gradients_are_those_of_the_recorded_run():
    """First layer over last convolution at initialisation, geometric means over the seeds. The last
    layer is the linear one."""
    rows = read_table(RECORDED / "gradients.csv", training_tables.GRADIENTS, training_tables.TEXT)

    def norms(net, iteration, depth):
        return [
            r["gradient_norm"]
            for r in rows
            if (r["net"], r["iteration"], r["depth"]) == (net, iteration, depth)
        ]

    def norm(net, iteration, depth):
        return geometric_mean(norms(net, iteration, depth))

    text = " ".join(EXPERIMENT.split())
    assert f"in plain-56 is {norm('plain-56', 0, 1) / norm('plain-56', 0, 55):.0f} times" in text
    assert (
        f"the factor is down to {norm('plain-56', 10, 1) / norm('plain-56', 10, 55):.0f}," in text
    )
    by_seed = [
        first / last for first, last in zip(norms("plain-56", 0, 1), norms("plain-56", 0, 55))
    ]
    assert f"{min(by_seed):.0f} to {max(by_seed):.0f} by seed" in text
    assert (
        f"in resnet-56 it is {norm('resnet-56', 0, 1) / norm('resnet-56', 0, 55):.0f} times" in text
    )
    last = max(r["iteration"] for r in rows)
    medians = {
        net: median(norm(net, last, d) for d in range(1, int(net[-2:])))
        for net in ("plain-20", "plain-56", "resnet-20", "resnet-56")
    }
    assert min(medians, key=medians.get) == "plain-56"


def test_machine_and_versions_are_named():
    environment = read_config(RECORDED)["environment"]
    for key in ("processor", "numpy", "python"):
        assert environment[key] in EXPERIMENT, key


def test_the_timings_are_those_of_the_recorded_benchmark():
    results = json.loads((ROOT / "benchmarks" / "results" / "cpu.json").read_text())
    text = " ".join(SPEED.split())
    assert report.summary(results) in SPEED and report.machine(results["environment"]) in text
    assert f"medians of {results['rounds']} rounds" in text
    peak = {row["side"]: row["peak"] / 2**20 for row in results["memory"]}
    assert f"{peak['minires']:.0f} MiB, PyTorch {peak['PyTorch']:.0f}" in text
    assert (
        f"starts in {median(results['startup']['minires']):.2f} s (PyTorch: "
        f"{median(results['startup']['PyTorch']):.2f} s)" in text
    )


def test_the_table_of_results_is_that_of_the_records():
    last = finals(WHOLE)
    means = {
        net: mean(row["train_error"] for (name, _), row in last.items() if name == net)
        for net in NETS
    }
    errors = {net: f"{error:.1f} %" for net, error in means.items()}
    for family in ("plain", "resnet"):
        pair = f"{errors[f'{family}-20']}, {errors[f'{family}-56']}"
        assert re.search(rf"^\| {family}-20, {family}-56: .* \| {pair} \|$", README, re.MULTILINE)
    gap = float(errors["resnet-20"][:-2]) - float(errors["resnet-56"][:-2])
    on_test = mean(
        last["resnet-20", seed]["test_error"] - last["resnet-56", seed]["test_error"]
        for seed in range(3)
    )
    assert (
        f"the same 56 layers end {gap:.1f} points *below* the net of 20 in training error, and "
        f"{on_test:.1f} in test error (three seeds)" in README
    )
    whole = {net: f"{error:.0f} %" for net, error in means.items()}
    assert (
        f"plain-56 stays near {whole['plain-56']} training error, far above plain-20 at "
        f"{whole['plain-20']}; resnet-56 falls to {whole['resnet-56']}, below resnet-20 at "
        f"{whole['resnet-20']}" in README
    )


def test_the_errors_of_public_weights_are_those_of_the_record():
    record = json.loads((ROOT / "results/public-weights/pytorch.json").read_text())
    for net in record["nets"]:
        here, there = (
            f"{100 * net[f'wrong_in_{where}'] / net['images']:.2f} %"
            for where in ("minires", "pytorch")
        )
        difference = f"{net['largest_difference_of_logits']:.5f}"
        row = [f"`{net['weights']}`", here, there, str(net["other_class"]), difference]
        assert f"| {' | '.join(row)} |" in PAGES["nets"]
    first = record["nets"][0]
    misplaced = 100 * first["wrong_with_zeros_after"] / first["images"]
    assert f"the first error would be {misplaced:.0f} %" in PAGES["nets"]
    assert f"all {first['images']:,} test images of {record['dataset_name']}" in " ".join(
        PAGES["nets"].split()
    )


@pytest.mark.parametrize("page", PAGES)
def test_linked_files_and_headings_exist(page):
    folder = ROOT if page == "README" else ROOT / "docs"
    links = re.findall(r"\]\(([^)]+)\)|srcset=\"([^\"]+)\"|src=\"([^\"]+)\"", PAGES[page])
    for link in filter(None, (one for found in links for one in found)):
        path, _, heading = link.partition("#")
        if link.startswith("https://"):
            continue
        assert not path or (folder / path).exists(), link
        if heading and path.endswith(".md"):
            titles = re.findall(r"^#+ (.+)$", (folder / path).read_text(), re.MULTILINE)
            names = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in names, link


@pytest.mark.slow  # all Python code of a page, from top to bottom; other tests cover its parts
@pytest.mark.parametrize("page", ["README", "library", "nets", "gpu"])
def test_the_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if page == "nets":  # a file that the page takes as given
        save(models.resnet50(seed=1), "resnet50.safetensors", layout="torch")
    blocks = re.findall(r"```python\n(.*?)```", PAGES[page], flags=re.DOTALL)
    names = {}
    with in_use(SIMULATED):
        for block in blocks:
            exec(compile(block, page, "exec"), names)
    assert blocks and ("loss" not in names or names["loss"].item() < 5)


def test_the_settings_file_is_one(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGES["training"], flags=re.DOTALL)
    (tmp_path / "settings.toml").write_text(text)
    settings = RunConfig.for_data(**read_settings(tmp_path / "settings.toml"))
    assert settings.net and models.build(settings.model, **settings.net)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_understood(page, capsys):
    """Each line that begins with minires can be parsed; other tests run the commands."""
    for line in commands(PAGES[page]):
        _parser().parse_args(shlex.split(line.split(">")[0])[1:])


def test_there_are_many_commands():
    assert sum(len(commands(text)) for text in PAGES.values()) >= 25


def commands(text):
    """The lines of a page that begin with minires, without their comments."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    text = "\n".join(block for kind, block in blocks if not kind).replace("\\\n", " ")
    lines = [line.split("#")[0] for line in text.splitlines()]
    return [line for line in lines if line.startswith("minires ")]


def test_there_are_two_commands_and_the_tests_are_one_of_them():
    blocks = re.findall(r"```\n(pip install[^\n]*)\n```", README)
    assert blocks[:2] == [
        "pip install -e . && minires degradation",
        'pip install -e ".[test]" && pytest',
    ]
    assert blocks[1] in (ROOT / ".ci" / "run").read_text()

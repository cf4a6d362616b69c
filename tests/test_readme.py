"""The README tells the truth: its numbers are those of the recorded run, and its code runs."""

import json
import re
import shlex
from pathlib import Path
from statistics import geometric_mean, mean, median

import pytest

from benchmarks import report
from minires import models, save
from minires.cli import _parser
from minires.experiments import degradation, degradation_report, training_records
from minires.experiments.records import read_config, read_table
from minires.training import RunConfig
from minires.training.settings_file import read_settings

from .gpu import SIMULATED, in_use

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
RECORDED = ROOT / "results" / "degradation-quick-cifar10"


def test_the_results_are_those_of_the_recorded_run():
    assert degradation.report(RECORDED).strip() in README


def test_the_recorded_run_shows_the_effect_with_every_seed():
    report = degradation.report(RECORDED)
    assert (
        "the deeper plain net trains worse" in report
        and "the shortcuts help" in report
        and "3 seeds" in report
    )


def test_the_errors_on_the_drawn_images_are_those_of_the_recorded_run():
    last = degradation_report.final_rows(
        read_table(
            RECORDED.parent / "degradation-quick-synthetic" / "metrics.csv",
            training_records.METRICS,
            training_records.TEXT,
        )
    )
    for net in ("plain-20", "plain-56", "resnet-20", "resnet-56"):
        error = mean(row["train_error"] for (name, _), row in last.items() if name == net)
        assert f"{net} {error:.1f} %" in " ".join(README.split())


def test_the_slopes_of_the_gradients_are_those_of_the_recorded_run():
    """First layer over last convolution at initialisation, geometric means over the seeds; the last
    layer is the linear one."""
    rows = read_table(RECORDED / "gradients.csv", training_records.GRADIENTS, training_records.TEXT)

    def norms(net, iteration, depth):
        return [
            r["gradient_norm"]
            for r in rows
            if (r["net"], r["iteration"], r["depth"]) == (net, iteration, depth)
        ]

    def norm(net, iteration, depth):
        return geometric_mean(norms(net, iteration, depth))

    text = " ".join(README.split())
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
        assert environment[key] in README, key


def test_the_timings_are_those_of_the_recorded_benchmark():
    results = json.loads((ROOT / "benchmarks" / "results" / "cpu.json").read_text())
    text = " ".join(README.split())
    assert report.summary(results) in README and report.machine(results["environment"]) in text
    assert f"medians of {results['rounds']} rounds" in text
    peak = {row["side"]: row["peak"] / 2**20 for row in results["memory"]}
    assert f"{peak['minires']:.0f} MiB, PyTorch {peak['PyTorch']:.0f}" in text
    assert (
        f"starts in {median(results['startup']['minires']):.2f} s (PyTorch: "
        f"{median(results['startup']['PyTorch']):.2f} s)" in text
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
        assert f"| {' | '.join(row)} |" in README
    first = record["nets"][0]
    misplaced = 100 * first["wrong_with_zeros_after"] / first["images"]
    assert f"with which the first error would be {misplaced:.0f} %" in README
    assert f"all {first['images']:,} test images of {record['dataset_name']}" in " ".join(
        README.split()
    )


def test_linked_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link


@pytest.mark.slow  # all of the README's Python, on one page; the tests of its parts are elsewhere
def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(
        models.resnet50(seed=1), "resnet50.safetensors", layout="torch"
    )  # the file that the README has from elsewhere
    names = {}
    with in_use(SIMULATED):
        for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
            exec(compile(block, "README.md", "exec"), names)
    assert names["loss"].item() < 5


def test_the_settings_file_is_one(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "settings.toml").write_text(text)
    settings = RunConfig.for_data(**read_settings(tmp_path / "settings.toml"))
    assert settings.net and models.build(settings.model, **settings.net)


def test_every_command_is_one(capsys):
    """That each line with minires in it is understood; what it does is tested elsewhere."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    lines = [
        line.split("#")[0]
        for kind, block in blocks
        if not kind
        for line in block.splitlines()
        if line.startswith("minires ")
    ]
    assert len(lines) >= 20
    for line in lines:
        _parser().parse_args(shlex.split(line.split(">")[0])[1:])


def test_there_are_two_commands_and_the_tests_are_one_of_them():
    blocks = re.findall(r"```\n(pip install[^\n]*)\n```", README)
    assert blocks[:2] == [
        "pip install -e . && minires degradation",
        'pip install -e ".[test]" && pytest',
    ]
    assert blocks[1] in (ROOT / ".ci" / "run").read_text()

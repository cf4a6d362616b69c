"""The benchmarks compare like with like, and their tables say what was measured."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cost, cpu, report
from benchmarks.measure import compare, relative_difference, workers_for
from benchmarks.sides import SIDES
from benchmarks.work import ImageNet, Kernel, Net, SGDStep
from minires import nn

ROOT = Path(__file__).parent.parent.parent
RECORDED = ROOT / "benchmarks" / "results" / "cpu.json"
SMALL = Net(8, width=4, size=8, batch=4)


@pytest.mark.parametrize(
    "work",
    [
        SMALL,
        replace(SMALL, residual=False),
        replace(SMALL, training=False),
        SGDStep(8),
        ImageNet(18, size=32),
        ImageNet(18, size=32, fused=True),
        ImageNet(18, size=32, training=True),
        ImageNet(50, size=32),
        ImageNet(50, size=32, fused=True),
        Kernel("conv2d", ((2, 6, 6, 3), (3, 3, 3, 4)), (("padding", 1), ("stride", 2))),
        Kernel("conv2d", ((2, 6, 6, 3), (3, 3, 3, 4)), (("padding", 1),), backward=False),
        Kernel("batch_norm", ((2, 6, 6, 3), (3,), (3,))),
        Kernel("batch_norm_relu", ((2, 6, 6, 3), (3,), (3,), (2, 6, 6, 3))),
        Kernel("relu", ((2, 6, 6, 3),)),
        Kernel("add", ((2, 6, 6, 3), (2, 6, 6, 3))),
        Kernel("max_pool2d", ((2, 6, 6, 3),), (("kernel_size", 3), ("stride", 2), ("padding", 1))),
        Kernel("global_avg_pool2d", ((2, 6, 6, 3),)),
        Kernel("linear", ((4, 3), (3, 5), (5,))),
        Kernel("cross_entropy", ((4, 5),)),
    ],
    ids=lambda work: work.name,
)
def test_all_sides_compute_the_same(torch, threads, work):
    threads(1)
    before = torch.get_num_threads()
    results = []
    for side in SIDES.values():
        step, result = side(1).prepare(work.check())
        step()
        results.append([np.array(array) for array in result()])
    torch.set_num_threads(before)
    assert all(len(result) == len(results[0]) > 0 for result in results)
    assert max(relative_difference(results[0], other) for other in results[1:]) <= work.tolerance


def test_folded_batch_norm_is_folded_on_our_side_only():
    work = ImageNet(18, fused=True)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in work.in_minires().modules())
    assert sum(isinstance(module, nn.BatchNorm2d) for module in work.build().modules()) == 20
    assert work.name == "ResNet-18 inference, batch norm folded, 224x224, batch 16"
    assert (
        work.flop() == ImageNet(18).flop() == pytest.approx(16 * 2 * 1.81e9, rel=0.01)
    )  # of 16 images; torchvision's multiply-adds


def test_a_difference_is_seen():
    right = [np.arange(6.0).reshape(2, 3), np.ones(4)]
    assert relative_difference(right, [array.copy() for array in right]) == 0
    assert relative_difference([right[0], right[1] * 1.001], right) == pytest.approx(1e-3)
    with pytest.raises(AssertionError):
        relative_difference([right[0].T, right[1]], right)


def test_sides_are_timed_in_turn_in_their_own_processes():
    with workers_for(["minires"], 1) as workers:
        compared = compare(SMALL, workers, rounds=3)
        again = compare(SGDStep(8), workers, rounds=2)
    assert (
        len(compared["seconds"]["minires"]) == 3
        and min(compared["seconds"]["minires"]) > 0
        and len(again["seconds"]["minires"]) == 2
    )


def test_an_error_in_a_worker_reaches_the_caller():
    with (
        workers_for(["minires"], 1) as workers,
        pytest.raises(RuntimeError, match="unknown kernel"),
    ):
        compare(Kernel("no such kernel", ((1,),)), workers, rounds=1)


def test_operations_are_those_of_the_layers():
    """Counted by hand for the smallest net: a 3x3 convolution from 3 to 4 channels and so on.
    Backward takes twice as many, but none for the gradient of the images."""

    def conv(size, in_channels, out_channels):
        return 2 * 9 * size * size * in_channels * out_channels

    layers = [
        conv(8, 3, 4),
        conv(8, 4, 4),
        conv(8, 4, 4),
        conv(4, 4, 8),
        conv(4, 8, 8),
        conv(2, 8, 16),
        conv(2, 16, 16),
        2 * 16 * 10,
    ]
    assert replace(SMALL, training=False).flop() == 4 * sum(layers)
    assert SMALL.flop() == 4 * (3 * sum(layers) - layers[0])
    kernel = Kernel(
        "conv2d", ((2, 8, 8, 3), (3, 3, 3, 4)), (("padding", 1), ("stride", 2)), backward=False
    )
    assert kernel.flop() == 2 * conv(4, 3, 4) and replace(kernel, backward=True).flop() == 6 * conv(
        4, 3, 4
    )


ROW = {
    "name": "work",
    "threads": 2,
    "flop": 4e9,
    "difference": 0.0,
    "seconds": {
        "minires": [0.1, 0.2, 0.4],
        "PyTorch": [0.1, 0.1, 0.1],
        "PyTorch, channels_last": [0.05, 0.4, 0.4],
    },
}


ENVIRONMENT = ("command", "date", "processor", "cores", "python", "numpy", "blas")


def test_every_section_has_its_table():
    results = {
        "environment": dict.fromkeys(ENVIRONMENT, ""),
        "rounds": 3,
        "peak_gflops": {"2": 40.0},
        "imagenet": [ROW],
        "nets": [ROW],
    }
    assert "### Nets for ImageNet\n" in report.markdown(
        results
    ) and "### Nets\n" in report.markdown(results)


def test_tables():
    table = report.timings([ROW], {"2": 40.0})
    assert (
        table.splitlines()[2]
        == "| work | 2 | 200 (150-300) | 100 (100-100) | 400 (225-400) | 2.00 | 0.50 | 20 | 50 % |"
    )
    assert "minires 200 ms" in report.line(ROW) and "ratio 2.00  ratio 0.50" in report.line(ROW)
    alone = {**ROW, "flop": None, "seconds": {"minires": [0.0123]}}
    assert report.timings([alone]).splitlines()[2] == "| work | 2 | 12.3 (12.3-12.3) |"


@pytest.mark.slow
def test_the_program(tmp_path):
    run = [
        sys.executable,
        "-m",
        "benchmarks.cpu",
        "--rounds",
        "1",
        "--sections",
        "startup",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "cpu.json").read_text())
    assert results["startup"]["minires"][0] > 0 and results["environment"]["command"].startswith(
        "python -m benchmarks.cpu --rounds 1 --sections startup"
    )
    assert (tmp_path / "cpu.md").read_text() == report.markdown(
        results
    ) and "### Start-up" in done.stdout
    nowhere = subprocess.run(
        [*run[:-1], str(tmp_path / "cpu.md")], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (
        nowhere.returncode == 2
        and "cannot write there" in nowhere.stderr
        and "Traceback" not in nowhere.stderr
    )
    wrong = subprocess.run(
        [*run, "--rounds", "0"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (
        wrong.returncode == 2 and "expected a whole number of at least 1, got '0'" in wrong.stderr
    )


def test_the_cost_of_deeper_nets_and_larger_batches(monkeypatch):
    monkeypatch.setattr(
        cost, "GROWING", {"depth": {8: SMALL, 14: replace(SMALL, depth=14)}, "batch": {4: SMALL}}
    )
    found = cpu._cost(2)
    assert [row["value"] for row in found["depth"]] == [8, 14]
    assert found["depth"][0]["flop"] == SMALL.flop() < found["depth"][1]["flop"]
    for row in (*found["depth"], *found["batch"]):
        row["seconds"] = [1.0, 3.0]
        row["flop"] = 1e9 * row["value"]
    lines = report._cost(found).splitlines()
    assert lines[2] == "| 8 | 8.00 | 2000 | 250 |" and lines[3] == "| 14 | 14.00 | 2000 | 143 |"
    figure = cost.draw(found, "minires, 1 thread")
    assert [ax.get_xlabel() for ax in figure.axes] == ["depth", "batch"]


def test_the_recorded_tables_are_made_from_the_recorded_numbers():
    results = json.loads(RECORDED.read_text())
    assert RECORDED.with_suffix(".md").read_text() == report.markdown(results)
    assert all(
        len(row["seconds"][side]) == results["rounds"]
        for row in results["nets"]
        for side in results["sides"]
    )
    assert set(results) >= {"nets", "kernels", "memory", "scaling", "cost", "startup"}

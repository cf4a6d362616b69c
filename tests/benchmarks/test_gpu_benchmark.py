"""The benchmark on a GPU compares like with like. These tests run on the simulated GPU."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import gpu, gpu_report, gpu_sides, launches, sides
from benchmarks.measure import compare, relative_difference, workers_for
from benchmarks.traffic import bytes_per_image
from benchmarks.work import Kernel, Net, SGDStep, forward_and_backward
from minires import backend, kernels

from ..gpu import SIMULATED, in_use

ROOT = Path(__file__).parent.parent.parent
SMALL = Net(8, width=4, size=8, batch=4)
IMAGES = (2, 6, 6, 4)
KERNELS = list(
    forward_and_backward(
        [
            ("conv2d", (IMAGES, (3, 3, 4, 4)), {"padding": 1}),
            ("batch_norm_relu", (IMAGES, (4,), (4,)), {}),
            ("batch_norm_relu", (IMAGES, (4,), (4,), IMAGES), {}),
            ("add", (IMAGES, IMAGES), {}),
            ("relu", (IMAGES,), {}),
            ("max_pool2d", (IMAGES,), {"kernel_size": 3, "stride": 2, "padding": 1}),
            ("cross_entropy", ((2, 10),), {}),
        ]
    )
)


@pytest.fixture(scope="module", autouse=True)
def simulated_gpu():
    with in_use(SIMULATED):
        yield
    kernels.set_default(fused=True)  # a side may have switched it off


def results_of(side, work):
    side.release()
    step, results = side.prepare(work)
    step()
    side.synchronize()
    return [np.array(array) for array in results()]


NETS = [SMALL, replace(SMALL, residual=False), replace(SMALL, training=False)]


@pytest.mark.parametrize(
    "work, fused",
    [*((work, True) for work in (*NETS, SGDStep(8), *KERNELS)), *((work, False) for work in NETS)],
    ids=lambda value: getattr(value, "name", f"fused={value}"),
)
def test_minires_on_the_gpu_computes_what_it_does_on_the_cpu(threads, work, fused):
    threads(1)
    expected = results_of(sides.Minires(1), work.check())
    got = results_of(gpu_sides.Minires(fused=fused), work.check())
    assert len(got) == len(expected) > 0 and relative_difference(got, expected) <= work.tolerance
    assert all(
        isinstance(array, np.ndarray) and array.dtype == other.dtype
        for array, other in zip(got, expected)
    )


def test_all_kernels_are_checked():
    timed = {work.kernel for work in gpu.KERNELS if isinstance(work, Kernel)}
    assert timed == {kernel.kernel for kernel in KERNELS}
    large = Kernel("batch_norm_relu", ((1024, 4, 4, 16), (16,), (16,), (1024, 4, 4, 16))).check()
    assert (
        large.shapes == ((128, 4, 4, 16), (16,), (16,), (128, 4, 4, 16))
        and large.dtype == "float64"
    )


def test_unfused_launches_more():
    from .. import simulator

    counts = []
    for fused in (True, False):
        simulator.launches.clear()
        results_of(gpu_sides.Minires(fused=fused), SMALL)
        counts.append(len(simulator.launches))
    assert counts[1] > counts[0] > 0


class WithoutCuda:
    """PyTorch's sides on the CPU, where they compute the same numbers. A graph is a call that
    writes its loss to a fixed place."""

    device = "cpu"

    def synchronize(self):
        pass

    def release(self):
        pass

    def _capture(self, optimizer, train):
        for _ in range(3):
            loss = train().clone()
        return lambda: loss.copy_(train()), loss


class Eager(WithoutCuda, gpu_sides.PyTorch):
    pass


class Graph(WithoutCuda, gpu_sides.PyTorchGraph):
    pass


@pytest.mark.parametrize("side", [Eager, Graph])
def test_pytorch_computes_the_same(torch, threads, side):
    threads(1)
    before = torch.get_num_threads()
    try:
        got = results_of(side(), SMALL.check())
    finally:
        torch.set_num_threads(before)
    assert (
        relative_difference(results_of(gpu_sides.Minires(), SMALL.check()), got) <= SMALL.tolerance
    )
    assert (
        torch.backends.cuda.matmul.fp32_precision
        == torch.backends.cudnn.conv.fp32_precision
        == "ieee"
    )


def test_the_least_that_a_step_moves():
    """Counted by hand for the smallest plain net. For the paper's net, the images per second that a
    GPU with 3.35 TB/s can reach are known."""
    sizes = [(192, 256), (256, 256), (256, 256), (256, 128), (128, 128), (128, 64), (64, 64)]
    plain = replace(SMALL, residual=False)
    passes = sum(3 * x + 11 * y for x, y in sizes) - (192 + 256)  # the images need no gradient
    assert bytes_per_image(plain) == 4 * passes
    assert bytes_per_image(SMALL) == 4 * (passes + 4 * (256 + 128 + 64))
    assert bytes_per_image(replace(plain, dtype="float64")) == 8 * passes
    channels = [(4, 4), (4, 4), (4, 8), (8, 8), (8, 16), (16, 16)]
    columns = 4 * 9 * 192
    for (x, y), (in_channels, out_channels) in zip(sizes[1:], channels):
        columns += 2 * 9 * y * in_channels // out_channels
        columns += 3 * 9 * x * out_channels // in_channels
    assert bytes_per_image(plain, columns=True) == 4 * (
        passes + columns - sum(y for _, y in sizes[1:])
    )
    for depth, images, with_columns in ((20, 318e3, 66e3), (56, 112e3, 23e3)):
        assert 3.35e12 / bytes_per_image(Net(depth, residual=False)) == pytest.approx(
            images, rel=0.02
        )
        assert 3.35e12 / bytes_per_image(Net(depth)) == pytest.approx(images, rel=0.15)
        assert 3.35e12 / bytes_per_image(Net(depth), columns=True) == pytest.approx(
            with_columns, rel=0.15
        )


def test_a_profile_is_read():
    def event(category, name, duration):
        return {"ph": "X", "cat": category, "name": name, "dur": duration}

    events = [
        event("kernel", "conv", 30.0),
        event("kernel", "relu", 5.0),
        event("kernel", "relu", 7.0),
        event("kernel", "conv", 30.0),
        event("gpu_memcpy", "Memcpy HtoD", 2.0),
        event("cpu_op", "aten::relu", 50.0),
        event("cuda_runtime", "cudaLaunchKernel", 9.0),
        {"ph": "M", "name": "process_name"},
    ]
    seen = launches.summary(events, steps=2)
    assert (
        seen["launches"] == 2 and seen["copies"] == 0.5 and seen["seconds"] == pytest.approx(37e-6)
    )
    assert [(kernel["name"], kernel["launches"]) for kernel in seen["kernels"]] == [
        ("conv", 1),
        ("relu", 1),
    ]
    assert seen["kernels"][1]["seconds"] == pytest.approx(6e-6)
    assert launches.summary(events[4:], steps=2) is None
    assert launches.profile(lambda: None, lambda: None) is None or has_cuda()


def has_cuda():
    import torch

    return torch.cuda.is_available()


ENVIRONMENT = {
    "command": "python -m benchmarks.gpu",
    "date": "2026-01-01",
    "gpu": "Some GPU",
    "compute_capability": "9.0",
    "cupy": "14.2.0",
    "cuda_runtime": 12090,
    "cuda_driver": 13000,
    "python": "3.12.3",
    "numpy": "2.4.0",
    "processor": "Some CPU",
    "cores": 16,
}
ROW = {
    "name": "net",
    "batch": 100,
    "bytes": 1e9,
    "bytes_with_columns": 4e9,
    "difference": 0.0,
    "seconds": {
        "minires": [0.002, 0.004, 0.003],
        "minires, TF32": [0.002] * 3,
        "PyTorch": [0.001] * 3,
        "PyTorch, graph": [0.0005] * 3,
    },
    "failed": {"PyTorch, TF32": "RuntimeError: out of memory"},
}
PROFILE = {
    "launches": 123.0,
    "copies": 2.0,
    "seconds": 0.0015,
    "kernels": [
        {"name": f"kernel {i} <a|b>", "launches": 2.0, "seconds": 0.0003 / (i + 1)}
        for i in range(12)
    ],
}
RESULTS = {
    "environment": ENVIRONMENT,
    "rounds": 3,
    "sides": list(ROW["seconds"]),
    "copy": 2e12,
    "nets": [ROW],
    "kernels": [
        {
            "name": "relu",
            "difference": 0.0,
            "failed": {},
            "seconds": {"minires": [0.001], "PyTorch": [0.002]},
        },
        {
            "name": "conv2d",
            "difference": 0.0,
            "failed": {"minires": "why"},
            "seconds": {"PyTorch": [0.002]},
        },
    ],
    "launches": [{"name": "net", "failed": {}, "profiles": {"minires": PROFILE, "PyTorch": None}}],
}


def test_tables():
    text = gpu_report.markdown(RESULTS)
    assert (
        "| minires | 3.00 (2.50-3.50) | 33,333 | 333 | 17 % | 1,333 | 67 % | 123 | 1.50 | "
        "3.00 | 6.00 |" in text
    )
    assert (
        "| PyTorch | 1.00 (1.00-1.00) | 100,000 | 1,000 | 50 % |  |  | unknown |  |  | 2.00 |"
        in text
    )
    assert (
        "| relu | 1.00 (1.00-1.00) | 2.00 (2.00-2.00) | 0.50 |" in text
        and "| conv2d |  | 2.00 (2.00-2.00) |  |" in text
    )
    assert "| `kernel 0 <a/b>` | 2 | 0.300 | 20 % |" in text and text.count("`kernel ") == 10
    assert (
        "- FAILED: net, PyTorch, TF32: RuntimeError: out of memory" in text
        and "- FAILED: conv2d, minires: why" in text
    )
    assert "moves 2000 GB/s" in text and "PyTorch 2" not in text.split("\n")[0]
    versions = {**ENVIRONMENT, "torch": "2.11.0", "torch_cuda": "13.0", "cudnn": 91300}
    assert "PyTorch 2.11.0 (CUDA 13.0, cuDNN 91300)" in gpu_report.markdown(
        {**RESULTS, "environment": versions}
    )
    alone = {
        **RESULTS,
        "nets": [{**ROW, "seconds": {"minires": [0.003]}, "failed": {}}],
        "launches": [],
    }
    assert (
        "| minires | 3.00 (3.00-3.00) | 33,333 | 333 | 17 % | 1,333 | 67 % | unknown |  |"
        in gpu_report.markdown(alone)
    )
    for part in ("nets", "kernels", "launches"):  # what an interrupted run leaves
        assert gpu_report.markdown({key: value for key, value in RESULTS.items() if key != part})


def test_lines():
    times, failure = gpu_report.line(ROW).splitlines()
    assert (
        times == "net:  minires 3.00 ms  minires, TF32 2.00 ms  PyTorch 1.00 ms  PyTorch, graph "
        "0.500 ms  ratio 3.00  ratio 6.00"
    )
    assert failure == "FAILED: net, PyTorch, TF32: RuntimeError: out of memory"
    assert (
        gpu_report.line(RESULTS["launches"][0])
        == "net:  minires 123 launches  PyTorch unknown launches"
    )


def test_sides_that_fail_are_named_and_the_others_are_timed():
    failed = {}
    with workers_for(
        ["minires", "minires, unfused", "PyTorch"], where="tests.benchmarks.sides_without_gpu"
    ) as workers:
        compared = compare(SMALL, workers, rounds=2, failed=failed)
        assert list(compared["seconds"]) == ["minires"] and len(compared["seconds"]["minires"]) == 2
        assert (
            failed["PyTorch"] == "OSError: unspecified launch failure"
            and "the sides differ by 0.0099" in failed["minires, unfused"]
        )
        compare(Kernel("relu", ((2, 3),)), workers, rounds=1, failed=failed)
        assert failed["PyTorch"] == "RuntimeError: its process died"
        compare(SMALL, workers, rounds=1, failed=failed)  # another process has taken its place
        assert failed["PyTorch"] == "OSError: unspecified launch failure"
    with workers_for(["minires"], where="tests.benchmarks.sides_without_gpu", timeout=0) as workers:
        compared = compare(SMALL, workers, rounds=1, failed=failed)
        assert (
            compared == {"seconds": {}, "difference": 0.0}
            and failed["minires"] == "TimeoutError: no answer within 0 s"
        )


@pytest.mark.slow
def test_the_program(tmp_path, monkeypatch, capsys):
    """The whole program except the GPU: what it writes after each row, and its exit status when a
    side has failed."""
    monkeypatch.setattr(gpu, "WORKERS", {"where": "tests.benchmarks.sides_without_gpu"})
    monkeypatch.setattr(gpu, "SIDES", {"minires": None, "minires, unfused": None})
    monkeypatch.setattr(gpu, "NETS", [SMALL])
    monkeypatch.setattr(gpu, "KERNELS", [KERNELS[0], SGDStep(8)])
    monkeypatch.setattr(gpu, "copy_bandwidth", lambda: 1e12)
    run = ["--rounds", "1", "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="some sides failed"):
        gpu.main(run)
    results = json.loads((tmp_path / "gpu.json").read_text())
    assert (tmp_path / "gpu.md").read_text() == gpu_report.markdown(results)
    assert [len(results[section]) for section in gpu.SECTIONS] == [1, 2, 1] and results[
        "environment"
    ]["gpu"] == "Simulated GPU"
    assert list(results["nets"][0]["seconds"]) == ["minires"] and results["nets"][0][
        "bytes"
    ] == 4 * bytes_per_image(SMALL)
    assert results["launches"][0]["profiles"]["minires"] is None or has_cuda()
    printed = capsys.readouterr().out
    assert (
        "FAILED: ResNet-8 training step, width 4, 8x8, batch 4, minires, unfused: AssertionError: "
        in printed
        and "### Failed" in printed
    )
    gpu.main([*run, "--sections", "kernels"])  # one side alone has nothing to differ from


def test_copies_are_counted_read_and_written(monkeypatch):
    sizes = []
    memory = SimpleNamespace(
        data=SimpleNamespace(copy_from_device_async=lambda source, size: sizes.append(size))
    )
    monkeypatch.setattr(
        backend, "cupy", lambda: SimpleNamespace(zeros=lambda *a: memory, empty=lambda *a: memory)
    )
    monkeypatch.setattr(backend, "free_memory", lambda: 0)
    monkeypatch.setattr(
        gpu.time, "perf_counter", iter(np.arange(100.0)).__next__
    )  # a sample takes a second
    assert gpu.copy_bandwidth() == 2 * gpu.COPIES * 2**28 and set(sizes) == {2**28}


def test_without_a_gpu_one_line_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--out", str(tmp_path)],
        cwd=ROOT,
        timeout=120,
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 1 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith(
        "python -m benchmarks.gpu: "
    )
    assert list(tmp_path.iterdir()) == []


def test_the_script_is_sound():
    subprocess.run(["bash", "-n", str(ROOT / "benchmarks" / "gpu_all.sh")], check=True, timeout=60)

"""Devices, and what is missing for a GPU."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from minires import backend
from minires.backend import cupy_import
from minires.errors import ConfigError, DeviceError


def test_devices():
    assert backend.check_device("cpu") == "cpu"
    with pytest.raises(
        ConfigError, match="^model.to: unknown device: expected one of cpu, gpu, got 'tpu'"
    ):
        backend.check_device("tpu", "model.to")
    with pytest.raises(ConfigError, match="got 'cuda:0'; for an NVIDIA GPU say 'gpu'"):
        backend.check_device("cuda:0")


# A GPU is requested on a machine that is not ready for one. Each message is one line and says what
# to install.


class CudaError(RuntimeError):
    pass


def cupy_that(count, nvrtc=lambda: (13, 0), **more):
    """A module like CuPy on a machine where counting GPUs and loading CUDA's libraries behave in
    this way."""
    runtime = SimpleNamespace(
        getDeviceCount=count, CUDARuntimeError=CudaError, driverGetVersion=lambda: 13000
    )
    return SimpleNamespace(
        cuda=SimpleNamespace(runtime=runtime, nvrtc=SimpleNamespace(getVersion=nvrtc), **more)
    )


def fail(error):
    raise error


@pytest.mark.parametrize(
    "cupy, words",
    [
        (None, ["CuPy is not installed", 'pip install "cupy-cuda12x[ctk]"']),
        (
            cupy_that(
                lambda: fail(
                    CudaError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")
                )
            ),
            ["NVIDIA's driver is missing or too old", "install the driver, or use --device cpu"],
        ),
        (
            cupy_that(
                lambda: fail(CudaError("cudaErrorNoDevice: no CUDA-capable device is detected"))
            ),
            ["no GPU found", "nvidia-smi"],
        ),
        (cupy_that(lambda: 0), ["no GPU found"]),
        (
            cupy_that(
                lambda: 1,
                nvrtc=lambda: fail(RuntimeError('Failure finding "libnvrtc.so.13": No such file')),
            ),
            ["NVRTC and cuBLAS are missing", 'got Failure finding "libnvrtc.so.13";', "[ctk]"],
        ),
        (cupy_that(lambda: 1), ["NVRTC and cuBLAS are missing"]),  # no cublas
        (
            cupy_that(lambda: 1, nvrtc=lambda: (14, 0), cublas=None),
            ["NVRTC is newer than the driver", "expected CUDA 13 at most, got CUDA 14"],
        ),
    ],
    ids=[
        "no package",
        "no driver",
        "no device",
        "none visible",
        "no NVRTC",
        "no cuBLAS",
        "an older driver",
    ],
)
def test_what_is_missing_for_a_gpu(cupy, words, monkeypatch):
    monkeypatch.setattr(cupy_import, "_cupy", None)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    with pytest.raises(DeviceError) as caught:
        backend.check_device("gpu", "--device gpu")
    message = str(caught.value)
    assert message.startswith("--device gpu: ") and "\n" not in message
    assert all(word in message for word in words), message


def test_a_cupy_that_cannot_be_imported(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text(
        "raise ImportError('libfoo.so: cannot open shared object file')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(cupy_import, "_cupy", None)
    with pytest.raises(
        DeviceError,
        match="CuPy is installed but cannot be imported: got libfoo.so: .*; pip install",
    ):
        backend.check_device("gpu")


def test_the_real_cupy_says_what_is_missing_too():
    """Where CuPy is installed on a machine without a GPU, minires understands CuPy's own errors."""
    pytest.importorskip("cupy", reason="CuPy is not installed")
    found = subprocess.run(
        [sys.executable, "-c", "from minires import backend; backend.check_device('gpu', 'here')"],
        capture_output=True,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    assert "minires.errors.DeviceError: here: " in found.stderr
    assert any(words in found.stderr for words in ("NVIDIA's driver is missing", "no GPU found"))


def test_a_run_on_the_cpu_never_imports_cupy(tmp_path):
    (tmp_path / "cupy.py").write_text("raise SystemExit('CuPy was imported')")
    words = [
        "degradation",
        "--depths",
        "8",
        "--iterations",
        "2",
        "--train-size",
        "16",
        "--batch-size",
        "8",
        "--width",
        "2",
        "--image-size",
        "8",
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "minires", *words],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr


def test_errors_of_a_gpu_that_is_not_in_use(monkeypatch):
    """In an except clause these classes catch nothing."""
    monkeypatch.setattr(cupy_import, "_cupy", None)
    assert backend.gpu_errors() == backend.out_of_memory_errors() == ()
    backend.synchronize()


def test_an_array_of_cupy_is_recognised_by_its_type(monkeypatch):
    """Also before any GPU has been requested, here on a machine that has none."""

    class ndarray:
        __module__ = "cupy"

    monkeypatch.setattr(cupy_import, "_cupy", None)
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match="^an array of CuPy: "):
        backend.device_of(ndarray())
    ready = cupy_that(lambda: 1, cublas=None, nvrtc=lambda: (13, 0))
    ready.ndarray = ndarray
    monkeypatch.setitem(sys.modules, "cupy", ready)
    assert (
        backend.device_of(ndarray()) == "gpu"
        and backend.device_of(np.ones(1)) == backend.device_of([1]) == "cpu"
    )

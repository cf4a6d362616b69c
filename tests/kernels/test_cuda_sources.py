"""Every CUDA file compiles for every GPU since Turing, with CuPy's compiler. This needs no GPU."""

import ctypes
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from minires.kernels import gpu
from minires.kernels.gpu import launch

FILES = sorted(Path(gpu.__file__).parent.glob("*.cu"))
# compute_: portable code; sm_: machine code
ARCHITECTURES = ("compute_75", "sm_75", "sm_80", "sm_90", "sm_120")


@pytest.fixture(scope="module")
def nvrtc():
    spec = find_spec("nvidia")
    folders = spec.submodule_search_locations if spec else ()
    libraries = [
        path
        for folder in folders
        for pattern in ("libnvrtc.so*", "nvrtc64*.dll")
        for path in sorted(Path(folder).rglob(pattern))
        if "builtins" not in path.name
    ]
    if not libraries:
        pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")
    return ctypes.CDLL(str(libraries[0]))


def errors(nvrtc, source, architecture, definitions):
    """The compiler's errors and warnings; an empty string if there are none."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    status = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source.encode(), b"program", 0, None, None
    )
    assert status == 0
    options = f"--gpu-architecture={architecture}", "-std=c++17", "-ftz=true", *definitions
    options = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = nvrtc.nvrtcCompileProgram(program, len(options), options)
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return log.value.decode() + ("failed" if status else "")


@pytest.mark.parametrize("dtype", launch.REAL, ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_compiles(nvrtc, file, architecture, dtype):
    assert errors(nvrtc, launch.source(file.stem), architecture, launch.options(dtype)) == ""


def test_a_mistake_is_found_and_its_line_named(nvrtc):
    source = launch.source("elementwise").replace("y[i] = a[i] + b[i];", "y[i] = a[i] + c[i];")
    line = source[: source.index("c[i]")].count("\n")
    options = launch.options(next(iter(launch.REAL)))
    assert f"elementwise.cu({line}): error" in errors(nvrtc, source, "sm_90", options)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_file_says_what_it_holds_and_how_it_is_launched(file):
    header = file.read_text().split("\ntypedef")[0]
    assert all(line.startswith("//") for line in header.splitlines() if line) and "Launch" in header


def test_every_kernel_is_launched_somewhere():
    launchers = "".join(path.read_text() for path in Path(gpu.__file__).parent.glob("*.py"))
    for file in FILES:
        for name in re.findall(r'extern "C" __global__ void (\w+)', file.read_text()):
            assert f'"{name}"' in launchers, f"{name} in {file.name}"

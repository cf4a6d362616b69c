"""From the source of CUDA kernels to a library that runs them on the CPU."""

import ctypes
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from .device import CompileException

SHIM = Path(__file__).with_name("cuda_on_cpu.h")
# Without contraction to fused multiply-adds float32 results are the same on every CPU; kernels read
# memory through casts.
FLAGS = (
    "-std=c++17",
    "-O1",
    "-ffp-contract=off",
    "-fno-strict-aliasing",
    "-fvisibility=hidden",
    "-U_FORTIFY_SOURCE",
    "-w",
)
KERNEL = re.compile(
    r'extern\s+"C"\s+__global__\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?void\s+'
    r"(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)\s*\("
)

_folder = tempfile.TemporaryDirectory(prefix="simulator-")  # the folder is removed when Python ends


@cache
def load(code, options=()):
    """Compile `code` with the options that define macros; return the library and the names of its
    kernels.

    Raises
    ------
    CompileException
        With the compiler's messages; lines count as in `code`.
    """
    defines = [
        option for option in options if option.startswith(("-D", "-U"))
    ]  # the other options are meant for NVRTC
    # Preprocessed separately, since macros may make kernels, and without system headers, which
    # NVRTC does not have either.
    plain = _compile(
        ("-E", "-P", "-nostdinc", *defines), f'#line 1 "kernel.cu"\n{code}', code, options
    )
    names = tuple(KERNEL.findall(plain))
    wrappers = "\n".join(f"SIMULATED({name})" for name in names)
    whole = f'#include "{SHIM}"\n#line 1 "kernel.cu"\n{code}\n{wrappers}\n'
    path = Path(
        _folder.name, hashlib.sha256(repr((code, options)).encode()).hexdigest()[:16] + ".so"
    )
    _compile(("-shared", "-fPIC", "-o", str(path), *defines), whole, code, options)
    library = ctypes.PyDLL(
        str(path)
    )  # keeps the interpreter's lock: one launch at a time, as its state is global
    return library, names


@cache
def missing():
    """Why kernels cannot be compiled here, in one line; None if they can."""
    try:
        load.__wrapped__(
            'extern "C" __global__ void f(float* x) { __shared__ float y; y = exp(*x); '
            "__syncthreads(); *x = y; }"
        )
    except (OSError, CompileException) as error:
        return "no simulated GPU: " + " ".join(str(error).split())[:200]
    return None


def _compile(arguments, text, code, options):
    for command in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if command and shutil.which(shlex.split(command)[0]):
            break
    else:
        raise FileNotFoundError("there is no C++ compiler: install g++, or set CXX")
    done = subprocess.run(
        [*shlex.split(command), *FLAGS, *arguments, "-x", "c++", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CompileException(done.stderr or f"{command} failed", code, "kernel.cu", options)
    return done.stdout

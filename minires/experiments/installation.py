"""Check whether an installation is fit for experiments: one check for each thing that a run needs,
with a cure for each failure.
"""

import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import __version__, backend, data, models
from .. import functional as F
from ..autograd import Tensor
from ..data.datasets.cifar10 import find
from ..data.paths import user_cache
from ..errors import DataError, DeviceError
from ..optim import SGD

OLDEST_PYTHON, OLDEST_NUMPY = (3, 11), (2, 0)
# The packages that setup.cfg lists beside NumPy, and the oldest version of each. They are not read
# from minires's metadata: after a `git pull`, that is still the list of the day of `pip install`.
NEEDED = {
    "matplotlib": "3.9",
    "tqdm": "4.62",
    "pooch": "1.7",
    "safetensors": "0.4.1",
    "threadpoolctl": "3.5",
    "filelock": "3.12",
    "platformdirs": "2.5",
    "joblib": "1.4",
    "psutil": "5.9.4",
}
MEMORY_NEEDED = 2 * 1024**3  # bytes, for the quick experiment with room to spare
DISK_NEEDED = 1024**3  # bytes, for CIFAR-10 and its records
# The size of the timed training step, which is that of the quick experiment.
STEP_IMAGES, STEP_SIZE, STEP_WIDTH = 128, 16, 8
SLOW_STEP = 1.0  # seconds; with such steps the quick experiment takes half an hour

GOOD, OPTIONAL, BAD = "good", "optional", "bad"


class Check(NamedTuple):
    """The result of one check."""

    name: str
    state: str  # GOOD, BAD or OPTIONAL, which means that only some features need it
    found: str
    cure: str | None = None  # what to do about it, unless the state is GOOD


def check_all() -> Iterator[Check]:
    """Make all checks, and yield each result as soon as it is there."""
    for check in (
        python,
        numpy,
        packages,
        blas,
        threads,
        memory,
        disk,
        write_access,
        cifar10,
        pillow,
        h5py,
        notebooks,
        gpu,
        training_step,
    ):
        try:
            yield check()
        except ImportError as error:  # the check `packages` says which packages to install
            yield Check(check.__name__.replace("_", " "), BAD, f"cannot be checked: {error}")


def python() -> Check:
    """Is Python new enough?"""
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        return Check("Python", BAD, found, "install Python 3.11 or newer")
    return Check("Python", GOOD, found)


def numpy() -> Check:
    """Is NumPy new enough?"""
    found = f"{np.__version__}, minires {__version__}"
    if _numbers(np.__version__) < OLDEST_NUMPY:
        return Check("NumPy", BAD, found, 'pip install --upgrade "numpy>=2.0"')
    return Check("NumPy", GOOD, found)


def blas() -> Check:
    """Which library computes NumPy's matrix products, and does it use the fastest kernels for this
    processor?
    """
    found = ", ".join(backend.blas_libraries())
    if not found:
        return Check(
            "BLAS",
            OPTIONAL,
            "unknown to threadpoolctl (such as Accelerate on macOS)",
            "results are the same; the speed with this library is not measured",
        )
    forced = os.environ.get("OPENBLAS_CORETYPE")
    if forced:
        return Check(
            "BLAS",
            OPTIONAL,
            found,
            f"OPENBLAS_CORETYPE={forced} chooses the kernels: unset it for full speed",
        )
    return Check("BLAS", GOOD, found)


def packages() -> Check:
    """Are all packages installed that minires always needs, and new enough?"""
    missing = [name for name in NEEDED if find_spec(name) is None]
    found = {name: metadata.version(name) for name in NEEDED if name not in missing}
    old = [name for name in found if _numbers(found[name]) < _numbers(NEEDED[name])]
    if missing or old:
        problems = [f"missing: {', '.join(missing)}"] if missing else []
        problems += [f"too old: {name} {found[name]}" for name in old]
        wanted = " ".join(f'"{name}>={NEEDED[name]}"' for name in (*missing, *old))
        return Check("packages", BAD, "; ".join(problems), f"pip install --upgrade {wanted}")
    return Check("packages", GOOD, ", ".join(f"{name} {found[name]}" for name in NEEDED))


def threads() -> Check:
    """Do the kernels use as many threads as there are cores?"""
    count, cores = backend.num_threads(), backend.available_cores()
    found = f"{count} on {cores} cores"
    if count < cores:
        return Check(
            "threads",
            OPTIONAL,
            found,
            "set MINIRES_THREADS, or unset OMP_NUM_THREADS, to use all cores",
        )
    if count > cores:
        return Check(
            "threads",
            OPTIONAL,
            found,
            f"more threads than cores slow each other down: MINIRES_THREADS={cores}",
        )
    return Check("threads", GOOD, found)


def memory() -> Check:
    """Is enough memory free now?"""
    from .free_memory import free_memory  # needs psutil, whose absence `check_all` reports

    free = free_memory()
    if free is None:
        return Check(
            "memory",
            OPTIONAL,
            "this system does not tell how much is free",
            "the quick experiment needs 1 GB",
        )
    found = f"{_size(free)} free"
    if free < MEMORY_NEEDED:
        return Check("memory", BAD, found, "close other programs, or use smaller nets and batches")
    return Check("memory", GOOD, found)


def disk() -> Check:
    """Is enough room on the disk of the current folder?"""
    free = shutil.disk_usage(Path.cwd()).free
    found = f"{_size(free)} free in {Path.cwd()}"
    if free < DISK_NEEDED:
        return Check("disk", BAD, found, "free some space, or write elsewhere with --out")
    return Check("disk", GOOD, found)


def write_access() -> Check:
    """Can runs be written to the current folder, and downloads to the user's cache?"""
    refused = [str(folder) for folder in (Path.cwd(), user_cache()) if not _can_write(folder)]
    if refused:
        return Check(
            "write access",
            BAD,
            f"none in {', '.join(refused)}",
            "choose another folder with --out, and with MINIRES_DATA for downloads",
        )
    return Check("write access", GOOD, f"here, and in {user_cache()}")


def cifar10() -> Check:
    """Is CIFAR-10 on disk?"""
    try:
        return Check("CIFAR-10", GOOD, str(find()))
    except DataError:
        return Check(
            "CIFAR-10",
            OPTIONAL,
            "not on disk",
            "minires data cifar10 fetches it (170 MB); drawn images (--dataset synthetic) "
            "need no file",
        )


def pillow() -> Check:
    """Is Pillow installed, which decodes photographs?"""
    return _optional("Pillow", "pillow", "PIL", 'for photographs: pip install "minires[images]"')


def h5py() -> Check:
    """Is h5py installed, which reads weights of Keras?"""
    return _optional("h5py", "h5py", "h5py", 'for weights of Keras: pip install "minires[keras]"')


def notebooks() -> Check:
    """Is Jupyter installed, which runs the notebooks?"""
    return _optional(
        "Jupyter", "jupyterlab", "jupyterlab", 'for the notebooks: pip install "minires[notebooks]"'
    )


def gpu() -> Check:
    """Do CuPy, CUDA's libraries and the driver work, and is there a GPU?"""
    try:
        backend.check_device("gpu", "GPU")
        found = backend.describe("gpu")
    except DeviceError as error:
        return Check(
            "GPU",
            OPTIONAL,
            str(error).removeprefix("GPU: ").split("; ")[0].split(": expected ")[0],
            str(error).partition("; ")[2] or "all runs work on the CPU too",
        )
    return Check(
        "GPU",
        GOOD,
        f"{found['gpu']}, CuPy {found['cupy']}, CUDA {found['cuda_runtime']}, driver "
        f"{found['cuda_driver']}",
    )


def training_step() -> Check:
    """Does a training step of resnet-20 work, and how long does it take? Timed at the size of the
    quick experiment, the fastest of three.
    """
    train, _ = data.synthetic(STEP_IMAGES, 10, STEP_SIZE)
    net = models.resnet(20, width=STEP_WIDTH)
    optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9)
    images, seconds = (train.images / 255).astype(np.float32), []
    for _ in range(3):
        started = time.perf_counter()
        loss = F.cross_entropy(net(Tensor(images)), train.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - started)
    if not np.isfinite(loss.item()):
        return Check(
            "training step",
            BAD,
            f"the loss is {loss.item()}",
            "NumPy computes wrong results here: reinstall it",
        )
    found = (
        f"ResNet-20, {STEP_IMAGES} images of {STEP_SIZE}x{STEP_SIZE}: {1000 * min(seconds):.0f} ms"
    )
    if min(seconds) > SLOW_STEP:
        return Check(
            "training step",
            OPTIONAL,
            found,
            "a slow machine, or a busy one: expect the quick experiment to take long",
        )
    return Check("training step", GOOD, found)


def _optional(name: str, package: str, module: str, cure: str) -> Check:
    if find_spec(module) is None:
        return Check(name, OPTIONAL, "not installed", cure)
    return Check(name, GOOD, metadata.version(package))


def _can_write(folder: Path) -> bool:
    """Whether files can be created in `folder` or, if it does not exist, in the nearest folder
    above it that does.
    """
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, as far as they go: (2, 10) for "2.10rc1"."""
    first = re.match(r"[\d.]*\d", version)
    return tuple(map(int, first[0].split("."))) if first else ()


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GB"

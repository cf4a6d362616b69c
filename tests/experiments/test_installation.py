"""The doctor: each check says what was found, and how to cure a problem."""

import configparser
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minires import backend
from minires.experiments import installation
from minires.experiments.installation import BAD, GOOD, OPTIONAL

from ..faults import refuse


def test_a_run_is_possible_here_and_each_problem_has_a_cure():
    checks = list(installation.check_all())
    assert [check.name for check in checks] == [
        "Python",
        "NumPy",
        "packages",
        "BLAS",
        "threads",
        "memory",
        "disk",
        "write access",
        "CIFAR-10",
        "Pillow",
        "h5py",
        "Jupyter",
        "GPU",
        "training step",
    ]
    assert all(check.state != BAD for check in checks if check.name not in ("memory", "disk"))
    assert all((check.cure is None) == (check.state == GOOD) and check.found for check in checks)


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    check = installation.python()
    assert check.state == BAD and "3.11" in check.cure


@pytest.mark.parametrize("version, state", [("1.26.4", BAD), ("2.0.0", GOOD), ("2.10.0rc1", GOOD)])
def test_the_version_of_numpy(monkeypatch, version, state):
    monkeypatch.setattr(np, "__version__", version)
    assert installation.numpy().state == state


def test_kernels_chosen_by_hand(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert installation.blas().state == GOOD
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    check = installation.blas()
    assert check.state == OPTIONAL and "unset it" in check.cure


def test_the_packages_are_those_of_setup_cfg():
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg", encoding="utf-8")
    listed = dict(line.split(">=") for line in setup["options"]["install_requires"].split())
    assert tuple(map(int, listed.pop("numpy").split("."))) == installation.OLDEST_NUMPY
    assert listed == installation.NEEDED


@pytest.mark.parametrize("package", installation.NEEDED)
def test_a_missing_package(monkeypatch, package):
    monkeypatch.setattr(installation, "find_spec", lambda name: None if name == package else name)
    check = installation.packages()
    assert check.state == BAD and check.found == f"missing: {package}"
    assert check.cure.startswith(f'pip install --upgrade "{package}>=')


@pytest.mark.parametrize("version, state", [("5.8.0", BAD), ("5.9.4", GOOD), ("5.10b1", GOOD)])
def test_the_version_of_a_package(monkeypatch, version, state):
    real = installation.metadata.version
    monkeypatch.setattr(
        installation.metadata, "version", lambda name: version if name == "psutil" else real(name)
    )
    check = installation.packages()
    assert check.state == state
    if state == BAD:
        assert check.found == "too old: psutil 5.8.0"
        assert check.cure == 'pip install --upgrade "psutil>=5.9.4"'


def test_without_joblib_and_psutil_the_command_still_says_what_is_missing():
    program = (
        "import sys; sys.modules.update(joblib=None, psutil=None)\n"
        "from importlib import util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name: None if sys.modules.get(name, 0) is None else find(name)\n"
        "from minires.cli import main; sys.exit(main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1 and "missing: joblib, psutil" in done.stdout, done.stderr
    assert "training step" in done.stdout and not done.stderr


@pytest.mark.parametrize(
    "count, state, cure",
    [(1, OPTIONAL, "MINIRES_THREADS"), (4, GOOD, None), (9, OPTIONAL, "MINIRES_THREADS=4")],
)
def test_threads(monkeypatch, count, state, cure):
    monkeypatch.setattr(backend, "available_cores", lambda: 4)
    monkeypatch.setattr(backend, "num_threads", lambda: count)
    check = installation.threads()
    assert check.state == state and (check.cure is None if cure is None else cure in check.cure)


@pytest.mark.parametrize("free, state", [(500 * 2**20, BAD), (8 * 2**30, GOOD), (None, OPTIONAL)])
def test_memory(monkeypatch, free, state):
    monkeypatch.setattr("minires.experiments.free_memory.free_memory", lambda: free)
    assert installation.memory().state == state


def test_a_full_disk(monkeypatch):
    monkeypatch.setattr(
        installation.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6})
    )
    check = installation.disk()
    assert check.state == BAD and "free some space" in check.cure


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert installation.write_access().state == GOOD
    monkeypatch.setattr(installation.tempfile, "TemporaryFile", refuse)
    check = installation.write_access()
    assert check.state == BAD and str(tmp_path) in check.found


def test_cifar10_on_disk_or_not(monkeypatch, tmp_path):
    monkeypatch.setattr("minires.data.paths.CHECKOUT", tmp_path / "checkout")
    monkeypatch.setattr("minires.data.paths.user_cache", lambda: tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIRES_DATA", raising=False)
    assert installation.cifar10().state == OPTIONAL
    (tmp_path / "data" / "cifar-10-batches-bin").mkdir(parents=True)
    check = installation.cifar10()
    assert check.state == GOOD and check.found.endswith("cifar-10-batches-bin")


def test_without_cupy(no_cupy):
    check = installation.gpu()
    assert (
        check.state == OPTIONAL
        and "CuPy is not installed" in check.found
        and "pip install" in check.cure
    )


def test_with_a_gpu(gpu):
    check = installation.gpu()
    assert check.state == GOOD and "CuPy" in check.found


def test_a_machine_that_computes_nonsense(monkeypatch):
    monkeypatch.setattr(
        installation.F, "cross_entropy", lambda logits, labels: (logits * np.float32(np.nan)).mean()
    )
    check = installation.training_step()
    assert check.state == BAD and "nan" in check.found

"""Joining the world that mpiexec has started, and errors that say what is wrong with it."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from minires import backend
from minires.backend import threads
from minires.distributed import failure, join, joining, launcher
from minires.errors import ConfigError

OPEN_MPI = "Open MPI v5.0.11, package: Open MPI user@localhost Distribution, ident: 5.0.11\0"
MPICH = "MPICH Version:      5.0.2\nMPICH Release date: Tue\nMPICH ABI:          18:0:6\n\0"


@pytest.fixture(autouse=True)
def nobody_has_joined(monkeypatch):
    monkeypatch.setattr(joining, "_joined", None)
    monkeypatch.setattr(failure, "PATIENCE", 0.01)
    for variables in launcher.LAUNCHERS.values():
        for variable in variables:
            monkeypatch.delenv(variable, raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "mpi4py"]:
        monkeypatch.delitem(sys.modules, name)


def started_by(monkeypatch, name, size, rank=0):
    for variable, value in zip(launcher.LAUNCHERS[name], (size, rank)):
        monkeypatch.setenv(variable, str(value))


def with_library(monkeypatch, version, size):
    """An mpi4py that finds this library and this number of ranks."""
    package, MPI = ModuleType("mpi4py"), ModuleType("mpi4py.MPI")
    package.rc, package.MPI = SimpleNamespace(), MPI
    begun = []
    MPI.Get_library_version = lambda: version
    MPI.Is_initialized, MPI.Init_thread = lambda: bool(begun), lambda: begun.append(1)
    MPI.COMM_WORLD = SimpleNamespace(Get_size=lambda: size)
    monkeypatch.setitem(sys.modules, "mpi4py", package)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", MPI)
    return begun


def test_a_process_alone_does_not_load_mpi(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)  # to import it would fail
    started_by(monkeypatch, "MPICH", 1)
    assert join().size == 1 and join() is join()


def test_without_mpi4py(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    started_by(monkeypatch, "MPICH", 4)
    with pytest.raises(ConfigError, match=r"mpi4py is not installed.*minires\[mpi\]"):
        join()


def test_without_an_mpi(monkeypatch):
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("cannot load MPI library")

    monkeypatch.setitem(sys.modules, "mpi4py", Broken())
    started_by(monkeypatch, "MPICH", 4)
    with pytest.raises(ConfigError, match="mpi4py finds no MPI: .*cannot load MPI library"):
        join()


@pytest.mark.parametrize(
    "by, version, name",
    [("MPICH", OPEN_MPI, "Open MPI v5.0.11"), ("Open MPI", MPICH, "MPICH 5.0.2")],
)
def test_mpiexec_of_another_mpi(monkeypatch, by, version, name):
    """Found before MPI begins, since some MPIs end the process there."""
    begun = with_library(monkeypatch, version, 1)
    started_by(monkeypatch, by, 3)
    with pytest.raises(ConfigError) as found:
        join()
    assert f"it belongs to {by}, but mpi4py uses {name}" in str(found.value)
    assert "3 processes, each of which would train on its own" in str(found.value)
    assert not begun


def test_worlds_of_one(monkeypatch):
    """Two builds of one MPI may not recognise each other either."""
    with_library(monkeypatch, MPICH, 1)
    started_by(monkeypatch, "MPICH", 3)
    with pytest.raises(ConfigError, match="3 processes, each of which would train on its own"):
        join()


def test_only_rank_0_prints(monkeypatch):
    assert failure.should_report() and failure.name_of_rank() == "" and not failure.several_ranks()
    for rank in (0, 2):
        started_by(monkeypatch, "Open MPI", 3, rank)
        assert failure.several_ranks()
        assert failure.should_report() == (rank == 0)
    assert failure.name_of_rank() == "rank 2 of 3: "


def test_ranks_share_the_cores(monkeypatch):
    monkeypatch.setattr("threadpoolctl.threadpool_limits", lambda *limits, **more: None)
    monkeypatch.setattr(threads, "available_cores", lambda: 8)
    for name in ("MINIRES_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for processes, chosen, expected in ((2, None, 4), (3, None, 2), (16, None, 1), (2, 8, 8)):
        monkeypatch.setattr(threads, "_num_threads", chosen)
        backend.share_cores(processes)
        assert backend.num_threads() == expected
    monkeypatch.setattr(threads, "_num_threads", None)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    backend.share_cores(8)
    assert backend.num_threads() == 3

"""Sides for a test of the whole program where there is no GPU: one that works, on the CPU, and two
that do not."""

from benchmarks.sides import Minires
from benchmarks.work import Kernel


class Wrong(Minires):
    """A side whose results are wrong."""

    def prepare(self, work):
        step, results = super().prepare(work)
        return step, lambda: [1.01 * array for array in results()]


class Breaks(Minires):
    """A side that passes the check and fails when it is timed, and a side that ends the process in
    its kernels."""

    def prepare(self, work):
        if isinstance(work, Kernel):
            raise SystemExit(3)
        if work.dtype == "float32":
            raise OSError("unspecified\nlaunch failure")
        return super().prepare(work)


SIDES = {
    "minires": lambda: Minires(1),
    "minires, unfused": lambda: Wrong(1),
    "PyTorch": lambda: Breaks(1),
}

"""Sides for a test of the whole program where there is no GPU: one that works, on the CPU, and two
that do not."""

from benchmarks.sides import Minires
from benchmarks.work import Kernel


class Wrong(Minires):
    """Computes something else."""

    def prepare(self, work):
        step, results = super().prepare(work)
        return step, lambda: [1.01 * array for array in results()]


class Breaks(Minires):
    """Does what it should in the check, and fails when it is timed; and dies of kernels."""

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

"""The cost of `import minires`: little time, no output, and no library that it does not need
yet."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys, time
start = time.perf_counter()
import minires
seconds = time.perf_counter() - start
heavy = {"matplotlib", "cupy", "torch", "requests", "pooch", "tqdm", "safetensors", "urllib3"}
heavy = (heavy | {"pytest", "PIL"}) & set(sys.modules)
sys.stderr.write(f"{seconds} {sorted(heavy)}")
"""


def test_import_is_quick_silent_and_light():
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
        )
        time, heavy = done.stderr.split(" ", 1)
        seconds.append(float(time))
        assert done.stdout == "" and heavy == "[]"
    assert min(seconds) < 1  # 0.2 s and less on a quiet machine; a busy one may take longer


def test_public_names():
    import minires as mr

    assert set(mr.__all__) == {
        "Tensor",
        "autograd",
        "data",
        "diagnostics",
        "distributed",
        "enable_grad",
        "functional",
        "gradcheck",
        "graph",
        "kernels",
        "load",
        "models",
        "nn",
        "no_grad",
        "optim",
        "plot",
        "release_memory",
        "save",
        "set_num_threads",
        "training",
    }
    assert all(hasattr(mr, name) for name in mr.__all__)


def test_only_the_backend_imports_cupy():
    import minires

    root = Path(minires.__file__).parent
    assert [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        if re.search(r"^ *import cupy\b", path.read_text(encoding="utf-8"), re.M)
    ] == ["backend/cupy_import.py"]


def test_backends_need_no_import_of_their_own():
    code = (
        "import minires as mr; assert mr.kernels.naive.conv2d is not mr.kernels.cpu.conv2d; "
        "mr.kernels.nave"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "AttributeError: module 'minires.kernels' has no attribute 'nave'" in done.stderr

"""The machine that a run is computed on, and the versions of the software."""

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ... import backend
from ...types import Device


def environment(device: Device = "cpu") -> dict[str, Any]:
    """Everything besides the settings that the numbers of a run may depend on: versions, processor,
    cores, threads, device, command and date. Plain values for ``config.json``.
    """
    import numpy as np

    from ... import __version__
    from ...distributed.joining import joined

    ranks = joined().size
    return {
        "minires": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": ", ".join(backend.blas_libraries()) or "unknown",
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": backend.available_cores(),
        "threads": backend.num_threads(),
        **({"ranks": ranks} if ranks > 1 else {}),
        **backend.describe(device),
        "command": " ".join(["minires", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()

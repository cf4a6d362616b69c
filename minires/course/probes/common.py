"""Probes that several assignments use."""

import time
from typing import Any

from ..across import Answer


def seconds(function: Answer, *arguments: Any) -> float:
    """The shortest of three runs."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return min(times)

"""Damaged and hostile files of every format: none crashes, hangs, fills memory or causes a
traceback.

Each file is a changed copy of a whole file, or a pickle made at random. Another process reads it,
with limits on memory and time. MINIRES_CASES=10 makes ten times as many.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .read_files import KINDS

CASES = 90 * int(os.environ.get("MINIRES_CASES", "1"))  # of each kind
FINE = ("refused", "read", "same")


def results(kind, folder, cases):
    """Case -> its word and its error: CRASH or HANG where the process ended in it."""
    found, first = {}, 0
    while first < cases:
        place = folder / str(first)
        place.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "tests.read_files", kind, place, str(first), str(cases)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=Path(__file__).parents[1],
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
        )
        for line in done.stdout.splitlines():
            number, _, said = line.partition(" ")
            ended = "HANG" if "Timeout" in done.stderr else f"CRASH with status {done.returncode}"
            found[int(number)] = said.strip() or ended
        if first not in found:
            # not the file's fault: the process did not even begin
            raise AssertionError(done.stderr)
        first = max(found) + 1
    return found


# Thousands of files: they find cases that no other test names.
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits as on Linux")
@pytest.mark.parametrize("kind", KINDS)
def test_no_file_does_harm(kind, tmp_path):
    if kind == "Picture":
        pytest.importorskip("PIL", reason="Pillow, which decodes pictures, is not installed")
    if kind.startswith("Keras"):
        pytest.importorskip("h5py", reason="h5py, which reads Keras's files, is not installed")
    found = results(kind, tmp_path, CASES)
    bad = {case: said for case, said in found.items() if said.split()[0] not in FINE}
    assert len(found) == CASES and not bad, (len(bad), list(bad.items())[:5])

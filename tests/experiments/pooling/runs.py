"""Small runs to be pooled, as if different machines had computed them."""

import shutil
from contextlib import contextmanager
from pathlib import Path

from minires.experiments import degradation
from minires.experiments.records import run_folder

from ..tiny import tiny_preset

TINY = tiny_preset(net={"width": 1}, iterations=6)
DEPTHS = (8, 14)


def train(out, seeds, config=TINY, **more):
    degradation.run(config, out, DEPTHS, seeds, progress=False, **more)
    return out


@contextmanager
def on_machine(monkeypatch, name):
    """Within: runs are computed on a machine with this processor and another NumPy."""
    usual = run_folder.environment
    with monkeypatch.context() as patch:
        patch.setattr(
            run_folder,
            "environment",
            lambda device: {**usual(device), "processor": name, "numpy": f"2.{len(name)}"},
        )
        yield


def copy(run, to):
    return Path(shutil.copytree(run, to))


def content(run):
    """All files of a run: path -> bytes and time of the last change."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in run.rglob("*")
        if path.is_file()
    }


def change(table, line, column, value):
    """Write another number into a table; lines are counted from the header, 0."""
    lines = table.read_text().splitlines()
    entries = lines[line].split(",")
    entries[lines[0].split(",").index(column)] = value
    table.write_text("\n".join([*lines[:line], ",".join(entries), *lines[line + 1 :]]) + "\n")

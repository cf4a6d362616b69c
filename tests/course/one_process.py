"""A simple grader, as a first version would be written: the student's cells and their tests run in
one process. nbgrader works in this way, and so does a notebook.

``python -m tests.course.one_process`` reads a list of cells, each (identifier or None, source), and
writes the points of the tests.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def graded(cells, seconds=60):
    """{identifier: True if the test ran without an error}; the cells without one are run."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(cells),
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            cwd=folder,
        )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def main():
    replies, sys.stdout = sys.stdout, sys.stderr
    space, found = {"__name__": "__main__"}, {}
    for name, source in json.load(sys.stdin):
        try:
            exec(compile(source, "<cell>", "exec"), space)
            found[name] = True
        except Exception as error:
            found[name] = False
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    print(
        json.dumps({name: well for name, well in found.items() if name}), file=replies, flush=True
    )
    os._exit(0)  # even if a submission has left threads running


if __name__ == "__main__":
    main()

"""``python -m minires.experiments.scheduler.cluster FOLDER NUMBER``: do one task of a script."""

import sys
from pathlib import Path

import joblib

from .files import DONE, JOBS


def main(folder: str, number: str) -> int:
    """Do the task with this number, and return the exit status."""
    outcome, result = joblib.load(Path(folder) / JOBS)[int(number)]()
    if outcome == DONE:
        return 0
    print(f"minires: {outcome}: {result or 'not done yet'}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

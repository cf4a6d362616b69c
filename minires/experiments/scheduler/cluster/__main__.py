"""``python -m minires.experiments.scheduler.cluster FOLDER NUMBER`` does a task of a script."""

import sys
from pathlib import Path

import joblib

from .files import DONE, JOBS

outcome, result = joblib.load(Path(sys.argv[1]) / JOBS)[int(sys.argv[2])]()
if outcome != DONE:
    print(f"minires: {outcome}: {result or 'not done yet'}", file=sys.stderr)
    sys.exit(1)

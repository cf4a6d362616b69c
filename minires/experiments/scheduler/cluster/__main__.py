"""``python -m minires.experiments.scheduler.cluster FOLDER NUMBER`` does a task of a script."""

import sys
from pathlib import Path

import joblib

from .files import FAILED
from .script import JOBS

outcome, result = joblib.load(Path(sys.argv[1]) / JOBS)[int(sys.argv[2])]()
if outcome == FAILED:
    print(f"minires: error: {result}", file=sys.stderr)
    sys.exit(1)

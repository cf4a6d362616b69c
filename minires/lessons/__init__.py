"""Tools that make a notebook a lesson: predictions, exercises with hints and a check, and a museum
of mistakes.

`predict` asks for a guess and holds back the next output until there is one; its result has a
method `reveal`, which gives the answer (in these notebooks the function `reveal` does, so that no
cell shows it before the guess); `score` counts the right guesses. `exercise` shows a task
with hints in stages and a solution, all folded; `check` says what is wrong with an answer. `slider`
shows a picture that changes with a number, or on a page a few of its states side by side; `watch`
draws one again and again while something is computed, in a live notebook only. `recorded` finds
the recorded results that a notebook reads.
"""

from .exercise_card import check, exercise
from .pictures import show
from .prediction import Prediction, predict
from .recorded_results import recorded
from .revealing import reveal
from .scoring import score
from .sliding import slider
from .watching import watch

__all__ = [
    "Prediction",
    "check",
    "exercise",
    "predict",
    "recorded",
    "reveal",
    "score",
    "show",
    "slider",
    "watch",
]

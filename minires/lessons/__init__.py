"""What makes a notebook a lesson: predictions before results, exercises with hints and a check, and
a museum of mistakes.

`predict` asks, keeps the guess and holds back the next output until there is one; `reveal`, a
method of what it returns, gives the answer; `score` counts at the end. `exercise` shows a task with
hints in stages and a solution, all folded; `check` says what is wrong with an answer. `slider`
shows a picture that moves, or on a page a few of its states side by side.
"""

from .exercise_card import check, exercise
from .pictures import show
from .prediction import Prediction, predict, score
from .sliding import slider

__all__ = ["Prediction", "check", "exercise", "predict", "score", "show", "slider"]

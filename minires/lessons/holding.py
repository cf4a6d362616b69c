"""Hold back what the cell after a question shows, until there is a guess.

The cell runs as always, so that "Run all" works and later cells find its variables. Only what it
prints and displays is kept. With the guess it appears where the cell is; on a page that nobody
runs it is folded.
"""

from typing import TYPE_CHECKING, Any

from .html_pieces import folded, framed, from_outputs
from .surface import shell

if TYPE_CHECKING:
    from .prediction import Prediction

MAGIC = "after_the_guess"
WAITING = framed(
    "Its output appears here when you have made your guess above.<br><small>No buttons there? Then "
    "write your guess in a new cell, <code>NAME.make_guess(...)</code>, with the name that stands "
    "before <code>= predict</code>.</small>"
)
SUMMARY = "<b>Result</b> (guess first, then open)"

_questions: list["Waiting"] = []  # those whose cell has not been shown yet
_outputs: list["Held"] = []  # what was held back, and not been shown
_running = False  # a held cell is being run


class Waiting:
    """A question, and the cell after it."""

    def __init__(self, prediction: "Prediction", needs_guess: bool, asked_in: str) -> None:
        self.prediction, self.needs_guess, self.asked_in = prediction, needs_guess, asked_in
        self.cell: str | None = None  # the source of the first cell after it

    def holds(self, source: str) -> bool:
        """Whether what this cell shows is to be held back: not if it asks the next question, or
        makes the guess.
        """
        is_other = source == self.asked_in or "predict(" in source or "make_guess(" in source
        return not is_other and self.cell in (None, source)


class Held:
    """The output of a cell, with the place where it is to appear and the questions before it."""

    def __init__(self, html: str, handle: Any, questions: list[Waiting]) -> None:
        self.html, self.handle, self.questions = html, handle, questions


def wait_for(prediction: "Prediction", needs_guess: bool) -> None:
    """From here on the next cell is held, until there is a guess or, without a need of one, once.

    A question that is asked again in the same cell replaces the first one.
    """
    _install(shell())
    asked_in = source_of_this_cell()
    _questions[:] = [
        one
        for one in _questions
        if (one.prediction.question, one.asked_in) != (prediction.question, asked_in)
    ]
    _questions.append(Waiting(prediction, needs_guess, asked_in))


def is_running() -> bool:
    """Whether a held cell is being run."""
    return _running


def release() -> None:
    """Show what was held back for questions that all have a guess by now."""
    for held in list(_outputs):
        if all(one.prediction.guess is not None for one in held.questions):
            _outputs.remove(held)
            verdicts = "".join(one.prediction.verdict() for one in held.questions)
            held.handle.update({"text/html": held.html + verdicts, "text/plain": ""}, raw=True)
            for one in held.questions:
                one.prediction.update()
    _questions[:] = [one for one in _questions if one.prediction.guess is None]


def source_of_this_cell() -> str:
    """What is being run, in IPython; "" elsewhere."""
    history = getattr(shell(), "history_manager", None)
    return history.input_hist_raw[-1].strip() if history else ""


def _install(ip: Any) -> None:
    if _mark_cell not in ip.input_transformers_cleanup:
        ip.input_transformers_cleanup.append(_mark_cell)
        ip.register_magic_function(_run_held, "cell", MAGIC)


def _mark_cell(lines: list[str]) -> list[str]:
    """For IPython, which hands it the lines of every cell before it is run: put the magic command
    on top of a cell that is to be held.
    """
    source = "".join(lines).strip()
    if _running or not source or not any(one.holds(source) for one in _questions):
        return lines
    return [f"%%{MAGIC}\n", *lines]


def _run_held(line: str, cell: str) -> None:
    """``%%after_the_guess``: run a cell and keep what it shows."""
    from IPython.utils.capture import capture_output

    global _running
    source = cell.strip()
    questions = [one for one in _questions if one.holds(source)]
    for one in questions:
        one.cell = source
    _running = True
    try:
        with capture_output(stderr=False) as captured:
            result = _run_without_traceback(cell)
    finally:
        _running = False
    html = from_outputs(captured.stdout, _latest(captured.outputs))
    if not result.success:
        _display(html)
        result.raise_error()
    if any(one.needs_guess for one in questions):
        handle = _display(WAITING)
        _outputs[:] = [held for held in _outputs if held.questions != questions]
        _outputs.append(Held(html, handle, questions))
        return
    _questions[:] = [one for one in _questions if one not in questions]
    for one in questions:
        one.prediction.update()
    if html:
        _display(folded(SUMMARY, html))


def _run_without_traceback(cell):
    """Run a cell; an error is left to the caller, so that it is reported once."""
    ip = shell()
    # Both of IPython's ways to report an error, that of syntax and that of all others, end here.
    report, ip._showtraceback = ip._showtraceback, lambda *args, **settings: None
    try:
        return ip.run_cell(cell, store_history=False)
    finally:
        ip._showtraceback = report


def _latest(outputs):
    """The outputs; of one that was displayed anew, as a curve while a net trains, the last."""
    found: dict[Any, dict[str, Any]] = {}
    for i, output in enumerate(outputs):
        name = (output.transient or {}).get("display_id", i)
        found[name] = {"data": output.data, "metadata": output.metadata or {}}
    return found.values()


def _display(html):
    from IPython.display import DisplayHandle

    handle = DisplayHandle()
    if html:
        handle.display({"text/html": html, "text/plain": ""}, raw=True)
    return handle

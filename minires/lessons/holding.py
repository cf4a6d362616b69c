"""Hold back the output of the cell after a question until there is a guess, and of further cells if
the question says so.

The cell runs as always, so that "Run all" works and later cells find its variables. Only its output
is held back. It appears below the cell once there is a guess; on a page that nobody runs, it is
folded.
"""

from typing import TYPE_CHECKING, Any

from .html_pieces import folded, framed, from_outputs
from .surface import display_with_handle, shell

if TYPE_CHECKING:
    from .prediction import Prediction

MAGIC = "after_the_guess"
WAITING = framed(
    "Its output appears here when you have made your guess above.<br><small>No buttons there? Then "
    "write your guess in a new cell, <code>NAME.make_guess(...)</code>, with the name that stands "
    "before <code>= predict</code>.</small>"
)
SUMMARY = "<b>Result</b> (guess first, then open)"

_questions: list["Waiting"] = []  # questions whose next cell has not been shown yet
_outputs: list["Held"] = []  # outputs that are held back and not shown yet
_running = False  # a held cell is being run


class Waiting:
    """A question that waits for the cell after it, whose output it may hold back."""

    def __init__(
        self, prediction: "Prediction", needs_guess: bool, asked_in: str, cells: int
    ) -> None:
        self.prediction, self.needs_guess, self.asked_in = prediction, needs_guess, asked_in
        self.left = cells  # how many more cells it may hold
        self.cells: list[str] = []  # the sources of the cells that it holds

    def holds(self, source: str) -> bool:
        """Whether to hold back the output of a cell: not if it asks or makes a guess."""
        is_other = source == self.asked_in or "predict(" in source or "make_guess(" in source
        return not is_other and (self.left > 0 or source in self.cells)

    def keep(self, source: str) -> None:
        """Remember that it holds this cell. A cell that is run again counts once."""
        if source not in self.cells:
            self.cells.append(source)
            self.left -= 1


class Held:
    """The output of a cell, the place where it will appear, and the questions before it."""

    def __init__(self, source: str, html: str, handle: Any, questions: list[Waiting]) -> None:
        self.source, self.html, self.handle, self.questions = source, html, handle, questions


def wait_for(prediction: "Prediction", needs_guess: bool, cells: int) -> None:
    """Hold back the next `cells`: until there is a guess if `needs_guess`, else only fold their
    outputs.

    If the same cell asks the same question again, the new one replaces the old one. Questions of
    one cell hold the same cells: what shows the answer to one often shows that to the other.
    """
    _install(shell())
    asked_in = source_of_this_cell()
    _questions[:] = [
        one
        for one in _questions
        if (one.prediction.question, one.asked_in) != (prediction.question, asked_in)
    ]
    _questions.append(Waiting(prediction, needs_guess, asked_in, cells))
    together = [one for one in _questions if one.asked_in == asked_in]
    for one in together:
        one.left = max(other.left for other in together)


def is_running() -> bool:
    """Whether a held cell is being run."""
    return _running


def release() -> None:
    """Show the held outputs whose questions all have a guess by now."""
    for held in list(_outputs):
        if all(one.prediction.guess is not None for one in held.questions):
            _outputs.remove(held)
            told = [one for one in held.questions if one.cells[0] == held.source]
            verdicts = "".join(one.prediction.verdict() for one in told)
            held.handle.update({"text/html": held.html + verdicts, "text/plain": ""}, raw=True)
            for one in held.questions:
                one.prediction.update()
    _questions[:] = [one for one in _questions if one.prediction.guess is None]


def source_of_this_cell() -> str:
    """The source of the cell that is running in IPython; "" elsewhere."""
    history = getattr(shell(), "history_manager", None)
    return history.input_hist_raw[-1].strip() if history else ""


def _install(ip: Any) -> None:
    if _mark_cell not in ip.input_transformers_cleanup:
        ip.input_transformers_cleanup.append(_mark_cell)
        ip.register_magic_function(_run_held, "cell", MAGIC)


def _mark_cell(lines: list[str]) -> list[str]:
    """Put the magic command on top of a cell that must be held back.

    IPython calls this with the lines of every cell before it runs.
    """
    source = "".join(lines).strip()
    if _running or not source or not any(one.holds(source) for one in _questions):
        return lines
    return [f"%%{MAGIC}\n", *lines]


def _run_held(line: str, cell: str) -> None:
    """The magic command ``%%after_the_guess``: run a cell and keep its output."""
    from IPython.utils.capture import capture_output

    global _running
    source = cell.strip()
    questions = [one for one in _questions if one.holds(source)]
    for one in questions:
        one.keep(source)
    _running = True
    try:
        with capture_output(stderr=False) as captured:
            result = _run_without_traceback(cell)
    finally:
        _running = False
    html = from_outputs(captured.stdout, _latest(captured.outputs))
    if not result.success:
        if html:
            _display(html)
        result.raise_error()
    if any(one.needs_guess for one in questions):
        handle = _display(WAITING)
        _outputs[:] = [held for held in _outputs if held.source != source]
        _outputs.append(Held(source, html, handle, questions))
        return
    _questions[:] = [one for one in _questions if one not in questions or one.left]
    for one in questions:
        one.prediction.update()
    if html:
        _display(folded(SUMMARY, html))


def _run_without_traceback(cell):
    """Run a cell without showing its error: the caller reports it, once."""
    ip = shell()
    # IPython reports errors of syntax and all others through this one method.
    report, ip._showtraceback = ip._showtraceback, lambda *args, **settings: None
    try:
        return ip.run_cell(cell, store_history=False)
    finally:
        ip._showtraceback = report


def _latest(outputs):
    """The outputs of a cell; of an output that was updated, such as a training curve, only the last
    state.
    """
    found: dict[Any, dict[str, Any]] = {}
    for i, output in enumerate(outputs):
        name = (output.transient or {}).get("display_id", i)
        found[name] = {"data": output.data, "metadata": output.metadata or {}}
    return found.values()


def _display(html):
    return display_with_handle({"text/html": html, "text/plain": ""})

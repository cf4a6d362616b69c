"""Questions about the student's variant: where it is in the code, and what another would change."""

from collections.abc import Iterator, Mapping

from .. import choices
from .facts import Facts, Question

#: Choice -> (the cell that depends on it, a pattern to find a line, what another option would
#: change).
WHERE: Mapping[str, tuple[str, str, str]] = {
    "ReLU at 0": (
        "a1-rules-code",
        r"\ba\b.*[<>]|heaviside|where",
        "Almost nothing: a is a sum of many numbers, and hardly ever exactly 0.",
    ),
    "direction": (
        "a1-walk-code",
        r"topological_order",
        "The walk back goes through the list from the loss: forwards if the loss comes first, "
        "from the end if it comes last. Nothing else changes.",
    ),
    "window order": (
        "a2-im2col-code",
        r"transpose|moveaxis|reshape|stack|einsum",
        "The order of the columns and of the rows of w; their product stays the same.",
    ),
    "batch norm's momentum": (
        "a3-running-code",
        r"momentum",
        "m and 1 - m are exchanged, and so is the default: 0.1 in one convention is 0.9 in the "
        "other.",
    ),
    "ReLU at 0 in a kernel": (
        "a3-relu-code",
        r"[<>]|heaviside|where",
        "Almost nothing: after batch norm x is hardly ever exactly 0.",
    ),
    "zeros of option A": (
        "a4-a-code",
        r"pad",
        "Which channels carry x. The next convolution mixes all channels, so nets train alike.",
    ),
    "exactly the margin": (
        "a5-verdict-code",
        r"[<>]",
        "Only differences of exactly the margin; with measured errors that hardly ever happens.",
    ),
    "dashed line": (
        "a5-curves-code",
        r"--",
        "Nothing about the numbers, only which of a network's two lines is dashed.",
    ),
    "moved": (
        "a6-recorder-code",
        r"moved\.append|moved\[",
        "What is compared: a share of |w0| makes layers of different size comparable, a distance "
        "does not; |w| / |w0| does not see a change of direction that keeps the length.",
    ),
}


def questions(facts: Facts) -> Iterator[Question]:
    """One question for each choice that shows in the student's code."""
    for choice in choices.CHOICES.get(facts.assignment, ()) if facts.variant else ():
        if choice.name in WHERE and facts.variant:
            cell, pattern, answer = WHERE[choice.name]
            line = facts.line(cell, pattern)
            if line:
                yield Question(
                    f"In your notebook {choice.options[facts.variant[choice.name]]}. Where does "
                    "your code do that, and what would another choice change?",
                    answer,
                    line,
                )

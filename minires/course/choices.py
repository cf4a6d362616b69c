"""What varies between students' notebooks, and which option each student has.

Every choice is about a convention. Its options take the same ideas, about as many lines, and the
same checks, so that no student has an easier task than another. The options are no secret.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

# A key of its own, so that no other hash of ids gives the same numbers.
KEY = b"minires course variants"


@dataclass(frozen=True)
class Choice:
    """Something that varies in an assignment.

    Parameters
    ----------
    name : str
        A few words, such as "ReLU at 0"; no two choices share one.
    options : dict
        Key -> the option in words, a clause without a full stop.
    tasks : tuple of str
        The checks that depend on it; none if a person reads the answer.
    shared : str
        The option of the notebook without an id. It need not be among the options that are drawn.
    """

    name: str
    options: Mapping[str, str]
    tasks: tuple[str, ...] = ()
    shared: str = ""


CHOICES: dict[str, tuple[Choice, ...]] = {
    "a1": (
        Choice(
            "ReLU at 0",
            {
                "0": "relu has the derivative 0 at a = 0",
                "1/2": "relu has the derivative 1/2 at a = 0",
                "1": "relu has the derivative 1 at a = 0",
            },
            ("a1.relu",),
            "0",
        ),
        Choice(
            "direction",
            {
                "loss first": "topological_order begins with the loss",
                "loss last": "topological_order ends with the loss",
            },
            ("a1.topological_order", "a1.long_chain"),
            "loss first",
        ),
    ),
    "a2": (
        Choice(
            "window order",
            {
                # Each takes one transposition more than the order of the arrays, (KH, KW, C).
                "C, KH, KW": "the numbers of a window are in the order (C, KH, KW)",
                "C, KW, KH": "the numbers of a window are in the order (C, KW, KH)",
                "KH, C, KW": "the numbers of a window are in the order (KH, C, KW)",
                "KW, KH, C": "the numbers of a window are in the order (KW, KH, C)",
                "KW, C, KH": "the numbers of a window are in the order (KW, C, KH)",
            },
            ("a2.im2col", "a2.col2im"),
            "KH, KW, C",
        ),
    ),
    "a3": (
        Choice(
            "batch norm's momentum",
            {
                "of the batch": "momentum is the share of the new batch, 0.1",
                "of the past": "momentum is the share of the old average, 0.9",
            },
            ("a3.running",),  # the layer gives the same averages either way
            "of the batch",
        ),
        Choice(
            "ReLU at 0 in a kernel",
            {
                # Any number from 0 to 1 is a slope of a line that touches relu there from below.
                "0": "relu has the derivative 0 at x = 0",
                "1/4": "relu has the derivative 1/4 at x = 0",
                "1/2": "relu has the derivative 1/2 at x = 0",
                "3/4": "relu has the derivative 3/4 at x = 0",
                "1": "relu has the derivative 1 at x = 0",
            },
            ("a3.relu_backward",),
            "0",
        ),
    ),
    "a4": (
        Choice(
            "zeros of option A",
            {
                "after": "option A's zeros come after the old channels",
                "before": "option A's zeros come before the old channels",
                "both sides": "option A's zeros are on both sides of the old channels",
            },
            (
                "a4.shortcut_a",
                "a4.shortcut",
                "a4.basic_residual",
                "a4.bottleneck",
                "a4.network",
                "a4.twins",
            ),
            "after",
        ),
        Choice(
            "the friend's reason",
            {
                "gradients": "the friend says that gradients do not vanish",
                "signal": "the friend says that the signal does not fade",
                "start": "the friend says that they start from better weights",
            },
            (),
            "gradients",
        ),
    ),
    "a5": (
        Choice(
            "exactly the margin",
            {
                "is none": "a difference of exactly the margin does not count as a difference",
                "is one": "a difference of exactly the margin counts as a difference",
            },
            ("a5.verdict",),
            "is none",
        ),
        Choice(
            "dashed line",
            {
                "test": "the test error is dashed, the training error solid",
                "training": "the training error is dashed, the test error solid",
            },
            ("a5.style",),
            "test",
        ),
        Choice(
            "the sentence of 7.4",
            {
                "cure": '"Shortcuts cure degradation."',
                "deeper": '"With shortcuts, deeper is better."',
                "plain": '"Deep plain networks cannot be trained."',
            },
            (),
            "cure",
        ),
    ),
    "a6": (
        Choice(
            "moved",
            {
                "distance": "moved is |w - w0|",
                "share": "moved is |w - w0| / |w0|",
                "length": "moved is |w| / |w0|",
            },
            ("a6.recorder",),
            "distance",
        ),
        Choice(
            "claims",
            {
                "1 or 4": "claim 1 or 4, or one of your own",
                "2 or 5": "claim 2 or 5, or one of your own",
                "3 or 6": "claim 3 or 6, or one of your own",
            },
            (),
            "any",
        ),
    ),
}
SHARED = {choice.name: choice.shared for row in CHOICES.values() for choice in row}


def normal(student: str) -> str:
    """An id in the form that is compared: capitals, spaces and composed letters do not matter."""
    return " ".join(unicodedata.normalize("NFC", student).casefold().split())


def variant(assignment: str, student: str | None) -> dict[str, str]:
    """The options of a student's variant: name of a choice -> key.

    Parameters
    ----------
    assignment : str
        Such as "a2".
    student : str or None
        The student's id; None for the shared notebook.
    """
    if student is None:
        return {choice.name: choice.shared for choice in CHOICES[assignment]}
    return {
        choice.name: list(choice.options)[
            _number(assignment, choice.name, student, len(choice.options))
        ]
        for choice in CHOICES[assignment]
    }


def words(assignment: str, student: str) -> list[str]:
    """A student's variant in words, a line for each choice."""
    own = variant(assignment, student)
    return [choice.options[own[choice.name]] for choice in CHOICES[assignment]]


def of_task(task: str) -> Choice | None:
    """The choice that a check depends on, or None."""
    row = CHOICES.get(task.split(".")[0], ())
    return next((choice for choice in row if task in choice.tasks), None)


def _number(assignment, name, student, count):
    """A number from 0 to count - 1, drawn by a keyed hash of the other arguments."""
    text = "\0".join((assignment, name, normal(student)))
    data = text.encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(data, digest_size=8, key=KEY).digest()) % count

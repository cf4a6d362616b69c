"""Exhibits about the tape: gradients that get lost on their way back."""

from . import probes, training
from .exhibit import Exhibit

ROOM = "The tape"

EXHIBITS = (
    Exhibit(
        "relu-of-dy",
        ROOM,
        "ReLU lets the wrong gradients through",
        "a1.relu",
        (("return dy * (a > 0)", "return dy * (dy > 0)"),),
        probes.tape_relu,
        "the gradient of 8 x 20 random numbers that went through ReLU",
        "ReLU passes a number on if it is above 0. The code looks at `dy`, not at `a`. Which "
        "gradients are wrong?",
        (
            "gradients at negative inputs only",
            "gradients at positive inputs only",
            "some at negative and some at positive inputs",
        ),
        "some at negative and some at positive inputs",
        "Two things go wrong. A positive `dy` passes where `a` was negative, and should have "
        "stopped; a negative `dy` is lost where `a` was positive. About half of all numbers "
        "differ.",
        training.on_moons,
        training.WORSE,
        "All the gradients that come back are positive. The last layer still gets its right "
        "gradients, and learns what it can from features that do not.",
        "where dy is positive",
    ),
    Exhibit(
        "overwritten-gradient",
        ROOM,
        "The second gradient overwrites the first",
        "a1.backward",
        (
            (
                "parent.grad = part if parent.grad is None else parent.grad + part",
                "parent.grad = part",
            ),
        ),
        probes.tape_twice,
        "the gradient of a matrix a that is used twice, in y = relu(a) @ w + a",
        "In `y = relu(a) @ w + a` the matrix `a` is used twice. What is its gradient?",
        ("right all the same", "that of one of the two paths only", "zero"),
        "that of one of the two paths only",
        "The part that comes back last stays. The other part, from the layer or from the "
        "shortcut, is lost.",
        training.on_moons,
        training.AS_WELL,
        "The network of the training is a chain: every value is used once, so there is nothing to "
        "overwrite. With the first shortcut or shared weight it would go wrong, months later.",
        "overwritten",
    ),
    Exhibit(
        "dy-missing",
        ROOM,
        "The chain rule without its chain",
        "a1.relu",
        (("return dy * (a > 0)", "return (a > 0).astype(float)"),),
        probes.tape_relu,
        "the gradient of 8 x 20 random numbers that went through ReLU",
        "`dy`, the gradient that comes back, is missing in the code. What does the result look "
        "like?",
        ("0 and 1, whatever the loss is", "the right one, but for its sign", "all zeros"),
        "0 and 1, whatever the loss is",
        "It is the *local* derivative, of this step alone. The loss does not appear in it at all, "
        "so all earlier layers get the same message, whatever the network did.",
        training.on_moons,
        training.NOT_AT_ALL,
        "Weights before this ReLU move in the same direction in every step, right or wrong.",
        "dy is missing",
    ),
    Exhibit(
        "broadcast-not-undone",
        ROOM,
        "A bias that becomes a matrix",
        "a1.add",
        (
            (
                "return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)",
                "return dy, dy",
            ),
        ),
        probes.tape_bias,
        "the gradient of a bias of 12 numbers that was added to eight rows",
        "A bias of 12 numbers is added to each of eight rows. What is the shape of its gradient?",
        ("that of the bias", "that of all eight rows", "a single number"),
        "that of all eight rows",
        "Broadcasting made eight copies of the bias, and each of them has a gradient. They belong "
        "to the same 12 numbers and must be added up.",
        training.on_moons,
        training.AS_WELL,
        "NumPy broadcasts once more in `b - lr * db`, and from then on every *example* has a bias "
        "of its own. The loss on these examples falls; on a new one the network could not even be "
        "computed.",
        "broadcasting is not undone",
    ),
)

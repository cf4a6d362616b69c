"""Exhibits about the training loop and the step."""

from . import probes, training
from .exhibit import Exhibit

ROOM = "The training loop"
CLEARED = "            parameter.grad = None\n"
STEP = "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n"
LATE = "        loss.backward()\n        optimizer.zero_grad()\n        optimizer.step()\n"
MOVED = "how the first weights have moved"

EXHIBITS = (
    Exhibit(
        "uphill",
        ROOM,
        "Uphill",
        "a1.train",
        (
            (
                "parameter.value - lr * parameter.grad",
                "parameter.value + lr * parameter.grad",
            ),
        ),
        probes.tape_step,
        f"{MOVED} in one step",
        "The sign of the step is wrong. How do the weights move in the first step?",
        (
            "just as far, in the opposite direction",
            "further, in the right direction",
            "not at all",
        ),
        "just as far, in the opposite direction",
        "The gradient points uphill, and that is where the weights go.",
        training.on_moons,
        training.BLOWS_UP,
        "The loss rises from the first step on. If yours does, look for a sign before anything "
        "else.",
        "*against* its gradient",
    ),
    Exhibit(
        "no-zero-grad",
        ROOM,
        "Yesterday's gradients",
        "a1.train",
        ((CLEARED, "            pass\n"),),
        probes.tape_sixth_step,
        f"{MOVED} after six steps",
        "The gradients are never reset. In the sixth step, which gradient moves the weights?",
        ("the sum of all six", "that of the sixth step", "that of the first step"),
        "the sum of all six",
        "The tape adds to what is there. Every earlier gradient keeps pushing the weights, even "
        "when they have gone too far.",
        training.on_moons,
        training.AS_WELL,
        "It even gets further. The sum of gradients works like momentum without friction, and "
        "this valley is so simple that it helps. Look at the last exhibit before you rely on it.",
        "set every grad to None",
    ),
    Exhibit(
        "zeroed-too-late",
        ROOM,
        "Cleared at the wrong moment",
        "a4.train",
        (
            (
                STEP,
                LATE,
            ),
        ),
        probes.net_moved,
        f"{MOVED} in three steps: the first convolution",
        "All three lines are there, in another order. How do the weights move?",
        ("not at all", "twice as far", "as they should"),
        "not at all",
        "The gradients are computed, thrown away, and then a step is made with what is left: "
        "nothing.",
        training.with_blocks,
        training.NOT_AT_ALL,
        "The loss still wobbles, because each batch is another one. A wobbling loss is no sign of "
        "learning.",
        "do not move",
    ),
    Exhibit(
        "no-zero-grad-in-a-net",
        ROOM,
        "Yesterday's gradients in a residual network",
        "a4.train",
        ((STEP, "        loss.backward()\n        optimizer.step()\n"),),
        probes.net_moved,
        f"{MOVED} in three steps: the first convolution",
        "`zero_grad` is missing, in a residual network this time. Do the weights move further than "
        "they should, or less far?",
        ("further", "less far", "the same"),
        "further",
        "The second step contains the first one's gradient again, the third both of theirs.",
        training.with_blocks,
        training.BLOWS_UP,
        "With momentum on top every step is longer than the one before. On the half moons it "
        "helped; here the loss ends above where it began.",
        "gradients of earlier",
    ),
)

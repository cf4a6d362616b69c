"""What varies in A4, residual blocks."""

from .change import Changes

_CAUSE = (
    "The figure does not show why: no gradient\n"
    "was measured, and in the first steps the residual network even has the higher loss."
)

CHANGES: Changes = {
    ("zeros of option A", "before"): [
        ("a4-a-text", "*after* the old ones, until", "**before** the old ones, until"),
        (
            "a4-a-code",
            "(0, out_channels - x.shape[-1])))",
            "(out_channels - x.shape[-1], 0)))",
        ),
    ],
    ("zeros of option A", "both sides"): [
        (
            "a4-a-text",
            "*after* the old ones, until there are\n`out_channels`.",
            "**half of them before and half after** the\nold ones (an odd one after), until there "
            "are `out_channels`.",
        ),
        (
            "a4-a-code",
            "    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1])))",
            "    new = out_channels - x.shape[-1]\n"
            "    return F.pad(x, ((0, 0), (0, 0), (0, 0), (new // 2, new - new // 2)))",
        ),
    ],
    ("the friend's reason", "signal"): [
        (
            "a4-question",
            "because their gradients do not vanish.",
            "because the signal does not fade on its way.",
        ),
        (
            "a4-answer",
            _CAUSE,
            "The figure does not show why: the size of\n"
            "no signal was measured, and in the first steps the residual network even has the "
            "higher loss.",
        ),
        ("a4-answer", "the cause (gradients) was not", "the cause (the signal) was not"),
    ],
    ("the friend's reason", "start"): [
        (
            "a4-question",
            "because their gradients do not vanish.",
            "because they start from better weights.",
        ),
        (
            "a4-answer",
            _CAUSE,
            "The figure does not show why, and better\n"
            "weights it cannot be: the twins start from the same ones, and in the first steps the "
            "residual\nnetwork even has the higher loss.",
        ),
        (
            "a4-answer",
            "the cause (gradients) was not\nmeasured",
            "the start is the same by\nconstruction",
        ),
    ],
}

"""What changes in an assignment with the option of a choice: texts, and the model solutions.

A change is (cell, old, new): in the cell of that name, `old` stands once and is replaced; in a text
it may be broken into lines elsewhere. An option that is missing here is the one that the shared
notebook has.
"""

from typing import TypeAlias

#: The name of a cell, what stands in it, and what replaces it.
Change: TypeAlias = tuple[str, str, str]


def _relu_text(variable: str, value: str) -> str:
    return f"take {value} as the derivative at ${variable} = 0$"


A1: dict[tuple[str, str], list[Change]] = {
    ("ReLU at 0", value): [
        ("a1-rules", "take 0 as the derivative at $a = 0$", _relu_text("a", f"**{value}**")),
        ("a1-rules-code", "return dy * (a > 0)", f"return dy * {slope}"),
    ]
    for value, slope in (("1/2", "np.heaviside(a, 0.5)"), ("1", "(a >= 0)"))
} | {
    ("direction", "loss last"): [
        (
            "a1-order-text",
            "Put the nodes in such an order. The last one (the loss) comes first, each node comes "
            "before its parents, and each comes once.",
            "Put the nodes in the **opposite** order. Each node comes after its parents, the loss "
            "comes\nlast, and each comes once. The walk back will then go through your list from "
            "its end.",
        ),
        (
            "a1-order-code",
            "All nodes that `last` was made from, and itself, each before its parents.",
            "All nodes that `last` was made from, and itself, each after its parents.",
        ),
        ("a1-order-code", "return order[::-1]", "return order"),
        (
            "a1-walk-code",
            "for node in topological_order(last):",
            "for node in reversed(topological_order(last)):",
        ),
    ]
}

# One more transposition than in the order of the arrays, the same for all five.
_FORMULAS = {
    "C, KH, KW": r"(c\,KH + a)\,KW + b",
    "C, KW, KH": r"(c\,KW + b)\,KH + a",
    "KH, C, KW": r"(a\,C + c)\,KW + b",
    "KW, KH, C": r"(b\,KH + a)\,C + c",
    "KW, C, KH": r"(b\,C + c)\,KH + a",
}
_AXIS = {"KH": 3, "KW": 4, "C": 5}  # of the windows, (N, H_out, W_out, KH, KW, C)


def _window_order(order: str) -> list[Change]:
    axes = [_AXIS[name] for name in order.split(", ")]
    back = [3 + axes.index(axis) for axis in _AXIS.values()]
    w_axes, w_back = ([i - 3 for i in one] for one in (axes, back))
    transposed = f"w.transpose({', '.join(map(str, w_axes))}, 3).reshape(KH * KW * C, O)"
    return [
        (
            "a2-im2col-text",
            "Here it is that of the arrays, the last index\nrunning fastest:",
            f"In your notebook the numbers of\na window are in the order **({order})**, the last "
            "index running fastest. (The picture above has\none channel only, and reads its "
            "windows row by row.)",
        ),
        ("a2-im2col-text", r"(a\,KW + b)\,C + c", _FORMULAS[order]),
        (
            "a2-im2col-text",
            "Then `y` and `w` need no more than a `reshape`.",
            "Then `y` needs no more than a `reshape`; of `w` the\n"
            "axes have to be brought into the same order first.",
        ),
        (
            "a2-im2col-code",
            "    return columns.reshape(N * H_out * W_out, KH * KW * C)",
            f"    columns = columns.transpose(0, 1, 2, {', '.join(map(str, axes))})\n"
            "    return columns.reshape(N * H_out * W_out, KH * KW * C)",
        ),
        ("a2-forward-code", "w.reshape(KH * KW * C, O)", transposed),
        (
            "a2-col2im-code",
            "windows = columns.reshape(N, H_out, W_out, KH, KW, C)",
            f"windows = columns.reshape(N, H_out, W_out, {order})\n"
            f"    windows = windows.transpose(0, 1, 2, {', '.join(map(str, back))})",
        ),
        (
            "a2-backward-code",
            "    dw = columns.T @ rows\n",
            f"    dw = (columns.T @ rows).reshape({order}, O)\n",
        ),
        ("a2-backward-code", "w.reshape(KH * KW * C, O)", transposed),
        (
            "a2-backward-code",
            "dw.reshape(w.shape)",
            f"dw.transpose({', '.join(map(str, w_back))}, 3)",
        ),
        (
            "a2-backward",
            "One of them is `dw` but for its\nshape",
            "One of them is `dw` but for its\nshape and the order of its axes",
        ),
    ]


A2 = {("window order", order): _window_order(order) for order in _FORMULAS}

A3: dict[tuple[str, str], list[Change]] = {
    ("ReLU at 0 in a kernel", value): [
        ("a3-background", "Take 0 as the derivative at $x = 0$", f"Take **{value}** {at_zero}"),
        ("a3-relu-code", "return dy * (cache > 0)", f"return {solution}"),
    ]
    for at_zero in ["as the derivative at $x = 0$"]
    for value, solution in (
        ("1/4", "dy * np.heaviside(cache, 0.25).astype(dy.dtype)"),
        ("1/2", "dy * np.heaviside(cache, 0.5).astype(dy.dtype)"),
        ("3/4", "dy * np.heaviside(cache, 0.75).astype(dy.dtype)"),
        ("1", "dy * (cache >= 0)"),
    )
} | {
    ("batch norm's momentum", "of the past"): [
        (
            "a3-running",
            r"\text{running} \leftarrow (1 - m)\, \text{running} + m \cdot \text{of this batch}.",
            r"\text{running} \leftarrow m\, \text{running} + (1 - m) \cdot \text{of this batch}.",
        ),
        (
            "a3-running",
            "$m$ is called **momentum**. PyTorch and minires take 0.1. (Some other libraries call "
            "$1 - m$ the\nmomentum, and take 0.9 or 0.99.)",
            "$m$ is called **momentum**. Your `update_running` follows TensorFlow and others, "
            "where it is the share\nof the *old* average, here 0.9. PyTorch and minires call "
            "$1 - m$ the momentum, and take 0.1.",
        ),
        ("a3-running-code", "count, momentum=0.1)", "count, momentum=0.9)"),
        ("a3-running-code", "The share of the new batch.", "The share of the old average."),
        (
            "a3-running-code",
            "(1 - momentum) * running_mean + momentum * mean",
            "momentum * running_mean + (1 - momentum) * mean",
        ),
        (
            "a3-running-code",
            "(1 - momentum) * running_var + momentum * unbiased",
            "momentum * running_var + (1 - momentum) * unbiased",
        ),
        (
            "a3-layer-text",
            "and the number `self.momentum`.",
            "and the number `self.momentum`, which\nis the library's: the share of the new batch.",
        ),
        ("a3-layer-code", "            self.momentum,\n", "            1 - self.momentum,\n"),
    ]
}

_A4_ANSWER_CAUSE = (
    "The figure does not show why: no gradient\n"
    "was measured, and in the first steps the residual network even has the higher loss."
)

A4: dict[tuple[str, str], list[Change]] = {
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
            _A4_ANSWER_CAUSE,
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
            _A4_ANSWER_CAUSE,
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

_A5_OBSERVATIONS = """*Seeds that disagree:* with ten seeds some
plain-56 train as well as plain-20; then the verdict is "undecided", and one would say "often"
instead of "always". *A learning rate, warm-up or initialisation* with which plain-56 trains as well
as plain-20: then degradation belongs to this recipe, and shortcuts are one remedy of several.
*Longer training* in which plain-56 catches up: then it is slower, and not worse. *A residual
network with another start or other parameters:* if resnet-56 without its equal start loses its
lead, something besides the addition is the cause. *The own run:* if "shortcuts" came out as
undecided there, one can say only that it was not seen at this size."""
_A5_REMARK = (
    "A good remark that resnet-56 is still worse than resnet-20 in the recorded run, so that\n"
    '"cure" says too much, counts as one of the two.'
)

A5: dict[tuple[str, str], list[Change]] = {
    ("exactly the margin", "is one"): [
        (
            "a5-verdict",
            '| `"higher"` | every difference is more than the margin above 0 |',
            '| `"higher"` | every difference is **at least** the margin above 0 |',
        ),
        (
            "a5-verdict",
            '| `"lower"` | every difference is more than the margin below 0 |',
            '| `"lower"` | every difference is **at least** the margin below 0 |',
        ),
        (
            "a5-verdict",
            '| `"small"` | no difference is more than the margin away from 0, on either side |',
            '| `"small"` | every difference is less than the margin away from 0, on either side |',
        ),
        ("a5-verdict-code", "np.all(differences > margin)", "np.all(differences >= margin)"),
        ("a5-verdict-code", "np.all(differences < -margin)", "np.all(differences <= -margin)"),
        (
            "a5-verdict-code",
            "np.all(np.abs(differences) <= margin)",
            "np.all(np.abs(differences) < margin)",
        ),
    ],
    ("dashed line", "training"): [
        (
            "a5-curves",
            'the training error solid (`"-"`), the test error dashed (`"--"`)',
            'the **training** error dashed (`"--"`), the test error solid (`"-"`)',
        ),
        (
            "a5-curves-code",
            '(("train_error", "-"), ("test_error", "--"))',
            '(("train_error", "--"), ("test_error", "-"))',
        ),
    ],
    ("the sentence of 7.4", "deeper"): [
        ("a5-words-mind", '"Shortcuts cure degradation."', '"With shortcuts, deeper is better."'),
        (
            "a5-mind",
            _A5_OBSERVATIONS,
            """*Short training:* in the recorded run
resnet-56 ends 7 points behind resnet-20; then one would say "deeper is better once it is trained
long enough". *Seeds that disagree:* with ten seeds at full length some resnet-56 end behind
resnet-20; then one would say "usually". *Still deeper:* He et al. report more test error for 1202
layers than for 110; then the sentence holds up to some depth only. *Another size:* on few or tiny
images a deeper network may overfit; then it is better at fitting, and not on new images. *The own
run:* if "depth with shortcuts" came out as small or undecided there, one can say only that it was
not seen at this size.""",
        ),
        (
            "a5-mind",
            _A5_REMARK,
            "That resnet-56 is worse than resnet-20 in the recorded run counts as one of the\ntwo.",
        ),
    ],
    ("the sentence of 7.4", "plain"): [
        (
            "a5-words-mind",
            '"Shortcuts cure degradation."',
            '"Deep plain networks cannot be trained."',
        ),
        (
            "a5-mind",
            _A5_OBSERVATIONS,
            """*It learns something:* in the paper
plain-56 ends at 5.9 % training error; then one would say "they train worse", and not "they cannot
be trained". *A learning rate, warm-up or initialisation* with which plain-56 trains as well as
plain-20: then the sentence is about this recipe. *Longer training* in which plain-56 catches up:
then it is slower. *Seeds that disagree:* with ten seeds some plain-56 train as well as plain-20;
then one would say "often". *The own run:* if "degradation" came out as small or undecided there,
one can say only that it was not seen at this depth.""",
        ),
        (
            "a5-mind",
            _A5_REMARK,
            'That the paper\'s plain-56 did learn, so that "cannot" says too much, counts as one\n'
            "of the two.",
        ),
    ],
}


def _moved(words: str, code: str, docs: str) -> list[Change]:
    return [
        (
            "a6-recorder",
            "- `moved`: $|w - w_0|$, how far the weights are from $w_0$, those of the net that it "
            "was made\n  with, before training.",
            docs,
        ),
        ("a6-recorder-code", "self.moved.append([norm(p.data - first) for", code),
        ("a6-train", '"|w - w0|, mean of layers 1 to 10"', f'"{words}, mean of layers 1 to 10"'),
    ]


def _claims(first: int, second: int) -> list[Change]:
    return [
        (
            "a6-claim",
            "Choose one of\nthese, or make up your own if it takes no longer",
            f"Choose **claim {first}\nor claim {second}**, or make up your own if it takes no "
            "longer",
        )
    ]


A6: dict[tuple[str, str], list[Change]] = {
    ("moved", "share"): _moved(
        "|w - w0| / |w0|",
        "self.moved.append([norm(p.data - first) / norm(first) for",
        "- `moved`: $|w - w_0| / |w_0|$, how far the weights are from $w_0$, those of the net that "
        "it was\n  made with, before training, **as a share of their length then**.",
    ),
    ("moved", "length"): _moved(
        "|w| / |w0|",
        "self.moved.append([norm(p.data) / norm(first) for",
        "- `moved`: $|w| / |w_0|$, **how many times as long** the weights are as $w_0$, those of "
        "the net that\n  it was made with, before training.",
    ),
    **{
        ("claims", f"{first} or {second}"): _claims(first, second)
        for first, second in ((1, 4), (2, 5), (3, 6))
    },
}

CHANGES = {"a1": A1, "a2": A2, "a3": A3, "a4": A4, "a5": A5, "a6": A6}


def changes(assignment: str, variant: dict[str, str]) -> list[Change]:
    """What a variant changes in the cells of an assignment, such as "a2"."""
    table = CHANGES[assignment]
    return [change for item in variant.items() for change in table.get(item, [])]

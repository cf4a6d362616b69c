"""What varies in A2, convolution."""

from .change import Change, Changes

# Each order takes one transposition more than the order of the arrays.
_FORMULAS = {
    "C, KH, KW": r"(c\,KH + a)\,KW + b",
    "KH, C, KW": r"(a\,C + c)\,KW + b",
    "KW, KH, C": r"(b\,KH + a)\,C + c",
}
_AXES = {"C, KH, KW": (5, 3, 4), "KH, C, KW": (3, 5, 4), "KW, KH, C": (4, 3, 5)}
_BACK = {"C, KH, KW": (4, 5, 3), "KH, C, KW": (3, 5, 4), "KW, KH, C": (4, 3, 5)}


def _window_order(order: str) -> list[Change]:
    """The changes in A2 for an order such as "C, KH, KW" of the numbers in a window."""
    axes, back = _AXES[order], _BACK[order]
    w_axes = tuple(i - 3 for i in axes)
    w_sizes = order
    w_back = tuple(w_axes.index(i) for i in range(3))
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
            "Then `y` needs no more than a `reshape`; the axes of `w`\n"
            "must be brought into the same order first.",
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
            f"windows = columns.reshape(N, H_out, W_out, {w_sizes})\n"
            f"    windows = windows.transpose(0, 1, 2, {', '.join(map(str, back))})",
        ),
        (
            "a2-backward-code",
            "    dw = columns.T @ rows\n",
            f"    dw = (columns.T @ rows).reshape({w_sizes}, O)\n",
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


CHANGES: Changes = {("window order", order): _window_order(order) for order in _FORMULAS}

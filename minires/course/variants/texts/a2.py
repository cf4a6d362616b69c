"""What varies in A2, convolution."""

from .change import Change, Changes

# Each order takes one transposition more than the order of the arrays.
_FORMULAS = {
    "C, KH, KW": r"(c\,KH + a)\,KW + b",
    "C, KW, KH": r"(c\,KW + b)\,KH + a",
    "KH, C, KW": r"(a\,C + c)\,KW + b",
    "KW, KH, C": r"(b\,KH + a)\,C + c",
    "KW, C, KH": r"(b\,C + c)\,KH + a",
}
_AXIS = {"KH": 3, "KW": 4, "C": 5}  # of the windows, (N, H_out, W_out, KH, KW, C)


def _window_order(order: str) -> list[Change]:
    """The changes in A2 for an order such as "C, KH, KW" of the numbers in a window."""
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


CHANGES: Changes = {("window order", order): _window_order(order) for order in _FORMULAS}

"""What varies in A1, a tape for arrays."""

from .change import Changes

CHANGES: Changes = {
    ("ReLU at 0", value): [
        (
            "a1-rules",
            "take 0 as the derivative at $a = 0$",
            f"take **{value}** as the derivative at $a = 0$",
        ),
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

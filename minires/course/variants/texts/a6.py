"""What varies in A6, gradient norms, and a claim."""

from .change import Change, Changes


def _moved(words: str, code: str, docs: str) -> list[Change]:
    """The changes in A6 for what the recorder notes: the label of an axis, code and task."""
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
    """The change in A6 for the two claims that a student may choose from."""
    return [
        (
            "a6-claim",
            "Choose one of\nthese, or make up your own if it takes no longer",
            f"Choose **claim {first}\nor claim {second}**, or make up your own if it takes no "
            "longer",
        )
    ]


CHANGES: Changes = {
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

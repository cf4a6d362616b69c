"""The usual mistakes in a block: pairs of a sentence, and the y that the mistake gives."""

from typing import TypeAlias

from ....types import Array
from .definitions import Block, branch, early, norm, option_a, padded_otherwise, relu

Found: TypeAlias = list[tuple[str, Array]]


def in_block(block: Block, x: Array) -> Found:
    """All mistakes in a block whose input is x, the most frequent first."""
    if block.kind is None:
        return [*_in_f(block, x), *_in_a_plain_block(block, x)]
    return [*_at_the_addition(block, x), *_in_f(block, x), *_on_the_shortcut(block, x)]


def _at_the_addition(block: Block, x: Array) -> Found:
    f, s = block.f(x), block.shortcut(x)
    return [
        ("the shortcut is not added", relu(f)),
        ("the last ReLU comes before the addition: y = relu(F(x) + shortcut(x))", relu(f) + s),
        (
            "there is a ReLU before the addition and one after it: keep only the one after",
            relu(relu(f) + s),
        ),
    ]


def _in_f(block: Block, x: Array) -> Found:
    """Mistakes in the layers of F, and missing ReLUs."""
    path, strides, s = block.path, block.strides, block.shortcut(x)
    without_relus = branch(x, path, strides, between=False) + s
    between = (
        "ReLU between the convolutions is"
        if block.depth == 2
        else ("ReLUs between the convolutions are")
    )
    found = [
        (
            "the last ReLU, after the addition, is missing"
            if block.kind
            else "the last ReLU is missing",
            block.f(x) + s,
        ),
        (f"the {between} missing", relu(without_relus)),
        ("all ReLUs are missing", without_relus),
        (
            "ReLU comes before the batch norm: the order is convolution, batch norm, ReLU",
            relu(early(x, path, strides) + s),
        ),
    ]
    if block.depth == 2:
        norm_twice = [path[0], (path[1][0], *path[0][1:])]
        found.append(
            (
                "the first batch norm is used twice, and the second not at all",
                relu(branch(x, norm_twice, strides) + s),
            )
        )
    else:
        found += [
            (
                f"the ReLU after the {name} convolution is missing",
                relu(branch(x, path, strides, between=kept) + s),
            )
            for name, kept in (("first", 2), ("second", 1))
        ]
    return found


def _on_the_shortcut(block: Block, x: Array) -> Found:
    """Mistakes in what is added to F(x), and in what it is added to."""
    f, s = block.f(x), block.shortcut(x)
    without_norm = branch(x, block.path, block.strides, last=False)
    found = [
        (
            "the last batch norm comes after the addition: it belongs to F",
            relu(norm(without_norm + s, *block.path[-1][1:])),
        ),
        ("the shortcut is added twice", relu(f + 2 * s)),
        ("the shortcut is subtracted", relu(f - s)),
        (
            "x was overwritten on the way, so F(x) is added to itself. Give the result of F "
            "another name",
            relu(2 * f),
        ),
    ]
    inner = branch(x, block.path[:1], block.strides)
    if inner.shape == x.shape:
        found.append(("the output of the first layer is added instead of x", relu(f + relu(inner))))
    found.append(("there is a ReLU on the shortcut before the addition", relu(f + relu(s))))
    if not block.projection:
        found += [
            (f"shortcut_a is not right yet: {sentence}", relu(f + other))
            for sentence, other in padded_otherwise(
                x, block.stride, block.out_channels, block.zeros
            )
        ]
    return found


def _in_a_plain_block(block: Block, x: Array) -> Found:
    """Strides and padding, and a shortcut where none belongs."""
    path, strides, stride, depth = block.path, block.strides, block.stride, block.depth
    can_add = block.out_channels >= block.in_channels
    added = option_a(x, stride, block.out_channels, block.zeros) if can_add else 0
    elsewhere = [
        strides[::-1],
        [stride if i == 0 else 1 for i in range(depth)],
        [stride if i == depth - 1 else 1 for i in range(depth)],
    ]
    found = [
        ("a plain block, with shortcut None, adds x", relu(block.f(x) + added)),
        *(
            (
                "the stride is in another convolution: expected strides "
                f"{', '.join(map(str, strides))} from first to last",
                relu(branch(x, path, other)),
            )
            for other in elsewhere
        ),
        (
            "all convolutions have the stride, so the map shrinks each time: only one must have it",
            relu(branch(x, path, [stride] * depth)),
        ),
        ("the stride is missing", relu(branch(x, path, [1] * depth))),
    ]
    if depth == 3:
        found.append(
            (
                "the 3x3 convolution has no border of zeros: it needs padding=1",
                relu(branch(x, path, strides, padded=False)),
            )
        )
    return found

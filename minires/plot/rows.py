"""What figures say about the rows that they are drawn from: their nets and their seeds."""

from collections.abc import Sequence

from ..types import Row


def nets_by_depth(rows: Sequence[Row]) -> list[str]:
    """The names of the nets in the rows, sorted by family, and then by depth."""
    names = {row["net"] for row in rows}
    return sorted(names, key=lambda net: (net.split("-")[0], int(net.split("-")[1])))


def seeds(rows: Sequence[Row], several: str = "mean and range of {} seeds") -> str:
    """The words for a caption that say how many seeds the rows come from.

    `several` has a place for the number if there is more than one, and says how they are shown.
    """
    count = len({row["seed"] for row in rows})
    return "1 seed" if count == 1 else several.format(count)

"""Keeping things apart that would overlap: boxes of a picture, names at the ends of curves."""

from collections.abc import Sequence


def spread_out(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Places in the given order, as close to `wanted` in the mean square as they can be with these
    gaps between neighbours.

    With the gaps taken out the places only have to rise: those that do not are replaced by their
    mean, again and again (the pool-adjacent-violators algorithm).

    Parameters
    ----------
    wanted : list of float
    gaps : list of float
        One fewer: the least distance from each to the next.

    Returns
    -------
    list of float
    """
    room = [0.0]
    for gap in gaps:
        room.append(room[-1] + gap)
    groups: list[tuple[float, int]] = []  # (sum, how many)
    for place, needed in zip(wanted, room):
        groups.append((place - needed, 1))
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1] = (groups[-1][0] + total, groups[-1][1] + count)
    pooled = [total / count for total, count in groups for _ in range(count)]
    return [place + needed for place, needed in zip(pooled, room)]


def free_place(
    wanted: float, taken: Sequence[tuple[float, float]], least: float, most: float
) -> float:
    """The place nearest to `wanted`, between `least` and `most`, in none of the taken intervals.

    Where all of it is taken, the nearest place between `least` and `most`.

    Parameters
    ----------
    wanted : float
    taken : list of (low, high)
        Their ends are free.
    least, most : float
    """
    inside = min(max(wanted, least), most)
    ends = [end for interval in taken for end in interval if least <= end <= most]
    free = [
        place for place in (inside, *ends) if not any(low < place < high for low, high in taken)
    ]
    return min(free, key=lambda place: abs(place - wanted), default=inside)

"""Keep things apart that would overlap: boxes of a picture, names at the ends of curves."""

from collections.abc import Sequence


def spread_out(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Move places apart as little as possible, such that neighbours have these gaps between them.

    "As little as possible" means the least sum of squared distances from `wanted`. The order stays.
    If the gaps are subtracted, the places only have to rise. Neighbours that fall are replaced by
    their mean, again and again (the pool-adjacent-violators algorithm).

    Parameters
    ----------
    wanted : list of float
    gaps : list of float
        The least distance from each place to the next: one fewer than the places.

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
    """The place nearest to `wanted` between `least` and `most` that is in no taken interval.

    If everything between `least` and `most` is taken, it is the nearest place there anyway.

    Parameters
    ----------
    wanted : float
    taken : list of (low, high)
        Intervals whose ends are free.
    least, most : float
    """
    inside = min(max(wanted, least), most)
    ends = [end for interval in taken for end in interval if least <= end <= most]
    free = [
        place for place in (inside, *ends) if not any(low < place < high for low, high in taken)
    ]
    return min(free, key=lambda place: abs(place - wanted), default=inside)

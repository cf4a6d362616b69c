"""Find notebooks and answers that belong to another student's variant."""

from collections.abc import Collection, Iterable, Mapping

from .. import choices
from ..discover import Entry
from ..notebooks import read
from ..result import Result
from .personal import claimed

MOST_NAMES = 5  # students that one line names at most


def students_of(
    entries: Iterable[Entry], ids: Collection[str] | None
) -> tuple[dict[tuple[str, str], str | None], list[tuple[str, str]]]:
    """Decide in whose variant each submission is marked, and find notebooks of somebody else.

    With a list of ids, every student on it has a variant. Without one, a student has a variant if
    their notebook names a student. The variant always follows from the name of the folder, never
    from the name in the notebook.

    Parameters
    ----------
    entries : list of Entry
    ids : list of str, optional
        All students of the course.

    Returns
    -------
    (dict of (student, assignment) -> id or None, list of (student, line))
    """
    entries, lines = list(entries), []
    owners: dict[tuple[str, str], str | None] = {}
    known = None if ids is None else {choices.normal(one): one for one in ids}
    named = {(one.student, one.assignment): _claimed(one) for one in entries}
    for entry in entries:
        key, name = (entry.student, entry.assignment), entry.assignment
        says, own = named[key], choices.normal(entry.student)
        if name.split("_")[0] not in choices.CHOICES:
            owners[key] = None
            continue
        others = sum(other is not None for (_, one), other in named.items() if one == name)
        if known is not None:
            owners[key] = known.get(own)
            if own not in known:
                lines.append(
                    (
                        entry.student,
                        f"{name}: this student is not on the list of ids: marked as the notebook "
                        "without an id",
                    )
                )
                continue
        else:
            owners[key] = entry.student if says is not None else None
        if says is None and (known is not None or others):
            lines.append(
                (
                    entry.student,
                    f"{name}: the cell that names the notebook's student is missing"
                    + (
                        f", and {others} others have it: marked as the notebook without an id"
                        if known is None
                        else ""
                    ),
                )
            )
        elif says is not None and choices.normal(says) != own:
            lines.append(
                (
                    entry.student,
                    f"{name}: this is the notebook of "
                    f"{says or 'a student whose id cannot be read'}, handed in by "
                    f"{entry.student}: marked as the variant of {entry.student}",
                )
            )
    return owners, lines


def _claimed(entry):
    """The id that a submission's notebook names, or None; see `personal.claimed`."""
    try:
        return claimed(read(entry.path))
    except Exception:  # an unreadable notebook names nobody; marking will report why
        return None


def answers_of_others(
    results: Mapping[tuple[str, str], Result],
) -> list[tuple[str, str]]:
    """Find submissions whose answers are right in another variant.

    Returns
    -------
    list of (student, line)
        Each line names the students of the class who have that variant.
    """
    lines = []
    for (student, name), result in sorted(results.items()):
        found = {tuple(mark.other_variant) for mark in result.marks if mark.other_variant}
        if not found or result.student is None:
            continue
        key = name.split("_")[0]
        own = choices.variant(key, result.student)
        vary = [choice.name for choice in choices.CHOICES[key] if choice.tasks]
        like = sorted(
            other
            for (other, its), theirs in results.items()
            if its == name
            and other != student
            and theirs.student is not None
            and all(choices.variant(key, theirs.student)[one] == option for one, option in found)
        )
        if all(option == choices.SHARED[one] for one, option in found):
            like.append("the notebook without an id")
        what = "; ".join(f"{one}: {option}, not {own[one]}" for one, option in sorted(found))
        lines.append(
            (
                student,
                f"{name}: {len({one for one, _ in found})} of {len(vary)} tasks that vary are "
                f"answered in another variant ({what}), that of {_names(like)}. It may be a slip: "
                "ask",
            )
        )
    return lines


def _names(students):
    if not students:
        return "nobody who handed this in"
    more = len(students) - MOST_NAMES
    return ", ".join(students[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")

"""What `minires doctor` says about the walls on this machine, and how to get stronger ones."""

from collections.abc import Iterator

from ...experiments.installation import GOOD, OPTIONAL, Check
from . import isolation


def grading() -> Iterator[Check]:
    """The check for `minires doctor`: the wall that is chosen, and what stronger ones need."""
    reasons = {name: isolation.why_not(name) for name in isolation.NAMES}
    chosen = isolation.choose()
    there = [name for name, reason in reasons.items() if reason is None]
    # Unfiltered bubblewrap is not listed by itself: it replaces bubblewrap where a filter is
    # missing.
    others = [name for name in there if name not in (chosen, isolation.UNFILTERED)]
    found = f"submissions run behind {isolation.WORDS[chosen]}" + (
        f" (also here: {', '.join(others)})" if others else ""
    )
    if chosen == isolation.BUBBLEWRAP:
        yield Check("grading", GOOD, found)
        return
    stronger = isolation.NAMES[: isolation.NAMES.index(chosen)]
    missing = [
        f"{name}: {reasons[name]}"
        for name in stronger
        if reasons[name] is not None and name not in (isolation.UNFILTERED, isolation.CONTAINER)
    ]
    yield Check("grading", OPTIONAL, found, "for a stronger wall, " + "; ".join(missing))

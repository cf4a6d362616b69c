"""Parts of a page that a program writes, between two marks that a reader does not see."""

import re
from collections.abc import Mapping


def filled(page: str, parts: Mapping[str, str], program: str) -> str:
    """The page with each of these parts made anew.

    Parameters
    ----------
    page : str
        Markdown. The part NAME stands between the lines ``<!-- NAME: by PROGRAM -->`` and
        ``<!-- end NAME -->``.
    parts : mapping
        Name of a part -> its text.
    program : str
        The module that writes them.

    Raises
    ------
    ValueError
        If the page lacks the marks of a part.
    """
    for name, text in parts.items():
        start, end = f"<!-- {name}: by {program} -->\n", f"\n<!-- end {name} -->"
        pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(page):
            raise ValueError(
                f"the page has no place for {name!r}: expected the lines {start.strip()!r} and "
                f"{end.strip()!r}"
            )
        made = f"{start}{text}{end}"
        page = pattern.sub(lambda _, made=made: made, page)
    return page

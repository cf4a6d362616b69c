"""The table of nets on the site's page about nets, copied from docs/nets.md."""

from .places import read

MARK = "<!-- the table of variants -->"  # in site/nets.md


def table() -> str:
    """The table of variants in docs/nets.md. Tests compare it with the counts of torchvision and of
    He et al.

    Raises
    ------
    ValueError
        If the page has no table with these columns.
    """
    text = read("docs/nets.md")
    start = text.index("| name | layers | parameters | multiply-adds |")
    return text[start:].split("\n\n")[0]

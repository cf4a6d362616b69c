"""The table of variants on the page of nets, which is that of docs/nets.md."""

from .places import read

MARK = "<!-- the table of variants -->"  # in site/nets.md


def table() -> str:
    """The table of docs/nets.md, which the tests hold to torchvision's counts and He et al."""
    text = read("docs/nets.md")
    start = text.index("| name | layers | parameters | multiply-adds |")
    return text[start:].split("\n\n")[0]

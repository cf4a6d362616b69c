"""The table of variants on the page of nets, which is the README's."""

from .places import read

MARK = "<!-- the table of variants -->"  # in site/nets.md


def table() -> str:
    """The README's table of variants, which the tests hold to torchvision's counts and He et al."""
    text = read("README.md")
    start = text.index("| name | layers | parameters | multiply-adds |")
    return text[start:].split("\n\n")[0]

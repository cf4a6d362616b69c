"""docs/literature.md has a row for every paper that a claim or a text quotes, which says how its
figures were checked."""

import re

from docs.generate.places import ROOT
from minires.experiments.claims import CLAIMS

PAGE = (ROOT / "docs/literature.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| paper", "| ---"))
]
PAPER = re.compile(r"arXiv:(\d{4}\.\d{5})")
QUOTING = ("claims", "verdicts", "laboratory", "texts", "power", "paper_size")


def test_every_paper_that_is_quoted_has_a_row():
    texts = [claim.source for claim in CLAIMS.values()]
    texts += [(ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in QUOTING]
    quoted = {paper for text in texts for paper in PAPER.findall(text)}
    listed = set(PAPER.findall(" ".join(row[0] for row in ROWS)))
    assert len(quoted) > 20
    assert quoted <= listed, f"without a row in docs/literature.md: {sorted(quoted - listed)}"


def test_every_row_says_what_it_was_checked_against():
    known = (
        "text",
        "abstract",
        "authors' code",
        "title",
        "from memory",
        "worked out",
        "a derivation",
    )
    for row in ROWS:
        assert len(row) == 3 and row[1], row
        assert row[2].startswith(known), row


def test_what_the_claims_quote_stands_in_the_row_of_the_paper():
    """The figures with a percent sign in the sources of the claims."""
    rows = " ".join(row[1] for row in ROWS)
    listed = set(re.findall(r"\d+\.\d\d", rows))
    quoted = {
        number for claim in CLAIMS.values() for number in re.findall(r"(\d+\.\d\d) %", claim.source)
    }
    assert len(quoted) > 8
    assert quoted <= listed, sorted(quoted - listed)

"""What tells plain-56 from plain-20: ``python -m docs.generate.suspects`` works out the tables and
figures of docs/claims.md from the records, and writes the tables into the page, between its marks.
"""

import re

from minires import plot

from . import suspects_figures, suspects_tables
from .places import ROOT

PAGE = "docs/claims.md"
PICTURES = "docs/pictures"
#: Name in the marks of the page -> what makes the table.
TABLES = {
    "causes": suspects_tables.causes_table,
    "order": suspects_tables.order_table,
    "ranks": suspects_tables.ranks_table,
    "cures": suspects_tables.cures_table,
}
#: Name of the file, without its ending -> what draws the figure.
FIGURES = {"suspects": suspects_figures.suspects, "verdicts": suspects_figures.verdicts}


def filled(page: str) -> str:
    """The page with new tables between the marks.

    Parameters
    ----------
    page : str
        Markdown.

    Raises
    ------
    AssertionError
        If the marks of a table are missing.
    """
    for name, table in TABLES.items():
        start, end = f"<!-- table {name}: by docs.generate.suspects -->\n", f"\n<!-- end {name} -->"
        pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
        assert pattern.search(page), f"no mark for the table {name}"
        made = f"{start}\n{table()}\n{end}"
        page = pattern.sub(made.replace("\\", r"\\"), page)
    return page


if __name__ == "__main__":
    path = ROOT / PAGE
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    for look in (plot.LIGHT, plot.DARK):
        with plot.use_theme(look):
            for name, draw in FIGURES.items():
                plot.save(draw(), ROOT / f"{PICTURES}/{name}{look.suffix}.png")

"""What tells plain-56 from plain-20: ``python -m docs.generate.suspects`` works out the tables and
the figures of docs/claims.md from the records, and writes the tables into the page, between its
marks.
"""

from minires import plot

from . import endings, suspects_figure, suspects_tables
from .marked import filled
from .places import ROOT

PAGE = "docs/claims.md"
#: Where a figure goes, without its suffix -> what draws it.
FIGURES = {
    "docs/pictures/suspects": suspects_figure.draw,
    "docs/pictures/endings": endings.draw,
}
#: Name in the marks of the page -> what makes the table.
TABLES = {
    "causes": suspects_tables.causes_table,
    "order": suspects_tables.order_table,
    "ranks": suspects_tables.ranks_table,
    "cures": suspects_tables.cures_table,
}


def page() -> str:
    """The page with new tables between the marks."""
    tables = {f"table {name}": f"\n{table()}\n" for name, table in TABLES.items()}
    return filled((ROOT / PAGE).read_text(encoding="utf-8"), tables, "docs.generate.suspects")


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    for look in (plot.LIGHT, plot.DARK):
        with plot.use_theme(look):
            for place, draw in FIGURES.items():
                plot.save(draw(), ROOT / f"{place}{look.suffix}.png")

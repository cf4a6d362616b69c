"""What tells plain-56 from plain-20: ``python -m docs.generate.suspects`` works out the tables and
the figure of docs/claims.md from the records, and writes the tables into the page, between its
marks.
"""

from minires import plot

from . import suspects_figure, suspects_tables
from .marked import filled
from .places import ROOT

PAGE = "docs/claims.md"
FIGURE = "docs/pictures/suspects"
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
            plot.save(suspects_figure.draw(), ROOT / f"{FIGURE}{look.suffix}.png")

"""Tables and histories without the times of a run, which differ from machine to machine."""

TIMES = ("seconds", "images_per_second")


def rows_without_times(rows):
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def lines_without_times(table):
    """The lines of a file metrics.csv or sweep.csv, whose last two columns go."""
    return [line.rsplit(",", 2)[0] for line in table.read_text().splitlines()]

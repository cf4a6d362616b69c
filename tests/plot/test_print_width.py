"""Figures for a column of a paper: their width, their letters, and that nothing is cut off or
overlaps."""

import itertools
from pathlib import Path

import pytest
from matplotlib.text import Text

from minires import plot
from minires.errors import ConfigError
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import registration
from minires.experiments.records import read_table

RECORDED = Path(__file__).parents[2] / "results"
KINDS = {  # one claim for each kind of drawing: bars, panels in a row, lines with names, maps
    "degradation": "claims",
    "aftermath": "claims",
    "flung-out": "claims",
    "rank-collapse": "claims-decided",
    "sharpness-at-start": "claims-decided",
    "responses": "claims",
}


def drawn(name, width):
    claim = CLAIMS[name]
    path = RECORDED / KINDS[name] / f"{name}.csv"
    rows = registration.deciding(claim, read_table(path, claim.columns, claim.text))
    with plot.use_width(width):
        figure = claim.draw(rows, "CIFAR-10 (JPEG copy), 10,000 images of 16x16, width 8")
    figure.canvas.draw()
    return figure


def visible(figure):
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("width", plot.WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_as_wide_as_the_column_with_letters_that_can_be_read(name, width):
    figure = drawn(name, width)
    assert figure.get_figwidth() == plot.WIDTHS[width].inches
    assert {7 <= text.get_fontsize() <= 9 for text in visible(figure)} == {True}


@pytest.mark.parametrize("width", plot.WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_names_of_axes_are_not_cut_off_and_ticks_do_not_run_into_each_other(name, width):
    figure = drawn(name, width)
    renderer = figure.canvas.get_renderer()
    for ax in figure.axes:
        box = ax.yaxis.label.get_window_extent(renderer)
        assert box.height <= 1.02 * ax.get_window_extent(renderer).height, ax.get_ylabel()
        assert box.x0 >= 0
        labels = [one for one in ax.get_xticklabels() if one.get_text()]
        if all(one.get_rotation() == 0 for one in labels):
            boxes = sorted((one.get_window_extent(renderer) for one in labels), key=lambda b: b.x0)
            for one, other in itertools.pairwise(boxes):
                assert one.x1 < other.x0, (name, [one.get_text() for one in labels])


def test_panels_go_into_rows_where_they_do_not_fit():
    with plot.use_width("one-column"):
        figure, axes = plot.panels(2, (9.6, 4.4), share_y=True)
    assert len(axes) == 2 and axes[1].get_subplotspec().rowspan.start == 1
    with plot.use_width("two-column"):
        figure, axes = plot.panels(4, (13.6, 4.6))
    assert [ax.get_subplotspec().rowspan.start for ax in axes] == [0, 0, 1, 1]
    assert len(figure.axes) == 4


def test_files_get_the_name_of_the_width_and_the_others_stay(tmp_path):
    figure, _ = plot.panels(1, (4, 3))
    plot.save(figure, tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    with plot.also_as("pdf"), plot.use_width("one-column"):
        path = plot.save(plot.panels(1, (4, 3))[0], tmp_path / "a.png")
    assert path == tmp_path / "a-one-column.png"
    assert {one.name for one in tmp_path.iterdir()} == {
        "a.png",
        "a-one-column.png",
        "a-one-column.pdf",
    }
    assert (tmp_path / "a.png").read_bytes() == before


def test_dark_and_width_do_not_go_together(tmp_path):
    from minires.cli import _parser

    args = _parser().parse_args(["plot", str(tmp_path), "--dark", "--width", "one-column"])
    with pytest.raises(ConfigError, match="--dark: cannot be combined with --width"):
        args.run(args)


def test_an_unknown_width():
    with (
        pytest.raises(ConfigError, match="unknown width: expected one of one-column, two-column"),
        plot.use_width("one column"),
    ):
        pass

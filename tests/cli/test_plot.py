"""``minires plot`` draws the figures of a run again, for dark pages and for papers too."""

import shutil
from pathlib import Path

import matplotlib.image
import pytest

from minires import plot
from minires.cli import main

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture
def recorded(tmp_path):
    out = tmp_path / "run"
    tables = shutil.ignore_patterns("*.png", "*.html", "nets")
    return shutil.copytree(RESULTS / "degradation-quick-synthetic", out, ignore=tables)


def test_figures_for_a_dark_page_have_names_of_their_own(recorded, capsys):
    with matplotlib.rc_context({"savefig.facecolor": "white"}):  # as many notebooks set it
        assert main(["plot", "--dark", str(recorded)]) == 0
    assert f"drawn: {recorded}/gradients-dark.png" in capsys.readouterr().out
    assert not list(recorded.glob("degradation.png")) and not list(recorded.glob("*.html"))
    corner = matplotlib.image.imread(recorded / "degradation-dark.png")[0, 0, :3]
    page = plot.DARK.page.lstrip("#")
    assert [round(255 * value) for value in corner] == [*bytes.fromhex(page)]
    assert plot.theme() is plot.LIGHT


def test_other_runs_are_not_drawn_for_a_dark_page(tmp_path, capsys):
    out = shutil.copytree(RESULTS / "claims", tmp_path / "claims")
    assert main(["plot", "--dark", str(out)]) == 1
    expected = "expected a run of degradation, got claims; leave --dark out"
    assert capsys.readouterr().err == (
        f"minires: error: --dark: cannot draw this run: {expected}\n"
    )


@pytest.mark.slow  # draws every figure three times
def test_drawings_for_a_paper(recorded, capsys):
    """Vector files beside each image: the same bytes every time, with text that can be searched."""
    assert main(["plot", str(recorded), "--also", "pdf", "svg"]) == 0
    assert capsys.readouterr().out.endswith("also written for each figure: .pdf, .svg\n")
    first = {path.name: path.read_bytes() for path in sorted(recorded.glob("*.[ps][dv][fg]"))}
    names = [path.stem for path in sorted(recorded.glob("*.png"))]
    assert list(first) == [f"{name}.{kind}" for name in names for kind in ("pdf", "svg")]
    assert b">training error</text>" in first["seeds.svg"] and first["seeds.pdf"][:4] == b"%PDF"
    assert main(["plot", str(recorded), "--also", "pdf", "svg"]) == 0
    assert all((recorded / name).read_bytes() == content for name, content in first.items())
    assert main(["plot", str(recorded)]) == 0 and "beside" not in capsys.readouterr().out[-60:]


def test_an_unknown_format_is_an_error(recorded, capsys):
    with pytest.raises(SystemExit):
        main(["plot", str(recorded), "--also", "eps"])
    assert "pdf" in capsys.readouterr().err

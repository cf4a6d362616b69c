"""``minires explore`` writes a page on one run or several."""

import pytest

from minires.cli import main

from ..experiments.explorer import made_up


@pytest.fixture
def recorded(tmp_path):
    return made_up.degradation(tmp_path / "run")


def test_the_page_is_in_the_folder_of_the_run(recorded, capsys):
    assert main(["explore", str(recorded)]) == 0
    out, err = capsys.readouterr()
    size = (recorded / "explorer.html").stat().st_size / 1000
    expected = f"written: {recorded}/explorer.html, {size:.0f} kB; open it in a browser\n"
    assert out == expected and not err
    assert "<title>Explorer: run</title>" in (recorded / "explorer.html").read_text()


def test_the_page_on_several_runs_is_in_the_current_folder(recorded, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    other = made_up.single(tmp_path / "other")
    assert main(["explore", str(recorded), str(other)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("written: explorer.html, ") and (tmp_path / "explorer.html").exists()
    assert err == (
        "minires: note: different kinds of run side by side: degradation, single net; compare "
        "with care\n"
    )


def test_a_run_that_is_still_going_on_is_named_in_one_line(tmp_path, capsys):
    out = made_up.single(tmp_path / "run", done=1)
    assert main(["explore", str(out), "--out", str(tmp_path / "x.html")]) == 0
    assert capsys.readouterr().err == (
        f"minires: note: {out}: Still going on when this was read: resnet-8 seed 0 "
        "(at step 5 of 15).\n"
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["nowhere"], "nowhere: not a run: expected the output folder of a run"),
        (["run", "run"], "explore: the same folder twice"),
        (["run", "--out", "page.txt"], "--out: not the name of a page"),
        (["run", "--out", "run"], "--out: this is a folder"),
        (["run", "--out", "no/x.html"], "--out: cannot write here"),
    ],
)
def test_errors_are_one_line_and_leave_no_page(words, error, recorded, monkeypatch, capsys):
    monkeypatch.chdir(recorded.parent)
    assert main(["explore", *words]) == 1
    out, err = capsys.readouterr()
    assert err.startswith(f"minires: error: {error}") and err.count("\n") == 1 and not out
    assert not list(recorded.parent.rglob("*.html"))

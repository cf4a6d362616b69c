"""``minires merge``, as a user meets it."""

import pytest

from minires.cli import main

TINY = (
    "degradation --depths 8 14 --iterations 4 --train-size 32 --batch-size 16 --width 1 "
    "--image-size 8 --workers 1"
).split()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seeds in ("0-1", "30-30"):
        assert main([*TINY, "--seeds", seeds, "--out", str(folder / seeds)]) == 0
    return folder


@pytest.mark.slow
def test_two_runs_become_one(runs, tmp_path, capsys):
    out = str(tmp_path / "pooled")
    assert main(["merge", str(runs / "0-1"), str(runs / "30-30"), "--out", out]) == 0
    printed = capsys.readouterr()
    assert "pooled: 2 runs, seeds 0-1,30 (n = 3), settings " in printed.out
    assert "95 % confidence interval" in printed.out and "seeds 0, 1, 30:" in printed.out
    assert f"drawn: {out}/degradation.png" in printed.out and printed.err == ""
    assert main(["plot", out]) == 0
    assert main([*TINY, "--seeds", "0-1,30", "--resume", "--out", out]) == 0


def test_errors_are_one_line(runs, tmp_path, capsys):
    one, out = str(runs / "0-1"), str(tmp_path / "pooled")
    for words in (["merge", one, "--out", out], ["merge", one, str(tmp_path), "--out", out]):
        assert main(words) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("minires: error: ")
    with pytest.raises(SystemExit):
        main(["merge", one, one])
    assert "required: --out" in capsys.readouterr().err


def test_surprises_are_printed_as_notes(runs, tmp_path, capsys):
    one, two = (str(runs / name) for name in ("0-1", "30-30"))
    assert main(["merge", one, two, "--out", str(tmp_path / "first")]) == 0
    capsys.readouterr()
    words = ["merge", str(tmp_path / "first"), one, "--out", str(tmp_path / "second")]
    assert main(words) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("minires: note: ") and line.endswith("the same numbers: taken once")


@pytest.mark.parametrize("seeds", ["0", "-1", "5-3", "a", "1,,2", "1.5"])
def test_impossible_seeds(seeds, capsys):
    with pytest.raises(SystemExit):
        main([*TINY, f"--seeds={seeds}"])
    assert (
        "expected a whole number of at least 1, or seeds such as 30-59" in capsys.readouterr().err
    )

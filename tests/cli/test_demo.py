"""``minires demo`` runs the experiment at a small size, each time in a new folder."""

from dataclasses import replace

import pytest

from minires.cli import main
from minires.cli.printing import fitted
from minires.experiments import degradation, scheduler
from minires.experiments.presets import PRESETS


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """The demo with two steps for each net, in an empty folder."""
    demo = replace(PRESETS["demo"], epochs=None, iterations=2, train_size=64, test_size=32)
    monkeypatch.setitem(PRESETS, "demo", replace(demo, batch_size=32, net={"width": 2}))
    monkeypatch.setattr(scheduler, "fitting_workers", lambda tasks, workers: 1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_shows_the_experiment_in_a_new_folder_each_time(tiny, capsys):
    assert main(["demo"]) == 0 and main(["demo"]) == 0
    said = capsys.readouterr().out
    assert "Results: runs/demo\n" in said and "Results: runs/demo-2\n" in said
    assert "Degradation:" in said and "minires notebooks" in said
    for name in ("metrics.csv", "degradation.png", "report.html"):
        assert (tiny / "runs" / "demo-2" / name).exists()


def test_ctrl_c_says_how_to_go_on(tiny, capsys, monkeypatch):
    whole = degradation.run

    def stopped(*args, **settings):
        whole(*args, **settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(degradation, "run", stopped)
    assert main(["demo"]) == 130
    again = "minires degradation --preset demo --out runs/demo --resume"
    assert f"Go on with {again}." in capsys.readouterr().err
    monkeypatch.setattr(degradation, "run", whole)
    assert main(again.split()[1:]) == 0


def test_the_verdict_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    long = "Degradation: " + 30 * "the deeper net "
    assert max(map(len, fitted(long).split("\n"))) <= 60
    assert fitted(29 * "ab " + "12.5 %").split("\n")[1].endswith(" 12.5 %")
    assert fitted(19 * "ab " + "12.5 %").split("\n")[1] == "12.5 %"  # not split over two lines
    assert fitted("net    error\n20     5 %") == "net    error\n20     5 %"
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert fitted(long) == long

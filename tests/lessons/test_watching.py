"""A picture that is drawn again while something is computed: live, and on a page."""

import pytest

from minires.errors import ConfigError
from minires.lessons import watch, watching

from .live import notebook

WATCH = """from minires.lessons import watch
def note(*words):
    print(*words, file=open("{file}", "a"))
def states():
    for step in range(6):
        note("step", step)
        yield step, [step]
def draw(ax, step, values):
    note("drawn", step)
    ax.plot([0, *values])
watch(draw, states(), every=2, alt="A line that gets steeper.")"""


def run(tmp_path, somebody_is_there):
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    file = tmp_path / "notes"
    with notebook(somebody_is_there) as live:
        cell = live.run(WATCH.format(file=file.as_posix()))
        assert not live.errors
        return live.cells[cell], file.read_text().splitlines() if file.exists() else []


@pytest.mark.slow
def test_live_one_picture_changes_while_the_states_are_computed(tmp_path):
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    outputs, notes = run(tmp_path, somebody_is_there=True)
    assert notes[:4] == ["step 0", "drawn 0", "step 1", "step 2"]  # drawn before the next step
    assert [line for line in notes if "drawn" in line] == ["drawn 0", "drawn 2", "drawn 4"]
    (output,) = outputs
    assert "image/png" in output["data"]
    assert output["metadata"]["image/png"]["alt"] == "A line that gets steeper."


@pytest.mark.slow
def test_on_a_page_nothing_is_computed(tmp_path):
    assert run(tmp_path, somebody_is_there=False) == ([], [])


def test_each_picture_shows_its_own_state(monkeypatch):
    shown = []
    monkeypatch.setattr(watching, "surface", lambda: "widgets")
    monkeypatch.setattr(
        watching.LivePicture, "show", lambda self, figure, *words: shown.append(figure)
    )
    watch(lambda ax, end: ax.plot([0, end]), [(1,), (2,), (3,)], every=2, alt="Lines.")
    assert [figure.axes[0].lines[0].get_ydata()[1] for figure in shown] == [1, 3]


def test_every_is_a_number_of_steps():
    with pytest.raises(ConfigError, match="every.*got 0"):
        watch(print, [], every=0, alt="")

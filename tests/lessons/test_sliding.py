"""A picture with a slider: on a page, and in a live notebook."""

import re
from base64 import b64decode

import matplotlib.pyplot as plt
import pytest

from minires import plot
from minires.errors import ConfigError
from minires.lessons import slider, sliding

from .live import notebook

SLIDER = """from minires.lessons import slider
def draw(ax, value):
    print("drawn for", value, file=open("{file}", "a"))
    ax.plot([0, value])
slider("gain", [0.5, 1, 2], draw, frames=[1, 2], alt="Two lines, the second steeper.")"""

PICTURES = """import minires as mr
from minires.lessons import slider
w = mr.Tensor(2.0, requires_grad=True)
slider("step", [0, 1, 2], frames=[1, 2], alt="The graph of w squared.",
    picture=lambda step: mr.graph(w * w, w=w, backward=step))"""


def line(ax, value):
    ax.plot([0, value])


def test_without_a_reader_a_few_states_stand_side_by_side(monkeypatch):
    shown = []
    monkeypatch.setattr(sliding, "show", lambda alt, figure: shown.append((alt, figure)))
    slider("gain", [0.5, 1, 2], line, frames=[0.5, 2], alt="Two lines.")
    (alt, figure) = shown[0]
    assert alt == "Two lines."
    assert [ax.lines[0].get_ydata()[1] for ax in figure.axes] == [0.5, 2]
    plt.close(figure)


@pytest.mark.parametrize("frames, said", [([3], "got 3"), ([], "got none")])
def test_invalid_frames(frames, said):
    with pytest.raises(ConfigError, match=f"frames.*{said}"):
        slider("gain", [0.5, 1, 2], line, frames=frames, alt="")


@pytest.mark.slow
def test_moving_the_slider_draws_again(tmp_path):
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    drawn = tmp_path / "drawn"
    with notebook() as live:
        cell = live.run(SLIDER.format(file=drawn.as_posix()))
        assert not live.errors and live.has_widgets(cell)
        assert drawn.read_text() == "drawn for 1\n"
        live.move_slider(2)
        assert drawn.read_text() == "drawn for 1\ndrawn for 2\n" and not live.errors


@pytest.mark.slow
def test_buttons_move_the_slider_by_one_step_and_stop_at_its_ends(tmp_path):
    # For readers without a mouse: Jupyter Notebook takes the arrow keys away from the slider.
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    with notebook() as live:
        live.run(SLIDER.format(file=(tmp_path / "drawn").as_posix()))
        seen = []
        for sign in "▶▶◀◀◀":
            live.click(sign)
            (picture,) = live.widget_html()
            seen.append(re.findall('alt="The picture for gain ([^"]*)"', picture)[0])
        assert seen == ["2", "2", "1", "0.5", "0.5"] and not live.errors


@pytest.mark.slow
def test_on_a_page_there_are_no_widgets(tmp_path):
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    with notebook(somebody_is_there=False) as page:
        cell = page.run(SLIDER.format(file=(tmp_path / "drawn").as_posix()))
        assert not page.errors and not page.has_widgets(cell)
        html = page.shown(cell)
        assert re.findall('<img alt="([^"]*)"', html) == [
            "Two lines, the second steeper.",
            "The same picture as the one before it, drawn for gain 2 instead.",
        ]


def svgs(html):
    """The pictures of boxes and arrows in HTML, as SVG."""
    found = re.findall('src="data:image/svg[+]xml;base64,([^"]*)"', html)
    return [b64decode(one).decode() for one in found]


@pytest.mark.slow
def test_a_whole_picture_that_moves():
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    with notebook() as live:
        cell = live.run(PICTURES)
        assert not live.errors and live.has_widgets(cell)
        (before,) = live.widget_html()
        assert "<b>step 1</b>" in before and "grad 4." not in svgs(before)[0]
        live.move_slider(2)
        (after,) = live.widget_html()
        assert "<b>step 2</b>" in after and "grad 4." in svgs(after)[0] and not live.errors


@pytest.mark.slow
def test_whole_pictures_on_a_page():
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    with notebook(somebody_is_there=False) as page:
        cell = page.run(PICTURES)
        assert not page.errors and not page.has_widgets(cell)
        html = page.shown(cell)
    assert re.findall("<figcaption[^>]*><b>([^<]*)", html) == ["step 1", "step 2"]
    assert re.findall('<img alt="([^"]*)"', html) == [
        "The graph of w squared.",
        "The same picture as the one before it, drawn for step 2 instead.",
    ]
    assert ["grad 4." in one for one in svgs(html)] == [False, True]


def test_whole_figures_are_shown_without_a_reader(monkeypatch):
    shown = []
    monkeypatch.setattr(sliding, "show", lambda alt, figure: shown.append((alt, figure)))
    slider(
        "window", [0, 1], picture=lambda k: plot.im2col(window=k), frames=[0, 1], alt="A window."
    )
    assert [figure.axes[1].patches[0].get_y() for _, figure in shown] == [0, 1]
    assert shown[0][0] == "A window." and "drawn for window 1" in shown[1][0]


@pytest.mark.parametrize("given, said", [({}, "neither"), ({"draw": line, "picture": id}, "both")])
def test_exactly_one_way_to_draw_must_be_given(given, said):
    with pytest.raises(ConfigError, match=f"draw, picture: expected one of them, got {said}"):
        slider("gain", [1], frames=[1], alt="", **given)


def test_the_pictures_of_a_page_have_one_scale(monkeypatch):
    pytest.importorskip("IPython", reason="IPython is not installed")
    figures = []
    monkeypatch.setattr(sliding, "surface", lambda: "page")
    monkeypatch.setattr(sliding, "_html", lambda figure, *rest: figures.append(figure) or "")
    monkeypatch.setattr("IPython.display.display", lambda *args, **settings: None)
    slider("gain", [0.5, 1, 2], line, frames=[0.5, 2], alt="Two lines.")
    (low, high), other = [figure.axes[0].get_ylim() for figure in figures]
    assert (low, high) == other and low < 0 and high > 2

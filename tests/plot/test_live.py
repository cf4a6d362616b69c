"""Curves that grow while a net trains: a picture in notebooks, text elsewhere."""

import io
import sys
import types

from minires import models, plot
from minires.plot.live import in_notebook
from minires.training import RunConfig, Trainer


def train(sets, live, name="plain-8"):
    Trainer(
        models.plain(8, width=2),
        *sets,
        RunConfig(iterations=4, batch_size=32),
        name=name,
        progress=False,
        callbacks=[live],
    ).run()


def test_a_line_an_epoch_outside_notebooks(sets, capsys):
    live = plot.LiveCurves()
    train(sets, live)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "plain-8, epoch 1",
        "plain-8, epoch 2",
    ] and not in_notebook()
    assert f"test error {live.rows['plain-8'][-1]['test_error']:.1f} %" in lines[-1]


def test_one_picture_that_grows_in_a_notebook(sets, capsys, monkeypatch):
    shown, updated, words = [], [], []

    class Handle:
        def update(self, content, raw, metadata):
            words.append(metadata["image/png"]["alt"])
            updated.append(content)

    def display(content, raw, display_id, metadata):
        words.append(metadata["image/png"]["alt"])
        shown.append(content)
        return Handle()

    monkeypatch.setitem(
        sys.modules,
        "IPython",
        types.SimpleNamespace(
            get_ipython=lambda: types.SimpleNamespace(kernel=object()), version_info=(9, 0)
        ),
    )
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    live = plot.LiveCurves("drawn images")
    train(sets, live)
    train(sets, live, "resnet-8")
    assert len(shown) == 1 and len(updated) == 3 and capsys.readouterr().out == ""
    pictures = [content["image/png"] for content in shown + updated]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures) and len(set(pictures)) == 4
    for name, rows in live.rows.items():
        (first, last) = (
            f"{row['train_error']:.0f} and {row['test_error']:.0f}" for row in (rows[0], rows[-1])
        )
        assert f"{name} goes from {first} to {last}" in words[-1]
    assert "resnet-8" not in words[0]


def test_what_is_drawn_is_what_was_measured(sets):
    live = plot.LiveCurves()
    for name in ("plain-8", "resnet-8", "mine"):
        train(sets, live, name)
    (ax,) = live.figure().axes
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines["plain-8, test"].get_ydata()) == [
        row["test_error"] for row in live.rows["plain-8"]
    ]
    assert list(lines["mine, training"].get_ydata()) == [
        row["train_error"] for row in live.rows["mine"]
    ]
    colours = [lines[f"{name}, training"].get_color() for name in live.rows]
    assert colours == [plot.COLOURS["plain"], plot.COLOURS["resnet"], plot.OTHERS[0]]


def test_deeper_nets_are_darker_and_no_two_alike():
    live = plot.LiveCurves()
    for name in ("plain-56", "plain-8", "mine", "plain-20", "yours", "resnet-20"):
        live.rows[name] = [{"epoch": 1, "train_error": 50, "test_error": 50}]
    (ax,) = live.figure().axes
    colours = {line.get_label().split(",")[0]: line.get_color() for line in ax.lines}
    assert [colours[f"plain-{depth}"] for depth in (8, 20, 56)] == list(plot.SHADES["plain"][:3])
    assert (
        len(set(colours.values())) == len(colours)
        and colours["resnet-20"] == plot.COLOURS["resnet"]
    )


def test_names_with_dollars_and_underscores_are_names():
    """Matplotlib takes "$" for a formula, and leaves names that begin with "_" out of a legend."""
    live = plot.LiveCurves("of $run_^$1, caf\udce9")
    live.rows = {name: [_ROW] for name in ("$x_^$", "_net", "a\x1b[31m\udce9")}
    figure = live.figure()
    figure.savefig(io.BytesIO())
    shown = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert shown[::2] == ["$x_^$, training", "net, training", "a\\x1b[31m\\xe9, training"]
    assert "of $run_^$1, caf\\xe9" in [text.get_text() for text in figure.texts]


_ROW = {"epoch": 1, "train_error": 50.0, "test_error": 60.0}

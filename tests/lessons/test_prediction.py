"""Predictions outside of notebooks, and arguments that are refused."""

import pytest

from minires.errors import ConfigError
from minires.lessons import prediction, scoring
from minires.lessons.html_pieces import code, from_outputs, inline, paragraphs
from minires.lessons.prediction import predict
from minires.lessons.question_widgets import bundle_of
from minires.lessons.scoring import score


@pytest.fixture(autouse=True)
def nothing_asked_yet(monkeypatch):
    monkeypatch.setattr(scoring, "_asked", {})


@pytest.fixture
def terminal(monkeypatch):
    """In a terminal; `typed` holds the lines that a person types."""
    typed = []
    for module in (prediction, scoring):
        monkeypatch.setattr(module, "surface", lambda: "terminal")

    def answer(prompt):
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("builtins.input", answer)
    return typed


def test_in_a_terminal(terminal, capsys):
    terminal += ["perhaps", "3", "2"]
    made = predict("Which?", ["a", "b"])
    made.reveal("b", "So it is.")
    assert capsys.readouterr().out.endswith("Right: b. So it is.\n")
    assert made.guess == "b" and made.is_right
    terminal += ["ninety", "88 %"]
    made = predict("How much?", unit="%", within=1)
    made.reveal(90)
    assert made.guess == 88 and made.is_right is False
    score()
    out = capsys.readouterr().out
    assert "expected a number\n" in out and "Not this time: 90 %.\n" in out
    assert "1 of 2 guesses right" in out and "How much? Not this time: 90 %." in out


def test_where_input_ends(terminal):
    made = predict("Which?", ["a", "b"])
    made.reveal("b")
    assert made.guess is None and made.is_right is None


def test_in_a_script(capsys, monkeypatch):
    for module in (prediction, scoring):
        monkeypatch.setattr(module, "surface", lambda: "none")
    predict("Which?", ["a", "b"]).reveal("a")
    predict("And?")
    score()
    out = capsys.readouterr().out
    assert "The answer: a.\n" in out
    assert "  1. a\n  2. b\n" in out and "no guesses yet" in out and "And? open" in out


@pytest.mark.parametrize(
    "guess, right", [(8, True), (10, True), (7.9, False), (10.1, False), (9, True)]
)
def test_a_number_is_right_within_its_tolerance(guess, right, terminal):
    terminal.append(str(guess))
    made = predict("How many?", within=1)
    made.reveal(9)
    assert made.is_right is right


@pytest.mark.parametrize(
    "choices, settings, said",
    [
        (["one"], {}, "two or more"),
        (["a", "a"], {}, "two or more different"),
        ("ab", {}, "a list of texts"),
        ([1, 2], {}, "a list of texts"),
        (None, {"within": -1}, "a number of at least 0"),
        (None, {"within": float("nan")}, "a number of at least 0"),
        (None, {"cells": 0}, "a whole number"),
    ],
)
def test_what_predict_refuses(choices, settings, said, terminal):
    with pytest.raises(ConfigError, match=said):
        predict("?", choices, **settings)


def test_an_answer_must_be_a_choice_or_a_number(terminal):
    with pytest.raises(ConfigError, match="one of a, b, got c"):
        predict("?", ["a", "b"]).reveal("c")
    for wrong in ("many", None, float("inf")):
        with pytest.raises(ConfigError, match="a finite number"):
            predict("?").reveal(wrong)


def test_asked_again_counts_once(terminal, capsys):
    terminal += ["1", "2"]
    for _ in range(2):
        predict("Which?", ["a", "b"]).reveal("b")
    score()
    assert "1 of 1 guesses right" in capsys.readouterr().out


def test_text_as_html():
    assert inline("`a * b * c` is *less* than **1 < 2**") == (
        "<code>a * b * c</code> is <i>less</i> than <b>1 &lt; 2</b>"
    )
    assert inline("`<b>`") == "<code>&lt;b&gt;</code>"
    assert paragraphs("One\nmore\n\n    x = 1\n    y < 2\n\nTwo").count("<p>") == 2
    assert "x = 1\n  y" in code("    x = 1\n      y")


def test_outputs_as_html():
    html = from_outputs(
        "1 < 2\n",
        [
            {"data": {"image/png": "QUJD\n", "text/plain": "x"}, "metadata": {}},
            {
                "data": {"image/png": b"ABC"},
                "metadata": {"image/png": {"alt": 'a "ring"'}},
            },
            {"data": {"image/svg+xml": ["<svg>", "</svg>"], "text/plain": "x"}},
            {"data": {"text/plain": "<object>"}},
        ],
    )
    assert "1 &lt; 2" in html and "<svg></svg>" in html and "&lt;object&gt;" in html
    assert html.count("data:image/png;base64,QUJD") == 2
    assert 'alt="a figure"' in html and 'alt="a &quot;ring&quot;"' in html


def test_buttons_with_the_ipywidgets_of_colab(monkeypatch):
    """Version 7 of ipywidgets has no `_repr_mimebundle_`."""
    widgets = pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    wanted = widgets.VBox()._repr_mimebundle_()
    monkeypatch.delattr(widgets.Widget, "_repr_mimebundle_")
    made = prediction.Prediction("Which?", ["a", "b"], "", 0.0)
    ((kind, view),) = bundle_of(made).items()
    assert kind in wanted and view.keys() == wanted[kind].keys()
    assert {**view, "model_id": ""} == {**wanted[kind], "model_id": ""}


def test_a_guess_does_not_give_away_the_answers_to_other_questions():
    one, two = predict("One?"), predict("Two?")
    one.answer, two.answer = 7, 8765
    page = scoring.bundle()["text/html"]
    assert "7" in page and "8,765" in page and "<details" in page  # folded, on a page
    one.make_guess(7)
    live = scoring.bundle()["text/html"]
    assert "1 of 1 guesses right" in live and "8,765" not in live and "still open" in live


def test_a_number_may_come_with_its_unit():
    made = predict("How much?", unit="ms", within=1)
    for typed in ("1,036 ms", "1036", "1036 %", 1036.0):
        made.make_guess(typed)
        assert made.guess == 1036
    for typed in ("ms", "", "1,2,3"):
        with pytest.raises(ConfigError, match="a finite number"):
            made.make_guess(typed)


@pytest.mark.parametrize(
    "typed, number",
    [("0,5", 0.5), ("-0,25 %", -0.25), ("1,000,000", 1e6), ("12,345.5", 12345.5), ("12,34", 12.34)],
)
def test_a_comma_stands_before_thousands_or_before_a_fraction(typed, number):
    made = predict("How much?", unit="%")
    made.make_guess(typed)
    assert made.guess == number

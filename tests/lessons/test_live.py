"""Predictions in a live kernel: what a student sees before and after a guess."""

import re

import pytest

pytest.importorskip("ipykernel", reason="ipykernel is not installed")

from .live import notebook

ASK = """from minires.lessons import predict, score
rows = predict("How many rows?", ["36", "64"])"""
RESULT = """print("there are", 36)
rows.reveal("36", "One for each output.")"""


@pytest.fixture(scope="module")
def kernel():
    """One kernel for the tests of this file: each asks questions of its own."""
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    with notebook() as live:
        live.run("from minires.lessons import predict, score")
        yield live


def test_a_choice(kernel):
    asked = kernel.run(ASK)
    assert kernel.has_widgets(asked) and "One for each" not in kernel.shown(asked)
    result = kernel.run(RESULT)
    assert "there are" not in kernel.shown(result)
    assert "when you have made your guess" in kernel.shown(result)
    kernel.click("64")
    assert "there are 36" in kernel.shown(result) and "Not this time" in kernel.shown(result)
    assert "Your guess: <b>64</b>" in kernel.shown(asked)
    assert not kernel.has_widgets(asked)  # a notebook that is saved now has no widgets
    again = kernel.run(RESULT)
    assert kernel.shown(again).startswith("there are 36\n")  # as usual
    assert not kernel.errors


def test_a_number_and_the_score(kernel):
    asked = kernel.run("ratio = predict('How many times?', within=1)")
    kernel.click("That is my guess")  # an empty field is no guess, not even of 0
    assert kernel.has_widgets(asked)
    assert any("Write a number" in html for html in kernel.widget_html())
    kernel.type("eight")
    kernel.click("That is my guess")
    assert kernel.has_widgets(asked) and not kernel.errors
    kernel.type("8,5")
    kernel.click("That is my guess")
    result = kernel.run("print('measured'); ratio.reveal(9)")
    assert kernel.shown(result).startswith("measured\n") and "Right" in kernel.shown(result)
    said = kernel.shown(kernel.run("score()"))
    assert "How many times? <b>9</b>" in said


def test_the_score_goes_on_counting(kernel):
    kernel.run("f = predict('f?', ['yes', 'no'])")
    kernel.run("f.reveal('yes')")
    before = kernel.run("score()")
    right, guessed = map(int, re.search(r"(\d+) of (\d+) guesses", kernel.shown(before)).groups())
    kernel.click("yes")
    assert f"{right + 1} of {guessed + 1} guesses right" in kernel.shown(before)


def test_a_wrong_number(kernel):
    kernel.run("ratio = predict('And now?', within=1)")
    result = kernel.run("ratio.reveal(9)")
    kernel.type(11)
    kernel.click("That is my guess")
    assert "Not this time" in kernel.shown(result)


def test_several_questions_before_one_result(kernel):
    kernel.run("a = predict('a?', ['1', '2']); b = predict('b?', ['3', '4'])")
    result = kernel.run("print('both'); a.reveal('1'); b.reveal('4')")
    kernel.click("1")
    assert "both" not in kernel.shown(result)
    kernel.click("3")
    shown = kernel.shown(result)
    assert "both" in shown and "Right" in shown and "Not this time" in shown


def test_questions_in_cells_of_their_own_come_before_one_result(kernel):
    kernel.run("g = predict('g?', ['left', 'right'])")
    second = kernel.run("h = predict('h?', ['up', 'down'])")
    assert kernel.has_widgets(second)  # its own output is not held back
    result = kernel.run("print('of both'); g.reveal('left'); h.reveal('up')")
    kernel.click("left")
    assert "of both" not in kernel.shown(result)
    kernel.click("up")
    assert "of both" in kernel.shown(result)


def test_a_guess_without_buttons(kernel):
    """For front ends that show no widgets: a guess before the result, or after it."""
    kernel.run("i = predict('i?', ['yes', 'no'])")
    kernel.run("i.make_guess('yes')")
    assert "i is told" in kernel.shown(kernel.run("print('i is told'); i.reveal('yes')"))
    kernel.run("j = predict('j?', within=1)")
    result = kernel.run("print('j is told'); j.reveal(3)")
    assert "NAME.make_guess(...)" in kernel.shown(result)
    kernel.run("j.make_guess(3.5)")
    assert "j is told" in kernel.shown(result) and "Right" in kernel.shown(result)
    kernel.run("j.make_guess('three')")
    assert "a finite number" in kernel.errors.pop() and not kernel.errors


def test_the_same_words_in_two_cells_are_two_questions(kernel):
    kernel.run("first = predict('How does it go?', ['well', 'badly'])")
    kernel.run("first.reveal('well')")
    kernel.click("badly")
    kernel.run("second = predict('How does it go?', ['well', 'badly'])")
    kernel.run("second.reveal('badly')")
    kernel.click("badly")
    assert kernel.shown(kernel.run("score()")).count("How does it go?") == 2
    kernel.run("second = predict('How does it go?', ['well', 'badly'])")  # asked again
    kernel.run("second.reveal('badly')")
    assert kernel.shown(kernel.run("score()")).count("How does it go?") == 2


def test_only_the_output_of_the_next_cell_is_held_back(kernel):
    kernel.run("c = predict('c?', ['yes', 'no'])")
    first = kernel.run("value = 7; print('first'); c.reveal('yes')")
    second = kernel.run("print('second', value)")
    assert kernel.shown(second) == "second 7\n" and "first" not in kernel.shown(first)
    again = kernel.run("value = 7; print('first'); c.reveal('yes')")  # run again: still held
    assert "first" not in kernel.shown(again)
    kernel.click("yes")
    assert "first" in kernel.shown(again)


def test_more_cells_than_one_can_wait(kernel):
    kernel.run("k = predict('k?', ['yes', 'no'], cells=2)")
    first = kernel.run("print('first'); k.reveal('yes')")
    second = kernel.run("print('second')")
    third = kernel.run("print('third')")
    again = kernel.run("print('second')")
    assert kernel.shown(third) == "third\n"
    assert "first" not in kernel.shown(first)
    assert "second" not in kernel.shown(second) + kernel.shown(again)
    kernel.click("yes")
    assert "first" in kernel.shown(first) and "Right" in kernel.shown(first)
    assert "second" in kernel.shown(again) and "Right" not in kernel.shown(again)


def test_questions_of_one_cell_hold_the_same_cells(kernel):
    """The cell after the next may show the answer to both."""
    kernel.run("m = predict('m?', ['one', 'two'], cells=2); n = predict('n?', ['three', 'four'])")
    first = kernel.run("m.reveal('one'); n.reveal('three')")
    second = kernel.run("print('shows both')")
    kernel.click("one")
    assert "shows both" not in kernel.shown(second)
    kernel.click("four")
    assert "Not this time" in kernel.shown(first) and "shows both" in kernel.shown(second)


def test_an_answer_that_the_package_keeps(kernel):
    kernel.run("from minires.lessons import reveal, show")
    kernel.run("product = predict('?', ['`x @ dy.T`', '`x.T @ dy`', '`dy.T @ x`'])")
    result = kernel.run("print('worked out'); reveal('02.product')")
    kernel.click("x.T @ dy")
    assert "Right" in kernel.shown(result) and "(I, N) times (N, O)" in kernel.shown(result)
    kernel.run("reveal('02.prodct')")
    assert "did you mean '02.product'" in kernel.errors.pop() and not kernel.errors
    kernel.run("import matplotlib.pyplot as plt; figure = plt.figure()")
    shown = kernel.run("show('03.made_of', figure)")
    (picture,) = kernel.cells[shown]
    assert picture["metadata"]["image/png"]["alt"].startswith("Points on two spirals")


def test_figures_values_and_magic_commands_are_held_back_too(kernel):
    kernel.run("d = predict('d?', ['yes', 'no'])")
    source = """%%time
import matplotlib.pyplot as plt
plt.plot([1, 2])
d.reveal('no')
'the value'"""
    result = kernel.run(source)
    assert "<img" not in kernel.shown(result)
    kernel.click("no")
    shown = kernel.shown(result)
    assert "data:image/png" in shown and "the value" in shown and "Wall time" in shown


def test_an_error_is_shown_at_once(kernel):
    kernel.run("e = predict('e?', ['yes', 'no'])")
    result = kernel.run("print('so far'); 1 / 0")
    assert kernel.errors.pop() == "ZeroDivisionError: division by zero" and not kernel.errors
    assert "so far" in kernel.shown(result)
    kernel.run("e = predict('e?', ['yes', 'no'])")
    kernel.run("this is no Python")
    assert "SyntaxError" in kernel.errors.pop() and not kernel.errors
    kernel.click("yes")


def test_without_a_reader_the_result_is_folded():
    with notebook(somebody_is_there=False) as page:
        asked = page.run(ASK)
        result = page.run(RESULT)
        page.run("count = predict('How many?', unit='%', within=2)")
        page.run("count.reveal(90, 'One in ten is right.')")
        after = page.run("print('not held')")
        page.run("k = predict('k?', ['yes', 'no'], cells=2)")
        held = page.run("k.reveal('yes')"), page.run("print('held')"), page.run("print('open')")
        said = page.run("score()")
    assert not page.has_widgets(asked) and not page.errors
    assert page.shown(asked).count("<details>") == 2  # a choice each
    assert "✓ Yes. <b>36</b>" in page.shown(asked) and "✗ No. <b>36</b>" in page.shown(asked)
    assert page.shown(result).startswith("<details><summary><b>Result</b>")
    assert "there are 36" in page.shown(result)
    assert "<b>90 %</b> (± 2 counts as right)" in page.shown(2)
    assert page.shown(said).count("<li>") == 3 and "<details>" in page.shown(said)
    assert page.shown(after) == "not held\n" and page.shown(held[2]) == "open\n"
    assert page.shown(held[1]).startswith("<details>") and "held" in page.shown(held[1])

"""Questions for a conversation with a student: made from the student's own code and measurements,
for the teacher."""

import json

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import choices, notebooks, report, viva
from minires.course.compare import WrongAnswer
from minires.course.mark import mark
from minires.course.result import Mark, Result
from minires.course.viva import code, mistakes, numbers, variants
from minires.course.viva.facts import VALUES, Facts, collect, docstrings

from .conftest import changed, hand_in, with_cell
from .hidden_numbers import answers
from .test_variants import student_with

SOURCES = {name.split("_")[0]: notebooks.read(path) for name, path in notebooks.find().items()}


def own_code(key):
    """The model solutions' code in the cells that a student fills in."""
    return {
        cell.id: cell.source
        for cell in notebooks.cells(SOURCES[key])
        if cell.answer and cell.kind == "code"
    }


def texts(facts):
    return [one.text for one in viva.questions(facts)]


@pytest.mark.parametrize("key", SOURCES)
def test_every_row_of_the_tables_names_a_cell_and_most_fit_the_model_solution(key):
    written = own_code(key)
    cells = [row[0] for row in code.LINES[key]]
    assert set(cells) <= set(written) and len(code.LINES[key]) >= 4
    found = list(code.questions(Facts(key, written)))
    assert len(found) >= len(set(cells)) - 1
    assert all(one.code and one.code in "\n".join(written.values()) for one in found)
    for choice in choices.CHOICES[key]:
        assert (choice.name in variants.WHERE) == bool(choice.tasks)
        if choice.tasks:
            cell, pattern, _ = variants.WHERE[choice.name]
            assert Facts(key, written).line(cell, pattern), choice.name


MEASURED = {
    "a1": {"losses": [0.7, 0.5, 0.3, 0.1]},
    "a2": {"losses": [2.3, 2.0, 1.1, 0.2]},
    "a3": {
        "losses": {"plain": [2.3] * 30, "resnet": [2.3] * 10 + [1.5] * 20},
        "errors": {
            "eval mode, batches of 50, by class": 61.2,
            "train mode, batches of 50, by class": 88.8,
        },
    },
    "a4": {"losses": {"plain": [[2.3] * 80, [2.2] * 80], "resnet": [[1.7] * 80, [1.9] * 80]}},
    "a5": {
        "errors": {"plain-8": {0: 60.0, 1: 63.0}, "plain-32": {0: 71.0, 1: 70.5}},
        "depths": (8, 32),
        "seeds": 2,
        "train_size": 640,
        "epochs": 6,
    },
    "a6": {"pairs": [(2.0, 1.1), (1.9, 1.0), (1.8, 1.5)], "claim": {"margin": 0.2}},
}


@pytest.mark.parametrize(
    "key, text, answer",
    [
        ("a1", "begins at 0.700", "ln 2 = 0.693"),
        ("a2", "begins at 2.300", "ln 10 = 2.303"),
        ("a3", "61.2 % wrong in evaluation mode and 88.8 %", "the batch's own mean"),
        ("a4", "With seed 1 plain ends at 2.20 and residual at 1.90", "0.60, 0.30"),
        ("a5", "+11.0, +7.5 points", "From 7.5 on"),
        ("a6", "A - B was 0.9, 0.9, 0.3 by seed; your margin is 0.2", "From 0.3 on: then"),
    ],
)
def test_questions_have_the_students_own_numbers(key, text, answer):
    assert set(MEASURED[key]) <= set(VALUES[key])
    first = next(numbers.questions(Facts(key, values=MEASURED[key])))
    assert text in first.text and answer in first.answer


@pytest.mark.parametrize("key", SOURCES)
@pytest.mark.parametrize("nonsense", [None, "text", [], {}, float("nan"), [["a"]], {"plain": 3}])
def test_nonsense_costs_a_question_and_nothing_else(key, nonsense):
    facts = Facts(key, own_code(key), values=dict.fromkeys(VALUES[key], nonsense))
    assert 3 <= len(viva.questions(facts)) <= 5


def test_mistakes_come_first_and_show_no_numbers_of_the_test():
    message = (
        "relu_backward: wrong values. It looks as if dy is missing (This uses unbroadcast, which "
        "is not right yet. Mend it first.)"
    )
    hidden = "add_backward: wrong values: 3 of 8 differ, the first at [0, 1]: expected 0.12345"
    marks = [Mark("a1-relu-test", 0, 2, message), Mark("a1-add-test", 0, 1, hidden)]
    found = viva.questions(Facts("a1", own_code("a1"), values=MEASURED["a1"], marks=marks))
    assert len(found) == 5 and found[0].text.startswith("a1-relu: your answer is wrong")
    assert found[0].answer == "The check found this: dy is missing."
    assert not any("0.12345" in one.text + one.answer for one in found)


def test_other_students_get_other_questions():
    one, other = (
        Facts("a1", {"a1-unbroadcast": line}, values={"losses": [0.7, last]})
        for line, last in (("dy.sum(0, keepdims=True)", 0.1), ("np.sum(dy, axis=0)", 0.2))
    )
    assert not set(texts(one)) & set(texts(other)) - {
        "Your loss begins at 0.700. Which number did you expect, and why?"
    }


def test_the_variant_is_asked_for():
    for option in ("0", "1/2", "1"):
        own = choices.variant("a1", student_with("a1", **{"ReLU at 0": option}))
        found = viva.questions(Facts("a1", own_code("a1"), variant=own))
        assert any(f"relu has the derivative {option} at a = 0" in one.text for one in found)


def test_answers_in_words_are_asked_about():
    words = {"a4-answer": "It is *clear*. With seed 1 the gap is 0.42 nats, which is much."}
    (question,) = viva.words.questions(Facts("a4", words=words))
    assert question.code == "With seed 1 the gap is 0.42 nats, which is much."


def test_an_empty_notebook_is_asked_for_its_first_tasks(source):
    result = mark(notebooks.release(source), source, "a1_small")
    assert [one[0] for one in result.questions] == [
        "sum_backward is not written. What are its arguments, and what must it return?",
        "relu_backward is not written. What are its arguments, and what must it return?",
    ]
    assert result.questions[0][1] == "da of y = sum(a)."


def test_questions_quote_lines_of_code_alone():
    cell = 'def f(momentum):\n    """The momentum\n    of it."""\n    # momentum\n    return 1 - momentum'
    facts = Facts("a3", {"cell": cell, "broken": "def f(:\n  momentum"})
    assert facts.line("cell", "momentum") == "return 1 - momentum"
    assert facts.line("cell", r"def f\(") == "def f(momentum):"
    assert facts.line("broken", "momentum") == "momentum" and facts.line("none", "x") == ""


def test_docstrings_of_invalid_python():
    assert docstrings(["def f(:", 'def g():\n    """What it\n    does.\n\n    More."""']) == {
        "g": "What it does."
    }


def test_questions_are_for_the_teacher_alone(run, source, folder, tmp_path, in_this_process):
    hand_in(folder, with_cell(source, "losses = [0.69, 0.3, 0.123]"), "anna")
    run()
    pages = list((tmp_path / "out/viva").rglob("*.md"))
    assert [page.relative_to(tmp_path / "out/viva").as_posix() for page in pages] == [
        "anna/a1_small.md"
    ]
    text = pages[0].read_text(encoding="utf-8")
    assert "Your loss ends at 0.123 after 3 steps" in text and "*Answer.*" in text
    for path in [*(tmp_path / "out/reports").rglob("*"), *(tmp_path / "out/gradescope").rglob("*")]:
        if path.is_file():
            assert "ends at 0.123" not in path.read_text(encoding="utf-8")
    record = json.loads((tmp_path / "out/results/anna/a1_small/result.json").read_bytes())
    assert record["result"]["questions"]
    assert tmp_path / "out/viva" in report.written(tmp_path / "out")


def test_code_of_students_is_shown_and_not_rendered(source):
    evil = changed(source, a1_sum="def sum_backward(dy, a):\n    return 1 # ``` <b> [x](y)\n")
    result = mark(evil, source, "a1_small")
    result.questions.append(("`a` *b*", "<i>", "x = 1\x1b[2J"))
    from minires.course.report import viva_page

    page = viva_page.page("<an*na*>", result)
    assert "<i>" not in page and "\x1b" not in page and "&lt;an\\*na\\*&gt;" in page


@pytest.mark.slow  # runs the cells of an assignment
def test_real_losses_are_asked_about(monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.show", lambda *args, **settings: None)
    losses = answers("a1")["a1.train"][0]
    found = list(numbers.questions(Facts("a1", values={"losses": losses})))
    assert len(found) == 2 and "begins at 0.687" in found[0].text


def test_a_result_without_questions_has_a_page():
    from minires.course.report import viva_page

    assert "nothing was handed in" in viva_page.page("anna", Result("a1_small"))
    assert WrongAnswer("x").picture == ""


def test_a_line_of_a_task_that_failed_may_be_wrong():
    (line,) = code.questions(Facts("a1", {"a1-rules-code": "dy.dot(b.T)"}))
    assert line.answer.startswith("dy is (2, 3)")
    facts = Facts("a1", {"a1-rules-code": "dy.dot(b.T)"}, failed={"a1-rules-code"})
    (line,) = code.questions(facts)
    assert line.answer.startswith("A test of this task failed: the line may be wrong. In a right")


def test_cells_of_which_a_test_failed_are_known():
    cells = notebooks.cells(notebooks.read(notebooks.find()["a1_autograd"]))
    marks = [Mark("a1-walk-test", 0, 5, "wrong"), Mark("a1-order-test", 3, 3)]
    found = collect("a1", cells, {}, {}, Result("a1_autograd", marks=marks))
    assert found.failed == {"a1-walk-code"}


def test_a_cell_that_python_cannot_read_is_asked_about():
    marks = [Mark("a1-walk-test", 0, 5, "backward is missing: its cell stopped with SyntaxError")]
    (found,) = mistakes.questions(Facts("a1", marks=marks))
    assert "Python cannot read your code" in found.text

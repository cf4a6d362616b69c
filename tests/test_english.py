"""The prose linter finds what sounds translated, and leaves good sentences alone.

`.ci/run` calls the linter itself, on every text: `python -m tests.prose`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from . import texts

prose = pytest.importorskip("tests.prose", reason="proselint comes with the extra 'lint'")

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "bad, rule",
    [
        ("Whoever reports the lowest of many picks the luckiest.", "whoever"),
        ("Of the pictures, those that cannot be read are left out.", "those that"),
        ("It computes that which the layer needs.", "that which"),
        ("Look at what comes out.", "what comes out"),
        ("The plan is below, and what came out above it.", "what comes out"),
        ("Take `max` in place of `mean`.", "in place of"),
        ("The shape of what the layer puts out.", "put out"),
        ("A border of zeros for nothing.", "for nothing"),
        ("The kernel is told its stride.", "is told"),
        ("`run` is asked for a folder.", "is told"),
        ('A page says "the kernel is told its stride".', "is told"),
        ("The loader knows nothing of the net.", "knows nothing of"),
        ("The pool lets go of its arrays.", "lets go"),
        ("Which shape has `db`?", "which shape has"),
        ("How many rows has the matrix?", "which shape has"),
        ("The gradient of the\nthe loss.", "doubled word"),
        ("It waits for ever.", "archaism"),  # a check of proselint's own
        ("A step: it moves: the loss falls.", "colon chain"),
        (
            "It shrinks (but only a little, since the padding takes a part of the signal away, and "
            "that part is the larger the smaller the map is) with depth.",
            "long parentheses",
        ),
    ],
)
def test_a_sentence_that_sounds_translated_is_found(bad, rule, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{bad}\n")
    (found,) = prose.of_file(page)
    assert (found.rule, found.place) == (rule, f"{page}:3") and found.instead
    if rule not in ("colon chain", "long parentheses"):
        source = tmp_path / "source.py"
        line = " ".join(bad.split())
        source.write_text(f'"""{line}"""\n\n# {line}\n')
        assert [(one.rule, one.place[-2:]) for one in prose.of_file(source)] == [
            (rule, ":1"),
            (rule, ":3"),
        ]


@pytest.mark.parametrize(
    "good",
    [
        "You are told what is missing.",
        "The nets are told apart by their names.",
        "A file that takes the place of another, in the place of a folder.",
        "Students who copy, and those who help them.",
        "This much is asked of a check.",
        "Its inputs: images (N, H, W, C), labels (N,).",
        "- **A kernel**: loops that read like the formula: one for each axis.",
        "See `whoever` and `in place of`.",
        "```\nWhoever: in place of\n```",
        "At 10:30 the ratio is 3:4.",
        "What comes in is doubled.",
        'Straight quotes, "3x3" and ... are fine, and so is plain-20\'s error, 42.2 and 2.2 %.',
        "| 0.2 | 0.2 | the | the |",
    ],
)
def test_a_good_sentence_is_not_reported(good, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(good)
    assert not prose.of_file(page)


def test_all_parts_of_a_notebook_are_checked(tmp_path):
    path = tmp_path / "notebooks" / "src" / "00_small.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "# %% [markdown]\n# # A\n#\n# It grows: it shrinks: it stays, as $x: y$, $$\n# a: b:$$.\n"
        "# Whoever reads `in place of`.\n\n# %%\n# the kernel is told\n"
        'predict("Which shape has it?", f"{1} for nothing", "in_place_of")\n'
        'print("ab " "in place of")\n'
    )
    found = [(one.rule, one.place.rsplit(":", 1)[1]) for one in prose.of_file(path)]
    assert sorted(found) == [
        ("colon chain", "4"),
        ("for nothing", "10"),
        ("in place of", "11"),
        ("is told", "9"),
        ("which shape has", "10"),
        ("whoever", "6"),
    ]


def test_a_docstring_is_checked_below_its_first_line(tmp_path):
    path = tmp_path / "one.py"
    path.write_text(
        'def double(x):\n    """Twice x.\n\n    It takes a sum\n    in place of a product.\n\n'
        "    Parameters\n    ----------\n    x : float\n        The kernel is told it.\n\n"
        '    >>> double("for nothing")\n    """\n'
    )
    found = [(one.rule, one.place.rsplit(":", 1)[1]) for one in prose.of_file(path)]
    assert found == [("in place of", "5"), ("is told", "10")]


def test_strings_are_checked_where_students_read_them(tmp_path):
    for folder, count in (("lessons", 1), ("kernels", 0)):
        path = tmp_path / folder / "one.py"
        path.parent.mkdir()
        path.write_text('hint = "Take max in place of mean."\n')
        assert len(prose.of_file(path)) == count


def test_every_kind_of_text_is_read():
    read = {path.relative_to(ROOT).as_posix() for path in prose.all_files()}
    assert read > {
        "README.md",
        "docs/claims.md",
        "docs/site/index.md",
        "minires/autograd/tensor.py",
        "minires/lessons/exercises/n06.py",
        "notebooks/src/06_signals_and_initial_weights.py",
        "docs/generate/api.py",
        "benchmarks/measure.py",
    }


def test_the_command_names_what_to_mend_and_fails(tmp_path):
    page = tmp_path / "page.md"
    for text, status, output in (
        ("Look at what comes out.", 1, f"{page}:1: what comes out: "),
        ("Look at the output.", 0, ""),
    ):
        page.write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "tests.prose", page], cwd=ROOT, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (status, "")
        assert done.stdout.startswith(output) and bool(done.stdout) == bool(status)


def test_a_file_that_is_not_there_is_named(capsys):
    with pytest.raises(SystemExit):
        prose.main(["nowhere.md"])
    assert "nowhere.md: no such file" in capsys.readouterr().err


def test_markdown_keeps_its_lines_without_code_and_links():
    page = "See [it](x.md).\n```\na: b\n```\n<br>*well* `code`\n"
    assert texts.of_markdown(page) == "See [it].\n\n\n\nwell some code\n"

"""Texts sound as a good teacher talks: four habits of translated sentences do not appear in
them."""

from pathlib import Path

import pytest

from .prose import (
    check,
    check_sentences,
    findings,
    findings_in_notebook,
    findings_in_strings,
    of_markdown,
    of_python,
)

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "docs" / "site").glob("*.md"),
    ROOT / "data" / "README.md",
    ROOT / "benchmarks" / "NOTES.md",
]
SOURCES = [
    *(ROOT / "minires").rglob("*.py"),
    *(ROOT / "benchmarks").glob("*.py"),
    *(ROOT / "docs").glob("*.py"),
    *(ROOT / "docs" / "generate").glob("*.py"),
]


@pytest.mark.parametrize("paths", [PAGES, SOURCES], ids=["pages", "docstrings and comments"])
def test_no_sentence_sounds_translated(paths):
    found = [one for path in sorted(paths) for one in findings(path, ROOT)]
    assert not found, "\n".join(f"{one.place}: {one.rule}: {one.words}" for one in found)


@pytest.mark.parametrize(
    "paths, find",
    [
        ([*(ROOT / "notebooks" / "src").glob("*.py")], findings_in_notebook),
        ([*(ROOT / "minires" / "lessons").rglob("*.py")], findings_in_strings),
    ],
    ids=["notebooks", "exercises and exhibits"],
)
def test_no_sentence_of_a_lesson_sounds_translated(paths, find):
    found = [one for path in sorted(paths) for one in find(path, ROOT)]
    assert not found, "\n".join(f"{one.place}: {one.rule}: {one.words}" for one in found)


def test_all_parts_of_a_notebook_are_checked(tmp_path):
    path = tmp_path / "00_small.py"
    path.write_text(
        "# %% [markdown]\n# # A\n#\n# It grows: it shrinks: it stays, as $x: y$, $$\n# a: b:$$.\n"
        "# Whoever reads `in place of`.\n\n# %%\n# the kernel is told\n"
        'predict("Which shape has it?", f"{1} for nothing", "in_place_of")\n'
        'print("ab " "in place of")\n'
    )
    found = [(one.rule, one.place.split(":")[1]) for one in findings_in_notebook(path, tmp_path)]
    assert sorted(found) == [
        ("colon chain", "4"),
        ("for nothing", "10"),
        ("in place of", "11"),
        ("is told", "9"),
        ("which shape has", "10"),
        ("whoever", "6"),
    ]


@pytest.mark.parametrize(
    "bad, rule",
    [
        ("Whoever reports the lowest of many picks the luckiest.", "whoever"),
        ("Of the pictures, those that cannot be read are left out.", "those that"),
        ("It computes that which the layer needs.", "that which"),
        ("Look at what comes out.", "what comes out"),
        ("The plan is below, and what came out above it.", "what comes out"),
        ("Take `max` in place of `mean`.", "in place of"),
        ("The shape of what the layer\nputs out.", "put out"),
        ("A border of zeros for nothing.", "for nothing"),
        ("The kernel is told its stride.", "is told"),
        ("`run` is asked for a folder.", "is told"),
        ("The loader knows nothing of the net.", "knows nothing of"),
        ("The pool lets go of its arrays.", "lets go"),
        ("Which shape has `db`?", "which shape has"),
        ("How many rows has the matrix?", "which shape has"),
        ("A step: it moves: the loss falls.", "colon chain"),
        (
            "It shrinks (but only a little, since the padding takes a part of the signal away, and "
            "that part is the larger the smaller the map is) with depth.",
            "long parentheses",
        ),
    ],
)
def test_a_sentence_that_sounds_translated_is_found(bad, rule):
    text = of_markdown(bad)
    found = [*check(text, "page.md"), *check_sentences(text, "page.md")]
    assert [one.rule for one in found] == [rule] and found[0].place.startswith("page.md:")
    (line, docstring), (number, comment) = of_python(f'"""{bad}"""\n\n# {bad.splitlines()[-1]}\n')
    assert line == 1 and comment
    if rule not in ("colon chain", "long parentheses"):
        assert [one.rule for one in check(docstring, "file.py")] == [rule]


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
    ],
)
def test_a_good_sentence_is_not_reported(good):
    text = of_markdown(good)
    assert not [*check(text, "page.md"), *check_sentences(text, "page.md")]

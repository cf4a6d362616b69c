"""What is left out of a folder of submissions, and the line that says why."""

import os

import pytest

from minires.course.discover import discover

SOURCES = ["a1_tape", "a2_convolution"]


def write(path, assignment="a1", age=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"grade_id": "{assignment}-begin"}}')
    os.utime(path, (10**9 - age, 10**9 - age))
    return path


@pytest.mark.parametrize(
    "left_out, student, line",
    [
        ("ana.ipynb", "ana", "ana.ipynb: this student has the folder ana; left out"),
        ("ana_a1/mine.ipynb", "ana", "ana_a1: this student has the folder ana; left out"),
        ("notes.txt", "notes", "notes.txt: not a notebook (.ipynb); left out"),
        ("eve/essay.txt", "eve", "no notebook among essay.txt"),
        ("eve/.hidden/a1.ipynb", "eve", "no notebook: the folder is empty"),
        (
            "eve/essay.ipynb",
            "eve",
            f"{os.path.join('eve', 'essay.ipynb')}: cannot tell which assignment this is; left out",
        ),
        (
            "ana/old/a1.ipynb",
            "ana",
            f"{os.path.join('ana', 'old', 'a1.ipynb')}: there are 2 notebooks for a1_tape; the "
            f"newest, {os.path.join('ana', 'a1.ipynb')}, was graded",
        ),
    ],
)
def test_what_is_left_out_and_why(tmp_path, left_out, student, line):
    counts = write(tmp_path / "ana" / "a1.ipynb")
    write(tmp_path / left_out, "none" if "essay" in left_out else "a1", age=100)
    found = discover(tmp_path, SOURCES)
    assert found.problems == [(student, line)]
    assert [(one.student, one.assignment, one.path) for one in found.entries] == [
        ("ana", "a1_tape", counts)
    ]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize(
    "link, to, line",
    [
        ("eve", "ana", "eve: a link to another submission; left out"),
        ("eve", ".", "eve: a link to another submission; left out"),
        (
            "eve/a1.ipynb",
            "ana/a1.ipynb",
            "eve/a1.ipynb: a link to a file outside the student's folder; left out",
        ),
    ],
)
def test_a_link_is_no_submission(tmp_path, link, to, line):
    write(tmp_path / "ana" / "a1.ipynb")
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / to)
    found = discover(tmp_path, SOURCES)
    assert found.problems == [("eve", line)] and [one.student for one in found.entries] == ["ana"]

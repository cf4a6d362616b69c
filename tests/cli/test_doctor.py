"""``minires doctor`` prints one screen or JSON, and its exit status says whether runs are
possible."""

import json

import pytest

from minires.cli import main
from minires.course.sandbox import installed
from minires.experiments import installation
from minires.experiments.installation import Check

CHECKS = [
    Check("Python", "good", "3.11.7"),
    Check("GPU", "optional", "none", "use --device cpu"),
    Check("disk", "bad", "0.1 GB free", "free some space"),
]


@pytest.fixture
def found(monkeypatch):
    def set_checks(checks):
        monkeypatch.setattr(installation, "check_all", lambda: iter(checks))
        monkeypatch.setattr(installed, "grading", lambda: iter(()))

    return set_checks


def test_a_line_for_each_check_and_one_for_each_cure(found, capsys):
    found(CHECKS)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == (
        "ok  Python         3.11.7\n"
        "--  GPU            none\n"
        "                   -> use --device cpu\n"
        "NO  disk           0.1 GB free\n"
        "                   -> free some space\n"
    )


def test_what_is_optional_does_not_fail(found, capsys):
    found(CHECKS[:2])
    assert main(["doctor"]) == 0


def test_json(found, capsys):
    found(CHECKS)
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[1] == {
        "name": "GPU",
        "state": "optional",
        "found": "none",
        "cure": "use --device cpu",
    }

"""Records between two runs: who changed them, with which key, and the seed of the hidden tests."""

import json
import shutil

import pytest

from minires.course import checks, grade, signing
from minires.course.records import Records
from minires.errors import ConfigError

from .conftest import NAME, changed, hand_in

RESULT = f"{NAME}/result.json"


@pytest.fixture
def asked(monkeypatch):
    """The students whose notebooks are marked while the test runs."""
    students, save = [], Records.save
    monkeypatch.setattr(
        Records,
        "save",
        lambda self, entry, *rest: students.append(entry.student) or save(self, entry, *rest),
    )
    return students


def edit(path, **changes):
    record = json.loads(path.read_text(encoding="utf-8"))
    record.update(changes)
    path.write_text(json.dumps(record), encoding="utf-8")


def give_points(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    for one in record["result"]["marks"]:
        one["points"] = one["out_of"]
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.slow  # grades a class many times
@pytest.mark.long
def test_changed_marks_are_marked_again(run, source, folder, tmp_path, asked, capsys):
    wrong = changed(source, a1_sum="def sum_backward(dy, a):\n    return dy")
    hand_in(folder, wrong, "anna")
    hand_in(folder, source, "ben")
    results = tmp_path / "out" / "results"
    run()
    asked.clear()
    assert run().notes == [] and asked == []
    give_points(results / "anna" / RESULT)
    graded = run()
    assert asked == ["anna"] and graded.results["anna", NAME].points == 2
    line = f"marks of anna/{NAME} were changed after they were written; marked again"
    assert graded.notes == [line]
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert f"**{line.replace('_', '_')}.**" in summary
    shutil.copy(results / "ben" / RESULT, results / "anna" / RESULT)  # correct, but taken from ben
    assert run().notes == [line] and asked == ["anna", "anna"]
    for junk in ("{", "[]", "[" * 100_000, '{"key": 5}'):
        (results / "anna" / RESULT).write_text(junk)
        assert len(run().notes) == 1
    assert run().notes == []


@pytest.mark.long
@pytest.mark.slow
def test_a_changed_figure_is_found(tmp_path, source, folder, run, asked):
    drawing = changed(
        source, a1_begin=_begin(source) + "\nimport matplotlib.pyplot as plt\nplt.plot([1])"
    )
    drawing.cells[1].metadata["nbgrader"] = {}  # a locked cell would be put back
    hand_in(folder, drawing, "anna")
    assert len(run().results["anna", NAME].figures) == 1
    path = tmp_path / "out" / "results" / "anna" / NAME / "figure-1.png"
    path.write_bytes(path.read_bytes() + b"more")
    assert len(run().notes) == 1 and asked == ["anna", "anna"]
    path.unlink()
    assert len(run().notes) == 1


def _begin(source):
    return next(cell.source for cell in source.cells if cell["id"] == "a1-begin")


@pytest.mark.slow
def test_a_lost_key_is_one_line_and_all_is_marked_again(
    run, source, folder, asked, settings_folder
):
    for student in ("anna", "ben", "cleo"):
        hand_in(folder, source, student)
    run()
    (settings_folder / "grading.key").unlink()
    asked.clear()
    graded = run()
    assert sorted(asked) == ["anna", "ben", "cleo"]
    (line,) = graded.notes
    assert "4 records were signed with another key" in line and "lost" in line
    assert run().notes == []


def test_the_key_is_for_its_owner_alone(settings_folder):
    key, path = signing.user_key(), settings_folder / "grading.key"
    assert len(key) == 32 and path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert signing.user_key() == key and path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"")  # a disk was full
    assert len(signing.user_key()) == 32


@pytest.mark.slow
def test_without_a_place_for_the_key_grading_goes_on(run, source, folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(signing, "key_file", lambda: tmp_path / "file" / "grading.key")
    hand_in(folder, source, "anna")
    for _ in range(2):
        graded = run()
        assert graded.results["anna", NAME].points == 5
        assert any("no key can be kept" in line for line in graded.notes)


def test_a_signature_covers_everything():
    signer = signing.Signer(b"k" * 32)
    record = signer.signed({"student": "anna", "result": {"marks": [{"points": 1.5}]}})
    assert signer.is_right(json.loads(json.dumps(record)))
    for change in ({"student": "ben"}, {"more": 1}, {"signature": None}, {"signature": "ä"}):
        assert not signer.is_right({**record, **change})
    assert not signing.Signer(b"l" * 32).is_right(record)


# The hidden seed


@pytest.mark.long
@pytest.mark.slow  # grades a class three times
def test_the_hidden_seed_is_drawn_once_for_a_class(run, source, folder, tmp_path, asked):
    hand_in(folder, source, "anna")
    seed = run().seed
    hand_in(folder, source, "ben")
    assert run().seed == seed and asked == ["anna", "ben"]
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert f"--seed {seed}" in summary
    assert run(seed=7).seed == 7 and asked[2:] in (["anna", "ben"], ["ben", "anna"])
    assert run().seed == 7 and len(asked) == 4
    shutil.rmtree(tmp_path / "out")
    other = run().seed
    assert other not in (seed, 7, 1) and other >= 10**9


@pytest.mark.slow
def test_a_changed_seed_is_not_used(run, source, folder, tmp_path):
    hand_in(folder, source, "anna")
    run()
    edit(tmp_path / "out" / "results" / "seed.json", seed=1)
    graded = run()
    assert graded.seed != 1 and "hidden seed was changed" in graded.notes[0]


@pytest.mark.slow
def test_the_environment_can_fix_the_seed(run, source, folder, monkeypatch):
    hand_in(folder, source, "anna")
    monkeypatch.setenv("MINIRES_COURSE_SEED", "12")
    assert run().seed == 12 and run(seed=3).seed == 3


@pytest.mark.parametrize("text", ["spring", "-1", "", "1.5", "²", "1" * 31])
def test_an_invalid_seed(text, monkeypatch):
    monkeypatch.setenv("MINIRES_COURSE_SEED", text)
    with pytest.raises(ConfigError, match="not a seed"):
        checks.seeds(True)


@pytest.mark.slow
def test_hidden_tests_get_the_seed_and_submissions_do_not(
    run, source, sources, folder, monkeypatch
):
    seed = 987654321987
    monkeypatch.setenv("MINIRES_COURSE_SEED", str(seed))
    seen = (
        "def relu_backward(dy, a):\n    import os, sys\n"
        "    text = repr((sorted(os.environ.items()), sys.argv, vars(sys.modules['__main__'])))\n"
        f"    raise ValueError(str('{seed}' in text) + repr(dy.flat[0]))"
    )
    hand_in(folder, changed(source, a1_relu=seen.replace(str(seed), "98765' '4321987")), "anna")
    path = sources / f"{NAME}.py"  # with the hidden test only
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('check("a1.relu", relu_backward)\n', "", 1), encoding="utf-8")
    said = [run(seed=one).results["anna", NAME].marks[0].message for one in (None, 5)]
    assert all("False" in message for message in said) and said[0] != said[1]


def test_each_task_has_two_seeds_of_its_own():
    found = {
        one
        for name in ("a1.sum", "a4.parts")
        for seed in (1, 2)
        for one in checks.seeds(True, seed, name)
    }
    assert len(found) == 8 and all(0 <= one < 2**32 for one in found)
    odd, even = checks.seeds(True, 10**18, "a5.style")
    assert odd % 2 == 1 and even % 2 == 0  # some checks choose a case by the seed
    assert checks.seeds(False, 5, "a1.sum") == [0]


def test_grade_passes_everything_on(monkeypatch, tmp_path, sources, source, folder):
    hand_in(folder, source, "anna")
    seen = []
    monkeypatch.setattr(grade.pool, "each", lambda function, tasks, *rest: _none(seen, tasks))
    grade.grade(folder, tmp_path / "out", sources, progress=False, seed=4)
    assert seen[0][-3:] == (4, True, None) and signing.key_file() in seen[0][3]


def _none(seen, tasks):
    seen += tasks
    yield from ()

"""A small assignment, and submissions of it."""

import copy

import nbformat
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import grade, notebooks, pool
from minires.course.limits import Limits
from minires.course.mark import mark

SOURCE = '''# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-title", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # A small assignment

# %% nbgrader={"grade": false, "grade_id": "a1-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from minires.course import begin, check

begin("a1")

# %% nbgrader={"grade": false, "grade_id": "a1-relu", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relu_backward(dy, a):
    """da of y = max(a, 0)."""
    ### BEGIN SOLUTION
    return dy * (a > 0)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "a1-relu-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.relu", relu_backward)
### BEGIN HIDDEN TESTS
check("a1.relu", relu_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "a1-sum", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sum_backward(dy, a):
    """da of y = sum(a)."""
    ### BEGIN SOLUTION
    return np.full(a.shape, dy)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "a1-sum-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("a1.sum", sum_backward)

# %% [markdown] nbgrader={"grade": true, "grade_id": "a1-why", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# A model answer.
'''


@pytest.fixture(autouse=True)
def settings_folder(tmp_path_factory, monkeypatch):
    """A folder of settings for the key of this test, so that the user's own key is not touched."""
    folder = tmp_path_factory.mktemp("settings")
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *names, **options: str(folder))
    return folder


@pytest.fixture
def sources(tmp_path):
    """A folder with the source of the small assignment."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a1_small.py").write_text(SOURCE, encoding="utf-8")
    return folder


@pytest.fixture
def source(sources):
    return notebooks.read(sources / "a1_small.py")


def changed(notebook, **cells):
    """A copy in which cells (with _ for - in their names) have another source."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell["source"] = cells.pop(cell["id"].replace("-", "_"), cell["source"])
    assert not cells
    return notebook


def with_cell(notebook, source, at=2):
    """A copy with one more cell of code."""
    notebook = copy.deepcopy(notebook)
    notebook.cells.insert(at, nbformat.v4.new_code_cell(source))
    return notebook


def marked(notebook, source, seconds=20, **limits):
    """The result of a submission of the small assignment."""
    return mark(notebook, source, "a1_small", Limits(seconds=seconds, **limits))


def hand_in(folder, notebook, student, place="{student}/a1_small.ipynb"):
    """Put a student's notebook into the folder of submissions."""
    path = folder / place.format(student=student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path):
    """The folder of submissions."""
    return tmp_path / "submitted"


@pytest.fixture
def in_this_process(monkeypatch):
    """Grading starts no worker processes, which take seconds to start. Submissions still run in
    processes of their own."""

    def each(function, tasks, *rest):
        for number, task in enumerate(tasks):
            yield pool.Done(number, function(*task))

    monkeypatch.setattr(grade.pool, "each", each)


@pytest.fixture
def run(sources, folder, tmp_path):
    """Grade the folder with the small assignment."""
    return lambda **settings: grade.grade(
        folder, tmp_path / "out", sources, jobs=2, progress=False, **settings
    )


def points(result):
    return {one.id: one.points for one in result.marks}


NAME = "a1_small"
RIGHT = {"a1-relu-test": 2, "a1-sum-test": 3, "a1-why": None}

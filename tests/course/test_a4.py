"""A4: the library's own nets and initial weights are no answer, and its layers work all the same."""

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import assignments
from minires.course.mark import mark

ANSWERS = {
    "a4-he-code": "def he_normal(shape, rng):\n    return nn.init.he_normal(shape, rng)",
    "a4-a-code": "from minires.models.blocks import subsample_and_pad\n\n\ndef shortcut_a(x, stride, c_out):\n    return subsample_and_pad(x, stride, c_out - x.shape[-1])",
    "a4-basic-code": "from minires.models import blocks\n\n\ndef BasicBlock(c_in, c_out, stride, shortcut, rng):\n"
                     "    return blocks.BasicBlock(c_in, c_out, stride, blocks.Style(shortcut), rng, rng)",
    "a4-net-code": "def ResNet(n, width, shortcut, rng):\n    return mr.models.resnet(6 * n + 2, width=width, shortcut=shortcut, seed=0)",
    "a4-twins-code": "def twins(n, width, seed):\n    return mr.models.plain(6 * n + 2, width=width, seed=seed), mr.models.resnet(6 * n + 2, width=width, seed=seed)",
}


def test_what_the_library_has_is_no_answer():
    name, path = next((name, path) for name, path in assignments.find().items() if name.startswith("a4"))
    source = assignments.read(path)
    submission = assignments.read(path)
    for cell in submission.cells:
        cell["source"] = ANSWERS.get(cell.metadata["nbgrader"]["grade_id"], cell.source)
    result = mark(submission, source, name)
    right = {one.id for one in result.marks if one.points}
    assert right == {"a4-train-test"}            # everything else here stands on the answers above
    for one in result.marks:
        if one.id in ("a4-he_normal-test", "a4-a-test", "a4-basic-plain-test", "a4-count-test", "a4-twins-test"):
            assert "it is what you write in this assignment" in one.message, (one.id, one.message)

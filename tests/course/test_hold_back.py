"""The functions that are held back from an assignment cannot be used as its answers, and the
functions that it needs still work."""

import subprocess
import sys

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import hold_back, notebooks
from minires.course.mark import mark

A3 = """
import numpy as np
import minires as mr
from minires import nn, optim
from minires import functional as F
from minires.course import begin
from minires.course.hold_back import HeldBackError
from minires.kernels import cpu, naive

begin("a3")
x, one = mr.Tensor(np.ones((2, 3), np.float32)), np.ones(3)
for held in (lambda: F.relu(x), lambda: F.add_relu(x, x), lambda: cpu.relu.backward(one, one), lambda: naive.relu.forward(one),
             lambda: nn.BatchNorm2d(3)(x), lambda: naive.batch_norm.backward(one, None), lambda: cpu.batch_norm_relu.forward(one, one, one),
             lambda: cpu.update_running_stats(one, one, one, one, 0.1, 1.0), lambda: mr.gradcheck(F.linear, one)):
    try:
        held()
    except HeldBackError:
        print("held back")
weight = nn.Parameter(np.ones(3, np.float32))
(x + x + weight).sum().backward()
optim.SGD([weight], lr=0.5).step()
print(weight.data)
"""

A6 = """
import numpy as np
import minires as mr
from minires import diagnostics
from minires import functional as F
from minires.course import begin
from minires.diagnostics import parts
from minires.course.hold_back import HeldBackError
from minires.experiments.claims import vanishing_at_initialisation
from minires.experiments.claims.frame import laboratory, verdict

begin("a6")
net, images, labels = mr.models.resnet(8, width=2), np.ones((4, 8, 8, 3), np.float32), np.arange(4)
F.cross_entropy(net(mr.Tensor(images)), labels).backward()
for held in (lambda: diagnostics.gradient_norms(net), lambda: diagnostics.activation_gradients(net, images, labels), lambda: diagnostics.updates(net, lr=1),
             lambda: diagnostics.propagation(lambda seed: net, images, labels), lambda: diagnostics.growth(np.ones((2, 3))), lambda: parts.norm(images),
             lambda: verdict.judge([1], "above", 0, 1, ""), lambda: laboratory.geometric([1, 2]), lambda: vanishing_at_initialisation.fall([], "plain-56")):
    try:
        held()
    except HeldBackError:
        print("held back")
print(len(diagnostics.drop_each(net, [(images, labels)])), len(diagnostics.responses(net, [(images, labels)])))
"""


A4_ANSWERS = {
    "a4-he-code": "def he_normal(shape, rng):\n    return nn.init.he_normal(shape, rng)",
    "a4-a-code": "from minires.models.shortcuts import subsample_and_pad\n\n\n"
    "def shortcut_a(x, stride, out_channels):\n"
    "    return subsample_and_pad(x, stride, out_channels - x.shape[-1])",
    "a4-basic-code": "from minires.models import block_config, blocks\n\n\n"
    "def BasicBlock(in_channels, out_channels, stride, shortcut, rng):\n"
    "    return blocks.BasicBlock(in_channels, out_channels, stride,\n"
    "                             block_config.BlockConfig(shortcut), rng, rng)",
    "a4-net-code": "def ResNet(n, width, shortcut, rng):\n    return mr.models.resnet(6 * n + 2, "
    "width=width, shortcut=shortcut, seed=0)",
    "a4-twins-code": "def twins(n, width, seed):\n    return mr.models.plain(6 * n + 2, "
    "width=width, "
    "seed=seed), mr.models.resnet(6 * n + 2, width=width, seed=seed)",
}


def test_single_functions_are_held_back_and_their_neighbours_are_not():
    """In a process of its own, since it empties functions for good."""
    done = subprocess.run([sys.executable, "-c", A3], capture_output=True, text=True)
    assert done.stdout.count("held back\n") == 9 and done.stdout.endswith("[0. 0. 0.]\n"), (
        done.stderr
    )


def test_measurements_of_gradients_are_held_back_and_those_that_claims_need_are_not():
    done = subprocess.run([sys.executable, "-c", A6], capture_output=True, text=True)
    assert done.stdout.count("held back\n") == 9 and done.stdout.endswith("4 8\n"), done.stderr


def test_the_librarys_nets_cannot_answer_a4_and_its_layers_still_work():
    name, path = next(
        (name, path) for name, path in notebooks.find().items() if name.startswith("a4")
    )
    source = notebooks.read(path)
    submission = notebooks.read(path)
    for cell in submission.cells:
        cell["source"] = A4_ANSWERS.get(cell.metadata["nbgrader"]["grade_id"], cell.source)
    result = mark(submission, source, name)
    right = {one.id for one in result.marks if one.points}
    assert right == {"a4-train-test"}  # all tasks after it build on the answers above
    for one in result.marks:
        if one.id in (
            "a4-he_normal-test",
            "a4-a-test",
            "a4-basic-plain-test",
            "a4-count-test",
            "a4-twins-test",
        ):
            assert "it is what you write in this assignment" in one.message, (one.id, one.message)


OWN_FUNCTIONS = """
import sys
from minires.course import hold_back

hold_back.start(sys.argv[1])
print(len(hold_back._held_back), *{one.__module__ for one in hold_back._held_back})
"""


@pytest.mark.parametrize("assignment", sorted(hold_back.MODULES))
def test_only_functions_of_minires_are_held_back(assignment):
    """dataclasses and typing put functions of their own into classes, one object for all programs:
    emptied, `dataclasses.replace` would fail everywhere."""
    words = [sys.executable, "-c", OWN_FUNCTIONS, assignment]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    count, *modules = done.stdout.split()
    assert int(count) > 0 and all(module.startswith("minires.") for module in modules)

"""What assignments hold back, where it is a part of a module only."""

import subprocess
import sys

A3 = """
import numpy as np
import minires as mr
from minires import nn, optim
from minires import functional as F
from minires.course import begin
from minires.errors import HeldBackError
from minires.kernels import cpu, naive

begin("a3")
x, one = mr.Tensor(np.ones((2, 3), np.float32)), np.ones(3)
for held in (lambda: F.relu(x), lambda: F.add_relu(x, x), lambda: cpu.relu.backward(one, one), lambda: naive.relu.forward(one),
             lambda: nn.BatchNorm2d(3)(x), lambda: naive.batch_norm.backward(one, None), lambda: cpu.batch_norm_relu.forward(one, one, one),
             lambda: cpu.follow(one, one, one, one, 0.1, 1.0), lambda: mr.gradcheck(F.linear, one)):
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
from minires.errors import HeldBackError
from minires.experiments.claims import laboratory, vanishing_at_initialisation, verdict

begin("a6")
net, images, labels = mr.models.resnet(8, width=2), np.ones((4, 8, 8, 3), np.float32), np.arange(4)
F.cross_entropy(net(mr.Tensor(images)), labels).backward()
for held in (lambda: diagnostics.gradient_norms(net), lambda: diagnostics.activation_gradients(net, images, labels), lambda: diagnostics.updates(net, lr=1),
             lambda: diagnostics.propagation(lambda seed: net, images, labels), lambda: diagnostics.growth(np.ones((2, 3))), lambda: parts.norm(images),
             lambda: verdict.above([1], 0, 1, ""), lambda: laboratory.geometric([1, 2]), lambda: vanishing_at_initialisation.fall([], "plain-56")):
    try:
        held()
    except HeldBackError:
        print("held back")
print(len(diagnostics.drop_each(net, [(images, labels)])), len(diagnostics.responses(net, [(images, labels)])))
"""


def test_single_functions_are_held_back_and_their_neighbours_are_not():
    """In a process of its own, since it empties functions for good."""
    done = subprocess.run([sys.executable, "-c", A3], capture_output=True, text=True)
    assert done.stdout.count("held back\n") == 9 and done.stdout.endswith("[0. 0. 0.]\n"), done.stderr


def test_measurements_of_gradients_are_held_back_and_those_that_claims_need_are_not():
    done = subprocess.run([sys.executable, "-c", A6], capture_output=True, text=True)
    assert done.stdout.count("held back\n") == 9 and done.stdout.endswith("4 8\n"), done.stderr

"""Properties of all blocks: F(x) ends in one module, and the rest stays when F is left out."""

import copy

import numpy as np
import pytest

from minires import Tensor, models, nn, no_grad
from minires.autograd.tape import topological_order
from minires.models.shortcuts import subsample_and_pad

from ..diagnostics.nets import KINDS, NETS, lived_in

RESIDUAL = {name: build for name, build in (NETS | KINDS).items() if "plain" not in name}
every_kind = pytest.mark.parametrize("kind", RESIDUAL)
both_modes = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


def blocks_with_inputs(kind, training=True):
    """Every block of a net, with an input of both signs that fits it."""
    for block in lived_in(RESIDUAL[kind]()).train(training).blocks():
        x = np.random.default_rng(1).standard_normal((2, 6, 6, block.in_channels))
        yield block, Tensor(x.astype(np.float32))


def outputs_of(*modules):
    """A list to which each of the modules appends its output when it is called."""
    seen = []
    for module in modules:
        module.register_forward_hook(lambda module, inputs, output: seen.append(output.data))
    return seen


@both_modes
@every_kind
def test_f_is_complete_at_the_end_of_the_branch(kind, training):
    """y = F(x) + shortcut(x), then the ReLU if the block has one."""
    for block, x in blocks_with_inputs(kind, training):
        seen = outputs_of(block.shortcut, block.branch_end)
        y = block(x).data
        total = seen[0] + seen[1]
        assert all(term.any() for term in seen) and len(seen) == 2
        assert np.array_equal(y, total if "pre-activation" in kind else np.maximum(total, 0))


@both_modes
@every_kind
def test_without_f_there_is_what_skip_computes(kind, training):
    for block, x in blocks_with_inputs(kind, training):
        skipped = copy.deepcopy(block).skip(x).data
        block.branch_end.register_forward_hook(lambda module, inputs, output: output * 0)
        assert np.array_equal(block(x).data, skipped)


@every_kind
def test_skip_computes_no_convolution_but_a_projection(kind):
    for block, x in blocks_with_inputs(kind):
        convolutions = {
            name: module for name, module in block.named_modules() if isinstance(module, nn.Conv2d)
        }
        seen = outputs_of(*convolutions.values())
        with no_grad():
            block.skip(x)
        assert len(seen) == ("downsample.0" in convolutions)


@pytest.mark.parametrize(
    "build", [models.plain, models.bare, models.repvgg, models.diracnet], ids=lambda f: f.__name__
)
def test_a_block_without_a_shortcut_passes_on_its_input(build):
    net, x = build(8, width=4), np.random.default_rng(0).standard_normal((2, 6, 6, 4))
    x = Tensor(x.astype(np.float32))
    assert np.array_equal(net.layer1[0].skip(x).data, x.data)
    assert np.array_equal(net.layer2[0].skip(x).data, subsample_and_pad(x, 2, 4).data)


@pytest.mark.parametrize(
    "build, stage, shortcut",
    [
        (models.plain, "layer1", []),
        (models.plain, "layer2", []),
        (models.resnet, "layer1", []),
        (models.resnet, "layer2", ["getitem", "pad"]),
    ],
)
def test_kernels_on_the_tape(build, stage, shortcut):
    """Batch norm, addition and ReLU are one kernel. An identity takes no kernel."""
    x = Tensor(np.ones((2, 8, 8, 4), np.float32), requires_grad=True)
    y = getattr(build(8, width=4), stage)[0](x)
    kernels = [node.name for node in topological_order(y._node) if node.kernel is not None]
    assert sorted(kernels) == sorted(["batch_norm_relu", "conv2d"] * 2 + shortcut)


def test_fixup_keeps_its_names():
    block = models.resnet(8, width=4, batch_norm=False, init="fixup").layer1[0]
    assert list(block.state_dict()) == [
        "bias1a",
        "bias1b",
        "bias2a",
        "scale",
        "bias2b",
        "conv1.weight",
        "conv2.weight",
    ]

"""What all blocks have in common: F(x) ends in one module, and without F the rest stays."""

import copy

import numpy as np
import pytest

from minires import Tensor, models, nn, no_grad

from ..diagnostics.nets import KINDS, NETS, lived_in

RESIDUAL = {name: build for name, build in (NETS | KINDS).items() if "plain" not in name}


def blocks_with_inputs(which):
    """Every block of a net, and an input of both signs that fits."""
    for block in lived_in(RESIDUAL[which]()).blocks():
        yield block, Tensor(np.random.default_rng(1).standard_normal((2, 6, 6, block.in_channels)).astype(np.float32))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("which", RESIDUAL)
def test_the_whole_of_f_comes_out_of_branch_end(which, training):
    """y = F(x) + shortcut, then the ReLU if the block has one: with F(x) as a hook on `branch_end` sees it."""
    for block, x in blocks_with_inputs(which):
        block.train(training)
        seen = {}
        for name in ("branch_end", "shortcut"):
            getattr(block, name).register_forward_hook(lambda module, inputs, output, name=name: seen.update({name: output.data}))
        y = block(x).data
        total = seen["branch_end"] + seen["shortcut"]
        assert np.array_equal(y, total if "pre-activation" in which else np.maximum(total, 0)) and seen["branch_end"].any()


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("which", RESIDUAL)
def test_without_f_there_is_what_skip_computes(which, training):
    for block, x in blocks_with_inputs(which):
        block.train(training)
        skipped = copy.deepcopy(block).skip(x).data
        block.branch_end.register_forward_hook(lambda module, inputs, output: output * 0)
        assert np.array_equal(block(x).data, skipped)


@pytest.mark.parametrize("which", RESIDUAL)
def test_skip_computes_no_convolution_but_a_projection(which):
    for block, x in blocks_with_inputs(which):
        called = []
        for name, module in block.named_modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(lambda module, inputs, output, name=name: called.append(name))
        with no_grad():
            block.skip(x)
        assert called == [name for name, _ in block.named_modules() if name == "downsample.0"]


def test_one_kernel_for_a_layer_on_the_tape():
    """In training batch norm, addition and ReLU are fused: two convolutions, two kernels, and whatever the shortcut takes."""
    from minires.autograd.tape import topological_order

    x = Tensor(np.ones((2, 8, 8, 4), np.float32), requires_grad=True)
    for build, stage, more in ((models.plain, 0, []), (models.resnet, 0, []), (models.plain, 1, []), (models.resnet, 1, ["getitem", "pad"])):
        y = build(8, width=4).stages()[stage][0](x)
        kernels = [node.name for node in topological_order(y._node) if node.kernel is not None]
        assert sorted(kernels) == sorted(["batch_norm_relu", "conv2d"] * 2 + more)


def test_fixup_keeps_its_names():
    names = list(models.resnet(8, width=4, batch_norm=False, init="fixup").layer1[0].state_dict())
    assert names == ["bias1a", "bias1b", "bias2a", "scale", "bias2b", "conv1.weight", "conv2.weight"]

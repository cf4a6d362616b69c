"""The gradient through a residual net, split by the length of its paths."""

from itertools import chain, combinations
from math import comb

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn
from minires.autograd.tensor import Tensor
from minires.diagnostics import (
    input_gradients,
    path_gradient,
    path_gradients,
    preserve_state,
    routed,
)
from minires.diagnostics.parts import blocks
from minires.errors import ConfigError
from minires.random import stream

from .nets import KINDS, batch, in_float64, lived_in


def whole_gradient(net, x, y, mode):
    with preserve_state(net, mode):
        x = Tensor(x, requires_grad=True)
        F.cross_entropy(net(x), y).backward()
        return x.grad


def subsets(names):
    return chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))


NETS = {
    **{s: lambda s=s: models.resnet(8, width=2, shortcut=s) for s in "ABC"},
    "without batch norm": lambda: models.resnet(8, width=2, batch_norm=False),
    "more blocks": lambda: models.resnet(14, width=2),
    **KINDS,
}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("which", NETS)
def test_all_paths_together_are_the_whole_gradient(which, mode):
    """The chain rule: a product of sums, one for each block, is a sum of products, one for each
    path."""
    net, (x, y) = lived_in(in_float64(NETS[which]())), batch(dtype=np.float64)
    names = list(blocks(net))
    assert len(names) == (6 if which == "more blocks" else 4 if "bottlenecks" in which else 3)
    paths = [path_gradient(net, x, y, through, mode) for through in subsets(names)]
    assert len(paths) == 2 ** len(names)
    np.testing.assert_allclose(sum(paths), whole_gradient(net, x, y, mode), rtol=1e-9, atol=1e-14)
    assert len({round(float(np.linalg.norm(path)), 12) for path in paths}) == len(
        paths
    )  # no two are equal


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("which", NETS)
def test_the_output_of_the_net_stays_the_same_to_the_bit(which, mode):
    net, (x, _) = lived_in(NETS[which]()).train(mode == "train"), batch()
    whole = net(Tensor(x)).data
    names = list(blocks(net))
    for through in ((), (names[0], names[2]), names[1:], names):
        with routed(net, *through):
            assert np.array_equal(net(Tensor(x)).data, whole)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(
    "which", ["pre-activation C", "bottlenecks B", "pre-activation bottlenecks B"]
)
def test_the_running_statistics_stay_the_same_too(which, mode):
    """Every batch norm is called once, so they move as in the whole net."""
    (x, _), states = batch(), []
    for through in (None, (), ("layer1.0",), ("layer1.0", "layer2.0")):
        net = lived_in(KINDS[which]()).train(mode == "train")
        with routed(net, *through) if through is not None else preserve_state(nn.Identity()):
            net(Tensor(x))
        states.append(net.state_dict())
    assert all(
        np.array_equal(state[name], array) for state in states for name, array in states[0].items()
    )


@pytest.mark.parametrize("pre_activation", [False, True])
def test_stochastic_depth_goes_on(pre_activation):
    """In evaluation F(x) is multiplied by its probability. In training a block that is left out has
    no branch for a path."""
    net, (x, y) = (
        lived_in(
            in_float64(
                models.resnet(
                    14, width=2, survival_prob=0.3, shortcut="B", pre_activation=pre_activation
                )
            )
        ),
        batch(dtype=np.float64),
    )
    for mode in ("eval", "train"):
        paths = {
            through: path_gradient(net, x, y, through, mode)
            for through in subsets(list(blocks(net)))
        }
        np.testing.assert_allclose(
            sum(paths.values()), whole_gradient(net, x, y, mode), rtol=1e-9, atol=1e-14
        )
        used = set().union(*(through for through, gradient in paths.items() if gradient.any()))
        left_out, random = set(), stream(0, "stochastic depth")
        for name, block in blocks(net).items():
            if mode == "train" and random.random() >= block.stochastic_depth.survival_prob:
                left_out.add(name)
        assert used == set(blocks(net)) - left_out and sum(
            g.any() for g in paths.values()
        ) == 2 ** len(used)
        with preserve_state(net, mode):
            whole = net(Tensor(x)).data
        with preserve_state(net, mode), routed(net, "layer2.0", "layer3.1"):
            assert np.array_equal(net(Tensor(x)).data, whole)
    assert 0 < len(left_out) < 6


def test_parameters_off_the_path_get_no_gradient():
    net, (x, y) = lived_in(KINDS["bottlenecks C"]()), batch()
    with routed(net, "layer2.1"):
        F.cross_entropy(net(Tensor(x)), y).backward()
    found = {name for name, p in net.named_parameters() if p.grad is not None and p.grad.any()}
    on = {
        name
        for name, _ in net.named_parameters()
        if "downsample" in name or name.startswith(("conv1", "bn1", "fc", "layer2.1"))
    }
    assert found == {name for name in on if not name.startswith("layer2.1.downsample")}


def test_the_shortcut_of_a_pre_activation_block_has_no_layer():
    """Its identity passes the gradient on unchanged: along the shortcuts alone, with no ReLU on the
    way, the gradient is the same everywhere in a stage."""
    net, (x, y), seen = lived_in(models.resnet(20, width=2, pre_activation=True)), batch(), []
    for block in net.layer2:
        block.register_forward_hook(
            lambda module, inputs, output: output.register_hook(seen.append) and None
        )
    with routed(net):
        F.cross_entropy(net(Tensor(x)), y).backward()
    assert len(seen) == 3 and all(np.array_equal(gradient, seen[0]) for gradient in seen)


def test_a_silent_branch_carries_no_gradient():
    """With batch norm's last weight at 0, F(x) is constant: every path through it has gradient 0,
    and the whole gradient takes the shortcut."""
    net, (x, y) = lived_in(in_float64(models.resnet(8, width=2))), batch(dtype=np.float64)
    net.layer2[0].bn2.weight.data[...] = 0
    for through in subsets(["layer1.0", "layer3.0"]):
        assert (
            not path_gradient(net, x, y, (*through, "layer2.0")).any()
            and path_gradient(net, x, y, through).any()
        )


def scaled_net(scales):
    """A net whose branches are linear and known: F(x) = c x in each block of the first stage; every
    other layer passes its input on. No input is below 0, so ReLU changes nothing. The gradient
    through one branch is c times the gradient through the shortcut."""
    net = models.resnet(6 * len(scales) + 2, width=3, batch_norm=False)
    for name, p in net.named_parameters():
        p.data[...] = 0
    for i in range(3):
        net.conv1.weight.data[1, 1, i, i] = 1
    for block, c in zip(net.layer1, scales):
        for i in range(3):
            block.conv1.weight.data[1, 1, i, i], block.conv2.weight.data[1, 1, i, i] = 1, c
    net.fc.weight.data[...] = np.arange(120).reshape(12, 10) / 100
    return in_float64(net)


# every path of a net, one after the other; the only test in which their sums are known
@pytest.mark.slow
def test_linear_branches_solved_by_hand():
    """Three blocks multiply by 1 + 1/2, 1 + 1/4 and 1 + 1/8; the branches of stages two and three
    are silent.

    A path's gradient is the product of its branches' factors times the gradient of the shortcuts
    alone. The whole gradient is 1.5 * 1.25 * 1.125 = 2.109375 times the latter.
    """
    scales, (x, y) = (
        {"layer1.0": 1 / 2, "layer1.1": 1 / 4, "layer1.2": 1 / 8},
        batch(dtype=np.float64),
    )
    x, net = abs(x) + 0.1, scaled_net(scales.values())
    whole = whole_gradient(net, x, y, "eval")
    for through in subsets(scales):
        expected = np.prod([scales[name] for name in through]) / 2.109375 * whole
        np.testing.assert_allclose(path_gradient(net, x, y, through), expected, rtol=1e-9)

    norm = np.linalg.norm(whole) / 2.109375
    records = path_gradients(net, x, y, samples=1000)
    assert [r.length for r in records] == list(range(10)) and [r.paths for r in records] == [
        comb(9, k) for k in range(10)
    ]
    # Added up over all paths of a length: the elementary symmetric polynomials of 1/2, 1/4 and 1/8.
    assert [r.total / norm for r in records] == pytest.approx(
        [1, 7 / 8, 7 / 32, 1 / 64, 0, 0, 0, 0, 0, 0]
    )
    assert [r.norm / norm for r in records] == pytest.approx(
        [1, 7 / 8 / 9, 7 / 32 / 36, 1 / 64 / 84, 0, 0, 0, 0, 0, 0]
    )
    assert all(r.sampled == r.paths and r.standard_error == 0 for r in records)


@pytest.mark.slow  # thousands of draws; the only test that each path is drawn as often as any other
def test_random_paths_are_fair():
    """The mean over sampled paths is the mean over all paths, within its standard error."""
    net, (x, y) = lived_in(models.resnet(20, width=2)), batch(4)
    (all_paths,) = path_gradients(net, x, y, lengths=[4], samples=126)
    (sampled,) = path_gradients(net, x, y, lengths=[4], samples=60, seed=1)
    assert (all_paths.sampled, sampled.sampled, sampled.paths) == (126, 60, 126)
    assert (
        0 < sampled.standard_error < 0.2 * sampled.norm
        and abs(sampled.norm - all_paths.norm) < 3 * sampled.standard_error
    )
    assert sampled.total == pytest.approx(126 * sampled.norm)
    again, other = (
        path_gradients(net, x, y, lengths=[4], samples=60, seed=seed)[0] for seed in (1, 2)
    )
    assert again == sampled != other
    assert np.isnan(path_gradients(net, x, y, lengths=[4], samples=1)[0].standard_error)


def test_sampled_paths_have_the_wanted_length(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "minires.diagnostics.paths.path_gradient",
        lambda net, x, y, through, *_: asked.append(tuple(through)) or np.ones(1),
    )
    path_gradients(models.resnet(20, width=2), None, None, lengths=[0, 3, 8, 9], samples=8)
    assert [len(set(through)) for through in asked] == [0] + [3] * 8 + [8] * 8 + [9] and len(
        set(asked[1:9])
    ) > 4


def test_any_loss():
    net, (x, y) = in_float64(models.resnet(8, width=2)), batch(dtype=np.float64)
    found = sum(
        path_gradient(net, x, y, through, loss=lambda logits, labels: logits[:, 3].sum())
        for through in subsets(["layer1.0", "layer2.0", "layer3.0"])
    )
    np.testing.assert_allclose(found, input_gradients(net, x, output=3), rtol=1e-9, atol=1e-14)


def test_errors():
    net, (x, y) = models.resnet(8, width=2), batch()
    with pytest.raises(
        ConfigError, match="a plain net has only one path: expected a net with shortcuts"
    ):
        path_gradients(models.plain(8, width=2), x, y)
    with pytest.raises(ConfigError, match="unknown block: .*got 'layer4.0'"):
        path_gradient(net, x, y, ["layer4.0"])
    for length in (4, 1.5, "1"):
        words = f"length: expected 0 to 3, the number of blocks, got {length!r}"
        with pytest.raises(ConfigError, match=words):
            path_gradients(net, x, y, lengths=[length])
    with pytest.raises(ConfigError, match="samples: expected a whole number of at least 1, got 0"):
        path_gradients(net, x, y, samples=0)

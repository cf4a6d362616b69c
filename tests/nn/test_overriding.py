"""Modules that compute something else inside a `with` block, without any trace outside."""

import asyncio
import threading

import numpy as np
import pytest

from minires import Tensor, models, nn
from minires.nn.overriding import is_overridden

X = Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
HOW = ["forward hook", "backward hook", "forward", "computation", "output"]


def add(number):
    return lambda x: x + number


def double(x):
    return x * 2


def test_the_function_takes_the_place_of_forward():
    net = nn.Sequential(nn.Identity(), nn.Identity())
    with nn.overridden({net[1]: add(1)}):
        assert np.array_equal(net(X).data, X.data + 1)
    assert np.array_equal(net(X).data, X.data)


def test_the_innermost_computation_counts():
    layer = nn.Identity()
    with nn.overridden({layer: add(1)}):
        with nn.overridden({layer: add(10)}):
            assert np.array_equal(layer(X).data, X.data + 10)
        assert np.array_equal(layer(X).data, X.data + 1)


def test_all_changes_of_outputs_count_the_outermost_first():
    layer = nn.Identity()
    with nn.overridden(outputs={layer: double}), nn.overridden({layer: add(1)}):
        with nn.overridden(outputs={layer: add(10)}):
            assert np.array_equal(layer(X).data, (X.data + 1) * 2 + 10)


def test_hooks_see_the_output_before_it_is_changed():
    layer, seen = nn.Identity(), []
    layer.register_forward_hook(lambda module, inputs, output: seen.append(output.data))
    with nn.overridden({layer: add(1)}, {layer: add(10)}):
        assert np.array_equal(layer(X).data, X.data + 11)
    assert len(seen) == 1 and np.array_equal(seen[0], X.data + 1)


def test_a_forward_set_on_the_module_is_overridden_too():
    layer = nn.Identity()
    layer.forward = add(5)
    with nn.overridden({layer: add(1)}):
        assert np.array_equal(layer(X).data, X.data + 1)
    assert np.array_equal(layer(X).data, X.data + 5)


def test_nothing_is_left_after_an_error():
    layer = nn.Identity()
    with pytest.raises(ZeroDivisionError):
        with nn.overridden({layer: lambda x: 1 / 0}):
            layer(X)
    assert np.array_equal(layer(X).data, X.data) and not is_overridden(layer)


def test_blocks_may_end_in_another_order():
    layer = nn.Identity()
    one, other = nn.overridden(outputs={layer: add(1)}), nn.overridden(outputs={layer: add(10)})
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert np.array_equal(layer(X).data, X.data + 10)
    other.__exit__(None, None, None)
    assert np.array_equal(layer(X).data, X.data)


def test_other_threads_do_not_see_it():
    layer, found = nn.Identity(), []
    with nn.overridden({layer: add(1)}, {layer: add(1)}):
        thread = threading.Thread(target=lambda: found.append(layer(X).data))
        thread.start()
        thread.join()
    assert np.array_equal(found[0], X.data)


def test_other_tasks_do_not_see_it():
    layer = nn.Identity()

    async def overriding(number):
        with nn.overridden({layer: add(number)}):
            await asyncio.sleep(0)
            return layer(X).data

    async def both():
        return await asyncio.gather(overriding(1), overriding(10))

    one, other = asyncio.run(both())
    assert np.array_equal(one, X.data + 1) and np.array_equal(other, X.data + 10)


def test_code_between_the_steps_of_a_generator_does_not_see_it():
    layer = nn.Identity()

    def steps():
        with nn.overridden({layer: add(1)}):
            yield layer(X).data
            yield layer(X).data

    for inside in steps():
        assert np.array_equal(inside, X.data + 1) and np.array_equal(layer(X).data, X.data)


def modified(layer, how):
    """A `with` block in which `layer` does something other than its class says."""
    if how == "forward hook":
        return layer.register_forward_hook(lambda module, inputs, output: None)
    if how == "backward hook":
        return layer.register_full_backward_hook(lambda module, grad_inputs, grad_output: None)
    if how == "forward":
        layer.forward = double
    return nn.overridden(
        {layer: double} if how == "computation" else {}, {layer: double} if how == "output" else {}
    )


@pytest.mark.parametrize("how", HOW)
def test_is_unmodified(how):
    """Fused kernels, `nn.fuse` and `nn.recompute` all ask this question."""
    layer, neighbour = nn.Identity(), nn.Identity()
    assert layer.is_unmodified()
    with modified(layer, how):
        assert not layer.is_unmodified() and neighbour.is_unmodified()
    assert layer.is_unmodified() == (how != "forward")


@pytest.mark.parametrize("how", HOW)
def test_a_modified_batch_norm_is_computed_on_its_own(how):
    x, layer = Tensor(np.ones((2, 4, 4, 3), np.float32), requires_grad=True), nn.BatchNorm2d(3)
    assert nn.norm_relu(layer, x)._node.name == "batch_norm_relu"
    with modified(layer, how):
        assert nn.norm_relu(layer, x)._node.name == "relu"


@pytest.mark.parametrize("how", HOW)
def test_a_modified_layer_is_neither_folded_nor_run_twice(how):
    net, x = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm2d(3)), Tensor(X.data, requires_grad=True)
    assert nn.recompute(net, x)._node.name == "recompute"
    with modified(net[1], how):
        assert nn.recompute(net, x)._node.name != "recompute"
        nn.fuse(net.eval())
        assert isinstance(net[1], nn.BatchNorm2d)


def test_a_second_run_is_overridden_like_the_first():
    """Even if backward comes after the `with` block, or inside another."""
    net, x = nn.Sequential(nn.Linear(3, 3)), Tensor(X.data, requires_grad=True)
    with nn.overridden({net: lambda x: net[0](x) * 3}):
        y = nn.recompute(net, x)
    with nn.overridden({net[0]: lambda x: x}):
        y.sum().backward()
    assert y._node is not None and y._node.name == "recompute"
    expected = np.broadcast_to(3 * net[0].weight.data.sum(axis=1), x.shape)
    assert np.allclose(x.grad, expected, atol=1e-5)  # a sum of three may nearly cancel
    assert np.allclose(net[0].weight.grad, 3 * X.data.sum(axis=0)[:, None])


def test_a_net_keeps_no_trace_of_it():
    net = models.resnet(8, width=2)
    before = [sorted(vars(module)) for module in net.modules()]
    with nn.overridden({net.layer1: lambda x: x}, {net.layer2: Tensor.detach}):
        net(Tensor(np.zeros((2, 8, 8, 3), np.float32)))
    assert [sorted(vars(module)) for module in net.modules()] == before

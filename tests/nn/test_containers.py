"""Sequential and ModuleList: several modules under numbers, like a list."""

import copy

import numpy as np
import pytest

from minires import functional as F
from minires import nn
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError

KINDS = {"Sequential": lambda modules: nn.Sequential(*modules), "ModuleList": nn.ModuleList}
either = pytest.mark.parametrize("build", KINDS.values(), ids=KINDS)


class Add(nn.Module):
    """x + a learnable number."""

    def __init__(self, number):
        self.number = nn.Parameter(np.array([number], np.float32))

    def forward(self, x):
        return x + self.number


def adders(*numbers):
    return [Add(number) for number in numbers]


def numbers(modules):
    return [module.number.data.item() for module in modules]


@either
def test_names_and_parameters(build):
    held = build(adders(3, 4, 5))
    assert [name for name, _ in held.named_parameters()] == ["0.number", "1.number", "2.number"]
    assert list(held.state_dict()) == ["0.number", "1.number", "2.number"]
    assert numbers(held.children()) == [3, 4, 5]
    assert not any(module.training for module in held.eval())


@either
def test_it_reads_like_a_list(build):
    modules = adders(3, 4, 5)
    held = build(modules)
    assert len(held) == 3 and list(held) == modules and list(reversed(held)) == modules[::-1]
    assert held[0] is modules[0] and held[-1] is modules[2] and held[np.int64(1)] is modules[1]
    assert modules[1] in held and Add(4) not in held
    with pytest.raises(IndexError):
        held[3]
    assert len(build([])) == 0 and not list(build([]))


@either
def test_a_slice_is_of_the_same_kind_and_shares_the_modules(build):
    held = build(adders(3, 4, 5))
    part = held[1:]
    assert type(part) is type(held) and list(part) == [held[1], held[2]]
    assert [name for name, _ in part.named_parameters()] == ["0.number", "1.number"]
    assert numbers(held[::-2]) == [5, 3]


@either
def test_it_changes_like_a_list(build):
    held = build(adders(3, 4))
    assert held.append(Add(5)) is held and held.extend(adders(6, 7)) is held
    assert numbers(held) == [3, 4, 5, 6, 7]
    held.insert(0, Add(2))
    held[1] = Add(33)
    held[-1:] = adders(77, 88)
    assert numbers(held) == [2, 33, 4, 5, 6, 77, 88]
    del held[2]
    del held[-2:]
    assert numbers(held) == [2, 33, 5, 6]
    assert held.pop().number.data == 6 and held.pop(0).number.data == 2 and numbers(held) == [33, 5]
    assert list(held.state_dict()) == ["0.number", "1.number"]


@either
def test_more_than_ten_stay_in_order(build):
    held = build(adders(*range(12)))
    held.insert(5, Add(99))
    assert numbers(held) == [0, 1, 2, 3, 4, 99, 5, 6, 7, 8, 9, 10, 11]
    assert [name for name, _ in held.named_parameters()] == [f"{i}.number" for i in range(13)]


@either
def test_extended_by_itself(build):
    held = build(adders(3, 4))
    held.extend(held)
    assert numbers(held) == [3, 4, 3, 4] and held[0] is held[2]
    assert len(list(held.parameters())) == 2


@either
def test_a_wrong_element_changes_nothing(build):
    held = build(adders(3, 4))
    for change in (
        lambda: held.append(F.relu),
        lambda: held.extend([Add(5), 6]),
        lambda: held.insert(0, [Add(1)]),
        lambda: held.__setitem__(0, None),
    ):
        with pytest.raises(ConfigError, match="expected a Module, got a"):
            change()
    assert numbers(held) == [3, 4]


def test_a_sequential_computes_one_after_another():
    net = nn.Sequential(Add(1), nn.ReLU(), Add(2))
    x = Tensor(np.array([-3, 0.5], np.float32))
    assert net(x).data.tolist() == [2, 3.5]
    assert net[1:](x).data.tolist() == [2, 2.5]
    net.append(Add(10))
    assert net(x).data.tolist() == [12, 13.5]


class Looped(nn.Module):
    """A net that calls the modules of a list itself, the last one first."""

    def __init__(self):
        self.blocks = nn.ModuleList(adders(1, 2))

    def forward(self, x):
        for block in reversed(self.blocks):
            x = block(2 * x)
        return x


def test_a_module_list_in_a_net():
    net = Looped()
    x = Tensor(np.array([1], np.float32))
    net(x).backward()
    assert [name for name, _ in net.named_parameters()] == ["blocks.0.number", "blocks.1.number"]
    assert [p.grad.item() for p in net.parameters()] == [1, 2] and net(x).data == 2 * (2 + 2) + 1
    twin = copy.deepcopy(net)
    twin.blocks[0].number.data[...] = 100
    assert net(x).data == 9 and twin(x).data == 108
    assert repr(net) == "Looped(\n  (blocks): ModuleList(\n    (0): Add()\n    (1): Add()\n  )\n)"


def test_a_module_list_cannot_be_called():
    with pytest.raises(TypeError, match="cannot be called; loop over it"):
        nn.ModuleList(adders(1))(Tensor(np.ones(1, np.float32)))


def test_a_module_list_takes_one_list():
    with pytest.raises(ConfigError, match="modules: expected a list of Modules, got a Add"):
        nn.ModuleList(Add(1))
    assert numbers(nn.ModuleList(nn.Sequential(*adders(1, 2)))) == [1, 2]
    assert numbers(nn.ModuleList(module for module in adders(1, 2))) == [1, 2]


def test_neighbours_in_a_module_list_are_not_fused():
    """It says nothing of the order in which they are used."""

    def layers():
        return [nn.Linear(2, 2), nn.BatchNorm2d(2)]

    alone, one_after_another = nn.ModuleList(layers()).eval(), nn.Sequential(*layers()).eval()
    assert type(nn.fuse(alone)[1]) is nn.BatchNorm2d
    assert type(nn.fuse(one_after_another)[1]) is nn.Identity

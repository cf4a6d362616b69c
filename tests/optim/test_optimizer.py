"""Arguments of an optimiser: parameters that a step can move, or an error that says what is
wrong."""

import numpy as np
import pytest

from minires import Tensor, models, nn, optim
from minires.errors import ConfigError, GraphError


@pytest.mark.parametrize(
    "kind",
    [lambda params: optim.SGD(params, lr=0.1), optim.Adam, optim.AdamW, optim.Muon],
    ids=["sgd", "adam", "adamw", "muon"],
)
@pytest.mark.parametrize(
    "params, words",
    [
        (lambda net, x: x, "a list of parameters.*a single Tensor; put it into brackets"),
        (lambda net, x: [x * 2], "the result of an operation; its gradient is not kept"),
        (lambda net, x: net, "got a Linear; pass net.parameters()"),
        (lambda net, x: net.named_parameters(), "got a tuple"),
        (lambda net, x: [np.zeros(2)], "got a ndarray"),
        (lambda net, x: [], "nothing to train"),
    ],
)
def test_parameters_that_no_step_could_move_are_refused(kind, params, words):
    net, x = nn.Linear(2, 2), Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    with pytest.raises(ConfigError, match=words):
        kind(params(net, x))


def test_a_tensor_that_is_not_a_parameter_can_be_trained():
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    optimizer = optim.SGD([x], lr=0.5)
    (x * x).sum().backward()
    optimizer.step()
    assert np.array_equal(x.data, [0, 0]) and x.is_leaf and not (x * 2).is_leaf


@pytest.mark.parametrize(
    "group, words",
    [
        (lambda net: net.fc.weight, "a single Parameter; put it into brackets"),
        (lambda net: net, "pass net.parameters"),
    ],
)
def test_a_group_is_checked_as_parameters_are(group, words):
    with pytest.raises(ConfigError, match=words):
        optim.SGD([{"params": group(models.resnet(8, width=2))}], 0.1)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"steps": None}, "steps: expected 2 whole numbers"),
        ({"steps": [1]}, "steps: expected 2 whole numbers"),
        ({"lr": "x"}, "lr: expected a number"),
        ({"exp_avgs": [np.full((3, 2), 1e300), np.ones(2)]}, "dtypes of exp_avgs"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(wrong, words):
    optimizer = optim.Adam(nn.Linear(3, 2).parameters())
    state = optimizer.state_dict()
    given = {"lr": 0.5, "exp_avgs": [np.ones_like(a) for a in state["exp_avgs"]]}
    with pytest.raises(ConfigError, match=words):
        optimizer.load_state_dict(state | given | wrong)
    assert optimizer.lr == 1e-3 and not any(array.any() for array in optimizer.exp_avgs)
    assert optimizer.steps == [0, 0]


@pytest.mark.parametrize(
    "kind", [lambda params: optim.SGD(params, lr=0.1), optim.Adam], ids=["sgd", "adam"]
)
def test_backward_after_a_step_is_an_error(kind):
    weight, bias = (nn.Parameter(np.full(1, value, np.float32)) for value in (2, 1))
    x = Tensor([3.0], requires_grad=True)
    loss, alone = (x * weight).sum(), (x + bias).sum()
    weight.grad = bias.grad = np.ones(1, np.float32)
    kind([weight, bias]).step()
    with pytest.raises(GraphError, match=r"shape \(1,\) that multiply needs was changed"):
        loss.backward()
    alone.backward()  # the backward of a sum needs no numbers of its terms
    assert x.grad == 1


def test_a_step_that_moves_nothing_disturbs_no_backward():
    weight, other = (nn.Parameter(np.ones(1, np.float32)) for _ in range(2))
    loss = (weight * other).sum()
    weight.grad = None
    other.grad = None
    optim.SGD([weight, other], lr=1.0).step()  # without gradients nothing moves
    loss.backward()
    assert weight.grad == 1

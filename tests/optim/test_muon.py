"""Muon: momentum whose singular values are all about 1."""

import numpy as np
import pytest

from minires import backend, models, nn, optim
from minires import functional as F
from minires.autograd import Tensor
from minires.errors import ConfigError
from minires.kernels import common, cpu, naive

from .steps import parameter, steps


def matrix(rows, columns, singular_values, seed=0):
    """A random matrix with these singular values, and its U V^T."""
    rng = np.random.default_rng(seed)
    u, _ = np.linalg.qr(rng.standard_normal((rows, len(singular_values))))
    v, _ = np.linalg.qr(rng.standard_normal((columns, len(singular_values))))
    return (u * singular_values) @ v.T, u @ v.T


@pytest.mark.parametrize("shape", [(8, 8), (72, 8), (8, 72), (27, 16), (5, 1)])
def test_singular_values_of_a_well_conditioned_matrix_become_about_one(shape):
    m = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    found = np.linalg.svd(common.orthogonalize(m), compute_uv=False)
    assert found.min() > 0.68 and found.max() < 1.21


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_each_singular_value_is_changed_on_its_own_and_the_vectors_stay(size):
    """s -> a s + b s^3 + c s^5, five times, starting from s / |M|: compared with the singular value
    decomposition."""
    values = np.array([1.0, 0.3, 0.05, 0.01])
    m, nearest = matrix(9, 6, size * values)
    u, _, vt = np.linalg.svd(m, full_matrices=False)
    s = values / np.linalg.norm(values)
    a, b, c = 3.4445, -4.7750, 2.0315
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    expected = (u[:, :4] * s) @ vt[:4]
    found = common.orthogonalize(m, eps=0)
    assert found == pytest.approx(expected, abs=1e-8)
    assert 0.68 < s.min() and s.max() < 1.21
    assert np.abs(found - nearest).max() < 0.3 < np.abs(m / np.linalg.norm(m) - nearest).max()


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 2)])
def test_the_fast_kernel_gives_the_numbers_of_the_definition(shape):
    m = np.random.default_rng(1).standard_normal(shape)
    assert common.orthogonalize(m) == pytest.approx(naive.orthogonalize(m), abs=1e-12)
    both = np.stack([m, 2 * m[::-1]])
    for one, alone in zip(common.orthogonalize(both), both):
        assert one == pytest.approx(naive.orthogonalize(alone), abs=1e-12)
    short = m.astype(np.float32)
    assert naive.orthogonalize(short).dtype == common.orthogonalize(short).dtype == np.float32


def test_where_singular_values_end():
    """The range in the docstring holds for every singular value that a normalised matrix can
    have."""
    s = start = np.linspace(0.0016, 1, 20_000)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    assert 0.68 < s.min() < 0.69 and 1.2 < s.max() < 1.21 and start[0] < 0.002


def test_a_matrix_of_zeros_stays_zero():
    assert not common.orthogonalize(np.zeros((3, 2), np.float32)).any()
    assert not naive.orthogonalize(np.zeros((3, 2))).any()


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4)])
@pytest.mark.parametrize("kernels", [common, cpu])
def test_a_stack_of_nothing_stays_empty(kernels, shape):
    assert kernels.orthogonalize(np.zeros(shape, np.float32)).shape == shape


def test_two_steps_by_hand():
    """A diagonal gradient: both entries of the weight move by about lr, however different."""
    weight = nn.Parameter(np.zeros((2, 2), np.float32))
    optimizer = optim.Muon([weight], 0.1, weight_decay=0, momentum=0.5, nesterov=False)
    weight.grad = np.diag([4.0, 0.2]).astype(np.float32)
    optimizer.step()
    first = weight.data.copy()
    assert np.all(np.abs(np.diag(first) + 0.1) < 0.04) and first[0, 1] == first[1, 0] == 0
    weight.grad = np.diag([-2.0, 0.0]).astype(np.float32)  # momentum: 0.5 * 4 - 2 = 0
    optimizer.step()
    assert weight.data[0, 0] == pytest.approx(first[0, 0], abs=1e-6)
    assert weight.data[1, 1] - first[1, 1] == pytest.approx(-0.1, abs=0.04)


def test_filters_are_matrices_of_all_inputs_by_outputs():
    weight = nn.Parameter(np.zeros((3, 3, 2, 5), np.float32))
    gradient = np.random.default_rng(0).standard_normal(weight.shape).astype(np.float32)
    weight.grad = gradient
    optim.Muon([weight], 0.5, weight_decay=0).step()
    expected = -0.5 * naive.orthogonalize(gradient.reshape(18, 5))
    assert weight.data.reshape(18, 5) == pytest.approx(expected, abs=1e-5)


def test_a_layer_with_more_outputs_than_inputs_moves_more():
    weight = nn.Parameter(np.zeros((2, 8), np.float32))
    weight.grad = np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32)
    optim.Muon([weight], 1, weight_decay=0).step()
    assert weight.data == pytest.approx(-2 * naive.orthogonalize(weight.grad), abs=1e-5)


def test_all_other_parameters_move_as_with_sgd():
    bias, head, other = parameter(1), nn.Parameter(np.ones((1, 1), np.float32)), None
    other = nn.Parameter(np.eye(2, dtype=np.float32))
    groups = [
        {"params": [bias, head], "weight_decay": 0.5, "lr_scale": 2},
        {"params": [other]},
    ]
    optimizer = optim.Muon(groups, 0.1, momentum=0.9, nesterov=True, by_sgd=[head])
    twin_bias, twin_head = parameter(1), nn.Parameter(np.ones((1, 1), np.float32))
    twin = [{"params": [twin_bias, twin_head], "weight_decay": 0.5, "lr_scale": 2}]
    sgd = optim.SGD(twin, 0.1, 0.9, nesterov=True)
    for mine, theirs in ((bias, twin_bias), (head, twin_head)):
        assert steps(optimizer, mine, [3, -1, 2]) == steps(sgd, theirs, [3, -1, 2])
    assert np.array_equal(other.data, np.eye(2))  # it has no gradient


def test_weight_decay_is_a_separate_step():
    weight = nn.Parameter(np.full((2, 2), 3, np.float32))
    weight.grad = np.zeros((2, 2), np.float32)
    optim.Muon([weight], 0.1, weight_decay=0.5).step()
    assert weight.data == pytest.approx(np.full((2, 2), 3 * (1 - 0.05)))


@pytest.mark.parametrize("nesterov", [True, False])
def test_twenty_steps_as_in_pytorch(torch, nesterov):
    """PyTorch iterates in bfloat16, which has three digits."""
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("PyTorch before 2.9 has no Muon")
    rng = np.random.default_rng(0)
    start = rng.standard_normal((12, 4)).astype(np.float32)
    mine = nn.Parameter(start.copy())
    theirs = torch.nn.Parameter(torch.tensor(start.T.copy()))  # (out, in)
    settings = {"lr": 0.1, "weight_decay": 0.2, "momentum": 0.9, "nesterov": nesterov}
    own, other = optim.Muon([mine], **settings), torch.optim.Muon([theirs], **settings)
    for _ in range(20):
        gradient = rng.standard_normal((12, 4)).astype(np.float32)
        mine.grad, theirs.grad = gradient, torch.tensor(gradient.T.copy())
        own.step()
        other.step()
    assert mine.data == pytest.approx(theirs.detach().numpy().T, abs=0.02)


def test_a_net_learns():
    net = models.plain(8, width=2, num_classes=3)
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((12, 8, 8, 3)).astype(np.float32))
    labels = rng.integers(0, 3, 12)
    optimizer = optim.Muon(net.parameters(), 0.05, weight_decay=0, by_sgd=[net.fc.weight])
    losses = []
    for _ in range(15):
        loss = F.cross_entropy(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(one.data.dtype == np.float32 for one in net.parameters())


def test_a_state_goes_on_to_the_bit():
    def fresh():
        weight = nn.Parameter(np.ones((3, 2), np.float32))
        return weight, optim.Muon([weight], 0.1)

    (one, whole), (two, first), (three, second) = fresh(), fresh(), fresh()
    gradients = np.random.default_rng(0).standard_normal((4, 3, 2)).astype(np.float32)
    for number, gradient in enumerate(gradients):
        one.grad = gradient
        whole.step()
        if number < 2:
            two.grad = gradient
            first.step()
        else:
            if number == 2:
                three.data[...] = two.data
                second.load_state_dict(first.state_dict())
            three.grad = gradient
            second.step()
    assert np.array_equal(one.data, three.data)


def test_on_a_gpu_as_on_the_cpu(gpu):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in ((3, 3, 2, 4), (5, 5), 4)]
    found = {}
    for device in ("cpu", "gpu"):
        weights = [nn.Parameter(backend.move(np.zeros_like(array), device)) for array in arrays]
        optimizer = optim.Muon(weights, 0.1)
        for _ in range(3):
            for weight, array in zip(weights, arrays):
                weight.grad = backend.move(array, device)
            optimizer.step()
        found[device] = [backend.move(weight.data, "cpu") for weight in weights]
    for here, there in zip(found["cpu"], found["gpu"]):
        assert there == pytest.approx(here, abs=1e-5)


def test_parameters_without_gradient_stay_and_float32_is_kept():
    moved, still = (nn.Parameter(np.ones((3, 2), np.float32)) for _ in range(2))
    array, gradient = moved.data, np.full((3, 2), 2, np.float32)
    optimizer = optim.Muon([moved, still], np.float64(0.1), np.float64(0.5), np.float64(0.9))
    moved.grad = gradient
    optimizer.step()
    assert moved.data is array and array.dtype == optimizer.velocities[0].dtype == np.float32
    assert (gradient == 2).all() and (still.data == 1).all() and not optimizer.velocities[1].any()


@pytest.mark.parametrize(
    "params, settings, words",
    [
        ([(3,)], {}, "nothing to orthogonalise"),
        ([(3, 2)], {"ns_coefficients": (1, 2)}, "three numbers"),
        ([(3, 2)], {"ns_steps": 0}, "ns_steps"),
        ([(3, 2)], {"momentum": -1}, "momentum"),
        ([(3, 2)], {"nesterov": 2}, "nesterov"),
        ([(3, 2)], {"by_sgd": [parameter(1)]}, "some of the parameters in params"),
    ],
)
def test_settings_out_of_range(params, settings, words):
    weights = [nn.Parameter(np.ones(shape, np.float32)) for shape in params]
    with pytest.raises(ConfigError, match=words):
        optim.Muon(weights, **settings)

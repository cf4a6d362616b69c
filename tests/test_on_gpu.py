"""Tensors, nets and training on a GPU: the results are those of the CPU, and nothing is copied
without a request."""

import copy
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from minires import backend, data, gradcheck, kernels, models, nn, no_grad, optim
from minires import functional as F
from minires.autograd.tensor import Tensor
from minires.cli import main
from minires.diagnostics import gradient_norms
from minires.errors import DeviceError, DivergenceError, DtypeError, GraphError, ShapeError
from minires.experiments.records import read_config, read_table
from minires.experiments.training_tables import METRICS, TEXT
from minires.kernels.gpu import launch
from minires.random import stream
from minires.serialization import safetensors, weights
from minires.training import RunConfig, Trainer

from . import simulator
from .diagnostics.nets import in_float64
from .gpu import SIMULATED, to_cpu
from .messages import message_of

pytestmark = pytest.mark.usefixtures("gpu")


def tensor(values, dtype=np.float32, **more):
    return Tensor(backend.move(np.asarray(values, dtype), "gpu"), **more)


# Tensors


def test_there_and_back():
    x = Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    there = x.to("gpu")
    assert (x.device, there.device, there.shape, there.dtype) == ("cpu", "gpu", (2, 3), np.float32)
    assert there.to("gpu") is there and np.array_equal(there.to("cpu").numpy(), x.numpy())


def test_it_says_where_it_is():
    assert repr(tensor([1, 2])) == "Tensor([1. 2.], float32, gpu)" and tensor(2.5).item() == 2.5


def test_nothing_is_copied_to_numpy_without_a_request():
    x = tensor([1, 2])
    assert message_of(DeviceError, x.numpy).endswith(
        'expected one on the cpu, got one on the gpu; copy it first: .to("cpu")'
    )
    message_of(DeviceError, lambda: np.asarray(x))


def test_two_devices_do_not_mix():
    here, there = Tensor(np.ones(2, np.float32)), tensor([1, 2])
    assert "add: inputs on two devices: expected all on cpu, got gpu" in message_of(
        DeviceError, lambda: here + there
    )
    assert "expected all on gpu, got cpu" in message_of(
        DeviceError, lambda: there + np.ones(2, np.float32)
    )


def test_numbers_work_with_tensors_on_any_device():
    x = tensor([1, 2])
    assert to_cpu((2 * x + 1 - x / 2).data).tolist() == [2.5, 4] and to_cpu(
        (x * [3, 4]).data
    ).tolist() == [3, 8]


def test_arrays_on_the_left_and_numpys_functions():
    x = tensor([[1, 2], [3, 4]], requires_grad=True)
    array = backend.move(np.array([[1, 0], [0, 2]], np.float32), "gpu")
    for y in (array * x, array @ x, np.multiply(array, x), np.exp(x), np.sum(x, axis=0)):
        assert type(y) is Tensor and y.requires_grad and y.device == "gpu"
    assert to_cpu((array @ x).data).tolist() == [[1, 2], [6, 8]]
    assert to_cpu(array < x).tolist() == [[False, True], [True, True]]
    message_of(GraphError, lambda: np.std(x))
    assert backend.device_of(np.sin(x.detach())) == "gpu"


def test_gradients_find_their_way_back_to_the_other_device():
    w = Tensor(np.array([1.0, 2, 3]), requires_grad=True)
    (w.to("gpu") * tensor([4, 5, 6], np.float64)).sum().backward()
    assert w.grad.tolist() == [4, 5, 6] and backend.device_of(w.grad) == "cpu"


def test_gradient_given():
    x = tensor([1, 2], requires_grad=True)
    (x * 2).backward([1, 10])
    (x * 2).backward(backend.move(np.array([1, 10], np.float32), "gpu"))
    assert to_cpu(x.grad).tolist() == [4, 40]
    message_of(DeviceError, lambda: (x * 2).backward(np.ones(2, np.float32)))
    message_of(ShapeError, lambda: (x * 2).backward([1, 2, 3]))


def test_a_tensor_used_several_times():
    x = tensor([1, 2], requires_grad=True)
    y = x * x
    (y + y + x * y).sum().backward()  # 2 x^2 + x^3
    assert to_cpu(x.grad).tolist() == [4 + 3, 8 + 12]
    message_of(GraphError, lambda: y.backward([1, 1]))


def test_a_kernel_must_leave_arrays_where_they_are():
    class stray(kernels.Kernel):
        def forward(x):
            return to_cpu(x), None

        def backward(dy, cache):
            return dy

    class stray_gradient(kernels.Kernel):
        def forward(x):
            return x, None

        def backward(dy, cache):
            return to_cpu(dy)

    with kernels.use(exp=stray):
        assert (
            "exp.forward: result: expected an array on the gpu, got one on the cpu"
            in message_of(DeviceError, tensor([1]).exp)
        )
    with kernels.use(exp=stray_gradient):
        y = tensor([1], requires_grad=True).exp()
        assert "exp.backward: gradient of input 0" in message_of(DeviceError, y.backward)


def test_a_users_own_kernel_runs_on_the_gpu_too():
    class my_relu(kernels.Kernel):
        def forward(x):
            y = np.maximum(x, 0)
            return y, y

        def backward(dy, y):
            return dy * (y > 0)

    with kernels.use(relu=my_relu):
        x = tensor([-1, 2], requires_grad=True)
        F.relu(x).sum().backward()
    assert to_cpu(x.grad).tolist() == [0, 1]


@pytest.mark.parametrize(
    "index", [np.array([0, 2, 2]), (slice(None), np.array([1, 1])), (1, ...), [0, 0]]
)
def test_indexing(index):
    values = np.arange(12.0).reshape(3, 4)
    x, there = Tensor(values, requires_grad=True), tensor(values, np.float64, requires_grad=True)
    (x[index] ** 2).sum().backward()
    (there[index] ** 2).sum().backward()
    assert np.array_equal(to_cpu(there.grad), x.grad)


def test_slopes():
    """Through convolution, batch norm, addition, ReLU, pooling and loss, on the device."""

    def function(x, w, gain, bias):
        running = [Tensor(backend.move(array, "gpu")) for array in (np.zeros(3), np.ones(3))]
        y = F.batch_norm_relu(F.conv2d(x, w, padding=1, stride=2), *running, gain, bias, True)
        return F.cross_entropy(F.global_avg_pool2d(F.add_relu(y, y)), [0, 2])

    rng = np.random.default_rng(0)
    report = gradcheck(
        function,
        *(rng.standard_normal(shape) for shape in ((2, 4, 5, 2), (3, 3, 2, 3), (3,), (3,))),
        device="gpu",
    )
    assert report.checked == 80 + 54 + 3 + 3 and report.kinks < 10


# Nets


def test_slopes_of_group_norm_softmax_dropout_and_squared_error():
    def function(x, gain, bias, target):
        y = F.group_norm(x, 2, gain, bias)
        y = F.softmax(F.dropout(y, 0.3, rng=np.random.default_rng(0)), axis=1)
        return F.mse_loss(y, target)

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((2, 3, 2, 4), (4,), (4,), (2, 3, 2, 4))]
    assert gradcheck(function, *arrays, device="gpu").checked == 48 + 4 + 4 + 48


def test_the_same_numbers_are_dropped_on_either_device():
    values = np.random.default_rng(0).standard_normal((5, 6, 7)).astype(np.float32)
    here, there = (nn.Dropout(0.4, rng=np.random.default_rng(1)) for _ in range(2))
    for _ in range(3):
        y, dropped = here(Tensor(values)), there(tensor(values))
        assert dropped.device == "gpu" and dropped.dtype == np.float32
        assert np.array_equal(to_cpu(dropped.data), y.data)


NETS = {
    "resnet": lambda: models.resnet(8, width=4),
    "plain": lambda: models.plain(8, width=4),
    "projections": lambda: models.resnet(8, width=3, shortcut="B"),
    "projections everywhere": lambda: models.resnet(8, width=4, shortcut="C"),
    "without batch norm": lambda: models.resnet(8, width=4, batch_norm=False),
    "layers": lambda: nn.Sequential(
        nn.Conv2d(3, 5, (3, 2), dilation=2, padding=2),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        nn.AvgPool2d(2),
        nn.GlobalAvgPool2d(),
        nn.Linear(5, 10),
    ),
    "more layers": lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1),
        nn.GroupNorm(2, 6),
        nn.ReLU(),
        nn.Dropout(0.2, rng=np.random.default_rng(1)),
        nn.Flatten(),
        nn.Linear(96, 10),
    ),
}


@pytest.mark.parametrize("build", NETS.values(), ids=NETS)
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "one by one"])
def test_three_training_steps_are_those_of_the_cpu(build, fused):
    rng = np.random.default_rng(0)
    net = in_float64(build())
    nets = [net, copy.deepcopy(net).to("gpu")]
    optimizers = [
        optim.SGD(net.parameters(), 0.1, 0.9, weight_decay=1e-3, nesterov=True) for net in nets
    ]
    for _ in range(3):
        images, labels = rng.standard_normal((6, 8, 8, 3)), rng.integers(0, 10, 6)
        for net, optimizer in zip(nets, optimizers):
            with kernels.use(fused=fused):
                optimizer.zero_grad()
                loss = F.cross_entropy(
                    net(Tensor(images).to(optimizer.device)), labels, label_smoothing=0.1
                )
                loss.backward()
            optim.clip_grad_norm(optimizer.params, 5.0)
            optimizer.step()
        assert_same(nets[0].state_dict(), nets[1].state_dict())
        for here, there in zip(gradient_norms(nets[0]), gradient_norms(nets[1])):
            assert there.layer == here.layer and there[2:] == pytest.approx(here[2:], rel=1e-8)
    with no_grad():
        here, there = (
            net.eval()(Tensor(images).to(optimizer.device))
            for net, optimizer in zip(nets, optimizers)
        )
    assert_same({"logits": here.data}, {"logits": there.data})


def assert_same(here, there, tolerance=1e-9):
    assert list(here) == list(there)
    for name in here:
        assert backend.device_of(there[name]) == "gpu"
        np.testing.assert_allclose(
            to_cpu(there[name]), here[name], rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_everything_stays_float32_on_the_device():
    net = models.resnet(8, width=4).to("gpu")
    optimizer = optim.SGD(net.parameters(), 0.1, 0.9, weight_decay=1e-4)
    dtypes = set()
    for module in net.modules():
        module.register_forward_hook(lambda module, inputs, y: dtypes.add((y.dtype, y.device)))
    loss = F.cross_entropy(net(tensor(np.ones((2, 8, 8, 3)))), [0, 1])
    loss.backward()
    optimizer.step()
    for value in (*net.parameters(), *(buffer for _, buffer in net.named_buffers())):
        dtypes |= {
            (array.dtype, backend.device_of(array))
            for array in (value.data, value.grad)
            if array is not None
        }
    assert dtypes | {
        (velocity.dtype, backend.device_of(velocity)) for velocity in optimizer.velocities
    } == {(np.dtype(np.float32), "gpu")}


def test_a_module_moves_as_a_whole_and_back():
    net = models.resnet(8, width=4)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    F.cross_entropy(net(Tensor(np.ones((2, 8, 8, 3), np.float32))), [0, 1]).backward()
    assert net.to("gpu") is net and {value.device for value in net.parameters()} == {"gpu"}
    assert {backend.device_of(parameter.grad) for parameter in net.parameters()} == {"gpu"}
    net.to("cpu")
    assert all(
        np.array_equal(net.state_dict()[name], array)
        for name, array in before.items()
        if "running" not in name
    )


def test_an_optimiser_made_too_early_says_so():
    net = models.resnet(8, width=4)
    optimizer = optim.SGD(net.parameters(), 0.1)
    net.to("gpu")
    assert "move the net before you make the optimiser" in message_of(DeviceError, optimizer.step)


def test_weights_are_saved_and_loaded_whichever_device_they_are_on(tmp_path):
    there, here = models.resnet(8, width=4, seed=1).to("gpu"), models.resnet(8, width=4)
    weights.save(there, tmp_path / "net.safetensors")
    weights.load(here, tmp_path / "net.safetensors")
    assert_same(here.state_dict(), there.state_dict(), 0)
    other = models.resnet(8, width=4, seed=2).to("gpu")
    other.load_state_dict(here.state_dict())
    assert_same(here.state_dict(), other.state_dict(), 0)


# SGD


def test_weights_put_in_place_of_those_in_the_flat_array_are_moved_too():
    parameters = [
        nn.Parameter(backend.move(np.full(3, value, np.float32), "gpu")) for value in (1, 2)
    ]
    optimizer = optim.SGD(parameters, 0.5)
    parameters[0].data = backend.move(np.full(3, 10, np.float32), "gpu")
    for parameter in parameters:
        parameter.grad = backend.move(np.ones(3, np.float32), "gpu")
    optimizer.step()
    assert [to_cpu(parameter.data).tolist() for parameter in parameters] == [[9.5] * 3, [1.5] * 3]


def test_a_parameter_without_gradient_stays():
    parameters = [nn.Parameter(backend.move(np.ones((2, 3), np.float32), "gpu")) for _ in range(2)]
    optimizer = optim.SGD(parameters, 0.5, momentum=0.9, weight_decay=0.1)
    gradient = np.arange(6, dtype=np.float32).reshape(3, 2)
    parameters[1].grad = backend.move(gradient, "gpu").T  # not contiguous by rows
    optimizer.step()
    assert to_cpu(parameters[0].data).tolist() == [[1] * 3] * 2
    assert to_cpu(parameters[1].data) == pytest.approx(1 - 0.5 * (gradient.T + 0.1))


def test_each_group_of_parameters_has_a_rate_of_its_own():
    nets = [in_float64(models.resnet(8, width=4, batch_norm=False, init="fixup")) for _ in range(2)]
    nets[1].to("gpu")
    for net in nets:
        optimizer = optim.SGD(
            optim.parameter_groups(net, 0.5, scalar_lr_scale=0.25), 0.1, momentum=0.9, nesterov=True
        )
        for parameter in net.parameters():
            parameter.grad = 0 * parameter.data + 1
        optimizer.step()
    assert_same(nets[0].state_dict(), nets[1].state_dict())


def test_each_group_of_parameters_decays_by_its_own_rate():
    nets = [in_float64(models.resnet(8, width=4)), in_float64(models.resnet(8, width=4)).to("gpu")]
    for net in nets:
        optimizer = optim.SGD(optim.parameter_groups(net, 0.5, decay_batch_norm=False), 0.1)
        for parameter in net.parameters():
            parameter.grad = 0 * parameter.data
        optimizer.step()
    assert_same(nets[0].state_dict(), nets[1].state_dict())


# Batches


@pytest.mark.parametrize("crop_padding, flip", [(0, False), (0, True), (2, False), (2, True)])
def test_batches_are_those_of_the_cpu_to_the_bit(sets, crop_padding, flip):
    def batches(device):
        return data.train_loader(
            sets[0],
            16,
            stream(0, "order of images"),
            stream(0, "augmentation"),
            crop_padding=crop_padding,
            flip=flip,
            device=device,
        )

    for (images, labels), (here, same_labels), _ in zip(batches("gpu"), batches("cpu"), range(6)):
        assert backend.device_of(images) == "gpu" and images.dtype == np.float32
        assert np.array_equal(to_cpu(images), here) and np.array_equal(labels, same_labels)


def test_evaluation_batches_are_those_of_the_cpu_to_the_bit(sets):
    there, here = (
        list(data.eval_loader(sets[1], 8, sets[0].pixel_mean(), device))
        for device in ("gpu", "cpu")
    )
    assert [len(labels) for _, labels in there] == [8, 8, 4]
    assert all(np.array_equal(to_cpu(images), same) for (images, _), (same, _) in zip(there, here))


# Training


CONFIG = RunConfig(
    iterations=10,
    batch_size=16,
    lr=0.05,
    milestones=(6, 8),
    warmup=2,
    crop_padding=2,
    nesterov=True,
)


def trainer(sets, path=None, config=CONFIG, device="gpu", **events):
    """A Trainer; `events` are functions that become the methods of a callback."""
    callbacks = [SimpleNamespace(**events)] if events else []
    return Trainer(
        models.resnet(8, width=4),
        *sets,
        replace(config, device=device),
        path=path,
        callbacks=callbacks,
        progress=False,
    )


def test_training_is_that_of_the_cpu_except_for_rounding(sets):
    there, here = (trainer(sets, device=device).run() for device in ("gpu", "cpu"))
    for row, same in zip(there, here):
        assert (
            row["train_loss"] == pytest.approx(same["train_loss"], rel=1e-2)
            and row["lr"] == same["lr"]
        )
        assert abs(row["test_error"] - same["test_error"]) <= 10  # two of 20 images
    assert len(there) == len(here) == 3


@pytest.mark.parametrize("first, second", [("gpu", "cpu"), ("cpu", "gpu"), ("gpu", "gpu")])
def test_a_run_saved_on_one_device_resumes_on_the_other(sets, tmp_path, first, second):
    path = tmp_path / "run.safetensors"
    started = trainer(
        sets, path, device=first, after_epoch=lambda trainer, row: stop_at(trainer, 4)
    )
    with pytest.raises(Stop):
        started.run()
    started.save(path)
    resumed = trainer(sets, device=second)
    resumed.load(path)
    assert resumed.iteration == 4
    for name, array in started.model.state_dict().items():
        assert np.array_equal(to_cpu(resumed.model.state_dict()[name]), to_cpu(array))
    for velocity, same in zip(resumed.optimizer.velocities, started.optimizer.velocities):
        assert np.array_equal(to_cpu(velocity), to_cpu(same))
    whole = trainer(sets, device=second).run()
    resumed.run()
    tolerance = 0 if first == second else 1e-2
    assert [row["train_loss"] for row in resumed.history] == pytest.approx(
        [row["train_loss"] for row in whole], rel=tolerance, abs=0
    )


class Stop(Exception):
    pass


def stop_at(trainer, iteration):
    if trainer.iteration >= iteration:
        raise Stop


def test_divergence_is_found_on_the_device(sets):
    run = trainer(sets, config=RunConfig(iterations=10, batch_size=16, lr=0.05, milestones=()))
    run.model.layer1[0].conv1.weight.data[0, 0, 0, 0] = np.nan
    assert "first non-finite value: parameter layer1.0.conv1.weight" in message_of(
        DivergenceError, run.run
    )


def test_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "run"
    words = [
        "--depths",
        "8",
        "--iterations",
        "4",
        "--train-size",
        "64",
        "--batch-size",
        "32",
        "--width",
        "4",
        "--image-size",
        "8",
    ]
    assert main(["degradation", *words, "--device", "gpu", "--out", str(out)]) == 0
    environment = read_config(out)["environment"]
    assert (
        environment["device"] == "gpu"
        and environment["gpu"]
        and environment["cupy"]
        and environment["cuda_driver"] > 0
    )
    assert (out / "degradation.png").exists() and "resnet-8" in capsys.readouterr().out
    assert json.loads((out / "config.json").read_text())["environment"]["tf32"] is False


def errors_of(out):
    return [row["test_error"] for row in read_table(out / "metrics.csv", METRICS, TEXT)]


def test_any_net_from_the_command_line(tmp_path):
    """With photographs, starting from weights, the whole net and its last layer alone: as on the
    CPU."""
    Image = pytest.importorskip("PIL.Image")
    for label, name in enumerate(("red", "blue")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(6):
            pixels = np.random.default_rng(i).integers(0, 50, (12, 12, 3), np.uint8)
            pixels[..., 2 * label] += 200
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    weights.save(models.resnet(8, width=2), tmp_path / "net.safetensors")
    words = [
        "finetune",
        "--model",
        "resnet-8",
        "--net",
        "width=2",
        "--weights",
        str(tmp_path / "net.safetensors"),
        "--data",
        str(tmp_path / "photos"),
        "--image-size",
        "8",
        "--batch-size",
        "4",
        "--epochs",
        "2",
        "--workers",
        "0",
        "--cache",
        str(tmp_path / "cache"),
    ]
    for train in ("head", "layer3", "all"):
        found = []
        for device in ("gpu", "cpu"):
            out = tmp_path / f"{train}-{device}"
            assert main([*words, "--train", train, "--device", device, "--out", str(out)]) == 0
            found.append((errors_of(out), (out / "confusion.csv").read_bytes()))
        assert found[0] == found[1], train
    assert (
        main(
            [
                "predict",
                str(tmp_path / "photos" / "red"),
                "--model",
                "resnet-8",
                "--net",
                "width=2",
                "--weights",
                str(tmp_path / "all-gpu" / "weights.safetensors"),
                "--device",
                "gpu",
            ]
        )
        == 0
    )


# Faults


@pytest.fixture
def memory_limit():
    """A function that leaves that many bytes on the GPU beyond those in use."""
    pool = backend.cupy().get_default_memory_pool()
    pool.free_all_blocks()
    yield lambda room: (pool.free_all_blocks(), pool.set_limit(size=pool.used_bytes() + room))
    pool.set_limit(size=0)


def test_a_batch_too_large_says_which_would_fit(sets, tmp_path, memory_limit):
    path = tmp_path / "run.safetensors"
    run = trainer(sets, path, RunConfig(iterations=4, batch_size=64, crop_padding=0))
    memory_limit(400_000)
    message = message_of(DeviceError, run.run)
    assert message.startswith("net: the GPU's memory is too small for a batch of 64 images: ")
    fits = int(message.split("take a batch of ")[1].split(",")[0])
    assert fits in (2, 4, 8, 16, 32)
    smaller = trainer(sets, config=RunConfig(iterations=4, batch_size=fits, crop_padding=0))
    memory_limit(500_000)  # the smaller batch's own images come on top
    smaller._step()
    _, state = safetensors.read(path)
    assert state["iteration"] == 0


def test_nothing_fits(sets, memory_limit):
    run = trainer(sets)
    memory_limit(1000)
    assert "not even one image fits" in message_of(DeviceError, run.run)


def test_source_that_does_not_compile_shows_kernel_and_line(monkeypatch):
    broken = (
        launch.Path(launch.__file__)
        .with_name("elementwise.cu")
        .read_text()
        .replace("y[i] = a[i] + b[i];", "y[i] = a[i] + c[i];")
    )
    line = 1 + broken[: broken.index("c[i]")].count("\n")
    monkeypatch.setattr(launch, "_kernels", {})
    monkeypatch.setattr(launch, "source", lambda file: f'#line 1 "{file}.cu"\n{broken}')
    message = message_of(DeviceError, lambda: tensor([1, 2]) + tensor([1, 2]))
    assert message.startswith("minires/kernels/gpu/elementwise.cu: does not compile for this GPU: ")
    assert (
        f"elementwise.cu({line})" in message.replace(f":{line}:", f"({line})")
        and "kernel add" in message
    )


@pytest.fixture
def losing_the_gpu(gpu):
    """A function after which every operation of the simulated GPU fails."""
    if gpu != SIMULATED:
        pytest.skip("a real GPU is not broken on purpose")
    yield simulator.lose_device
    simulator.reset()


def test_a_gpu_lost_during_a_run_leaves_the_last_checkpoint_whole(sets, tmp_path, losing_the_gpu):
    path = tmp_path / "run.safetensors"
    run = trainer(
        sets,
        path,
        after_backward=lambda trainer: losing_the_gpu() if trainer.iteration == 6 else None,
    )
    message = message_of(DeviceError, run.run)
    assert message.startswith("net: the GPU failed at iteration 6: got cudaErrorIllegalAddress")
    assert message.endswith(f"{path} still holds iteration 4: start again with --resume")
    simulator.reset()
    resumed = trainer(sets, path)
    resumed.load(path)
    resumed.run()
    assert [row["train_loss"] for row in resumed.history] == [
        row["train_loss"] for row in trainer(sets).run()
    ]


def test_a_gpu_lost_on_the_command_line(tmp_path, capsys, losing_the_gpu, monkeypatch):
    monkeypatch.setattr(
        "minires.experiments.training_records.gradient_norms", lambda model: losing_the_gpu() or []
    )
    words = [
        "--depths",
        "8",
        "--iterations",
        "4",
        "--train-size",
        "64",
        "--batch-size",
        "32",
        "--width",
        "4",
        "--image-size",
        "8",
    ]
    assert main(["degradation", *words, "--device", "gpu", "--out", str(tmp_path / "run")]) == 1
    errors = capsys.readouterr().err
    assert (
        errors.startswith("minires: error: plain-8, seed 0: the GPU failed at iteration 0")
        and errors.count("\n") == 1
    )


def test_tf32_on_request(tmp_path):
    linalg = backend.cupy()._core._routines_linalg
    assert backend.describe("gpu")["tf32"] is False
    backend.allow_tf32()
    try:
        assert (
            linalg.get_compute_type(np.float32) == linalg.COMPUTE_TYPE_TF32
            and backend.describe("gpu")["tf32"] is True
        )
    finally:
        backend.allow_tf32(False)
    assert (
        linalg.get_compute_type(np.float32) == linalg.COMPUTE_TYPE_DEFAULT
        and backend.describe("gpu")["tf32"] is False
    )


# Mistakes that would be a wrong number or a wild address on a real GPU are errors before they get
# there.


@pytest.mark.parametrize(
    "gradient, error, words",
    [
        (np.ones(3), DtypeError, "expected float32, got float64"),
        (np.ones(1, np.float32), ShapeError, "expected shape (3,), got shape (1,)"),
    ],
)
def test_a_gradient_that_does_not_fit_its_parameter(gradient, error, words):
    parameter = nn.Parameter(backend.move(np.ones(3, np.float32), "gpu"))
    optimizer = optim.SGD([parameter], 0.1)
    parameter.grad = backend.move(gradient, "gpu")
    assert words in message_of(error, optimizer.step)
    parameter.grad = np.ones(3, np.float32)
    assert "gradient of parameter 0: expected on the gpu, got on the cpu" in message_of(
        DeviceError, optimizer.step
    )


def test_a_net_moved_between_forward_and_backward():
    net = nn.Linear(2, 3)
    loss = net(Tensor(np.ones((1, 2), np.float32))).sum()
    net.to("gpu")
    assert "moved after the forward pass" in message_of(DeviceError, loss.backward)


def test_running_averages_left_behind():
    net = nn.BatchNorm2d(2)
    net.to("gpu")
    net.running_mean.move_("cpu")
    for mode in (True, False):
        assert "running mean and variance: expected on the gpu" in message_of(
            DeviceError, lambda: net.train(mode)(tensor(np.ones((3, 2))))
        )


def test_arrays_of_two_dtypes_in_one_kernel():
    net = nn.BatchNorm2d(2).to("gpu")
    x, mean = tensor(np.ones((3, 2))).data, net.running_mean.data.astype(np.float64)
    assert "arrays of two dtypes: expected all float32, got one float64" in message_of(
        DtypeError,
        lambda: kernels.find("batch_norm", "gpu").forward(
            x, net.weight.data, net.bias.data, mean=mean, var=net.running_var.data
        ),
    )
    message_of(
        DeviceError,
        lambda: launch.launch("elementwise", "relu", np.float32, 1, 1, np.ones(1, np.float32)),
    )


@pytest.mark.parametrize("index", [np.array([0, 3]), [0, -4], (slice(None), np.array([4]))])
def test_an_index_out_of_range(index):
    message_of(ShapeError, lambda: tensor(np.ones((3, 4)))[index])


def test_a_1x1_convolution_of_no_images():
    y, _ = kernels.find("conv2d", "gpu").forward(
        *(tensor(np.ones(shape)).data for shape in ((0, 8, 8, 3), (1, 1, 3, 4)))
    )
    assert y.shape == (0, 8, 8, 4)


def test_hooks_move_along():
    net, seen = nn.Linear(2, 3), []
    net.weight.register_hook(lambda gradient: seen.append(backend.device_of(gradient)))
    net.to("cpu").to("gpu")
    net(tensor(np.ones((1, 2)))).sum().backward()
    assert seen == ["gpu"]


def test_after_a_step_weights_lie_in_the_flat_array_again():
    net = models.resnet(8, width=4).to("gpu")
    optimizer = optim.SGD(net.parameters(), 0.1)
    net.to("cpu").to("gpu")
    for parameter in net.parameters():
        parameter.grad = parameter.data.copy()
    optimizer.step()
    assert all(
        parameter.data is weight
        for parameter, weight in zip(net.parameters(), optimizer._rule.weights)
    )


def test_lack_of_memory_in_evaluation_is_not_blamed_on_the_batch(sets, memory_limit):
    run = trainer(sets, config=RunConfig(iterations=4, batch_size=16, crop_padding=0))
    evaluate = run.evaluate
    run.evaluate = lambda: (run.model.eval(), memory_limit(100), evaluate())[2]
    message = message_of(DeviceError, run.run)
    assert (
        "too small for evaluating 500 images at a time" in message and "take a batch" not in message
    )

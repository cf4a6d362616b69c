"""Layers written in NumPy, and nets of every variant written in PyTorch's functions: the models are
compared with them."""

import numpy as np

from minires import gradcheck, nn


def conv(x, w, stride=1):
    """The convolution of x (N, H, W, C) with w (K, K, C, O), K odd, with zeros around x so that the
    map keeps its size."""
    k, height, width = len(w), *x.shape[1:3]
    padded = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    return sum(
        padded[:, i : i + height, j : j + width] @ w[i, j] for i in range(k) for j in range(k)
    )[:, ::stride, ::stride]


def norm(x, layer):
    """Batch norm with the batch's own statistics, or in evaluation with the running ones."""
    axes = tuple(range(x.ndim - 1))
    mean, var = (
        (x.mean(axes), x.var(axes))
        if layer.training
        else (layer.running_mean.data, layer.running_var.data)
    )
    return (x - mean) / np.sqrt(var + layer.eps) * layer.weight.data + layer.bias.data


def relu(x):
    return np.maximum(x, 0)


def check_gradients(module, x):
    """Finite differences in float64, of the output with respect to x and every parameter."""
    places = [
        (owner, name, value)
        for owner in module.modules()
        for name, value in vars(owner).items()
        if isinstance(value, nn.Parameter)
    ]
    for _, buffer in module.named_buffers():
        buffer.data = buffer.data.astype(np.float64)

    def output(x, *values):
        for (owner, name, _), value in zip(places, values):
            setattr(owner, name, value)
        return module(x)

    report = gradcheck(output, x, *(value.data for _, _, value in places), projections=2)
    assert report.checked == 2 * (1 + len(places)) and report.kinks < report.checked / 4


def torch_logits(torch, net, state, images):
    """The logits of a CifarResNet of any config, computed by PyTorch from `state`, name -> tensor
    in PyTorch's order of axes."""
    F, config = torch.nn.functional, net.config

    def conv2d(name, x, stride=1):
        w = state[f"{name}.weight"]
        return F.conv2d(x, w, state.get(f"{name}.bias"), stride, padding=w.shape[-1] // 2)

    def batch_norm(name, x):
        if f"{name}.running_mean" not in state:
            return x
        mean, var, weight, bias = (
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean.clone(), var.clone(), weight, bias, net.training)

    def shortcut(name, x, h, stride, channels):
        if f"{name}.downsample.0.weight" in state:
            x = batch_norm(f"{name}.downsample.1", conv2d(f"{name}.downsample.0", h, stride))
        elif stride > 1:
            x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, channels - x.shape[1]))
        return config.shortcut_scale * x

    def branch(name, x, stride):
        """F(x), and what a projection takes."""
        if config.pre_activation:
            h = torch.relu(batch_norm(f"{name}.bn1", x))
            y = conv2d(
                f"{name}.conv2",
                torch.relu(batch_norm(f"{name}.bn2", conv2d(f"{name}.conv1", h, stride))),
            )
            return y * state.get(f"{name}.gain.weight", 1), h
        if config.init == "fixup":
            y = torch.relu(
                conv2d(f"{name}.conv1", x + state[f"{name}.bias1a"], stride)
                + state[f"{name}.bias1b"]
            )
            return conv2d(f"{name}.conv2", y + state[f"{name}.bias2a"]) * state[
                f"{name}.scale"
            ] + state[f"{name}.bias2b"], x
        y = conv2d(
            f"{name}.conv2",
            torch.relu(batch_norm(f"{name}.bn1", conv2d(f"{name}.conv1", x, stride))),
        )
        return (
            y * state[f"{name}.bn2.weight"]
            if config.init == "skipinit"
            else batch_norm(f"{name}.bn2", y)
        ), x

    x = batch_norm("bn1", conv2d("conv1", images))
    x = torch.relu(x + state["bn1.bias"] if config.init == "fixup" else x)
    blocks = (net.settings["depth"] - 2) // 6
    for stage in (1, 2, 3):
        for i in range(blocks):
            name, stride = f"layer{stage}.{i}", 2 if stage > 1 and i == 0 else 1
            y, h = branch(name, x, stride)
            number = (stage - 1) * blocks + i + 1
            if not net.training:
                y = y * (1 - (1 - config.survival_prob) * number / (3 * blocks))
            y = y + shortcut(name, x, h, stride, y.shape[1])
            x = y if config.pre_activation else torch.relu(y)
    if config.pre_activation:
        x = torch.relu(batch_norm("bn2", x))
    x = x.mean((2, 3))
    x = x + state["bias2.bias"] if config.init == "fixup" else x
    return x @ state["fc.weight"].T + state["fc.bias"]

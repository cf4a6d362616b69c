"""Folders of runs with made-up numbers, all of which are known."""

import json

from minires.experiments.training_tables import GRADIENTS, METRICS, UPDATES

STEPS_OF_EPOCH = 5
BASE = {
    "dataset": "synthetic",
    "dataset_name": "synthetic",
    "train_size": 80,
    "test_size": 20,
    "image_size": 8,
    "batch_size": 16,
    "lr": 0.1,
    "net": {"width": 2},
}


def error(net, seed, epoch, which):
    """A training error of one net; the test error is 1 above."""
    return 90 - epoch - len(net[:20]) / 10 + seed / 100 + (which == "test")


def norm(net, seed, step, depth):
    """A gradient norm; the weight norm is 10 times the depth."""
    return 10.0 ** (-depth - seed + step / 10) * (2 if net.startswith("resnet") else 1)


def ratio(net, seed, step, depth):
    """An update ratio."""
    return norm(net, seed, step, depth) / 100


def degradation(out, depths=(8, 14), seeds=(0, 1), epochs=3, done=None, steps=(0, 1, 5, 10)):
    """The folder of a run of plain and residual nets. `done` are the epochs that each net has
    finished, `steps` those at which norms were recorded."""
    nets = [(f"{f}-{d}", seed) for seed in seeds for d in depths for f in ("plain", "resnet")]
    own = {"experiment": "degradation", "depths": [*depths], "seeds": [*seeds]}
    config = {**BASE, **own, "iterations": epochs * STEPS_OF_EPOCH, "epochs": None}
    done = epochs if done is None else done
    write(out, config, nets, done, steps, lambda net: int(net.split("-")[1]))
    return out


def single(out, net="resnet-8", seed=0, epochs=3, done=None, steps=(0, 1, 5), **more):
    """The folder of a run of one net."""
    config = {
        **BASE,
        "experiment": "single net",
        "model": net,
        "seed": seed,
        "classes": ["circle", "square"],
        "training_images": 80,
        "test_images": 20,
        "all_iterations": epochs * STEPS_OF_EPOCH,
        "parameters": 100,
        **more,
    }
    done = epochs if done is None else done
    write(out, config, [(net, seed)], done, steps, lambda _: 8)
    return out


def sweep(out, names, begun=None, **more):
    """The folder of a sweep of runs with these names; `begun` are the runs that have a folder."""
    common = {**BASE, "epochs": 3}
    config = {"experiment": "sweep", "runs": names, "dataset_name": "synthetic", "common": common}
    out.mkdir(parents=True)
    (out / "config.json").write_text(json.dumps(config))
    for name in names if begun is None else begun:
        settings = dict(part.split("=") for part in name.split(","))
        net = settings.get("model", "resnet-8")
        single(out / name, net, int(settings.get("seed", 0)), **more)
    return out


def write(out, config, nets, epochs, steps, layers):
    """Write the files of a folder. `layers` is the number of layers of a net."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config))
    lines = [",".join(METRICS)]
    for net, seed in nets:
        for epoch in range(1, epochs + 1):
            train, test = (error(net, seed, epoch, which) for which in ("train", "test"))
            step = epoch * STEPS_OF_EPOCH
            lines.append(f"{net},{seed},{step},{epoch},0.1,2.0,{train},{test},1.0,100")
    (out / "metrics.csv").write_text("\n".join(lines) + "\n")
    lines = [",".join(GRADIENTS)]
    for net, seed in nets:
        for step in steps:
            for depth in range(1, layers(net) + 1):
                gradient, weight = norm(net, seed, step, depth), 10.0 * depth
                lines.append(
                    f"{net},{seed},{step},layer{depth},{depth},{gradient:.6g},{weight},"
                    f"{gradient / weight:.6g}"
                )
    moved = [",".join(UPDATES)]
    for net, seed in nets:
        for step in steps:
            for depth in range(1, layers(net) + 1):
                its = ratio(net, seed, step, depth)
                moved.append(
                    f"{net},{seed},{step},layer{depth},{depth},{its * 10 * depth:.6g},{its:.6g}"
                )
    if steps:
        (out / "gradients.csv").write_text("\n".join(lines) + "\n")
        (out / "updates.csv").write_text("\n".join(moved) + "\n")

"""The four nets of the quick preset, trained in PyTorch one after another on the batches that
minires trains on.

`benchmarks.experiments` starts ``python -m benchmarks.pytorch_training THREADS ITERATIONS``. With 0
iterations, nets train as long as in the preset.
"""

import sys
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from minires.experiments.degradation import FAMILIES, load_sets
from minires.experiments.presets import PRESETS
from minires.training.from_config import loader_for
from minires.training.trainer import EVALUATION_BATCH

from .pytorch_nets import Net, copy_weights

DEPTHS = (20, 56)


def train(family, depth, config, train_set, test_set):
    """Train one net, and return its training and test error of the last epoch, in percent.

    Parameters
    ----------
    family : {"plain", "resnet"}
    depth : int
    config : RunConfig
        Resolved, so that it has the number of iterations.
    train_set, test_set : dataset
        From `load_sets`.
    """
    width = config.net["width"]
    net = Net(depth, width, "A" if family == "resnet" else None)
    copy_weights(FAMILIES[family](depth, width=width, seed=config.seed), net)
    optimizer = torch.optim.SGD(
        net.parameters(), config.lr, config.momentum, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, list(config.milestones))
    loader = loader_for(train_set, config)
    wrong = images = 0
    for iteration in range(1, config.iterations + 1):
        x, y = _tensors(*next(loader))
        net.train()
        logits = net(x)
        loss = nn.functional.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        wrong += int((logits.argmax(1) != y).sum())
        images += len(y)
        at_end = iteration % loader.batches_per_epoch == 0 or iteration == config.iterations
        if at_end:
            errors = (
                100 * wrong / images,
                _test_error(net, loader.eval_loader(test_set, EVALUATION_BATCH)),
            )
            wrong = images = 0
    return errors


def _test_error(net, loader):
    net.eval()
    wrong = 0
    with torch.no_grad():
        for images, labels in loader:
            x, y = _tensors(images, labels)
            wrong += int((net(x).argmax(1) != y).sum())
    return 100 * wrong / len(loader.dataset)


def _tensors(images, labels):
    """Images (N, H, W, C) and labels as tensors; images become (N, C, H, W)."""
    images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return torch.from_numpy(images), torch.from_numpy(labels)


def main(threads, iterations):
    """Train the nets with so many threads, and print the errors of each."""
    torch.set_num_threads(threads)
    config = PRESETS["quick"]
    if iterations:
        config = replace(config, epochs=None, iterations=iterations)
    train_set, test_set = load_sets(config)
    resolved = config.resolve(len(train_set))
    for depth in DEPTHS:
        for family in FAMILIES:
            errors = train(family, depth, resolved, train_set, test_set)
            print(
                f"{family}-{depth}: training error {errors[0]:.1f} %, test error {errors[1]:.1f} %"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

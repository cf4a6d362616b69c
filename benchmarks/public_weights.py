"""Compare public weights in PyTorch and in minires: do both predict the same class for every image?

python -m benchmarks.public_weights resnet20-12fca82f.th resnet56-4bfd9763.th --data FOLDER

The weights are those of github.com/akamaster/pytorch_resnet_cifar10, which anybody can download. On
PyTorch's side, no code of minires reads the files or prepares the images. The results are written
to ``results/public-weights/pytorch.json``.
"""

import argparse
import json
import re
import warnings
from pathlib import Path

import numpy as np
import torch

import minires as mr
from minires import data
from minires.diagnostics import classify
from minires.experiments.evaluation_images import images_to_test, source_of
from minires.experiments.records import environment
from minires.experiments.trained_net import trained_net
from minires.serialization.conventions import set_in
from minires.serialization.weights import open_weights

from .pytorch_nets import Net

RESULTS = Path(__file__).parents[1] / "results" / "public-weights" / "pytorch.json"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # as the nets' authors prepare CIFAR-10
BATCH = 500


def in_pytorch(path: Path, images: np.ndarray) -> np.ndarray:
    """The logits (N, 10) of PyTorch's net.

    Parameters
    ----------
    path : Path
        Weights as akamaster's programs save them. Reading them can run code that is hidden in the
        file, so it must come from a source that you trust.
    images : ndarray (N, 32, 32, 3), uint8
    """
    # PyTorch 0.3 wrote these files, and the safe reader of newer versions refuses them.
    state = torch.load(path, map_location="cpu", weights_only=False)["state_dict"]
    state = {
        re.sub("^linear", "fc", name.removeprefix("module.")): tensor
        for name, tensor in state.items()
    }
    depth = 2 + sum(".conv" in name for name in state)
    net = Net(depth, zeros="around").eval()
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert not unexpected and all("num_batches_tracked" in name for name in missing)
    mean, std = (torch.tensor(colours).view(3, 1, 1) for colours in (MEAN, STD))
    logits = []
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            x = torch.tensor(images[start : start + BATCH]).permute(0, 3, 1, 2) / 255
            logits.append(net((x - mean) / std).numpy())
    return np.concatenate(logits)


def in_minires(path: Path, folder: str | None, zeros: str | None = None) -> np.ndarray:
    """The logits (N, 10) of minires' net for the test images of CIFAR-10.

    minires finds out by itself which net the weights are from, and how its images are prepared.

    Parameters
    ----------
    path : Path
    folder : str or None
        Where CIFAR-10 is.
    zeros : {"after", "around"}, optional
        Move the zeros of shortcut A there, to see what a wrong place costs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mr.errors.WeightsWarning)
        net = trained_net(open_weights(path))
    if zeros is not None:
        set_in(net.model, {"zeros": zeros})
    _, batches = images_to_test(source_of("cifar10", folder), net.transform, BATCH)
    return classify(mr.nn.fuse(net.model), batches).logits


def compare(path: Path, folder: str | None) -> dict[str, int | float | str]:
    """Compare the two libraries on one file of weights: how many images each gets wrong, how many
    get another class, and the largest difference between two logits.
    """
    _, test = data.load("cifar10", folder)
    theirs, ours = in_pytorch(path, test.images), in_minires(path, folder)
    misplaced = in_minires(path, folder, zeros="after")
    return {
        "weights": path.name,
        "images": len(test),
        "wrong_in_pytorch": int((theirs.argmax(1) != test.labels).sum()),
        "wrong_in_minires": int((ours.argmax(1) != test.labels).sum()),
        "wrong_with_zeros_after": int((misplaced.argmax(1) != test.labels).sum()),
        "other_class": int((theirs.argmax(1) != ours.argmax(1)).sum()),
        "largest_difference_of_logits": float(np.abs(theirs - ours).max()),
    }


def main() -> None:
    """Compare the files named on the command line, and write and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="+", type=Path, help="files from that repository")
    parser.add_argument("--data", help="the folder with CIFAR-10")
    args = parser.parse_args()
    _, test = data.load("cifar10", args.data)
    words = ["python -m benchmarks.public_weights", *(path.name for path in args.weights)]
    found = {
        "dataset_name": test.name,
        "nets": [compare(path, args.data) for path in args.weights],
        "environment": environment() | {"pytorch": torch.__version__, "command": " ".join(words)},
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found["nets"], indent=2))


if __name__ == "__main__":
    main()

"""Tiny files in the layouts of CIFAR-10: every file is there, with fewer images in each."""

import pickle

import numpy as np
import pytest

from minires.data.datasets.cifar10 import BATCHES

RECORDS = 4  # images in each file; the official ones have 10,000


def make_batch(number):
    """The images (RECORDS, 3072) and labels of one file. Every pixel and label differs from file to
    file."""
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (RECORDS, 3072), np.uint8), rng.integers(0, 10, RECORDS).astype(
        np.uint8
    )


def write_binary(folder):
    """The binary layout, in `folder` itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(BATCHES):
        pixels, labels = make_batch(number)
        (folder / f"{name}.bin").write_bytes(np.column_stack([labels, pixels]).tobytes())
    return folder


def write_python(folder, protocol=2):
    """The Python layout, in `folder` itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(BATCHES):
        pixels, labels = make_batch(number)
        batch = {
            b"batch_label": b"batch",
            b"labels": labels.tolist(),
            b"data": pixels,
            b"filenames": [b"a.png"] * RECORDS,
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol))
    return folder


@pytest.fixture
def binary(tmp_path):
    return write_binary(tmp_path / "cifar-10-batches-bin")


@pytest.fixture
def python(tmp_path):
    return write_python(tmp_path / "cifar-10-batches-py")

"""A small net and a folder of pictures, for the tests of `predict` and of the command."""

import numpy as np
import pytest

import minires as mr

from .data.pictures import drawing

NAMES = ["ant", "bee", "cat", "dog"]


def net(classes=4, seed=0):
    """A small net whose outputs differ from class to class, as after training."""
    model = mr.models.resnet(8, width=4, num_classes=classes, seed=seed)
    model.fc.weight.data[...] = np.random.default_rng(seed).standard_normal(model.fc.weight.shape)
    return model


def write_photos(folder):
    """A new folder with five pictures and some other files. Returns the folder."""
    Image = pytest.importorskip("PIL.Image")
    (folder / "inside").mkdir(parents=True)
    for i, name in enumerate(("a.png", "b.JPG", "c.gif", "d.bmp", "e.webp")):
        picture = Image.fromarray(drawing(40 + i, 50 - 3 * i, seed=i))
        picture.save(folder / name, "JPEG" if name == "b.JPG" else None)
    for name in ("notes.txt", "._a.png"):
        (folder / name).write_bytes(b"no picture")
    return folder

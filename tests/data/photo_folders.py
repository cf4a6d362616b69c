"""Small folders of photographs as people have them, for tests."""

import numpy as np

CUT = b"\xff\xd8\xff\xe0" + bytes(40)  # a JPEG that ends after its first bytes


def draw(path, number=0, size=(20, 16)):
    """A picture of (width, height) pixels in a colour of its own. Lossless unless it is called
    .jpg."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
    kind = "JPEG" if path.suffix.lower() in (".jpg", ".jpeg", ".jfif") else "PNG"
    with open(path, "wb") as file:
        Image.fromarray(small).resize(size).save(file, kind)


def classes(folder, names=("cat", "dog"), count=4, suffix=".png"):
    """A folder for each class, with that many different pictures. Returns `folder`."""
    for label, name in enumerate(names):
        for i in range(count):
            draw(folder / name / f"{i}{suffix}", 1000 * label + i + sum(map(ord, folder.name)))
    return folder


def load(folder, **settings):
    """`image_folder`, at 8 pixels, in this process, with a cache beside the folder."""
    from minires import data

    usual = {"size": 8, "workers": 0, "cache": folder.parent / "cache", "progress": False}
    return data.image_folder(folder, **{**usual, **settings})

"""What a data set must have: the few attributes that loaders and trainers use.

`ImageDataset`, `PhotographDataset` and `FeatureDataset` have them. A data set of your own needs no
base class, only these attributes. Here is one of points in the plane, which belong to the inner or
the outer of two rings::

    class Rings:
        name, classes, input_shape = "rings", ("inner", "outer"), (2,)

        def __init__(self, n, seed=0):
            rng = np.random.default_rng(seed)
            self.labels = rng.integers(0, 2, n)
            angle = rng.uniform(0, 2 * np.pi, n)
            points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + self.labels[:, None])
            self.points = points.astype(np.float32)

        def __len__(self):
            return len(self.points)

        def inputs(self, indices):
            return self.points[indices]

    config = RunConfig(epochs=5, crop_padding=0, flip=False)           # these are not images
    Trainer(net, Rings(1000), Rings(200, seed=1), config).run()
"""

from typing import Protocol

from ...types import Array, Shape


class Dataset(Protocol):
    """A labelled set of examples.

    Attributes
    ----------
    name : str
        What the set is called in tables and errors.
    classes : sequence of str
        The name of each class.
    labels : ndarray of int64, shape (N,)
        The right class of each example: its position in `classes`.
    input_shape : tuple of int
        The shape of one example as the net sees it, (H, W, 3) for an image.
    """

    # Written as properties because they are only read. Plain attributes will do.

    @property
    def name(self) -> str: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def labels(self) -> Array: ...

    @property
    def input_shape(self) -> Shape: ...

    def __len__(self) -> int:
        """How many examples there are."""

    def inputs(self, indices: Array) -> Array:
        """The examples at these positions, as the net sees them: float32, of shape
        ``(len(indices), *input_shape)``.

        `ImageDataset` and `PhotographDataset` lack this method: `data.batches` makes their batches,
        with random crops and flips.
        """

"""A labelled set of photographs of any size, on disk."""

from dataclasses import dataclass, replace

from ...errors import ConfigError
from ...names import as_text
from ...types import Array, Shape
from ..cache import PictureCache
from ..original_pixels import OriginalPictures
from ..transforms import ImageTransform


@dataclass(frozen=True, eq=False, repr=False)
class PhotographDataset:
    """Photographs with one label each; `image_folder` makes one from a folder.

    Parameters
    ----------
    pictures : PictureCache or OriginalPictures
    indices : ndarray of int64, shape (N,)
        Which of the pictures are in this set.
    labels : ndarray of int64, shape (N,)
        Positions in `classes`.
    classes : tuple of str
    name : str
        What the set is called in tables and errors.
    transform : ImageTransform
        How each becomes an input of the net.
    workers : int
        Processes that prepare batches.
    """

    pictures: PictureCache | OriginalPictures
    indices: Array
    labels: Array
    classes: tuple[str, ...]
    name: str
    transform: ImageTransform = ImageTransform()
    workers: int = 0

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        height, width, _ = self.input_shape
        return (
            f"PhotographDataset({self.name}: {len(self):,} photographs, "
            f"seen at {height}x{width}, {len(self.classes)} classes)"
        )

    @property
    def input_shape(self) -> Shape:
        """The shape of one image as the net sees it."""
        return self.transform.crop, self.transform.crop, 3

    def pick(self, chosen: Array | slice) -> "PhotographDataset":
        """The photographs at these positions of this set, as a set of their own."""
        return replace(self, indices=self.indices[chosen], labels=self.labels[chosen])

    def take(self, n: int) -> "PhotographDataset":
        """The first `n`.

        Raises ConfigError if `n` is below 1 or above the number of photographs.
        """
        if not 1 <= n <= len(self):
            raise ConfigError(
                f"{self.name}.take",
                "not that many photographs in the set",
                f"1 to {len(self)}",
                str(n),
            )
        return self.pick(slice(n))

    @property
    def damaged(self) -> dict[str, str]:
        """The files that could not be read and were left out, each with what is wrong."""
        return {as_text(path): its for path, its in self.pictures.damaged.items()}

    def names(self) -> list[str]:
        """The file of each photograph, as text."""
        return [as_text(self.pictures.names[index]) for index in self.indices]

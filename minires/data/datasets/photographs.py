"""A labelled set of photographs of any size, on disk."""

from dataclasses import dataclass, replace

from ...checks import is_integer
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
        Pictures that other sets may share.
    indices : ndarray of int64, shape (N,)
        Which of the pictures are in this set.
    labels : ndarray of int64, shape (N,)
        Positions in `classes`.
    classes : tuple of str
        The name of each class.
    name : str
        What the set is called in tables and errors.
    transform : ImageTransform
        How each photograph is resized, cropped and normalised for the net.
    workers : int
        How many processes prepare batches; 0 means this one.
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
        """The shape of one image as the net sees it, (H, W, 3)."""
        return self.transform.crop, self.transform.crop, 3

    def pick(self, chosen: Array | slice) -> "PhotographDataset":
        """The photographs at these positions, as a set of their own."""
        return replace(self, indices=self.indices[chosen], labels=self.labels[chosen])

    def take(self, n: int) -> "PhotographDataset":
        """The first `n` photographs.

        Raises
        ------
        ConfigError
            If `n` is not a whole number from 1 to the number of photographs.
        """
        if not is_integer(n, 1, len(self)):
            raise ConfigError(
                f"{self.name}.take",
                "not that many photographs in the set",
                f"1 to {len(self)}",
                str(n),
            )
        return self.pick(slice(n))

    @property
    def damaged(self) -> dict[str, str]:
        """The files that could not be read and were left out: name -> what is wrong with it."""
        return {as_text(path): reason for path, reason in self.pictures.damaged.items()}

    def names(self) -> list[str]:
        """The file name of each photograph, as text."""
        return [as_text(self.pictures.names[index]) for index in self.indices]

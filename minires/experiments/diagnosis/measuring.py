"""Measure what trained nets look like inside, and write a table for each kind of measurement.

The nets need not be trained with minires. These are the tables, and the papers that they follow:

    lesions.csv     error with blocks taken out or swapped (Veit et al. 2016, arXiv:1605.06431)
    responses.csv   standard deviation of each layer's response (He et al. 2015, figure 7)
    paths.csv       gradient at the images by paths of each length (Veit et al. 2016)
    gradients.csv   gradient of the loss with respect to each layer's weights
    ranks.csv       effective rank: the number of directions in which images differ after a block
    nets.csv        loss and error of the whole nets

`findings` works out numbers, sentences and figures from these tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import comb, isfinite
from typing import Any

import numpy as np

from ... import backend, diagnostics
from ... import functional as F
from ...autograd import Tensor
from ...checks import integer
from ...diagnostics.parts import Batches, blocks
from ...errors import ConfigError
from ...models.shortcuts import NoShortcut
from ...names import expanded
from ...nn import Module
from ...nn.state import preserve_state
from ...types import Array, Device, PathLike, Row
from ..before_data import check_net_knows
from ..evaluation_images import class_order, images_to_test, source_of
from ..evaluation_records import write_damaged
from ..records import RunFolder
from ..trained_net import TrainedNet, diverged, names_of

#: The name of this experiment in config.json.
NAME = "diagnose"
COLUMNS = {
    "nets": ("net", "images", "loss", "error"),
    "lesions": ("net", "lesion", "blocks", "count", "changes_shape", "loss", "error"),
    "responses": ("net", "layer", "depth", "mean", "std", "active"),
    "paths": ("net", "length", "paths", "sampled", "norm", "standard_error", "total"),
    "gradients": ("net", "layer", "depth", "gradient_norm", "weight_norm", "ratio"),
    "ranks": ("net", "layer", "depth", "rank"),
}
TEXT = ("net", "lesion", "blocks", "layer")
IMAGES, RANK_IMAGES, GRADIENT_IMAGES, PATH_IMAGES, PATHS = 1000, 256, 128, 32, 8
PARTS_DROPPED = (0.1, 0.2, 0.3, 0.5, 0.7)  # fractions of the blocks that are dropped together
DRAWS = 3  # random choices of blocks for each fraction


def run(
    nets: Sequence[TrainedNet],
    out: PathLike,
    *,
    dataset: str | None = None,
    folder: PathLike | None = None,
    images: int = IMAGES,
    paths: int = PATHS,
    batch_size: int = 250,
    seed: int = 0,
    device: Device = "cpu",
    progress: bool = True,
    cache: PathLike | None = None,
    skip_damaged: bool = False,
    on_start: Callable[[Mapping[str, Any]], object] | None = None,
) -> None:
    """Diagnose these nets, and write the tables to the folder `out`.

    Parameters
    ----------
    nets : sequence of TrainedNet
        Each net prepares images in its own way.
    out : str or Path
        A new or empty folder.
    dataset, folder
        The test set, as for `evaluation_images.source_of`.
    images : int
        Number of test images, drawn at random, the same for all nets. If the set is smaller, all
        its images are used.
    paths : int
        Number of random paths of each length along which the gradient is measured.
    batch_size : int
    seed : int
        Of random lesions and paths.
    device : {"cpu", "gpu"}
    progress : bool
        Show a progress bar on stderr, if stderr is a terminal.
    cache, skip_damaged
        For photographs, as for `evaluation_images.images_to_test`.
    on_start : callable, optional
        ``on_start(settings)`` is called before the first measurement, with the settings that
        ``config.json`` holds.

    Raises
    ------
    ConfigError, DataError, DeviceError
        If settings are impossible, or a file cannot be used.
    DivergenceError
        If outputs of a net are not finite.
    """
    images = integer("diagnose", "images", images, 2)
    paths = integer("diagnose", "paths", paths)
    labels = names_of(nets)
    settings: dict[str, Any] = {
        "experiment": NAME,
        "dataset_name": "",
        "nets": {},
        "images": images,
        "paths": paths,
        "seed": seed,
        "rank_images": RANK_IMAGES,
        "gradient_images": GRADIENT_IMAGES,
        "path_images": PATH_IMAGES,
    }
    for net in nets:
        check_net_knows(net.file, dataset, folder)
    sets, source = [], source_of(dataset, folder)
    for label, net in zip(labels, nets):
        its, batches = images_to_test(
            source, net.transform, batch_size, device, images, progress, cache, skip_damaged
        )
        classes, order = class_order(net.file, its)
        sets.append((len(its), _Relabelled(batches, order)))
        settings["dataset_name"], settings["images"] = its.name, len(its)
        settings["classes"] = len(its.classes)
        settings["nets"][label] = {
            "model": net.name,
            "net": net.settings,
            "weights": net.file.path.name,
            "parameters": net.model.num_parameters(),
            "transform": net.transform.as_dict(),
        }
    if on_start is not None:
        on_start(settings)
    with (
        RunFolder(expanded(out), settings, device=device) as run_folder,
        _bar(sum(_work(net.model, n, paths) for net, (n, _) in zip(nets, sets)), progress) as count,
    ):
        write_damaged(run_folder, getattr(its, "damaged", {}))
        tables = {name: run_folder.table(name, COLUMNS[name], TEXT) for name in COLUMNS}
        for label, net, (_, batches) in zip(labels, nets, sets):
            model = net.model.to(device)
            for name, rows in measured(model, batches, paths, seed, count):
                if name == "nets" and not isfinite(rows[0]["loss"]):
                    raise diverged(net.file, f"a loss of {rows[0]['loss']}")
                tables[name].append({"net": label, **row} for row in rows)


class _Relabelled:
    """Batches whose labels are numbered like the net's classes. They can be iterated repeatedly."""

    def __init__(self, batches: Batches, order: Array) -> None:
        self.batches, self.order = batches, order

    def __iter__(self) -> Iterator[tuple[Any, Array]]:
        for images, labels in self.batches:
            yield images, self.order[np.asarray(labels)]


class _Counted:
    """Batches that call ``count(number of images)`` after each batch."""

    def __init__(self, batches: Batches, count: Callable[[int], None]) -> None:
        self.batches, self.count = batches, count

    def __iter__(self) -> Iterator[tuple[Any, Array]]:
        for images, labels in self.batches:
            yield images, labels
            self.count(len(labels))


def measured(
    model: Module, batches: Batches, paths: int, seed: int, count: Callable[[int], None]
) -> Iterator[tuple[str, list[Row]]]:
    """Measure one net, and yield (name of a table, rows for it).

    Parameters
    ----------
    model : Module
    batches : iterable of (images, labels)
    paths, seed : int
        As for `run`.
    count : callable
        ``count(images)`` is called after every pass of that many images through the net.
    """
    counted = _Counted(batches, count)
    whole = diagnostics.evaluate(model, counted)
    number = sum(len(labels) for _, labels in batches)
    yield "nets", [{"images": number, "loss": whole.loss, "error": whole.error}]
    responses = diagnostics.responses(model, counted)
    yield "responses", [one._asdict() for one in responses]
    yield (
        "ranks",
        [
            one._asdict()
            for one in diagnostics.effective_ranks(model, _first(batches, RANK_IMAGES)[0])
        ],
    )
    yield "gradients", _gradients(model, *_first(batches, GRADIENT_IMAGES))
    if _blocks(model):
        yield from (("lesions", rows) for rows in _lesions(model, batches, seed, count))
    if is_residual(model):
        images, labels = _first(batches, PATH_IMAGES)
        for length in range(len(_blocks(model)) + 1):
            rows = diagnostics.path_gradients(model, images, labels, [length], paths, seed + length)
            count(len(labels) * rows[0].sampled)
            yield "paths", [one._asdict() for one in rows]


def is_residual(model: Module) -> bool:
    """Whether the net has blocks, and every block has a shortcut."""
    found = _blocks(model)
    return bool(found) and not any(isinstance(one.shortcut, NoShortcut) for one in found.values())


def _blocks(model):
    try:
        return blocks(model)
    except ConfigError:
        return {}


def _gradients(model, images, labels):
    """Norms of the loss gradients of all weights, with batch norm in evaluation mode."""
    with preserve_state(model, "eval"):
        F.cross_entropy(model(Tensor(images)), labels).backward()
        return [one._asdict() for one in diagnostics.gradient_norms(model)]


def _lesions(model, batches, seed, count):
    """Yield the rows of each kind of lesion: one block dropped, two swapped, several dropped."""
    found = _blocks(model)
    changing = {
        name
        for name, one in found.items()
        if one.stride != 1 or one.in_channels != one.out_channels
    }

    def rows(kind, lesions):
        return [
            {
                "lesion": kind,
                "blocks": "+".join(lesion.blocks),
                "count": len(lesion.blocks),
                "changes_shape": int(bool(changing & {*lesion.blocks})),
                "loss": lesion.loss,
                "error": lesion.error,
            }
            for lesion in lesions
        ]

    def of(number):
        """The batches, counted `number` times: once for each lesion with which they are used."""
        return _Counted(batches, lambda images: count(number * images))

    dropped = diagnostics.drop_sets(model, of(len(found)), [(name,) for name in found])
    yield rows("dropped", dropped)
    if pairs := diagnostics.swappable_pairs(model):
        yield rows("swapped", diagnostics.swap_each(model, of(len(pairs)), pairs))
    if counts := _counts(len(found)):
        random = diagnostics.drop_random(model, of(DRAWS * len(counts)), counts, DRAWS, seed)
        yield rows("random", random)


def _counts(number):
    """How many of `number` blocks to drop together. Single blocks are dropped elsewhere."""
    return sorted({count for part in PARTS_DROPPED if (count := round(part * number)) >= 2})


def _first(batches, count):
    """The first `count` images with their labels, as one batch; all if there are fewer."""
    images, labels = [], []
    for some, their in batches:
        images.append(some)
        labels.append(their)
        if sum(map(len, labels)) >= count:
            break
    device = backend.device_of(images[0])
    joined = np.concatenate([backend.move(some, "cpu") for some in images])[:count]
    return backend.move(joined, device), np.concatenate(labels)[:count]


def _work(model, images, paths):
    """The number of images that `measured` will count."""
    number = len(_blocks(model))
    passes = 2
    if number:
        pairs = len(diagnostics.swappable_pairs(model))
        passes += number + pairs + DRAWS * len(_counts(number))
    if not is_residual(model):
        return passes * images
    tried = sum(min(comb(number, length), paths) for length in range(number + 1))
    return passes * images + min(PATH_IMAGES, images) * tried


@contextmanager
def _bar(total: int, progress: bool) -> Iterator[Callable[[int], None]]:
    from tqdm import tqdm

    words = "{percentage:3.0f}%|{bar}| {elapsed} so far, {remaining} left"
    with tqdm(
        total=total, bar_format=words, dynamic_ncols=True, disable=None if progress else True
    ) as bar:
        yield bar.update

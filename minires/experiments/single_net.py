"""Train one net of any kind on any data set: ``minires train`` and ``minires finetune``.

The net may start from weights that were trained elsewhere. Then its head, the last layer, is
replaced by a new one for the new classes, and the layers before it may be frozen. If only the head
is trained (a linear probe), the frozen layers compute the features of each image once, and the
training uses these features: it takes seconds instead of hours.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from .. import backend
from .. import plot as plots
from ..data import DataLoader
from ..diagnostics import classify
from ..diagnostics.parts import main_path
from ..distributed import World, alone
from ..distributed.cutting import number_of_shards
from ..errors import ConfigError, WeightsWarning
from ..names import expanded, printable
from ..serialization.weights import WeightsFile, open_weights, save
from ..training.class_weights import with_class_weights
from ..training.config import ALL, HEAD, RunConfig
from ..training.from_config import loader_for, optimizer_for
from ..training.kinds import COUNT, NUMBER, WORD, WORDS
from ..training.trainer import EVALUATION_BATCH
from ..types import Figure, PathLike
from . import evaluation_records
from .before_data import expected_images
from .model_setup import build, complete
from .records import RunFolder, check_new, of_one_run, read_config, save_figures
from .training_records import TrainingRecords, take_part
from .training_sets import features_of, load_sets, split_validation
from .training_tables import drops_in_epochs, finished_tables
from .validation_records import how_it_ended, kept_epoch, read_validation

NAME = "single net"
NEEDED = {  # settings that config.json must hold, besides the ones that every run must have
    "model": WORD,
    "dataset_name": WORD,
    "classes": WORDS,
    "training_images": COUNT,
    "test_images": COUNT,
    "all_iterations": COUNT,
    "parameters": COUNT,
    "batch_size": COUNT,
    "seed": NUMBER,
}


def run(
    config: RunConfig,
    out: PathLike,
    resume: bool = False,
    progress: bool = True,
    file: WeightsFile | None = None,
    sets: tuple[Any, Any] | None = None,
    callbacks: Sequence[Any] = (),
    world: World | None = None,
    wait: bool = False,
    on_start: Callable[[Mapping[str, Any]], object] | None = None,
) -> None:
    """Train the net in `config`, and record the training in the folder `out`.

    Writes settings, tables, a checkpoint, the trained weights, and the results on the test set.

    Parameters
    ----------
    config : RunConfig
        `RunConfig.for_data` makes one that suits the data.
    out : str or Path
        A new or empty folder, unless `resume`.
    resume : bool
        Go on with an interrupted run. The result is the same to the bit as without the
        interruption.
    progress : bool
    file : WeightsFile, optional
        The file of weights that the config names, if it is already open.
    sets : (Dataset, Dataset), optional
        The result of `load_sets` for this config, if it has already been called.
    callbacks : list of Callback
        Callbacks for the `Trainer`.
    world : distributed.World, optional
        The processes that train the net together (`distributed.join`). Each of them calls this
        function. Only rank 0 writes and prints, and other ranks do not need the folder `out`.
    wait : bool
        If another process writes into the folder, wait until it is done.
    on_start : callable, optional
        ``on_start(settings)`` is called on rank 0 before the first step, with the settings that
        ``config.json`` holds.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError, DivergenceError
        If settings are impossible, a file cannot be used, weights do not fit the net, or the
        training diverges.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved.
    """
    device = backend.check_device(config.device, "--device")
    out, world = expanded(out), world or alone()
    if world.rank:
        progress = False
    else:
        check_new(out, resume)
    config = replace(config, shards=_shards(config, out, resume, world))
    if file is None and config.weights is not None:
        file = open_weights(config.weights)
    config = complete(config, file)
    prepared = prepare(config, file, sets, progress, world)
    config, model, train_set, test_set, val_set, _ = prepared
    settings = {
        "experiment": NAME,
        **config.deciding(),
        "dataset_name": train_set.name,
        "classes": train_set.classes,
        "training_images": len(train_set),
        **({} if val_set is None else {"validation_images": len(val_set)}),
        "test_images": len(test_set),
        "all_iterations": config.resolve(len(train_set)).iterations,
        "parameters": model.num_parameters(),
    }
    # Small images are normalised by the mean of the training set, not of the test set. Photographs
    # of another size for testing have a transform of their own.
    transform = (test_set if config.test_image_size else train_set).transform
    names = test_set.names()
    assert config.model is not None  # `complete` has set it

    if world.rank:
        trained, train, test, val = prepared.trained(progress)
        take_part(world, config.model, trained, train, test, config, val)
        return
    with RunFolder(out, settings, resume=resume, device=device, wait=wait) as folder:
        evaluation_records.write_damaged(folder, getattr(train_set, "damaged", {}))
        if on_start is not None:
            on_start(settings)
        trained, train, test, val = prepared.trained(progress)
        records = TrainingRecords(folder, progress, world)
        trainer = records.train(
            config.model, trained, train, test, config, callbacks=callbacks, val_set=val
        )
        save(
            model,
            folder.path / "weights.safetensors",
            classes=train_set.classes,
            transform=transform.as_dict(),
            built={"model": config.model, "net": config.net},
        )
        classified = classify(trained, trainer.test_loader)
        evaluation_records.write(folder, classified, train_set.classes, names)


class Prepared(NamedTuple):
    """Everything that a run prepares before its first step: data and net."""

    config: RunConfig  # with a net, an image size and a batch size
    model: Any  # a Module with a last layer, fc
    train_set: Any
    test_set: Any
    val_set: Any  # None without patience
    loader: DataLoader  # of the training set

    def trained(self, progress: bool) -> tuple[Any, Any, Any, Any]:
        """The module to be trained, and its training, test and validation set. If only the head is
        trained, that module is the head, and the sets hold features.
        """
        sets = self.train_set, self.test_set, self.val_set
        if self.config.train != HEAD:
            return self.model, *sets
        train, test, val = (
            None
            if some is None
            else features_of(self.model, self.loader.eval_loader(some, EVALUATION_BATCH), progress)
            for some in sets
        )
        return self.model.fc, train, test, val


def prepare(
    config: RunConfig,
    file: WeightsFile | None,
    sets: tuple[Any, Any] | None,
    progress: bool,
    world: World,
) -> Prepared:
    """Read the data and build the net. Parameters and errors are those of `run`.

    `config` comes from `model_setup.complete`, and `file` is the open file of weights that it
    names, if any.
    """
    if sets is None:
        check_before_data(config, file)
    with world.one_after_rank_0():
        train_set, test_set = sets or load_sets(config, file, progress)
    train_set, val_set = split_validation(config, train_set, test_set)
    model, note = build(config, file, train_set.input_shape, train_set.classes)
    if note and progress:
        print(printable(note), flush=True)
    config = config.for_depth(len(main_path(model)))
    # Settings that do not suit the data raise an error here, before a folder is created.
    resolved = with_class_weights(config, train_set).resolve(len(train_set))
    config = replace(config, batch_size=resolved.batch_size)
    loader = loader_for(train_set, resolved)
    return Prepared(config, model, train_set, test_set, val_set, loader)


def check_before_data(config: RunConfig, file: WeightsFile | None, build_net: bool = True) -> None:
    """Raise what is wrong with the settings before any image is drawn, read or decoded.

    Parameters as in `prepare`; `build_net`: whether the net is built on trial, too.
    """
    expected = expected_images(config, draw_all=True)
    if build_net:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WeightsWarning)  # said later, once
            model: Any = build(config, file, expected.input_shape, expected.classes)[0]
        optimizer_for(model.fc if config.train == HEAD else model, config)
    if config.train == HEAD and (config.crop_padding or config.crop_scale or config.flip):
        raise ConfigError(
            "train 'head'",
            "features are found once, from each image as it is",
            "crop_padding 0, crop_scale None and flip False",
            f"{config.crop_padding}, {config.crop_scale} and {config.flip}",
            "RunConfig.for_data sets them so",
        )


def _shards(config, out, resume, world):
    """The number of shards of a batch: that of the config, else that of the run to be resumed, else
    one for each rank. None stands for a single shard.
    """
    shards = config.shards
    if shards is None and resume:
        before = None
        if world.rank == 0 and (out / "config.json").exists():
            before = read_config(out).get("shards") or 1
        shards = world.share(before)
    shards = number_of_shards(shards, world)
    return None if shards == 1 else shards


def report(folder: PathLike) -> str:
    """The results of the run in `folder`, as lines of text, from its records alone.

    Raises
    ------
    DataError
        If the records are missing, damaged or empty, or contradict each other.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME, NEEDED)
    with of_one_run(folder):
        return "\n".join(_report(folder, config))


def errors_by_epoch(folder: PathLike) -> dict[str, list[float]]:
    """The errors in percent after each epoch of the run in `folder`: "training" and "test" -> list.

    Raises DataError as `report` does.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME, NEEDED)
    metrics, _ = finished_tables(folder, [(config["model"], config["seed"])])
    return {
        name: [row[column] for row in metrics]
        for name, column in (("training", "train_error"), ("test", "test_error"))
    }


def _report(folder, config):
    metrics, _ = finished_tables(folder, [(config["model"], config["seed"])])
    validation = read_validation(folder, config)
    last = kept_epoch(metrics, validation)
    lines = [
        f"{config['model']} on {config['dataset_name']}: {config['parameters']:,} parameters, "
        f"{config['training_images']:,} training and {config['test_images']:,} test images, "
        f"{metrics[-1]['seconds']:.0f} s of training",
        f"training error {last['train_error']:.1f} % (of the {'best' if validation else 'last'} "
        f"epoch, while weights moved), test error {last['test_error']:.1f} %",
    ]
    if validation:
        lines.append(how_it_ended(validation, config))
    errors = evaluation_records.read_errors(folder)
    if errors["top_5_error_percent"] is not None:
        lines.append(
            f"top-1 error {errors['top_1_error_percent']:.1f} %, "
            f"top-5 error {errors['top_5_error_percent']:.1f} %"
        )
    confused = [
        row
        for row in evaluation_records.read_confusion(folder, config)
        if row["right"] != row["taken_for"] and row["images"]
    ]
    confused.sort(key=lambda row: -row["images"])
    if confused:
        pairs = [
            f"{row['right']} taken for {row['taken_for']} ({row['images']})" for row in confused
        ]
        lines.append(f"most often confused: {', '.join(pairs[:3])}")
    return lines


def plot(folder: PathLike) -> list[Path]:
    """Draw the `figures` of the run in `folder`, save them there, and return their paths.

    Raises DataError as `figures` does, and CheckpointError if a file cannot be written.
    """
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figures of the run in `folder`, by name.

    Returns
    -------
    dict
        ``training``; ``gradients``, unless only the head was trained; and ``confusion``, if the run
        is finished.

    Raises
    ------
    DataError
        If the tables are missing, damaged or empty, or contradict each other.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME, NEEDED)
    with of_one_run(folder):
        return _figures(folder, config)


def _figures(folder, config):
    metrics, gradients = finished_tables(folder, [(config["model"], config["seed"])])
    caption = _caption(config)
    batches_per_epoch = metrics[0]["iteration"] / metrics[0]["epoch"]
    drops = drops_in_epochs(
        config, config["all_iterations"], batches_per_epoch, metrics[-1]["epoch"]
    )
    validation = read_validation(folder, config)
    found = {"training": plots.training_curves(metrics, caption, drops, validation)}
    if config["train"] != HEAD:  # a head is a single layer, so there is no curve over layers
        found["gradients"] = plots.gradients_of_a_net(gradients, caption)
    if (folder / "confusion.csv").exists():
        matrix, classes = evaluation_records.read_matrix(folder, config)
        found["confusion"] = plots.confusion(
            matrix, classes, f"{caption}; {config['test_images']:,} test images"
        )
    return found


def _caption(config):
    size = f" of {config['image_size']}x{config['image_size']}" if config["image_size"] else ""
    start, weights = "", Path(config["weights"] or "")
    if config["weights"]:
        start = f" from {weights.parent.name}/{weights.name}".replace(" from /", " from ")
    trained = {ALL: "", HEAD: " (last layer only)"}
    part = trained.get(config["train"], f" ({config['train']} and later only)")
    return (
        f"{config['model']}{start}{part} on {config['dataset_name']}: "
        f"{config['training_images']:,} images{size}, batch {config['batch_size']}, "
        f"lr {config['lr']:g} ({config['schedule']}), seed {config['seed']}"
    )

"""A training from the settings to the records of its results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ... import backend
from ...diagnostics import classify
from ...distributed import World, alone
from ...distributed.cutting import number_of_shards
from ...names import expanded
from ...serialization.weights import WeightsFile, open_weights, save
from ...training.config import RunConfig
from ...types import PathLike
from .. import evaluation_records
from ..model_setup import complete
from ..records import RunFolder, check_new, read_config
from ..training_records import TrainingRecords, take_part
from .preparing import prepare
from .results import NAME


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

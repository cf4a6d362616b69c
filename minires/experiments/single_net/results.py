"""The results of one training in words and figures, from its records alone."""

from pathlib import Path

from ... import plot as plots
from ...names import expanded
from ...training.config import ALL, HEAD
from ...training.kinds import COUNT, NUMBER, WORD, WORDS
from ...types import Figure, PathLike
from .. import evaluation_records
from ..records import of_one_run, read_config, save_figures
from ..training_tables import drops_in_epochs, finished_tables
from ..validation_records import how_it_ended, kept_epoch, read_validation

#: The name of this experiment in config.json.
NAME = "single net"
#: What config.json must hold, besides the settings that every run must have.
NEEDED = {
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

"""The degradation experiment of He et al. 2015, section 4.2: are deeper plain nets harder to train, and residual ones not?

For each seed, plain and residual nets of each depth are trained by one recipe on the same batches. The error curves
answer the question; the gradient norm of every layer, from initialisation on, shows what goes on inside.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from .. import backend, data, models
from .. import plot as plots
from ..errors import ConfigError, DataError
from ..models.cifar import check_depth
from . import degradation_report
from .presets import Preset
from .records import RunFolder, read_config, read_table
from .training_records import GRADIENTS, METRICS, TEXT, TrainingRecords

FAMILIES = {"plain": models.plain, "resnet": models.resnet}


@dataclass(frozen=True)
class Settings:
    """What decides the results of the experiment."""

    dataset: str
    preset: Preset
    depths: tuple
    seeds: int                 # seeds 0 .. seeds - 1

    def as_dict(self):
        """All settings on one level, as ``config.json`` holds them."""
        return {"experiment": "degradation", "dataset": self.dataset, "depths": self.depths, "seeds": self.seeds, **asdict(self.preset)}


def run(settings, out, data_folder=None, device="cpu", resume=False, progress=True):
    """Train all nets and write ``config.json``, ``metrics.csv``, ``gradients.csv`` and checkpoints to the folder `out`.

    Parameters
    ----------
    settings : Settings
    out : str or Path
        A new or empty folder, unless `resume`.
    data_folder : str or Path, optional
        Where the files of the data set are; see `data.cifar10`.
    device : {"cpu", "gpu"}
        Where to train. Results differ by rounding, so an interrupted run may go on on the other device.
    resume : bool
        Go on with an interrupted run, to the same bits. The number of seeds and the depths may have grown.
    progress : bool

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, DivergenceError
        For settings that cannot be met, unusable files, and training that blows up.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved.
    """
    backend.check_device(device, "--device")
    preset = settings.preset
    for depth in settings.depths:
        check_depth(depth)
    train_set, test_set = load_sets(settings.dataset, preset, data_folder)
    models.plain(max(settings.depths), width=preset.width)         # one too large to build shall leave no folder behind
    recipes = {depth: preset.recipe(depth) for depth in settings.depths}

    folder = RunFolder(out, {**settings.as_dict(), "dataset_name": train_set.name}, growing=("depths", "seeds"), resume=resume,
                       device=device)
    records = TrainingRecords(folder, device, progress)
    for seed in range(settings.seeds):
        for depth in settings.depths:
            for family, build in FAMILIES.items():
                model = build(depth, width=preset.width, num_classes=len(train_set.classes), seed=seed)
                records.train(f"{family}-{depth}", model, train_set, test_set, recipes[depth], seed)


def load_sets(dataset, preset, data_folder=None):
    """The training and test set of an experiment, at the preset's size.

    Raises ConfigError if there are fewer images, or their size cannot be averaged down to the preset's.
    """
    if dataset == "synthetic":
        train, test = data.synthetic(preset.train_size, preset.test_size)
    else:
        train, test = data.load(dataset, data_folder)
        train, test = train.take(preset.train_size), test.take(min(preset.test_size, len(test)))
    if preset.batch_size > len(train):
        raise ConfigError("--batch-size", "a batch larger than the training set", f"at most {len(train)}", str(preset.batch_size))
    return train.resize(preset.image_size), test.resize(preset.image_size)


def report(folder):
    """The table and the verdict of the run in `folder`, from its records alone."""
    config, metrics = read_config(folder, "degradation"), read_table(Path(folder) / "metrics.csv", METRICS, TEXT)
    parameters = {f"{family}-{depth}": build(depth, width=config["width"]).num_parameters()
                  for family, build in FAMILIES.items() for depth in config["depths"]}
    return "\n".join([degradation_report.table(metrics, parameters), "", *degradation_report.verdict(metrics)])


def plot(folder):
    """Draw ``degradation.png`` and ``gradients.png`` from the tables in `folder`. Returns their paths. Raises as `figures` does."""
    return [plots.save(figure, Path(folder) / f"{name}.png") for name, figure in figures(folder).items()]


def figures(folder):
    """The figures ``degradation`` (error curves) and ``gradients`` (norms by layer), by name, from the tables in `folder`.

    Raises
    ------
    DataError
        If the tables are missing, damaged or empty.
    """
    folder = Path(folder)
    config = read_config(folder, "degradation")
    metrics, gradients = (read_table(folder / f"{name}.csv", columns, TEXT)
                          for name, columns in (("metrics", METRICS), ("gradients", GRADIENTS)))
    if not metrics or not gradients:
        raise DataError(str(folder), "nothing to draw yet", "at least one finished epoch", "empty tables", "let the run go on")
    caption = _caption(config)
    whole_run = config["epochs"] or config["iterations"] / (config["train_size"] // config["batch_size"])
    drops = [drop * whole_run for drop in config["drops"] if drop * whole_run < max(row["epoch"] for row in metrics)]
    return {"degradation": plots.error_curves(metrics, caption, drops), "gradients": plots.gradient_norms(gradients, caption)}


def _caption(config):
    return (f"{config['dataset_name']}, {config['train_size']:,} images of {config['image_size']}x{config['image_size']}, "
            f"width {config['width']}, batch {config['batch_size']}, lr {config['lr']:g}")

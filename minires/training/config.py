"""One description of a run: which net is trained, on what, how, and where.

Presets, the commands, settings files and the claims fill a `RunConfig`, and a `Trainer` trains by
it::

    config = RunConfig(epochs=3, batch_size=64, lr=0.2, crop_padding=2)
    Trainer(net, train_set, test_set, config).run()

By default nets are trained as in He et al. 2015, section 4.2.
"""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from .. import data as data_sets
from ..distributed.cutting import check_shards
from ..errors import ConfigError, unknown_name
from ..types import Device
from .kinds import (
    COUNT,
    FRACTION,
    FRACTIONS,
    ITERATIONS,
    LESS_THAN_ALL,
    NOT_NEGATIVE,
    NUMBER,
    PART,
    POSITIVE,
    WEIGHTS,
    WORD,
    WORDS,
    YES_OR_NO,
    Kind,
    one_of,
    plain,
)

FOLDER = "folder"  # the data set that is a folder of photographs
DATASETS = (*data_sets.DATASETS, FOLDER)
SCHEDULES = ("steps", "cosine")
OPTIMIZERS = ("sgd", "muon")
ALL, HEAD = "all", "head"  # parts of a net that are trained
PAPER_ITERATIONS = 64_000
BATCH_SIZES = {False: 128, True: 32}  # whether the images are photographs -> images a step


def setting(
    default: Any, kind: Kind, meaning: str, usual: str | None = None, decides: bool = True
) -> Any:
    """A field of `RunConfig`.

    Parameters
    ----------
    default : object
        None stands for "not given", or for "none".
    kind : Kind
        What it may be.
    meaning : str
        For readers, and the help of the command line.
    usual : str, optional
        What the commands take by default, in words.
    decides : bool
        Whether it decides the results. A setting that does not may change when a run goes on.
    """
    return field(
        default=default,
        metadata={"kind": kind, "meaning": meaning, "usual": usual, "decides": decides},
    )


@dataclass(frozen=True)
class RunConfig:
    """All settings of a run.

    The settings from `epochs` to `label_smoothing`, the random crops, `seed` and `device` are what
    a `Trainer` uses. The commands use the others to build the net and to read the data, which a
    Trainer is given.

    Raises
    ------
    ConfigError
        For a value that a setting cannot have, `epochs` beside `iterations`, `milestones` for
        another schedule than "steps", or `nesterov` without momentum.
    """

    # What is trained, and on what.
    model: str | None = setting(
        None, WORD, "the net, by its name", "the one in the file of weights, else resnet-20"
    )
    dataset: str = setting(
        "synthetic",
        one_of(*DATASETS),
        "synthetic (drawn), cifar10, or folder: photographs in a folder for each class",
        "synthetic",
    )
    data: str | None = setting(
        None, WORD, "folder or archive of CIFAR-10, or the folder of photographs", decides=False
    )
    only: tuple[str, ...] | None = setting(
        None, WORDS, "only the images of these classes: cat dog", "all classes"
    )
    weights: str | None = setting(
        None,
        WORD,
        "start from the trained weights in this file: .safetensors, .pth, .npz, .h5, ...",
    )
    train: str = setting(
        ALL,
        WORD,
        "what is trained: all layers; a part of the net and what follows it, such as layer4; or "
        "head, the last layer alone, for which the rest of the net is run only once. With few "
        "images, train few layers",
        ALL,
    )
    # The images.
    image_size: int | None = setting(
        None,
        COUNT,
        "pixels a side",
        "those of the data set; photographs: as the weights were trained, else 224",
    )
    train_size: int | None = setting(None, COUNT, "training images", "all")
    test_size: int | None = setting(None, COUNT, "test images", "all")
    val_fraction: float | None = setting(
        None,
        FRACTION,
        "share of the training images, 0 to 1, to test on instead of the test set: to choose "
        "settings without looking at it. For photographs, if they have no folders train and val. "
        "With patience, the share whose error decides when to stop",
        "none; photographs: 0.2; with patience: 0.1",
    )
    test_image_size: int | None = setting(
        None,
        COUNT,
        "photographs: pixels a side in testing; slightly larger than in training often helps",
        "the image size",
    )
    original_pixels: bool = setting(
        False,
        YES_OR_NO,
        "photographs: cut random crops from the full files instead of from smaller copies in a "
        "cache: sharper, but every file is decoded in every epoch",
        "no",
    )
    crop_padding: int = setting(
        4,
        NUMBER,
        "small images: pixels of zeros added on each side before a random crop; 0 for no crops",
        "4",
    )
    crop_scale: float | None = setting(
        None,
        PART,
        "photographs: the smallest share of a picture's area, 0 to 1, that a random crop covers; "
        "larger is gentler",
        "0.08",
    )
    flip: bool = setting(
        True,
        YES_OR_NO,
        "in training, mirror half of the images; leave it off where left and right differ in "
        "meaning, as in digits",
        "yes",
    )
    # Training.
    epochs: float | None = setting(
        None, POSITIVE, "passes through the training set", "10; head: 100"
    )
    iterations: int | None = setting(None, COUNT, "steps of training, instead of epochs")
    batch_size: int | None = setting(
        128, COUNT, "images in each step; fewer need less memory", "128; photographs: 32"
    )
    shards: int | None = setting(
        None,
        COUNT,
        "parts that each batch is cut into, for a training on several processes (mpiexec). The "
        "same number of parts gives the same bits on any number of processes",
        "one for each process",
    )
    lr: float = setting(0.1, POSITIVE, "learning rate at the start", "0.1; photographs: 0.01")
    schedule: str = setting(
        "steps",
        one_of(*SCHEDULES),
        "how lr falls: steps, a tenth at each drop; or cosine, smoothly to 0",
        "steps; photographs: cosine",
    )
    drops: tuple[float, ...] = setting(
        (0.5, 0.75),
        FRACTIONS,
        "where schedule steps divides lr by 10, as shares of the run",
        "0.5 0.75",
    )
    milestones: tuple[int, ...] | None = setting(
        None,
        ITERATIONS,
        "iteration numbers at which schedule steps divides lr by 10, instead of drops",
    )
    warmup: int = setting(
        0,
        NUMBER,
        "number of first steps over which lr rises from a tenth to its full value; 400 or so if "
        "the loss is nan or jumps at the start",
        "0",
    )
    warmup_from_depth: int | None = setting(
        None, COUNT, "warm up only nets with at least this many layers", "all nets"
    )
    optimizer: str = setting(
        "sgd",
        one_of(*OPTIMIZERS),
        "sgd; or muon, which orthogonalises the momentum of every convolution and linear layer "
        "but the last",
        "sgd",
    )
    muon_lr_scale: float = setting(
        0.2,
        POSITIVE,
        "factor of lr for the layers that muon moves: with lr 0.1 they get 0.02",
        "0.2",
    )
    momentum: float = setting(
        0.9, LESS_THAN_ALL, "share of the last step that is kept in the next, 0 to 1", "0.9"
    )
    nesterov: bool = setting(False, YES_OR_NO, "Nesterov's momentum", "no")
    weight_decay: float = setting(
        1e-4, NOT_NEGATIVE, "each step shrinks weights by lr times this: keeps them small", "0.0001"
    )
    decay_batch_norm: bool = setting(
        True, YES_OR_NO, "decay batch norm's parameters and biases too, as the paper does", "yes"
    )
    scalar_lr_scale: float = setting(
        1.0,
        NOT_NEGATIVE,
        "factor of lr for parameters that are a single number; 0.1 for init=fixup",
        "1",
    )
    label_smoothing: float = setting(
        0.0,
        LESS_THAN_ALL,
        "share of the target, 0 to 1, spread over all classes: less overconfident nets",
        "0; photographs: 0.1",
    )
    class_weights: str | tuple[float, ...] | None = setting(
        None,
        WEIGHTS,
        "how much an image of each class counts in the loss: balanced, so that all classes count "
        "alike; or a number for each",
        "every image counts alike",
    )
    patience: int | None = setting(
        None,
        COUNT,
        "stop after this many epochs without a lower error on a validation part of the training "
        "images, and go back to the weights of the best epoch: for small sets",
        "train to the end",
    )
    clip_norm: float | None = setting(
        None,
        POSITIVE,
        "scale gradients down to this norm, all together, where it is larger: against jumps of "
        "the loss",
    )
    seed: int = setting(0, NUMBER, "where all random numbers start: weights, order, crops", "0")
    # Where, and how.
    device: Device = setting(
        "cpu",
        WORD,
        "where to compute: cpu, or gpu, an NVIDIA GPU through CuPy",
        "cpu",
        decides=False,
    )
    threads: int | None = setting(
        None, COUNT, "threads to compute with", "all cores", decides=False
    )
    recompute: bool = setting(
        False,
        YES_OR_NO,
        "keep only the input of each block, and compute the rest again in backward: less memory, "
        "a third more time",
        "no",
        decides=False,
    )
    workers: int | None = setting(
        None,
        NUMBER,
        "processes that decode and crop photographs, 0 for none; with --seeds or --sweep, 1 or "
        "more that train at the same time",
        "one for each core",
        decides=False,
    )
    cache: str | None = setting(
        None, WORD, "folder for decoded photographs", "in the user's cache", decides=False
    )
    skip_damaged: bool = setting(
        False,
        YES_OR_NO,
        "photographs: leave out damaged ones, and list them in damaged.csv",
        "no",
        decides=False,
    )
    out: str | None = setting(
        None,
        WORD,
        "new folder for the results",
        "runs/MODEL-DATA, with what is trained",
        decides=False,
    )
    # The net's own settings, those of its function in `models`.
    net: dict[str, Any] = field(default_factory=dict, metadata={"decides": True})

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "net":
                if not isinstance(value, dict):
                    expected = "a dict of the net's own settings"
                    raise ConfigError("settings", "net", expected, repr(value))
                value = {name: plain(own) for name, own in value.items()}
            elif value is not None or "None" not in str(one.type):
                value = one.metadata["kind"].check("settings", one.name, value)
            object.__setattr__(self, one.name, value)
        if self.epochs is not None and self.iterations is not None:
            raise ConfigError(
                "settings",
                "epochs and iterations",
                "one of them",
                f"epochs {self.epochs} and iterations {self.iterations}",
            )
        if self.milestones and self.schedule != "steps":
            raise ConfigError(
                "settings", "milestones", 'none, or schedule "steps"', f'schedule "{self.schedule}"'
            )

        if self.nesterov and not self.momentum:
            raise ConfigError("settings", "nesterov", "a momentum above 0", f"{self.momentum}")

    @classmethod
    def for_data(cls, **given: Any) -> Self:
        """A config with the given settings, and for the others what suits the kind of data.

        Photographs get smaller batches, a lower rate, a cosine schedule and crops of random size.
        Features that are found once (train "head") are neither cropped nor flipped. A `batch_size`
        that is not given is left open: `resolve` takes no more than there are images. None counts
        as not given.

        Raises
        ------
        ConfigError
            As the class itself, for a name that no setting has, and for crops or flips with train
            "head".
        """
        known = [one.name for one in fields(cls)]
        for name in given:
            if name not in known:
                raise unknown_name("settings", "setting", name, known)
        given = {name: value for name, value in given.items() if value is not None}
        asked, photographs = cls(**given), given.get("dataset") == FOLDER
        usual: dict[str, Any] = {"batch_size": None}
        if asked.epochs is None and asked.iterations is None:
            usual["epochs"] = 100 if asked.train == HEAD else 10
        if photographs:
            usual |= {
                "lr": 0.01,
                "schedule": "cosine",
                "label_smoothing": 0.1,
                "crop_padding": 0,
                "crop_scale": 0.08,
                "val_fraction": 0.2,
            }
        elif asked.patience is not None:
            usual["val_fraction"] = 0.1
        if asked.train == HEAD:
            for name in ("crop_padding", "crop_scale", "flip"):
                if given.get(name):
                    raise ConfigError(
                        name,
                        "features are found once, from each image as it is",
                        "no crops and flips with train 'head'",
                        str(given[name]),
                        "with train 'fc' the last layer is trained on new crops in every epoch",
                    )
            usual |= {"crop_padding": 0, "crop_scale": None, "flip": False}
        return cls(**usual | given)

    def for_depth(self, depth: int) -> Self:
        """This config for a net of so many layers: see `warmup_from_depth`."""
        if self.warmup_from_depth is None:
            return self
        warmup = self.warmup if depth >= self.warmup_from_depth else 0
        return replace(self, warmup=warmup, warmup_from_depth=None)

    def resolve(self, images: int) -> Self:
        """This config in plain numbers for a training set of so many images.

        Returns
        -------
        RunConfig
            With `batch_size`, `iterations` and `milestones`. An epoch has whole batches only.

        Raises
        ------
        ConfigError
            If one batch takes more images than there are, or cannot be cut into so many shards.
        """
        batch_size = self.batch_size
        if batch_size is None:
            batch_size = min(BATCH_SIZES[self.dataset == FOLDER], images)
        if batch_size > images:
            raise ConfigError(
                "batch_size",
                "a batch larger than the training set",
                f"at most {images}",
                str(batch_size),
                "take a smaller batch or more images",
            )
        check_shards(self.shards or 1, batch_size, self.device)
        iterations = self.iterations or PAPER_ITERATIONS
        if self.epochs is not None:
            iterations = max(1, round(self.epochs * (images // batch_size)))
        milestones = self.milestones
        if milestones is None:
            drops = self.drops if self.schedule == "steps" else ()
            milestones = tuple(sorted({round(iterations * drop) for drop in drops}))
        return replace(
            self, batch_size=batch_size, epochs=None, iterations=iterations, milestones=milestones
        )

    def deciding(self) -> dict[str, Any]:
        """The settings that decide the results, by name, as plain values."""
        values = asdict(self)
        return {one.name: values[one.name] for one in fields(self) if one.metadata["decides"]}

"""The settings of a run of one net: what each is, what it may be, and a file or flags to give it by.

A settings file is TOML: the names below as keys, and the net's own settings, those of its function in `models`, in a table [net]::

    model = "resnet-20"
    dataset = "cifar10"
    epochs = 20
    schedule = "cosine"

    [net]
    width = 8
    shortcut = "B"
"""

import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Callable, NamedTuple

from .. import data
from ..errors import ConfigError, unknown_name
from ..training.trainer import SCHEDULES, Recipe

FOLDER = "folder"
DATASETS = (*data.DATASETS, FOLDER)


class Kind(NamedTuple):
    """What a setting may be."""

    words: str
    accepts: Callable


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")


def _whole(value, least):
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _one_of(*words):
    return Kind(f"one of {', '.join(words)}", lambda value: value in words)


COUNT = Kind("a whole number of at least 1", lambda value: _whole(value, 1))
NUMBER = Kind("a whole number of at least 0", lambda value: _whole(value, 0))
POSITIVE = Kind("a number above 0", lambda value: _number(value) and value > 0)
NOT_NEGATIVE = Kind("a number of at least 0", lambda value: _number(value) and value >= 0)
PART = Kind("a number above 0 and at most 1", lambda value: _number(value) and 0 < value <= 1)
LESS_THAN_ALL = Kind("a number of at least 0, below 1", lambda value: _number(value) and 0 <= value < 1)
FRACTIONS = Kind("rising numbers between 0 and 1", lambda value: isinstance(value, (list, tuple)) and all(_number(v) and 0 < v < 1 for v in value)
                 and list(value) == sorted(set(value)))
WORD = Kind("a word", lambda value: isinstance(value, str) and value != "")
YES_OR_NO = Kind("true or false", lambda value: isinstance(value, bool))


def _setting(default, kind, meaning, usual=None, decides=True):
    """A field with what it may be, what it means, and in words what it is by default.

    One that does not decide the results may change when a run goes on.
    """
    return field(default=default, metadata={"kind": kind, "meaning": meaning, "usual": usual, "decides": decides})


@dataclass(frozen=True)
class Settings:
    """All settings of a run of one net. None: whatever suits the data set (`completed`), or nothing."""

    model: str | None = _setting(None, WORD, "the net, by its name", "the one in the file of weights, else resnet-20")
    dataset: str = _setting("synthetic", _one_of(*DATASETS), "synthetic (drawn), cifar10, or folder: photographs in a folder for each class", "synthetic")
    data: str | None = _setting(None, WORD, "folder or archive of CIFAR-10, or the folder of photographs", decides=False)
    weights: str | None = _setting(None, WORD, "start from these weights: .safetensors, or .pth of PyTorch")
    train: str = _setting("all", WORD, "what is trained: all; from a part of the net on, such as layer4; or head, the last layer alone, on features that are found once", "all")
    image_size: int | None = _setting(None, COUNT, "pixels a side", "those of the data set; photographs: as the weights were trained, else 224")
    train_size: int | None = _setting(None, COUNT, "training images", "all")
    test_size: int | None = _setting(None, COUNT, "test images", "all")
    val_fraction: float | None = _setting(None, PART, "photographs without train/ and val/: the part kept for testing", "0.2")
    crop_padding: int | None = _setting(None, NUMBER, "small images: pixels of zeros around one before a random crop", "4")
    crop_scale: float | None = _setting(None, PART, "photographs: the smallest part of the area that a random crop covers", "0.08")
    flip: bool | None = _setting(None, YES_OR_NO, "mirror half of the images", "yes")
    epochs: float | None = _setting(None, POSITIVE, "passes through the training set", "10; head: 100")
    iterations: int | None = _setting(None, COUNT, "steps of training, in place of epochs")
    batch_size: int | None = _setting(None, COUNT, "images a step", "128; photographs: 32")
    lr: float | None = _setting(None, POSITIVE, "learning rate at the start", "0.1; photographs: 0.01")
    schedule: str | None = _setting(None, _one_of(*SCHEDULES), "steps: lr is divided by 10 at each drop; cosine: it falls to 0", "steps; photographs: cosine")
    drops: tuple = _setting((0.5, 0.75), FRACTIONS, "parts of the run at which steps divide lr by 10", "0.5 0.75")
    warmup: int = _setting(0, NUMBER, "steps over which lr rises from a tenth to the whole", "0")
    momentum: float = _setting(0.9, LESS_THAN_ALL, "of SGD", "0.9")
    nesterov: bool = _setting(False, YES_OR_NO, "Nesterov's momentum", "no")
    weight_decay: float = _setting(1e-4, NOT_NEGATIVE, "of SGD", "0.0001")
    decay_batch_norm: bool = _setting(True, YES_OR_NO, "decay batch norm's parameters and biases too, as the paper does", "yes")
    label_smoothing: float | None = _setting(None, LESS_THAN_ALL, "the part of the target that all classes share", "0; photographs: 0.1")
    clip_norm: float | None = _setting(None, POSITIVE, "scale gradients down to this common norm")
    seed: int = _setting(0, NUMBER, "of all that is random", "0")
    device: str = _setting("cpu", WORD, "where to compute: cpu, or gpu, an NVIDIA GPU through CuPy", "cpu", decides=False)
    threads: int | None = _setting(None, COUNT, "threads to compute with", "all cores", decides=False)
    recompute: bool = _setting(False, YES_OR_NO, "keep only what goes into a block, and compute the rest again in backward: less memory, a third more time", "no", decides=False)
    workers: int | None = _setting(None, NUMBER, "photographs: processes that decode and cut them", "one for each core", decides=False)
    cache: str | None = _setting(None, WORD, "photographs: folder for decoded ones", "in the user's cache", decides=False)
    out: str | None = _setting(None, WORD, "new folder for the results", "runs/MODEL-DATA, with what is trained", decides=False)
    net: dict = field(default_factory=dict, metadata={"decides": True})

    def __post_init__(self):
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name != "net" and value is not None:
                check("settings", one, value)
        if self.epochs is not None and self.iterations is not None:
            raise ConfigError("settings", "epochs and iterations", "one of them", f"epochs {self.epochs} and iterations {self.iterations}")

    def completed(self):
        """With what suits the data set in place of None."""
        small = self.dataset != FOLDER
        usual = {"batch_size": 128 if small else 32, "lr": 0.1 if small else 0.01, "schedule": "steps" if small else "cosine",
                 "label_smoothing": 0.0 if small else 0.1, "crop_padding": 4 if small else 0, "flip": True,
                 "crop_scale": None if small else 0.08, "image_size": None if small else 224, "val_fraction": None if small else 0.2,
                 "epochs": None if self.iterations is not None else 100 if self.train == "head" else 10}
        if self.train == "head":
            given = [name for name in ("crop_padding", "crop_scale", "flip") if getattr(self, name)]
            if given:
                raise ConfigError(given[0], "features are found once, from each image as it is", "no crops and flips with train 'head'", str(getattr(self, given[0])),
                                  "with train 'fc' the last layer is trained on new crops in every epoch")
            usual |= {"crop_padding": 0, "crop_scale": None, "flip": False}
        return replace(self, **{name: value for name, value in usual.items() if getattr(self, name) is None})

    def deciding(self):
        """Those that decide the results, as plain values."""
        return {one.name: value for one, value in zip(fields(self), asdict(self).values()) if one.metadata["decides"]}

    def recipe(self, images):
        """The `Recipe` for a training set of so many images; settings must be completed."""
        if self.batch_size > images:
            raise ConfigError("batch_size", "a batch larger than the training set", f"at most {images}", str(self.batch_size))
        iterations = self.iterations or max(1, round(self.epochs * (images // self.batch_size)))
        return Recipe(iterations=iterations, batch_size=self.batch_size, lr=self.lr, schedule=self.schedule,
                      milestones=tuple(sorted({round(iterations * drop) for drop in self.drops})) if self.schedule == "steps" else (), warmup=self.warmup,
                      momentum=self.momentum, nesterov=self.nesterov, weight_decay=self.weight_decay, decay_batch_norm=self.decay_batch_norm,
                      clip_norm=self.clip_norm, label_smoothing=self.label_smoothing, crop_padding=self.crop_padding,
                      crop_scale=self.crop_scale, flip=self.flip)


def check(where, setting, value):
    """Raise ConfigError unless `value` is what the field `setting` may be."""
    kind = setting.metadata["kind"]
    if not kind.accepts(value):
        raise ConfigError(where, setting.name, kind.words, repr(value))


def read_settings(path):
    """The settings that a TOML file gives, by name.

    Raises
    ------
    ConfigError
        If it is missing or not TOML, or for a name that does not exist or a value that is not possible.
    """
    try:
        given = tomllib.loads(Path(path).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "cannot be read", "a settings file", getattr(error, "strerror", None) or str(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "not TOML", 'lines such as  model = "resnet-20"', str(error)) from None
    known = {one.name: one for one in fields(Settings)}
    settings = {}
    for name, value in given.items():
        name = name.replace("-", "_")
        if name not in known:
            raise unknown_name(str(path), "setting", name, known)
        if name == "net":
            if not isinstance(value, dict):
                raise ConfigError(str(path), "net", "a table [net] of the net's own settings", repr(value))
        elif isinstance(value, dict):
            raise ConfigError(str(path), name, known[name].metadata["kind"].words, f"a table [{name}]")
        else:
            check(str(path), known[name], value)
            value = tuple(value) if isinstance(value, list) else value
        settings[name] = value
    return settings

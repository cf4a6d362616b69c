"""The laboratory in which claims are tested: data, nets, and trained nets that all claims share."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .... import backend, models, optim
from ....data import EvalLoader, eval_loader
from ....errors import unknown_name
from ....models.fading import FadeShortcuts
from ....nn import Module
from ....serialization import safetensors
from ....serialization.old_names import previous_net
from ....training.config import RunConfig
from ....training.trainer import EVALUATION_BATCH, Trainer
from ....types import Array, Device, PathLike, Row
from ... import scheduler
from ...before_data import expected_images
from ...degradation import load_sets
from ...presets import PRESETS
from ...records import RunFolder, read_table, renamed
from ...training_records import TrainingRecords, regularly, weights_after
from ...training_tables import GRADIENTS, METRICS, TEXT
from .sizes import as_large_as_plain_56, densenet_like_resnet

WATCHED_STEPS = 300  # up to this step of a training, gradients are recorded often
FOLLOWED = ("plain-56", "resnet-56")  # nets whose weights are kept after every epoch

NETS: dict[str, partial[Any]] = {
    "plain-20": partial(models.plain, 20),
    "plain-56": partial(models.plain, 56),
    "resnet-20": partial(models.resnet, 20),
    "resnet-56": partial(models.resnet, 56),
    "projections-56": partial(models.resnet, 56, shortcut="C"),
    "halved-56": partial(models.resnet, 56, shortcut_scale=0.5),
    "pre-activation-56": partial(models.resnet, 56, pre_activation=True),
    "fixup-56": partial(models.resnet, 56, batch_norm=False, init="fixup"),
    "skipinit-56": partial(models.resnet, 56, batch_norm=False, init="skipinit"),
    "stochastic-56": partial(models.resnet, 56, survival_prob=0.5),
    "bare-56": partial(models.plain, 56, batch_norm=False),
    "group-norm-56": partial(models.plain, 56, norm_groups=4),
    "layer-norm-56": partial(models.plain, 56, norm_groups=1),
    "repvgg-56": partial(models.repvgg, 56),
    "diracnet-56": partial(models.diracnet, 56),
    "fading-56": partial(models.fading_resnet, 56),
    "highway-56": partial(models.highway, 56),
    "densenet-58": partial(densenet_like_resnet, 56),
    "wide-plain-20": partial(as_large_as_plain_56, 20, build=models.plain),
    "wide-resnet-20": partial(as_large_as_plain_56, 20, build=models.resnet),
    "tanh-delta-56": partial(models.bare, 56, activation="tanh", init="delta-orthogonal"),
    "tanh-normal-56": partial(models.bare, 56, activation="tanh"),
    "relu-delta-56": partial(models.bare, 56, init="delta-orthogonal"),
    "looks-linear-56": partial(
        as_large_as_plain_56,
        56,
        build=partial(models.bare, activation="crelu", init="delta-orthogonal"),
    ),
}
LINEAR_NETS = {  # fully connected nets: the image size sets their width, not the preset
    "plain-mlp-20": partial(models.plain_mlp, 20),
    "plain-mlp-56": partial(models.plain_mlp, 56),
    "residual-mlp-20": partial(models.residual_mlp, 20),
    "residual-mlp-56": partial(models.residual_mlp, 56),
    "bare-mlp-56": partial(models.plain_mlp, 56, batch_norm=False),
}


@dataclass(frozen=True)
class Variant:
    """How a training differs from the usual training of the preset."""

    # the resolved RunConfig of the usual training -> the one of this variant
    change: Callable[[Any], RunConfig] = lambda config: config
    images: int | None = None  # train only on this many images, the first of the training set
    # model -> callbacks for its Trainer
    callbacks: Callable[[Module], Sequence[Any]] = lambda model: ()


def _longer(config, times):
    return replace(
        config,
        iterations=times * config.iterations,
        milestones=[times * milestone for milestone in config.milestones],
    )


VARIANTS = {
    "usual": Variant(),
    "1,024 images": Variant(images=1024),
    "warm-up": Variant(lambda config: replace(config, warmup=config.iterations // 5)),
    "clipped": Variant(lambda config: replace(config, clip_norm=1.0)),
    # As the authors of Fixup train (Zhang et al. 2019).
    "small rate for scalars": Variant(lambda config: replace(config, scalar_lr_scale=0.1)),
    "small rate": Variant(lambda config: replace(config, lr=config.lr / 10)),
    "kept norms": Variant(callbacks=lambda model: [optim.KeepNorms(model)]),
    "shortcuts fade": Variant(callbacks=lambda model: [FadeShortcuts(model)]),
    "three times longer": Variant(lambda config: _longer(config, 3)),
    "Muon": Variant(lambda config: replace(config, optimizer="muon")),
}


class Laboratory:
    """The data and the nets on which claims are measured.

    Parameters
    ----------
    out : str or Path
        The folder of the run. Trained nets are kept in its subfolder ``nets``, and used again when
        the run is repeated or extended.
    dataset : str
    preset : str or RunConfig
        Size of the images, nets and trainings: the name of one of `PRESETS`, or a `RunConfig`.
    data_folder : str or Path, optional
    device : {"cpu", "gpu"}
    progress : bool

    Attributes
    ----------
    config : RunConfig
        The usual training, with all settings resolved to numbers. It is the same for all depths,
        so that only the nets differ.

    Raises
    ------
    ConfigError, DataError, DeviceError
        If settings are impossible, the data cannot be used, or there is no such device.
    """

    def __init__(
        self,
        out: PathLike,
        dataset: str = "synthetic",
        preset: str | RunConfig = "quick",
        data_folder: PathLike | None = None,
        device: Device = "cpu",
        progress: bool = True,
    ) -> None:
        self.out, self.progress = Path(out), progress
        self.device = backend.check_device(device, "--device")
        if isinstance(preset, str) and preset not in PRESETS:
            raise unknown_name("claims", "preset", preset, PRESETS)
        config = PRESETS[preset] if isinstance(preset, str) else preset
        config = replace(
            config,
            dataset=dataset,
            data=None if data_folder is None else str(data_folder),
            device=device,
        )
        expected_images(config)
        self.train_set, self.test_set = load_sets(config)
        self.config = config.for_depth(56).resolve(len(self.train_set))
        self._trained: dict[tuple[str, int, str], Trainer] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The state for another process, without trained nets: it loads them from their folders."""
        return {**vars(self), "_trained": {}, "progress": False}

    @property
    def caption(self) -> str:
        """The data and the width of the nets in a few words, for the line below a figure."""
        size, _, _ = self.train_set.input_shape
        return (
            f"{self.train_set.name}, {len(self.train_set):,} images of {size}x{size}, "
            f"width {self.width}"
        )

    @property
    def width(self) -> int:
        """Channels of the nets' first stage."""
        return self.config.net["width"]

    def fresh(self, net: str, seed: int) -> Module:
        """A net with its initial weights, on the device. Raises ConfigError for unknown names."""
        classes = len(self.train_set.classes)
        if net in LINEAR_NETS:
            model = LINEAR_NETS[net](
                image_size=self.train_set.input_shape[0], num_classes=classes, seed=seed
            )
            return model.to(self.device)
        if net not in NETS:
            raise unknown_name("Laboratory", "net", net, (*NETS, *LINEAR_NETS))
        return NETS[net](width=self.width, num_classes=classes, seed=seed).to(self.device)

    def trained(self, net: str, seed: int, variant: str = "usual") -> Module:
        """The net after training, in evaluation mode. Claims share it, so do not change it."""
        return self.train(net, seed, variant).model.eval()

    def train(
        self, net: str, seed: int, variant: str = "usual", callbacks: Sequence[Any] = ()
    ) -> Trainer:
        """The `Trainer` of a trained net. Trains the net if that has not been done yet, and waits
        if another process is doing so.
        """
        key = net, seed, variant
        if key not in self._trained:
            self._trained[key] = self._train(net, seed, variant, callbacks)
        return self._trained[key]

    def metrics(self, net: str, seed: int, variant: str = "usual") -> list[Row]:
        """The rows of ``metrics.csv`` of a training, one for each epoch. Trains the net if
        necessary.
        """
        self.trained(net, seed, variant)
        return read_table(self._folder(net, seed, variant) / "metrics.csv", METRICS, TEXT)

    def gradients(self, net: str, seed: int, variant: str = "usual") -> list[Row]:
        """The rows of ``gradients.csv`` of a training, one for each layer and recorded step. Trains
        the net if necessary.
        """
        self.trained(net, seed, variant)
        return read_table(self._folder(net, seed, variant) / "gradients.csv", GRADIENTS, TEXT)

    def weights_by_epoch(self, net: str, seed: int) -> tuple[list[int], list[dict[str, Array]]]:
        """The weights of one of the `FOLLOWED` nets before its usual training and after each epoch,
        as (iterations, state dicts). Trains the net if necessary.
        """
        if net not in FOLLOWED:
            raise unknown_name("Laboratory", "net whose weights are kept", net, FOLLOWED)
        iterations = [row["iteration"] for row in self.metrics(net, seed)]
        weights = self._folder(net, seed, "usual") / "weights"
        states = [
            safetensors.read(weights_after(weights, iteration))[0] for iteration in iterations
        ]
        return [0, *iterations], [self.fresh(net, seed).state_dict(), *states]

    def batch(self, size: int, test: bool = False) -> tuple[Array, Array]:
        """The first `size` images of the training or test set and their labels.

        Images (size, H, W, C) are normalised as for training and on the device; labels (size,) are
        a NumPy array.
        """
        images = self.test_set if test else self.train_set
        return next(iter(self._loader(images.take(size), size)))

    def train_batches(self, size: int) -> EvalLoader:
        """An `EvalLoader` of the first `size` training images, or of all if there are fewer."""
        return self._loader(self.train_set.take(min(size, len(self.train_set))))

    def test_batches(self, size: int | None = None) -> EvalLoader:
        """An `EvalLoader` of the test set, or of its first `size` images."""
        size = len(self.test_set) if size is None else min(size, len(self.test_set))
        return self._loader(self.test_set.take(size))

    def _loader(self, images, batch_size=EVALUATION_BATCH):
        return eval_loader(images, batch_size, self.train_set.pixel_mean(), self.device)

    def needs(self, net: str, variant: str = "usual") -> tuple[float, int]:
        """The (cost, memory) of a training: see `scheduler.needs`."""
        config = self._config(net, 0, variant)
        return scheduler.needs(self.fresh(net, 0), self.train_set.input_shape, config)

    def _config(self, net, seed, variant):
        if variant not in VARIANTS:
            raise unknown_name("Laboratory", "variant", variant, VARIANTS)
        return replace(VARIANTS[variant].change(self.config), model=net, seed=seed)

    def _train(self, net, seed, variant, callbacks=()):
        config, model = self._config(net, seed, variant), self.fresh(net, seed)
        change = VARIANTS[variant]
        train_set, test_set = self.train_set, self.test_set
        if change.images is not None:
            train_set = train_set.take(min(change.images, len(train_set)))
            # A small training set means short epochs, and testing comes after each of them.
            test_set = test_set.take(min(500, len(test_set)))
        settings = {"variant": variant, **config.deciding(), "dataset_name": self.train_set.name}
        name = net if variant == "usual" else f"{net}, {variant}"
        out = self._folder(net, seed, variant)
        with RunFolder(out, settings, resume=True, device=self.device, wait=True) as folder:
            return TrainingRecords(folder, self.progress).train(
                name,
                model,
                train_set,
                test_set,
                config,
                worth_recording=often_at_first,
                weights=out / "weights" if net in FOLLOWED and variant == "usual" else None,
                callbacks=[*change.callbacks(model), *callbacks],
            )

    def _folder(self, net: str, seed: int, variant: str) -> Path:
        """The folder of one training. A folder with a previous name of the net is renamed."""
        suffix = "" if variant == "usual" else f" {variant}"
        before, folder = (
            self.out / "nets" / slug(name + suffix) for name in (previous_net(net), net)
        )
        return renamed(before, folder) / f"seed{seed}"


def often_at_first(iteration: int, iterations: int) -> bool:
    """Whether to record gradients at this iteration: in each of the first steps, in every fifth one
    up to step `WATCHED_STEPS`, then regularly.
    """
    return regularly(iteration, iterations) or iteration <= WATCHED_STEPS and iteration % 5 == 0


def slug(name: str) -> str:
    """The name as part of a path: lower-case words, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace(",", "")).strip("-")


def recorded(rows: Sequence[Row], iteration: int) -> list[Row]:
    """The rows of the last step up to `iteration` at which a net's gradients were recorded."""
    last = max(row["iteration"] for row in rows if row["iteration"] <= iteration)
    return [row for row in rows if row["iteration"] == last]


def geometric(values: Sequence[float]) -> float:
    """The geometric mean of positive numbers."""
    return float(np.exp(np.mean(np.log(values))))

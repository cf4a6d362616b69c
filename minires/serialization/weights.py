"""Files of weights: save the weights of a net, open a file of them, load them into a net.

mr.save(net, "net.safetensors")            # and mr.load(another_net, "net.safetensors")

file = open_weights("resnet50.pth")        # read once: arrays, class names, transform, net
net = models.build("resnet50", num_classes=file.num_classes)
mr.load(net, file)
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import backend
from ..errors import ConfigError, WeightsWarning
from ..names import expanded, shown
from ..types import Array, PathLike
from . import conventions, notes, npz, safetensors, shards, torch_pickle, torch_tar
from .files import read_bytes
from .layout import check_layout, from_torch, looks_like_minires, to_torch
from .mismatch import explain_mismatch

if TYPE_CHECKING:
    from ..data.transforms import ImageTransform
    from ..nn import Module

TORCH_SUFFIXES = (".pth", ".pt", ".th", ".bin", ".ckpt")  # PyTorch's own files: `save` writes none
FREE_SETTINGS = ("num_classes", "seed")  # `resolve_net` does not compare these


@dataclass(frozen=True, eq=False)
class WeightsFile:
    """A file of weights that has been read; `open_weights` makes it.

    Attributes
    ----------
    path : Path
    arrays : dict
        Name -> array, under minires's names and in its layout, in the dtype of the file (float32
        for bfloat16).
    classes : list of str or None
        The name of each output of the net; None if the file does not say.
    transform : dict
        How images become inputs of the net: ``resize``, ``crop``, ``mean`` and ``std`` of
        `data.ImageTransform`, or some of them; empty if the file does not say.
    built : dict
        The net: its name as "model", its settings as "net", a dict; empty if the file does not say.
    from_torch : bool
        Whether the file is in PyTorch's layout.
    zeros : str or None
        Where shortcut A of the net puts its zeros (see `models.shortcuts`), if it is known.
    lines : list of str
        What was recognised and changed while reading, and what the file cannot say: show them to
        the user.
    """

    path: Path
    arrays: dict[str, Array] = field(repr=False)
    classes: list[str] | None = field(default=None, repr=False)
    transform: dict[str, Any] = field(default_factory=dict)
    built: dict[str, Any] = field(default_factory=dict)
    from_torch: bool = False
    zeros: str | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def num_classes(self) -> int | None:
        """How many outputs the last layer, ``fc``, has; None if the file holds no such layer."""
        return _num_classes(self.arrays)

    def resolve_net(
        self,
        model: str | None = None,
        net: dict[str, Any] | None = None,
        defaults: dict[str, Any] | None = None,
    ) -> tuple[str | None, dict[str, Any]]:
        """The net to build for these weights: as requested, and for the rest as the file says.

        Some nets have weights of the same names and shapes, but compute something else: plain-20
        and resnet-20, for example. Only the file can tell such weights apart.

        Parameters
        ----------
        model : str, optional
            The requested name.
        net : dict, optional
            The requested settings.
        defaults : dict, optional
            What the net's function takes for settings that the file does not name:
            `models.registry` knows them.

        Returns
        -------
        model : str or None
            None if neither the request nor the file names a net.
        net : dict

        Raises
        ------
        ConfigError
            If the file says that the weights were saved from another net.
        """
        requested = dict(net or {})
        if not self.built:
            return model, requested
        saved = self.built["net"]
        if model not in (None, self.built["model"]):
            raise self._from_another(self.built["model"], model)
        for name, value in requested.items():
            if name in FREE_SETTINGS:
                continue
            before = saved.get(name, (defaults or {}).get(name, value))
            if before != value:
                raise self._from_another(
                    f"a net with {name}={shown(before)}", f"{name}={shown(value)}"
                )
        return self.built["model"], saved | requested

    def _from_another(self, saved: str, requested: str) -> ConfigError:
        return ConfigError(
            str(self.path),
            f"the weights were saved from {saved}, but {requested} was requested",
            todo="leave that out, and the file decides",
        )


def open_weights(path: PathLike, layout: str | None = None) -> WeightsFile:
    """Read a file of weights, once.

    Parameters
    ----------
    path : str or Path
        A safetensors file, from minires, torchvision or timm, or several with their index; a file
        written by any version of ``torch.save`` (.pth, .pt, .th, .bin), of which only the tensors
        are read and nothing is run; an .npz file. From a checkpoint of a training run, the weights
        of its net are taken.
    layout : {"minires", "torch"}, optional
        The layout of the file. By default "minires" for a file that `save` wrote in its own layout,
        else "torch". From PyTorch's layout, axes are brought into minires's order,
        ``num_batches_tracked`` is left out, and what programs put before all names, such as
        ``module.``, is taken off.

    Returns
    -------
    WeightsFile

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or edited, the class names or the transform in it are not
        valid, or the net that it names is not that of its arrays.
    DataError
        If it is a pickle that names a function which is not needed to read tensors.
    ConfigError
        For a layout that does not exist.
    """
    if layout is not None:
        check_layout("open_weights", layout)
    path = expanded(path)
    if os.path.isdir(path) and (index := shards.find_index(path)) is not None:
        path = index
    where = str(path)
    arrays, said, written_for = _read(path, where)
    is_from_torch = layout == "torch" or layout is None and written_for != "minires"
    lines: list[str] = []
    if is_from_torch:
        arrays, lines = conventions.without_wrapper(arrays)
        arrays = from_torch(arrays)
    known = conventions.Recognised(arrays, [])
    if is_from_torch and written_for is None:
        known = conventions.recognise(arrays)
    return WeightsFile(
        path,
        known.arrays,
        known.classes or notes.classes_in(said, where),
        known.transform or notes.transform_in(said, where),
        known.built or notes.built_in(said, arrays, where),
        is_from_torch,
        known.built.get("net", {}).get("zeros") or notes.zeros_in(said, where),
        lines + known.lines,
    )


def _read(path, where):
    """The arrays of a file, what it says of them, and the layout, if minires wrote it."""
    if path.name.endswith(shards.SUFFIX):
        return shards.read(path), {}, None
    content = read_bytes(path, "a .safetensors file, or a .pth file from PyTorch")
    if npz.is_npz(content):
        arrays = npz.decode(content, where)
        return arrays, {}, "minires" if looks_like_minires(arrays) else None
    if torch_tar.is_torch_tar(content):
        return torch_tar.decode(content, where), {}, None
    if torch_pickle.is_torch_file(content):
        return torch_pickle.decode(content, where), {}, None
    arrays, metadata = safetensors.decode(content, where)
    said, written_for = notes.from_metadata(metadata)
    said = safetensors.check_digest(arrays, said, where)
    if "iteration" in said:  # a checkpoint: with velocities, and more
        arrays = {
            name.removeprefix("model."): array
            for name, array in arrays.items()
            if name.startswith("model.")
        }
    return arrays, said, written_for


def load(model: Module, file: PathLike | WeightsFile, layout: str | None = None) -> None:
    """Copy the weights in a file into the parameters and buffers of `model`.

    Parameters
    ----------
    model : Module
    file : str, Path or WeightsFile
        Its name, or what `open_weights` has read.
    layout : {"minires", "torch"}, optional
        As for `open_weights`; only with the name of a file.

    Notes
    -----
    Arrays from a file in PyTorch's layout are converted to the dtype of the net. Where the net's
    shortcuts A put their zeros is set as the weights need it, if the file or its family says so.
    A `WeightsWarning` says what was recognised and set, and what nobody can know.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged, or was saved from a net with other names: lists all
        differences.
    DataError
        If it is a pickle that names a function which is not needed to read tensors.
    ShapeError, DtypeError
        If an array does not fit. Whatever is wrong, the model is left as it was.
    ConfigError
        For a layout that does not exist, or one beside an open file.
    """
    if not isinstance(file, WeightsFile):
        file = open_weights(file, layout)
    elif layout is not None:
        raise ConfigError(
            "load", "layout", "none beside a WeightsFile", repr(layout), "give it to open_weights"
        )
    arrays = file.arrays
    if file.from_torch:
        arrays = _with_dtypes_of(model, arrays)
    error = explain_mismatch(model.state_dict(), arrays, str(file.path))
    if error:  # load_state_dict would not know the name of the file
        raise error
    model.load_state_dict(arrays)
    lines = [*file.lines]
    if _set_zeros(model, file.zeros):
        lines.append(f"the net's shortcuts were set to zeros={file.zeros!r}, as the weights need")
    for line in lines:
        warnings.warn(f"{file.path}: {line}", WeightsWarning, stacklevel=2)


def _set_zeros(model, zeros):
    """Whether any shortcut of the net put its zeros elsewhere. Then it is changed."""
    wrong = [
        module
        for module in model.modules()
        if zeros is not None and getattr(module, "zeros", zeros) != zeros
    ]
    for module in wrong:
        module.zeros = zeros
    return bool(wrong)


def _with_dtypes_of(model: Module, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays, with floating-point numbers in the dtype that the parameter of the name has."""
    dtypes = {name: array.dtype for name, array in model.state_dict().items()}
    return {
        name: array.astype(dtypes[name], copy=False)
        if name in dtypes and array.dtype.kind == "f"
        else array
        for name, array in arrays.items()
    }


def save(
    model: Module,
    path: PathLike,
    layout: str = "minires",
    classes: Sequence[str] | None = None,
    transform: ImageTransform | dict[str, Any] | None = None,
    built: dict[str, Any] | None = None,
) -> None:
    """Write the parameters and buffers of `model` to a safetensors file, under their names.

    Parameters
    ----------
    model : Module
    path : str or Path
        Usually ``NAME.safetensors``.
    layout : {"minires", "torch"}
        With "torch", PyTorch can read it:
        ``net.load_state_dict(safetensors.torch.load_file(path))``. Only batch norm's counters,
        ``num_batches_tracked``, are not in the file; PyTorch does not require them.
    classes : sequence of str, optional
        The name of each output of the net.
    transform : ImageTransform or dict, optional
        How images become inputs of the net; as a dict ``resize``, ``crop``, ``mean`` and ``std`` of
        `data.ImageTransform`, or some of them.
    built : dict, optional
        The net: its name as "model" and its settings as "net", from which `models.build` makes it.

    Notes
    -----
    `open_weights` returns classes, transform and built with the weights.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    ConfigError
        For a layout that does not exist, a `path` named like PyTorch's own files (.pth, .pt, .bin,
        .ckpt), classes that are not names or too few or too many for the net, or a transform or
        description of the net that is not valid.
    """
    check_layout("save", layout)
    path = expanded(path)
    if path.suffix.lower() in TORCH_SUFFIXES:
        raise ConfigError(
            "save",
            "path",
            "the name of a safetensors file, because that is what is written",
            repr(str(path)),
            f"call it {path.with_suffix('.safetensors').name}",
        )
    arrays = dict(model.state_dict())
    as_dict: Any = getattr(transform, "as_dict", lambda: transform)  # of an ImageTransform
    said = notes.noted(classes, as_dict(), built, _num_classes(arrays))
    if any(getattr(module, "zeros", "after") == "around" for module in model.modules()):
        said["zeros"] = "around"
    if layout == "minires":
        safetensors.write(path, arrays, said)
        return
    arrays = to_torch({name: backend.move(array, "cpu") for name, array in arrays.items()})
    metadata = {"format": "pt"}  # as PyTorch's own
    metadata[notes.ENTRIES[layout]] = safetensors.to_json(said)
    safetensors.write(path, arrays, metadata=metadata)


def _num_classes(arrays: Mapping[str, Array]) -> int | None:
    head = arrays.get("fc.weight")
    return head.shape[1] if head is not None and head.ndim == 2 else None

"""Files of weights: save the weights of a net, open a file of them, load them into a net.

mr.save(net, "net.safetensors")            # and mr.load(another_net, "net.safetensors")

file = open_weights("resnet50.pth")        # read once: arrays, class names, transform, net
net = models.build("resnet50", num_classes=file.num_classes)
mr.load(net, file)
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import backend
from ..errors import ConfigError, WeightsWarning
from ..names import expanded
from ..types import Array, PathLike
from . import (
    conventions,
    families,
    keras,
    notes,
    npz,
    prefixes,
    recognition,
    safetensors,
    shards,
    timm_config,
    torch_pickle,
    torch_tar,
    which_file,
)
from .file_kinds import EXPECTED
from .files import read_bytes
from .heads import num_classes
from .layout import check_layout, from_torch, looks_like_minires, to_torch
from .mismatch import explain_mismatch
from .weights_file import WeightsFile as WeightsFile

if TYPE_CHECKING:
    from ..data.transforms import ImageTransform
    from ..nn import Module

TORCH_SUFFIXES = (".pth", ".pt", ".th", ".bin", ".ckpt")  # PyTorch's own files: `save` writes none


def open_weights(
    path: PathLike, layout: str | None = None, family: str | None = None
) -> WeightsFile:
    """Read a file of weights, once.

    Parameters
    ----------
    path : str or Path
        A safetensors file, from minires, torchvision or timm, or several with their index; a folder
        with one file of weights in it, such as that of a run; a file
        written by any version of ``torch.save`` (.pth, .pt, .th, .bin), of which only the tensors
        are read and nothing is run; an .npz file; Keras's ``.weights.h5``, ``.keras`` and ``.h5``
        of a ResNet of ``keras.applications``. From a checkpoint of a training run, the weights of
        its net are taken.
    layout : {"minires", "torch"}, optional
        The layout of the file. By default "minires" for a file that `save` wrote in its own layout,
        else "torch". From PyTorch's layout, axes are brought into minires's order,
        ``num_batches_tracked`` is left out, and a beginning that all names share, such as
        ``module.``, is removed.
    family : str, optional
        Where the net comes from, one of `families.FAMILIES`, if you know it and the file does not
        show it: "caffe", "fb.resnet.torch", ...

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
        For a layout or family that does not exist, or a family beside a file of minires's own. If
        it is Keras's, and h5py is not installed.
    """
    if layout is not None:
        check_layout("open_weights", layout)
    path = which_file.of(expanded(path))
    where = str(path)
    read = _read(path, where)
    families.check_family(family, read.is_own, where)
    is_from_torch = layout == "torch" or layout is None and read.layout != "minires"
    arrays, lines = read.arrays, read.lines
    if is_from_torch:
        arrays, more = prefixes.own_names(arrays)
        arrays, lines = from_torch(arrays), lines + more
    if read.is_own:
        said = read.said
        return WeightsFile(
            path,
            arrays,
            notes.classes_in(said, where),
            notes.transform_in(said, where),
            notes.built_in(said, arrays, where),
            is_from_torch,
            {"zeros": "after"} | notes.settings_in(said, where),
            lines,
            is_own=True,
        )
    if read.family == "keras-2017" and family == "keras-rgb":  # eps is that of the names
        family = "keras-2017-rgb"
    sure = recognition.known_family(arrays, read.digest, family or read.family)
    beside = timm_config.read(path) if sure in (None, "timm") else None
    known = recognition.recognise(arrays, read.digest, sure, beside)
    return WeightsFile(
        path,
        known.arrays,
        known.classes,
        known.transform,
        known.built,
        is_from_torch,
        known.settings,
        lines + known.lines,
        known.candidates,
    )


@dataclass
class _Read:
    """What is in a file."""

    arrays: dict[str, Array]
    layout: str | None = None  # if it is known
    is_own: bool = False  # written by minires
    said: dict[str, Any] = field(default_factory=dict)  # then: what it says beside the arrays
    digest: str = ""  # of a file of others: its SHA-256
    family: str | None = None  # if the names of its arrays, before they were changed, show it
    lines: list[str] = field(default_factory=list)


def _read(path, where):
    if path.name.endswith(shards.SUFFIXES):
        return _Read(shards.read(path))
    content = read_bytes(path, EXPECTED)
    if npz.is_npz(content):
        arrays = npz.decode(content, where)
        return _Read(arrays, "minires" if looks_like_minires(arrays) else None)
    digest, lines = hashlib.sha256(content).hexdigest(), []
    if keras.is_keras(content):
        arrays, known = keras.decode(content, where, lines)
        return _Read(arrays, "minires", digest=digest, family=known, lines=lines)
    if torch_tar.is_torch_tar(content):
        return _Read(torch_tar.decode(content, where, lines), digest=digest, lines=lines)
    if torch_pickle.is_torch_file(content):
        return _Read(torch_pickle.decode(content, where, lines), digest=digest, lines=lines)
    arrays, metadata = safetensors.decode(content, where)
    said, written_for = notes.from_metadata(metadata)
    said = safetensors.check_digest(arrays, said, where)
    if "iteration" in said:  # a checkpoint: with velocities, and more
        arrays = {
            name.removeprefix("model."): array
            for name, array in arrays.items()
            if name.startswith("model.")
        }
    return _Read(arrays, written_for, written_for is not None, said, digest)


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
    Arrays from a file of another program are converted to the dtype of the net. What its layers
    do beyond their weights (where shortcut A puts its zeros, which convolution of a bottleneck has
    the stride, batch norm's eps and momentum) is set as the weights need it, if the file or its
    family says so. Class names and the transform for images are kept as ``model.conventions``, and
    `save` writes them again. A `WeightsWarning` says what was recognised and set, and what nobody
    can know.

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
        For a layout that does not exist, one beside an open file, or a `model` that is no Module.
    """
    _check_module("load", model)
    if not isinstance(file, WeightsFile):
        file = open_weights(file, layout)
    elif layout is not None:
        raise ConfigError(
            "load", "layout", "none beside a WeightsFile", repr(layout), "give it to open_weights"
        )
    arrays = file.arrays
    if file.from_torch or not file.is_own:
        arrays = _with_dtypes_of(model, arrays)
    error = explain_mismatch(model.state_dict(), arrays, str(file.path))
    if error:  # load_state_dict would not know the name of the file
        raise error
    model.load_state_dict(arrays)
    lines = [*file.lines, *conventions.set_in(model, file.settings)]
    model.conventions = conventions.Conventions(
        file.classes, file.transform, file.built, frozenset(arrays)
    )
    for line in lines:
        warnings.warn(f"{file.path}: {line}", WeightsWarning, stacklevel=2)


def _check_module(where: str, model: object) -> None:
    if not hasattr(model, "state_dict"):
        got = f"a {type(model).__name__}"
        raise ConfigError(where, "the first argument", "a Module, the net", got)


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
    `open_weights` returns classes, transform and built with the weights. Where they are not given,
    they are those of the file that the net's weights came from: see `load`.

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
    _check_module("save", model)
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
    kept = conventions.kept_with(model)
    classes = kept.classes if classes is None else classes
    transform = kept.transform or None if transform is None else transform
    built = kept.built or None if built is None else built
    as_dict: Any = getattr(transform, "as_dict", lambda: transform)  # of an ImageTransform
    said = notes.noted(classes, as_dict(), built, num_classes(arrays))
    said |= conventions.set_otherwise(model)
    if layout == "minires":
        safetensors.write(path, arrays, said)
        return
    arrays = to_torch({name: backend.move(array, "cpu") for name, array in arrays.items()})
    metadata = {"format": "pt"}  # as PyTorch's own
    metadata[notes.ENTRIES[layout]] = safetensors.to_json(said)
    safetensors.write(path, arrays, metadata=metadata)

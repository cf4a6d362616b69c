"""Saving and loading the weights of a net, in minires's layout or in PyTorch's.

Both name the parameters alike. PyTorch has the features of a weight first, minires last:

    convolution    (C_out, C_in / groups, KH, KW)    (KH, KW, C_in / groups, C_out)
    linear         (out, in)                         (in, out)
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from .. import backend
from . import safetensors, torch_pickle
from ..errors import CheckpointError, ConfigError, unknown_name

LAYOUTS = ("minires", "torch")
TO_MINIRES = {4: (2, 3, 1, 0), 2: (1, 0)}      # number of axes -> their order
TO_TORCH = {4: (3, 2, 0, 1), 2: (1, 0)}
OF_PYTORCH = (".pth", ".pt", ".bin", ".ckpt")                                  # names of files of another kind than `save` writes
NOTES = {"minires": "state", "torch": "minires"}                               # where, in a file's metadata, names of classes and the like are


def save(model, path, layout="minires", classes=None, preparation=None, built=None):
    """Write the parameters and buffers of `model` to a safetensors file, under their names.

    Parameters
    ----------
    model : Module
    path : str or Path
        Usually ``NAME.safetensors``.
    layout : {"minires", "torch"}
        With "torch" PyTorch reads it: ``net.load_state_dict(safetensors.torch.load_file(path))``. Only the counters of batch norm,
        ``num_batches_tracked``, are not in the file; PyTorch does not ask for them, and lets them be.
    classes : sequence of str, optional
        What the outputs of the net stand for, to be kept in the file; `classes_of` reads them.
    preparation : dict, optional
        What pictures have to go through to look as those that the net was trained on: ``resize``, ``crop``, ``mean`` and ``std`` of
        `data.transforms.prepare`, or some of them. `preparation_of` reads it.
    built : dict, optional
        What `models.build` makes the net from: its name as "model", and its settings as a dict, "net". `built_of` reads it.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    ConfigError
        For a layout that does not exist, a `path` named like PyTorch's own files (.pth, .pt, .bin, .ckpt), `classes` that are no names or
        too few or too many for the net, or a `preparation` that is none.
    """
    _check("save", layout)
    if Path(path).suffix.lower() in OF_PYTORCH:
        raise ConfigError("save", "path", "the name of a safetensors file, for that is what is written", repr(str(path)),
                          f"call it {Path(path).with_suffix('.safetensors').name}")
    arrays = dict(model.state_dict())
    notes = {}
    if classes is not None:
        notes["classes"] = _names(classes, num_classes(arrays))
    if preparation is not None:
        if not _is_preparation(preparation):
            raise ConfigError("save", "preparation", "resize and crop, pixels, and mean and std, three numbers each", repr(preparation))
        notes["preparation"] = preparation
    if built is not None:
        notes["built"] = {"model": built["model"], "net": dict(built["net"])}
    if layout == "minires":
        safetensors.write(path, arrays, notes or None)             # in one entry: safetensors writes several in random order
    else:
        arrays = {name: np.ascontiguousarray(_in_order(backend.move(array, "cpu"), TO_TORCH)) for name, array in arrays.items()}
        safetensors.write(path, arrays, metadata={"format": "pt", **({NOTES["torch"]: json.dumps(notes)} if notes else {})})


def load(model, path, layout=None):
    """Read the parameters and buffers of `model` from a file.

    Parameters
    ----------
    model : Module
    path : str or Path
        A safetensors file, of minires, torchvision or timm, or a file written by ``torch.save`` (.pth, .pt, .bin): its tensors are
        read, and nothing in it is run. Of a checkpoint of a training run, its net is taken.
    layout : {"minires", "torch"}, optional
        By default "minires" for a file that `save` wrote, else "torch". Arrays of a file in PyTorch's layout are turned, and converted
        to the dtype of the net, bfloat16 too; ``num_batches_tracked`` is left out, and a ``module.`` before all names is taken off.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or of a net with other names: lists them, and what does not fit beside.
    DataError
        If it is a pickle that names a function which is not needed to read tensors.
    ShapeError, DtypeError
        If an array does not fit. In every case the model is left as it was.
    ConfigError
        For a layout that does not exist.
    """
    if layout is not None:
        _check("load", layout)
    arrays, turned = _read(path, layout)
    if turned:
        own = model.state_dict()
        arrays = {name: array.astype(own[name].dtype, copy=False) if name in own and array.dtype.kind == "f" else array
                  for name, array in arrays.items()}
    model.load_state_dict(arrays)


def read(path, layout=None):
    """Name -> array: what `load` would give to a net, in minires's layout and in the dtype of the file (float32 for bfloat16).

    Parameters and errors are those of `load`, as far as they concern the file.
    """
    if layout is not None:
        _check("read", layout)
    return _read(path, layout)[0]


def classes_of(path):
    """The names of the classes that `save` put into a file, a list of str; None if there are none.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged, or what should be names is not.
    """
    classes = _note(path, "classes")
    if classes is not None and not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
        raise CheckpointError(str(path), "names of classes in the metadata", "a list of texts, as JSON", repr(classes)[:50])
    return classes


def preparation_of(path):
    """What pictures have to go through before this net, a dict of settings for `data.transforms.prepare`; empty if the file says nothing.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged, or what it says is not that.
    """
    preparation = _note(path, "preparation")
    if preparation is not None and not _is_preparation(preparation):
        raise CheckpointError(str(path), "preparation in the metadata", "resize, crop, mean and std, as JSON", repr(preparation)[:50])
    return preparation or {}


def built_of(path):
    """What net the weights in a file are of, if `save` was told: a dict of its name, "model", and its settings, "net"; else an empty one."""
    built = _note(path, "built")
    return built if isinstance(built, dict) and isinstance(built.get("model"), str) and isinstance(built.get("net"), dict) else {}


def _note(path, name):
    """What `save` noted under this name beside the arrays, or None."""
    if _is_torch_file(path):
        return None
    metadata = safetensors.metadata(path)
    try:
        notes = [json.loads(metadata.get(entry, "null")) for entry in NOTES.values()]
    except ValueError:
        return None                                               # another program's
    return next((note[name] for note in notes if isinstance(note, dict) and name in note), None)


def _is_preparation(preparation):
    def are(values, kind, count):
        return len(values) == count and all(isinstance(value, kind) and not isinstance(value, bool) and 0 <= value < float("inf") for value in values)

    if not isinstance(preparation, dict) or not preparation.keys() <= {"resize", "crop", "mean", "std"}:
        return False
    sizes, colours = ([preparation[name] for name in names if name in preparation] for names in (("resize", "crop"), ("mean", "std")))
    return are(sizes, int, len(sizes)) and 0 not in sizes and all(isinstance(three, (list, tuple)) and are(three, (int, float), 3) for three in colours) \
        and 0 not in preparation.get("std", ())


def num_classes(arrays):
    """How many classes a net with these weights, in minires's layout, tells apart: what comes out of ``fc``. None if that is missing."""
    head = arrays.get("fc.weight")
    return head.shape[1] if head is not None and head.ndim == 2 else None


def _read(path, layout):
    """The arrays in minires's layout, and whether they were in PyTorch's."""
    if not os.path.exists(path):
        raise CheckpointError(str(path), "no such file", "weights: a .safetensors file, or .pth of PyTorch")
    if _is_torch_file(path):
        arrays, own = torch_pickle.read(path), False
    else:
        (arrays, state), own = safetensors.read(path), safetensors.is_own(path)
        if own and isinstance(state, dict) and "recipe" in state:              # of a training run: with velocities, and more
            arrays = {name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")}
    if layout == "torch" or layout is None and not own:
        return _from_torch(arrays), True
    return arrays, False


def _is_torch_file(path):
    return os.path.isfile(path) and (zipfile.is_zipfile(path) or torch_pickle.is_torch_file(path))


def _check(where, layout):
    if layout not in LAYOUTS:
        raise unknown_name(where, "layout", layout, LAYOUTS)


def _names(classes, count):
    """`classes` as a list, if they are names and as many as `count`, where that is known."""
    if isinstance(classes, str) or not all(isinstance(name, str) for name in classes):
        raise ConfigError("save", "classes", "a list of texts", repr(classes)[:50])
    if count not in (None, len(classes)):
        raise ConfigError("save", "classes", f"{count} names, one for each output of the net", len(classes))
    return list(classes)


def _from_torch(arrays):
    """The arrays under the names and in the layout of minires."""
    if arrays and all(name.startswith("module.") for name in arrays):          # of torch.nn.DataParallel
        arrays = {name.removeprefix("module."): array for name, array in arrays.items()}
    return {name: np.ascontiguousarray(_in_order(array, TO_MINIRES)) for name, array in arrays.items()
            if name.rpartition(".")[2] != "num_batches_tracked"}


def _in_order(array, orders):
    return array.transpose(orders[array.ndim]) if array.ndim in orders else array

"""Saving and loading the weights of a net, in minires's layout or in PyTorch's.

Both name the parameters alike. PyTorch has the features of a weight first, minires last:

    convolution    (C_out, C_in / groups, KH, KW)    (KH, KW, C_in / groups, C_out)
    linear         (out, in)                         (in, out)
"""

import os
import zipfile

import numpy as np

from . import backend, checkpoint, torch_files
from .errors import unknown_name

LAYOUTS = ("minires", "torch")
TO_MINIRES = {4: (2, 3, 1, 0), 2: (1, 0)}      # number of axes -> their order
TO_TORCH = {4: (3, 2, 0, 1), 2: (1, 0)}


def save(model, path, layout="minires"):
    """Write the parameters and buffers of `model` to a safetensors file, under their names.

    Parameters
    ----------
    model : Module
    path : str or Path
    layout : {"minires", "torch"}
        With "torch" PyTorch reads it: ``net.load_state_dict(safetensors.torch.load_file(path), strict=False)``, where the counters of
        batch norm, ``num_batches_tracked``, are all that is missing.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    ConfigError
        For a layout that does not exist.
    """
    _check("save", layout)
    arrays = dict(model.state_dict())
    if layout == "minires":
        checkpoint.write(path, arrays)
    else:
        arrays = {name: np.ascontiguousarray(_in_order(backend.move(array, "cpu"), TO_TORCH)) for name, array in arrays.items()}
        checkpoint.write(path, arrays, metadata={"format": "pt"})


def load(model, path, layout=None):
    """Read the parameters and buffers of `model` from a file.

    Parameters
    ----------
    model : Module
    path : str or Path
        A safetensors file, of minires, torchvision or timm, or a file written by ``torch.save`` (.pth, .pt, .bin): its tensors are
        read, and nothing in it is run.
    layout : {"minires", "torch"}, optional
        By default "minires" for a file that `save` wrote, else "torch". Arrays of a file in PyTorch's layout are turned, and converted
        to the dtype of the net; ``num_batches_tracked`` is left out, and a ``module.`` before all names is taken off.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or of a net with other names.
    DataError
        If it is a pickle that names a function which is not needed to read tensors.
    ShapeError, DtypeError
        If an array does not fit. In every case the model is left as it was.
    ConfigError
        For a layout that does not exist.
    """
    if layout is not None:
        _check("load", layout)
    if os.path.isfile(path) and (zipfile.is_zipfile(path) or torch_files.is_torch_file(path)):
        arrays, own = torch_files.read(path), False
    else:
        arrays, own = checkpoint.read(path)[0], checkpoint.is_own(path)
    if layout == "torch" or layout is None and not own:
        arrays = _from_torch(arrays, model.state_dict())
    model.load_state_dict(arrays)


def _check(where, layout):
    if layout not in LAYOUTS:
        raise unknown_name(where, "layout", layout, LAYOUTS)


def _from_torch(arrays, own):
    """The arrays under the names, in the layout and of the dtypes of minires."""
    if arrays and all(name.startswith("module.") for name in arrays):          # of torch.nn.DataParallel
        arrays = {name.removeprefix("module."): array for name, array in arrays.items()}
    turned = {}
    for name, array in arrays.items():
        if name.rpartition(".")[2] != "num_batches_tracked":
            dtype = own[name].dtype if name in own and array.dtype.kind == "f" else array.dtype
            turned[name] = np.ascontiguousarray(_in_order(array, TO_MINIRES), dtype)
    return turned


def _in_order(array, orders):
    return array.transpose(orders[array.ndim]) if array.ndim in orders else array

"""Input that no kernel can use: one clear line says where, what was expected and what was given.

Every backend says the same.
"""

import numpy as np
import pytest

from minires import kernels
from minires.errors import ConfigError, DataError, DtypeError, ShapeError
from minires.kernels.registry import BACKENDS

from .checks import check, random_arrays

IMAGES = (2, 6, 5, 4)
FILTERS = (3, 3, 4, 8)
LOGITS = (3, 5)

# kernel, shapes of its arrays, settings, error, what the message must say
BAD = [
    ("add", [(2, 3), (4,)], {}, ShapeError, "(2, 3) and (4,)"),
    ("subtract", [(2, 3), (3, 2)], {}, ShapeError, "(2, 3) and (3, 2)"),
    ("multiply", [(2, 3), (2,)], {}, ShapeError, "(2, 3) and (2,)"),
    ("divide", [(2, 3), (0, 3)], {}, ShapeError, "(2, 3) and (0, 3)"),
    ("matmul", [(2, 3), (2, 3)], {}, ShapeError, "(2, 3) @ (2, 3)"),
    ("matmul", [(3,), (3, 2)], {}, ShapeError, "at least two axes each, got (3,) and (3, 2)"),
    ("matmul", [(2, 2, 3), (3, 3, 2)], {}, ShapeError, "(2,) and (3,)"),
    ("linear", [(2, 3), (4, 5), (5,)], {}, ShapeError, "input (2, 3) and weight (4, 5)"),
    ("linear", [(2, 3, 4), (4, 5), (5,)], {}, ShapeError, "flatten"),
    ("linear", [(2, 3), (3, 5), (4,)], {}, ShapeError, "bias: expected shape (5,), got shape (4,)"),
    ("linear", [(2, 3), (3, 5), (1,)], {}, ShapeError, "bias: expected shape (5,), got shape (1,)"),
    ("sum", [(2, 3)], {"axis": 2}, ShapeError, "axes between -2 and 1, got 2"),
    ("sum", [(2, 3)], {"axis": (1, -1)}, ShapeError, "axis named twice"),
    ("sum", [(2, 3)], {"axis": True}, ShapeError, "axes between -2 and 1, got True"),
    ("mean", [(2, 3)], {"axis": "rows"}, ShapeError, "'rows'"),
    ("mean", [(0, 3)], {"axis": 0}, ShapeError, "(0, 3)"),
    ("max", [(2, 3)], {"axis": -3}, ShapeError, "got -3"),
    ("max", [(0,)], {}, ShapeError, "no elements"),
    (
        "reshape",
        [(2, 3)],
        {"shape": (4, 2)},
        ShapeError,
        "6 elements (shape (2, 3)), got shape (4, 2)",
    ),
    ("reshape", [(2, 3)], {"shape": (4, -1)}, ShapeError, "got shape (4, -1)"),
    ("reshape", [(2, 3)], {"shape": (-1, -1)}, ShapeError, "got shape (-1, -1)"),
    ("reshape", [(2, 3)], {"shape": (2.5, 2)}, ShapeError, "expected ints, got (2.5, 2)"),
    ("reshape", [(2, 3)], {"shape": ("all",)}, ShapeError, "expected ints, got ('all',)"),
    ("reshape", [(2, 3)], {"shape": (True, 6)}, ShapeError, "expected ints, got (True, 6)"),
    ("reshape", [(2, 3)], {"shape": 6}, ShapeError, "expected ints, got 6"),
    ("transpose", [(2, 3)], {"axes": (0, 0)}, ShapeError, "each of the 2 axes once, got (0, 0)"),
    ("transpose", [(2, 3)], {"axes": (0, 1, 2)}, ShapeError, "got (0, 1, 2)"),
    ("transpose", [(2, 3)], {"axes": (0, 1.0)}, ShapeError, "got (0, 1.0)"),
    ("transpose", [(2, 3)], {"axes": ("rows", 0)}, ShapeError, "got ('rows', 0)"),
    ("sum", [(2, 3)], {"axis": True}, ShapeError, "got True"),
    ("pad", [(2, 3)], {"widths": ((1, 1),)}, ShapeError, "for each of the 2 axes"),
    ("pad", [(2, 3)], {"widths": ((1, 1), (0, -1))}, ShapeError, "at least 0"),
    ("pad", [(2, 3)], {"widths": np.array([[1, 1], [0, -1]])}, ShapeError, "at least 0"),
    ("pad", [(2, 3)], {"widths": 1}, ShapeError, "got 1"),
    ("pad", [(2, 3)], {"widths": ((1, 1), (0, 1.5))}, ShapeError, "got ((1, 1), (0, 1.5))"),
    (
        "pad",
        [(2, 3)],
        {"widths": (0, 1, 2, 0)},
        ShapeError,
        "for each of the 2 axes, got (0, 1, 2, 0)",
    ),
    ("getitem", [(2, 3)], {"index": 2}, ShapeError, "cannot index shape (2, 3) with 2"),
    ("getitem", [(2, 3)], {"index": (0, 0, 0)}, ShapeError, "(0, 0, 0)"),
    (
        "getitem",
        [(2, 3)],
        {"index": np.array([[0, 1], [5, 1]])},
        ShapeError,
        "index 5 is out of bounds",
    ),
    ("getitem", [(2, 3)], {"index": slice(None, None, 0)}, ShapeError, "zero"),
    ("getitem", [(2, 3)], {"index": slice(0.5)}, ShapeError, "integers"),
    ("concatenate", [(2, 3), (2, 4)], {"axis": 0}, ShapeError, "sizes differ outside axis 0"),
    ("concatenate", [(2, 3), (2, 3, 1)], {"axis": 0}, ShapeError, "(2, 3, 1)"),
    ("concatenate", [(2, 3)], {"axis": 2}, ShapeError, "axes between -2 and 1"),
    ("concatenate", [(2, 3)], {"axis": None}, ShapeError, "one of the axes, got None"),
    ("concatenate", [], {}, ShapeError, "at least one array"),
    ("conv2d", [(6, 5, 4), FILTERS], {}, ShapeError, "shape (N, H, W, C), got shape (6, 5, 4)"),
    (
        "conv2d",
        [IMAGES, (3, 4, 8)],
        {},
        ShapeError,
        "shape (KH, KW, C_in / groups, C_out), got shape (3, 4, 8)",
    ),
    (
        "conv2d",
        [(2, 4, 6, 5), FILTERS],
        {},
        ShapeError,
        "expected 4 channels (weight (3, 3, 4, 8), groups=1), got 5",
    ),
    (
        "conv2d",
        [IMAGES, FILTERS],
        {"groups": 3},
        ShapeError,
        "a divisor of both 4 input and 8 output channels, got 3",
    ),
    ("conv2d", [IMAGES, FILTERS], {"groups": 2}, ShapeError, "expected 8 channels"),
    ("conv2d", [IMAGES, FILTERS], {"groups": 0}, ShapeError, "got 0"),
    (
        "conv2d",
        [IMAGES, FILTERS],
        {"stride": 0},
        ShapeError,
        "stride: expected an int or a pair of ints, each at least 1, got 0",
    ),
    ("conv2d", [IMAGES, FILTERS], {"stride": (1, 2, 3)}, ShapeError, "got (1, 2, 3)"),
    ("conv2d", [IMAGES, FILTERS], {"stride": True}, ShapeError, "got True"),
    ("conv2d", [IMAGES, FILTERS], {"groups": True}, ShapeError, "got True"),
    (
        "conv2d",
        [IMAGES, FILTERS],
        {"padding": -1},
        ShapeError,
        "padding: expected an int or a pair of ints, each at least 0",
    ),
    ("conv2d", [IMAGES, FILTERS], {"dilation": False}, ShapeError, "each at least 1, got False"),
    ("conv2d", [IMAGES, FILTERS], {"padding": "same"}, ShapeError, "got 'same'"),
    ("conv2d", [IMAGES, FILTERS], {"dilation": 1.5}, ShapeError, "got 1.5"),
    (
        "conv2d",
        [IMAGES, FILTERS],
        {"dilation": 3},
        ShapeError,
        "an image of at least (7, 7), got (6, 5)",
    ),
    ("conv2d", [(2, 2, 5, 4), FILTERS], {}, ShapeError, "the window does not fit into the image"),
    ("conv2d", [IMAGES, (0, 3, 4, 8)], {}, ShapeError, "kernel_size"),
    ("max_pool2d", [(6, 5, 4)], {"kernel_size": 2}, ShapeError, "shape (N, H, W, C)"),
    (
        "max_pool2d",
        [IMAGES],
        {"kernel_size": 7},
        ShapeError,
        "the window does not fit into the image",
    ),
    (
        "max_pool2d",
        [IMAGES],
        {"kernel_size": 3, "padding": 2},
        ShapeError,
        "at most half the kernel (3, 3), got (2, 2)",
    ),
    ("avg_pool2d", [IMAGES], {"kernel_size": 2, "stride": 0}, ShapeError, "stride"),
    (
        "avg_pool2d",
        [IMAGES],
        {"kernel_size": (2, 6)},
        ShapeError,
        "the window does not fit into the image",
    ),
    ("global_avg_pool2d", [(2, 4)], {}, ShapeError, "shape (N, H, W, C), got shape (2, 4)"),
    ("batch_norm", [IMAGES, (3,), (4,)], {}, ShapeError, "weight: expected shape (4,)"),
    ("batch_norm", [IMAGES, (4,), (1,)], {}, ShapeError, "bias: expected shape (4,)"),
    (
        "batch_norm",
        [IMAGES, (4,), (4,)],
        {"mean": np.zeros(5), "var": np.ones(4)},
        ShapeError,
        "mean: expected shape (4,)",
    ),
    ("batch_norm", [(4,), (4,), (4,)], {}, ShapeError, "at least two axes"),
    ("batch_norm", [(0, 6, 5, 4), (4,), (4,)], {}, ShapeError, "(0, 6, 5, 4)"),
    (
        "group_norm",
        [IMAGES, (3,), (4,)],
        {"num_groups": 2},
        ShapeError,
        "weight: expected shape (4,)",
    ),
    (
        "group_norm",
        [IMAGES, (4,), (4,)],
        {"num_groups": 3},
        ShapeError,
        "num_groups: expected a divisor of the 4 channels of input (2, 6, 5, 4), got 3",
    ),
    ("group_norm", [IMAGES, (4,), (4,)], {"num_groups": 0}, ShapeError, "got 0"),
    ("group_norm", [IMAGES, (4,), (4,)], {"num_groups": True}, ShapeError, "got True"),
    ("group_norm", [(0, 4), (4,), (4,)], {"num_groups": 2}, ShapeError, "(0, 4)"),
    (
        "dropout",
        [(2, 3)],
        {"mask": np.ones(3, bool), "p": 0.5},
        ShapeError,
        "mask: expected shape (2, 3), the input's, got shape (3,)",
    ),
    ("softmax", [(3, 0)], {}, ShapeError, "no classes"),
    ("softmax", [()], {}, ShapeError, "shape (..., K) with K > 0, got shape ()"),
    ("log_softmax", [(3, 0)], {}, ShapeError, "no classes"),
    (
        "mse_loss",
        [(3, 1), (3,)],
        {},
        ShapeError,
        "target: expected shape (3, 1), the input's, got shape (3,)",
    ),
    ("mse_loss", [(0, 3), (0, 3)], {}, ShapeError, "at least one element, got shape (0, 3)"),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 5]},
        DataError,
        "label out of range: expected 0 to 4 (5 classes), got 5",
    ),
    ("cross_entropy", [LOGITS], {"labels": [0, -1, 4]}, DataError, "got -1"),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1]},
        ShapeError,
        "expected shape (3,), one for each row of logits, got shape (2,)",
    ),
    ("cross_entropy", [LOGITS], {"labels": np.eye(3, 5)}, ShapeError, "got shape (3, 5)"),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0.0, 1.0, 2.0]},
        DtypeError,
        "expected integers, got float64",
    ),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [True, False, True]},
        DtypeError,
        "expected integers, got bool",
    ),
    ("cross_entropy", [(5,)], {"labels": [1]}, ShapeError, "shape (N, K) with N > 0"),
    ("cross_entropy", [(0, 5)], {"labels": []}, ShapeError, "shape (0, 5)"),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 2], "label_smoothing": True},
        ConfigError,
        "got True",
    ),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 2], "label_smoothing": 1.5},
        ConfigError,
        "a number from 0 to 1, got 1.5",
    ),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 2], "label_smoothing": "0.1"},
        ConfigError,
        "a number from 0 to 1, got '0.1'",
    ),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 2], "weight": [1, 2, 3]},
        ShapeError,
        "weight: expected shape (5,), one for each class, got (3,)",
    ),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 2], "weight": [1, 2, 3, -1, 1]},
        ConfigError,
        "5 finite numbers of at least 0",
    ),
    (
        "cross_entropy",
        [LOGITS],
        {"labels": [0, 1, 2], "weight": "balanced"},
        ConfigError,
        "5 finite numbers of at least 0, one for each class, got str",
    ),
]


@pytest.mark.parametrize(
    "name, shapes, settings, error, words", BAD, ids=[f"{bad[0]}: {bad[4]}" for bad in BAD]
)
def test_bad_input(name, shapes, settings, error, words):
    messages = set()
    for backend in BACKENDS:
        with kernels.use(backend), pytest.raises(error) as caught:
            kernels.find(name).forward(*random_arrays(*shapes), **settings)
        messages.add(str(caught.value))
    (message,) = messages  # every backend says the same
    assert message.startswith(f"{name}: ") and words in message and "\n" not in message


# kernel, shapes of its arrays, settings in NumPy's integers
NUMPY_INTEGERS = [
    ("sum", [(2, 3)], {"axis": (np.int64(-1),)}),
    ("reshape", [(2, 3)], {"shape": (np.int32(3), np.int64(-1))}),
    ("transpose", [(2, 3, 4)], {"axes": tuple(np.array([-1, 0, -2]))}),
    ("pad", [(2, 3)], {"widths": np.array([[1, 0], [0, 2]])}),
    ("concatenate", [(2, 3), (2, 3)], {"axis": np.int64(1)}),
    ("conv2d", [IMAGES, (3, 3, 2, 8)], {"stride": np.int64(2), "groups": np.int8(2)}),
    ("max_pool2d", [IMAGES], {"kernel_size": (np.int64(2), 3), "padding": np.uint8(1)}),
]


@pytest.mark.parametrize(
    "name, shapes, settings", NUMPY_INTEGERS, ids=[case[0] for case in NUMPY_INTEGERS]
)
def test_integers_of_numpy_are_integers(backend, name, shapes, settings):
    check(backend, name, *random_arrays(*shapes), **settings)

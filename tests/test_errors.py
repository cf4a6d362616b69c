"""Errors: one line each, caught as the built-in exception that fits, and able to travel between
processes."""

import pickle

import numpy as np
import pytest

from minires import errors
from minires.errors import MiniresError, ShapeError, nearest, unknown_name

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, MiniresError)
]


@pytest.mark.parametrize(
    "parts, line",
    [
        (("conv2d", "stride"), "conv2d: stride"),
        (("conv2d", "stride", "an int", "'a'"), "conv2d: stride: expected an int, got 'a'"),
        (("conv2d", "stride", "an int"), "conv2d: stride: expected an int"),
        (("conv2d", "stride", None, 0), "conv2d: stride: got 0"),
        (
            ("conv2d", "stride", "an int", "'a'", "pass a number"),
            "conv2d: stride: expected an int, got 'a'; pass a number",
        ),
    ],
)
def test_message(parts, line):
    assert str(MiniresError(*parts)) == line


def test_a_message_is_one_line_whatever_it_shows():
    assert (
        str(MiniresError("getitem", f"index {np.eye(2)!r}"))
        == "getitem: index array([[1., 0.], [0., 1.]])"
    )


def test_a_name_of_thousands_of_letters_is_shortened():
    assert len(str(MiniresError("runs/" + 5000 * "9", "cannot be read"))) < 1100


@pytest.mark.parametrize(
    "kind, builtin",
    [
        ("ShapeError", ValueError),
        ("DtypeError", TypeError),
        ("DeviceError", RuntimeError),
        ("GraphError", RuntimeError),
        ("GradcheckError", AssertionError),
        ("DataError", ValueError),
        ("ConfigError", ValueError),
        ("CheckpointError", RuntimeError),
        ("DivergenceError", ArithmeticError),
    ],
)
def test_caught_as_the_builtin_exception(kind, builtin):
    with pytest.raises(builtin):
        raise getattr(errors, kind)("here", "wrong")


@pytest.mark.parametrize("kind", KINDS)
def test_pickled_and_back(kind):
    error = pickle.loads(pickle.dumps(kind("here", "wrong", "this", "that", "do so")))
    assert type(error) is kind and str(error) == "here: wrong: expected this, got that; do so"


def test_unknown_name_suggests_the_nearest():
    assert (
        str(unknown_name("data", "data set", "cifar", ["cifar10", "synthetic"]))
        == "data: unknown data set: expected one of cifar10, synthetic, got 'cifar'; did you "
        "mean 'cifar10'?"
    )
    assert "did you mean 'cifar10'?" in str(
        unknown_name("data", "data set", "CIFAR10", ["cifar10", "synthetic"])
    )
    assert "did you mean" not in str(
        unknown_name("data", "data set", "zebra", ["cifar10", "synthetic"])
    )


def test_many_names_are_listed_only_where_none_is_near():
    names = [f"claim-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert str(unknown_name("claims", "claim", "claimb", names)) == (
        "claims: unknown claim: expected one of 26 names, got 'claimb'; did you mean 'claim-b'?"
    )
    assert "claim-a, claim-b, claim-c" in str(unknown_name("claims", "claim", "x", names))


def test_words_of_other_libraries_are_understood():
    assert nearest("learning_rate", ["lr", "width"]) == "lr"
    assert nearest("lerning_rate", ["lr", "width"]) == "lr"
    assert nearest("learning_rate", ["width"]) is None
    assert nearest("steps", ["steps", "iterations"]) == "steps"  # its own name comes first


def test_keyword_arguments():
    assert str(ShapeError("a", "b", todo="c")) == "a: b; c"

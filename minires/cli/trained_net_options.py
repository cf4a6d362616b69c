"""The options of commands that use a trained net, whether from minires or from elsewhere."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..names import as_text, shortened
from ..serialization.families import FAMILIES
from ..types import Device
from .arguments import OneOf, at_least, colour, own_setting, path
from .device_options import add_device, add_threads, prepare_device


def add_family(command: argparse.ArgumentParser) -> None:
    """Add the option that says where weights come from."""
    command.add_argument(
        "--family",
        type=OneOf("family of weights", FAMILIES),
        metavar="NAME",
        help="where the weights come from, if the file does not show it; decides how pictures are "
        f"prepared: {', '.join(FAMILIES)}",
    )


def add_transform(command: argparse.ArgumentParser) -> None:
    """Add the options of commands that prepare pictures for a trained net."""
    add = command.add_argument
    add(
        "--resize",
        type=at_least(1),
        metavar="N",
        help="pixels of the shorter side to which a picture is scaled before the crop (default: "
        "as in the training of the weights)",
    )
    add(
        "--crop",
        type=at_least(1),
        metavar="N",
        help="pixels of the square that is cut from the middle for the net (default: as in the "
        "training of the weights)",
    )
    add(
        "--mean",
        type=colour,
        nargs=3,
        metavar="X",
        help="mean of red, green and blue in training, each from 0 to 1 (default: as in the "
        "training of the weights)",
    )
    add(
        "--std",
        type=colour,
        nargs=3,
        metavar="X",
        help="standard deviations of red, green and blue (default: as in the training of the "
        "weights)",
    )


def add_damaged(command: argparse.ArgumentParser, what: str) -> None:
    """Add the option of commands that read folders of pictures. `what` says what the command does
    about damaged pictures.
    """
    command.add_argument(
        "--skip-damaged", action="store_true", help=f"leave out damaged pictures, and {what}"
    )


def add_net_and_images(command: argparse.ArgumentParser, results: str, batch_size: int) -> None:
    """Add all options but ``--weights``: the net, the images and their preparation, the results and
    the device.

    `results` is the default output folder, for the help text.
    """
    add = command.add_argument
    add(
        "--dataset",
        type=OneOf("data set", ("cifar10", "synthetic")),
        metavar="NAME",
        help="use the test set of cifar10 or synthetic. Without it, --data is a folder of "
        "photographs",
    )
    add(
        "--data",
        type=path,
        metavar="DIR",
        help="folder of photographs, with a subfolder for each class; or folder of CIFAR-10",
    )
    add("--model", metavar="NAME", help="the net, such as resnet-20, if the file does not name it")
    add(
        "--net",
        nargs="+",
        action="extend",
        type=own_setting,
        default=[],
        metavar="NAME=VALUE",
        help="settings of the net itself: width=8 shortcut=B zeros=around eps=0.001 ...",
    )
    add_family(command)
    add_transform(command)
    add_damaged(command, "list them in damaged.csv")
    add(
        "--cache",
        type=path,
        metavar="DIR",
        help="folder for decoded photographs (default: in the user's cache)",
    )
    add("--json", action="store_true", help="print the numbers as one JSON document")
    add(
        "--out",
        type=path,
        metavar="DIR",
        help=f"new folder for the results (default: {results})",
    )
    add(
        "--batch-size",
        type=at_least(1),
        default=batch_size,
        metavar="N",
        help=f"images at a time: fewer need less memory (default: {batch_size})",
    )
    add_device(command)
    add_threads(command)


def prepared(args: argparse.Namespace, command: str) -> tuple[Device, str]:
    """Set up the threads, and return the device and a name for the images, for names of folders.

    Raises
    ------
    ConfigError, DeviceError
        If no images are given, or the device cannot be used.
    """
    if args.dataset is None and args.data is None:
        raise ConfigError(command, "no images", "--dataset cifar10, or --data DIR", "none")
    return prepare_device(args), args.dataset or shortened(as_text(Path(args.data).resolve().name))


def given_transform(args: argparse.Namespace) -> Mapping[str, Any]:
    """The options ``--resize``, ``--crop``, ``--mean`` and ``--std`` that were given, by name."""
    return {
        name: value
        for name in ("resize", "crop", "mean", "std")
        if (value := getattr(args, name)) is not None
    }

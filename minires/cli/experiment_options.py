"""The options of commands that run an experiment: data, preset, seeds and device."""

import argparse
from collections.abc import Collection

from .. import backend
from ..errors import ConfigError
from .arguments import OneOf, at_least, path, seeds
from .device_options import add_device, add_threads, prepare_device


def add_setting(command: argparse.ArgumentParser, presets: Collection[str]) -> None:
    """Add the options that all experiments share: data, preset, seeds and device."""
    command.add_argument(
        "--dataset",
        type=OneOf("data set", ("synthetic", "cifar10")),
        default="synthetic",
        metavar="NAME",
        help="synthetic (drawn, needs no file; the default) or cifar10",
    )
    command.add_argument(
        "--data",
        type=path,
        metavar="DIR",
        help="folder or archive of CIFAR-10 (default: $MINIRES_DATA, ./data, the checkout's "
        "data, the user's cache)",
    )
    command.add_argument(
        "--preset",
        type=OneOf("preset", presets),
        default="quick",
        metavar="NAME",
        help=f"{', '.join(list(presets)[:-1])} or {list(presets)[-1]} (default: quick)",
    )
    command.add_argument(
        "--seeds",
        type=seeds,
        default=1,
        metavar="N",
        help="repeat with seeds 0 to N - 1, or with the given seeds: 30-59 (default: 1)",
    )
    add_device(command)
    command.add_argument(
        "--tf32",
        action="store_true",
        help="on a GPU: round matrix products to 10 bits of mantissa, which is faster",
    )
    add_threads(command)


def add_workers(command: argparse.ArgumentParser) -> None:
    """Add the option of commands that train several nets."""
    command.add_argument(
        "--workers",
        type=at_least(1),
        metavar="N",
        help="processes that each train one net at a time (default: as many as cores and memory "
        "allow)",
    )


def prepare(args: argparse.Namespace) -> None:
    """Check the options of `add_setting`, and set up threads and device.

    Raises ConfigError if options do not go together, and DeviceError if the device cannot be used.
    """
    if args.data is not None and args.dataset == "synthetic":
        raise ConfigError(
            "--data",
            "the synthetic images are drawn, not read",
            "--data together with --dataset cifar10",
            "--dataset synthetic",
        )
    prepare_device(args)
    if args.tf32:
        if args.device != "gpu":
            raise ConfigError(
                "--tf32",
                "only a GPU computes in TF32",
                "--tf32 together with --device gpu",
                f"--device {args.device}",
            )
        backend.allow_tf32()

"""The options of commands that compute: on which device, with how many threads."""

import argparse

from .. import backend
from ..types import Device
from .arguments import at_least


def add_device(command: argparse.ArgumentParser) -> None:
    """Add the option that says where to compute."""
    command.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where to compute: cpu (the default), or gpu, an NVIDIA GPU through CuPy",
    )


def add_threads(command: argparse.ArgumentParser) -> None:
    """Add the option that says how many threads compute."""
    command.add_argument(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads to compute with (default: all cores)",
    )


def prepare_device(args: argparse.Namespace) -> Device:
    """Set up the threads, and return the device.

    Raises ConfigError or DeviceError if the device cannot be used.
    """
    if args.threads is not None:
        backend.set_num_threads(args.threads)
    return backend.check_device(args.device, "--device")

"""The command ``minires``: parse, call, print. A file for each command, which adds itself to the
parser.
"""

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .. import __version__, starting
from ..distributed import failure
from ..errors import MiniresError
from ..names import printable
from . import (
    cache,
    claims,
    completion,
    course,
    data,
    degradation,
    demo,
    diagnose,
    doctor,
    evaluate,
    explore,
    merge,
    museum,
    notebooks,
    plot,
    predict,
    train,
)
from .arguments import INTERRUPTED, Parser, fitted
from .output import lasting

PIPE_CLOSED = 141  # the exit status of a program whose reader is gone: 128 + SIGPIPE
COMMANDS = (
    demo,
    degradation,
    claims,
    train,
    predict,
    evaluate,
    diagnose,
    plot,
    explore,
    merge,
    notebooks,
    museum,
    course,
    data,
    cache,
    doctor,
    completion,
)
#: Package -> the extra of minires that brings it.
EXTRAS = {
    "PIL": "images",
    "h5py": "keras",
    "nbformat": "instructor",
    "jupytext": "instructor",
    "nbclient": "notebooks",
    "IPython": "notebooks",
    "cupy": "cuda12",
    "mpi4py": "mpi",
    "submitit": "cluster",
    "shtab": "completion",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (``sys.argv[1:]`` if None) and return the exit status: 0, 1
    failed, 2 wrong usage, 130 stopped, 141 nobody read the output to its end.
    """
    if argv is not None:
        return _run(argv)
    os.environ["MPLBACKEND"] = "agg"  # this process is the command, which draws into files
    try:
        return _run(None)
    finally:
        starting.begin()


def _run(argv):
    with lasting() as output, _signals_as_ctrl_c():
        status = _status(argv, output)
        if status:
            failure.end_all(status)  # of several ranks, the others too
        return status


def _status(argv, output):
    try:
        starting.ready()
        with failure.only_rank_0_prints():
            args = _parser().parse_args(_with_help(sys.argv[1:] if argv is None else argv))
        status = args.run(args) or 0
        output.flush()  # here, where an error of it is still reported
    except MiniresError as error:
        return _failed(str(error))
    except ModuleNotFoundError as error:
        return _failed(_missing(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(_deleted_folder() or f"{where}{error.strerror or error}")
    except MemoryError as error:
        return _failed(
            f"not enough memory: {error}; take fewer or smaller images, or a narrower net"
        )
    except KeyboardInterrupt:
        if failure.should_report():
            print("\nminires: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not failure.several_ranks():
            raise
        return _failed(f"{type(error).__name__}: {error}", traceback.format_exc())
    if isinstance(output.error, BrokenPipeError):  # the reader, such as `head`, has seen enough
        return PIPE_CLOSED
    if output.error is not None:
        return _failed(f"output: {output.error.strerror}")
    return status


def _with_help(words: Sequence[str]) -> Sequence[str]:
    """``help train`` is ``train --help``, as with other programs."""
    return [*words[1:], "--help"] if words[:1] == ["help"] else words


def _failed(line: str, details: str = "") -> int:
    if failure.should_report():
        rank = failure.name_of_rank()
        line = fitted(f"minires: error: {rank}{printable(line)}", sys.stderr)
        print(f"{details}{line}", file=sys.stderr)
    return 1


def _missing(error: ModuleNotFoundError) -> str:
    """What to install for a module that is missing."""
    package = str(error.name).partition(".")[0]
    extra = f"[{EXTRAS[package]}]" if package in EXTRAS else ""
    return f'the package {package} is not installed; pip install "minires{extra}"'


def _deleted_folder() -> str | None:
    """An error if the current folder is gone: then no relative path leads anywhere."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder has been deleted; change into another one"
    return None


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """Within: signals that end a program do what Ctrl-C does, once: SIGTERM, by which ``timeout``
    and batch systems end it, and SIGHUP, by which a terminal does when it is closed.

    Once, because `timeout` sends it twice, to the program and to its group, and a second Ctrl-C
    would not wait for the end of a step.
    """
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Where the program around has its own way, as nohup has with SIGHUP, it stays.
    signals = [one for one in signals if signal.getsignal(one) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        signals = []  # Python delivers signals to the main thread only
    terminals = [number for number in (1, 2) if _is_terminal(number)]

    def stop(signum, frame):
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        if signum != signal.SIGTERM:  # the terminal is gone, and writing to it an error
            for number in terminals:
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        if callable(signal.getsignal(signal.SIGINT)):
            signal.raise_signal(signal.SIGINT)
        else:  # a shell lets what it starts in the background ignore Ctrl-C
            raise KeyboardInterrupt

    for one in signals:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one in signals:
            signal.signal(one, signal.SIG_DFL)


def _is_terminal(number):
    try:
        return os.isatty(number)
    except OSError:
        return False


class _Help(argparse.RawDescriptionHelpFormatter):
    """Its column fits the longest command: argparse forgets that they are indented."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 4 + max(len(one.__name__.split(".")[-1]) for one in COMMANDS)


def _parser() -> Parser:
    parser = Parser(
        prog="minires",
        formatter_class=_Help,
        description="Residual networks from scratch, in NumPy: train the nets of He et al. 2015,\n"
        "see why depth needs shortcuts, and teach trained nets your own photographs.",
        epilog="examples:\n"
        "  minires demo               four small nets on drawn images, half a minute\n"
        "  minires degradation        the same, larger: a few minutes\n"
        "  minires plot runs/degradation-synthetic-quick\n"
        "  minires train --model resnet-20 --dataset cifar10\n"
        "  minires finetune --model resnet18 --weights resnet18.pth --data photos\n"
        "  minires predict cat.jpg --model resnet18 --weights resnet18.pth\n\n"
        "minires COMMAND --help says more about each.",
    )
    parser.add_argument("--version", action="version", version=f"minires {__version__}")
    parser.set_defaults(run=lambda args: parser.print_help(), root=parser)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    return parser

"""The command ``minires``: parse, call, print. Each command has a file of its own, which adds the
command to the parser.
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
from ..starting import INTERRUPTED
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
from .output import lasting
from .parser import Parser
from .printing import fitted

PIPE_CLOSED = 141  # the usual exit status when the reader of a pipe is gone: 128 + SIGPIPE
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
#: Package -> the extra of minires that installs it.
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
    """Run the command line `argv` (``sys.argv[1:]`` if None), and return the exit status.

    0: done; 1: failed; 2: wrong usage (as SystemExit); 130: interrupted; 141: the reader of the
    output stopped reading before its end.
    """
    if argv is not None:
        return _run(argv)
    os.environ["MPLBACKEND"] = "agg"  # this process only draws into files
    try:
        return _run(None)
    finally:
        starting.begin()


def _run(argv):
    with lasting() as output, _signals_as_ctrl_c():
        status = _status(argv, output)
        if status:
            failure.end_all(status)  # end the other ranks, too
        return status


def _status(argv, output):
    try:
        starting.ready()
        with failure.only_rank_0_prints():
            args = _parser().parse_args(_with_help(sys.argv[1:] if argv is None else argv))
        status = args.run(args) or 0
        output.flush()  # now, because an error of writing can still be reported here
    except MiniresError as error:
        return _failed(str(error))
    except ModuleNotFoundError as error:
        return _failed(_missing(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(_deleted_folder() or f"{where}{error.strerror or error}")
    except MemoryError as error:
        return _failed(
            f"not enough memory: {error}; use fewer or smaller images, or a narrower net"
        )
    except KeyboardInterrupt:
        if failure.should_report():
            print("\nminires: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not failure.several_ranks():
            raise
        return _failed(f"{type(error).__name__}: {error}", traceback.format_exc())
    if isinstance(output.error, BrokenPipeError):  # the reader, such as `head`, has stopped reading
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
    """The error for a module that is missing, and what to install."""
    package = str(error.name).partition(".")[0]
    extra = f"[{EXTRAS[package]}]" if package in EXTRAS else ""
    return f'the package {package} is not installed; pip install "minires{extra}"'


def _deleted_folder() -> str | None:
    """The error if the current folder has been deleted, so that relative paths fail; else None."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder has been deleted; change into another one"
    return None


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """In the ``with`` block, signals that end a program act like Ctrl-C: SIGTERM, which ``timeout``
    and batch systems send, and SIGHUP, which a terminal sends when it is closed.

    Only the first signal does so. ``timeout`` sends SIGTERM twice, to the program and to its group,
    and a second Ctrl-C would not wait for the end of a training step.
    """
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Handlers that are already set stay, such as the one that nohup sets for SIGHUP.
    signals = [one for one in signals if signal.getsignal(one) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        signals = []  # only the main thread may set handlers of signals
    terminals = [number for number in (1, 2) if _is_terminal(number)]

    def stop(signum, frame):
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        if signum != signal.SIGTERM:  # the terminal is gone, and writing to it would be an error
            for number in terminals:
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        if callable(signal.getsignal(signal.SIGINT)):
            signal.raise_signal(signal.SIGINT)
        else:  # Ctrl-C is ignored, as shells arrange it for programs in the background
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
    """Makes the first column wide enough for the longest command. argparse does not take into
    account that commands are indented.
    """

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

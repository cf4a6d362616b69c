"""The command ``minires``: parse, call, print. A file for each command, which adds itself to the
parser.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from .. import __version__
from ..errors import MiniresError
from . import claims, course, data, degradation, doctor, notebooks, plot, predict, train
from .arguments import INTERRUPTED, Parser

PIPE_CLOSED = 141  # the exit status of a program whose reader is gone: 128 + SIGPIPE
COMMANDS = (degradation, claims, train, predict, plot, notebooks, course, data, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (``sys.argv[1:]`` if None) and return the exit status: 0, 1
    failed, 2 wrong usage, 130 stopped.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # the streams of a notebook lack it
            stream.reconfigure(
                errors="backslashreplace"
            )  # for a class called 犬 on a terminal of ASCII
    args = _parser().parse_args(argv)
    with _signals_as_ctrl_c():
        try:
            status = args.run(args) or 0
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where an error of it is still reported
            return status
        except MiniresError as error:
            print(f"minires: error: {error}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            _write_to_nowhere()
            return PIPE_CLOSED
        except OSError as error:
            _write_to_nowhere()
            where = f"{error.filename}: " if error.filename else ""
            print(f"minires: error: {where}{error.strerror or error}", file=sys.stderr)
            return 1
        except MemoryError as error:
            print(
                f"minires: error: not enough memory: {error}; take fewer or smaller images, "
                "or a narrower net",
                file=sys.stderr,
            )
            return 1
        except KeyboardInterrupt:
            print("\nminires: interrupted", file=sys.stderr)
            return INTERRUPTED


def _write_to_nowhere():
    """Send what is left of the output to nowhere: Python writes it out when it ends, and would
    report the same error again.
    """
    with suppress(OSError, AttributeError, ValueError):  # no output, or none with a number
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def _parser() -> Parser:
    parser = Parser(
        prog="minires",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Residual networks from scratch, in NumPy: train the nets of He et al. 2015,\n"
        "see why depth needs shortcuts, and teach trained nets your own photographs.",
        epilog="examples:\n"
        "  minires degradation        four nets on drawn images, a few minutes\n"
        "  minires plot runs/degradation-synthetic-quick\n"
        "  minires train --model resnet-20 --dataset cifar10\n"
        "  minires finetune --model resnet18 --weights resnet18.pth --data photos\n"
        "  minires predict cat.jpg --model resnet18 --weights resnet18.pth\n\n"
        "minires COMMAND --help says more of each.",
    )
    parser.add_argument("--version", action="version", version=f"minires {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    return parser

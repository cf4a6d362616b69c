"""``minires notebooks``"""

import argparse
import shutil
from pathlib import Path

from ..errors import ConfigError, DataError
from .arguments import path
from .parser import Commands
from .printing import say

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (
    PACKAGE / "notebooks",
    PACKAGE.parent / "notebooks",
)  # in an installed minires, and in a checkout


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "notebooks",
        help="copy the notebooks into a folder of yours",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Copy the seventeen notebooks to a folder, where you can read, run and change\n"
        "them. Nothing is opened, and notebooks that are already there are not replaced.",
        epilog="example:\n  minires notebooks lessons && jupyter lab lessons",
    )
    command.set_defaults(run=run)
    command.add_argument(
        "folder", type=path, metavar="DIR", help="folder for the notebooks, created if necessary"
    )


def run(args: argparse.Namespace) -> None:
    """Copy the notebooks."""
    target = Path(args.folder)
    copied, kept = 0, []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for source in find():
            if (target / source.name).exists():
                kept.append(source.name)
            else:
                shutil.copyfile(source, target / source.name)
                copied += 1
    except OSError as error:
        raise ConfigError(
            str(target),
            "cannot write here",
            "a folder that can be created and written",
            error.strerror or str(error),
            "choose another folder",
        ) from None
    say(f"written: {copied} notebooks to {target}")
    if kept:
        print(f"left as they were: {', '.join(kept)}")


def find() -> list[Path]:
    """The notebooks of minires, in order. Raises DataError if this installation has none."""
    for folder in FOLDERS:
        found = sorted(folder.glob("[0-9]*.ipynb"))
        if found:
            return found
    raise DataError(
        "minires notebooks",
        "this installation has no notebooks",
        f"*.ipynb in {FOLDERS[0]}",
        "none",
        "install minires again",
    )

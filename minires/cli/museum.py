"""``minires museum``"""

import argparse

from .arguments import check_page, path
from .parser import Commands
from .printing import say

DESCRIPTION = """\
A museum of mistakes: wrong lines of code that students write. Each comes with
the question of what it breaks, a picture of where its numbers are wrong, its
effect on a short training, and what the check of the coursework says. Without
--out the exhibits are listed; with it, their code is run and one HTML page is
written, which needs no other file and no connection."""
EPILOG = """\
examples:
  minires museum
  minires museum --out museum.html
  minires museum overlapping-windows no-zero-grad --out two.html"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "museum",
        help="typical mistakes, what each breaks, and how training reacts",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    add = command.add_argument
    add("exhibits", nargs="*", metavar="NAME", help="which exhibits (default: all)")
    add("--out", type=path, metavar="FILE", help="the page to write, such as museum.html")


def run(args: argparse.Namespace) -> None:
    """List the exhibits, or write the page."""
    from ..lessons import museum

    named = {museum.find(name).key for name in args.exhibits}
    chosen = [one for one in museum.EXHIBITS if not named or one.key in named]
    if args.out is None:
        _list(chosen)
        return
    target = check_page(args.out, "museum.html")  # fail now, not after minutes of training
    found = []
    for number, exhibit in enumerate(chosen, 1):
        say(f"{number} of {len(chosen)}: {exhibit.key}")
        found.append((exhibit, museum.look(exhibit)))
    museum.write(found, target)
    say(f"written: {target}, {target.stat().st_size / 1e6:.1f} MB; open it in a browser")


def _list(exhibits):
    """Print a line for each exhibit, room by room."""
    room = ""
    for one in exhibits:
        if one.room != room:
            room = one.room
            print(f"{room}")
        print(f"  {one.key:24} {one.title.replace('`', '')}")
    print("\nminires museum --out museum.html runs them and writes the page")

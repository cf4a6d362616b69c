"""``minires cache``"""

import argparse
import sys

from ..errors import ConfigError
from ..names import as_text
from .arguments import Commands, path, say

DESCRIPTION = """\
Photographs are decoded once and kept on disk, made as small as the nets need
them. This shows where they are, and how much room they take. When they take
more than MINIRES_CACHE_LIMIT (20 GB, unless the environment variable says
another size, or none), the sets that nobody used for longest are removed."""
EPILOG = """\
Nothing is lost by clearing: pictures are decoded again when they are needed.

examples:
  minires cache
  minires cache --clear
  MINIRES_CACHE_LIMIT="5 GB" minires finetune ..."""


def add_to(commands: Commands) -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "cache",
        help="show or clear the cache of decoded photographs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    add = command.add_argument
    add("--clear", action="store_true", help="remove all that no process uses now")
    add("--yes", action="store_true", help="do not ask before --clear")
    add(
        "--cache",
        type=path,
        metavar="DIR",
        help="another folder, as --cache of minires finetune (default: in the user's cache)",
    )


def run(args: argparse.Namespace) -> int:
    """Show what is there, and clear it if that is wanted."""
    from ..data import cache_store

    place = cache_store.cache_place(args.cache)
    if place.exists() and not place.is_dir():
        raise ConfigError(str(place), "not a folder", "the folder of the cache", "a file")
    limit = cache_store.cache_limit()
    found = cache_store.entries(place)
    _show(place, found, limit)
    if not args.clear:
        return 0
    cache_store.remove_unfinished(place)
    if not found:
        return 0
    if not args.yes and not _agreed(len(found)):
        say("nothing was removed")
        return 1
    kept = {one: cache_store.removed_or_why(one.folder) for one in found}
    removed = [one for one in found if kept[one] is None]
    say(
        f"removed: {len(removed)} of {len(found)}, "
        f"{cache_store.size_in_words(sum(one.bytes for one in removed))}"
    )
    for one, why in kept.items():
        if why is not None:
            say(f"kept: {one.folder.name}, {why}")
    return 0 if len(removed) == len(found) else 1


def _show(place, found, limit):
    from ..data.cache_store import LIMIT, size_in_words, time_in_words

    most = "without a limit" if limit is None else f"of at most {size_in_words(limit)}"
    total = size_in_words(sum(one.bytes for one in found))
    count = f"{len(found)} set{'s' * (len(found) != 1)} of decoded pictures"
    say(f"{as_text(place)}: {count}, {total} {most} ({LIMIT})")
    if not found:
        return
    width = max(len(one.name) for one in found)
    for one in found:
        pictures, source = one.contents()
        used = "in use" if one.in_use else f"used {time_in_words(one.used)}"
        size = size_in_words(one.bytes)
        say(
            f"  {one.name:<{width}}  {pictures:>7,} pictures of {one.side} pixels  {size:>8}  "
            f"{used:<16}  {source}".rstrip()
        )


def _agreed(count):
    """Whether the person at the terminal says yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError(
            "cache", "nobody is there to be asked", "--yes beside --clear", "no terminal"
        )
    try:
        answer = input(f"Remove {'it' if count == 1 else f'all {count}'}? [y/N] ")
    except EOFError:
        answer = ""
    return answer.strip().lower() in ("y", "yes")

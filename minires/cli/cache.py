"""``minires cache``"""

import argparse
import sys

from ..errors import ConfigError
from ..names import as_text
from .arguments import path
from .parser import Commands
from .printing import say

DESCRIPTION = """\
Show where decoded photographs are kept, and how much room they take. They are
decoded once, made as small as the nets need them, and kept on disk. If they
take more room than the environment variable MINIRES_CACHE_LIMIT allows (by
default 20 GB; none means no limit), the least recently used sets are removed."""
EPILOG = """\
Clearing the cache loses nothing: pictures are decoded again when needed.

examples:
  minires cache
  minires cache --clear
  MINIRES_CACHE_LIMIT="5 GB" minires finetune ..."""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "cache",
        help="show or clear the cache of decoded photographs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    add = command.add_argument
    add("--clear", action="store_true", help="remove all sets that no process uses now")
    add("--yes", action="store_true", help="with --clear: do not ask")
    add(
        "--cache",
        type=path,
        metavar="DIR",
        help="folder of the cache, as for minires finetune (default: in the user's cache)",
    )


def run(args: argparse.Namespace) -> int:
    """Show what is in the cache, and clear it with ``--clear``."""
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
    """Whether the user agrees. Raises ConfigError if there is no terminal at which to ask."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError(
            "--clear", "cannot ask before removing", "--clear together with --yes", "no terminal"
        )
    try:
        answer = input(f"Remove {'it' if count == 1 else f'all {count}'}? [y/N] ")
    except EOFError:
        answer = ""
    return answer.strip().lower() in ("y", "yes")

"""How often a file is opened, by Python or by the safetensors library."""

import os
import sys
from contextlib import contextmanager

import safetensors

# (path, list of openings) for each `openings` in use. An audit hook cannot be removed: ours stays.
_watched = []


def _note(path):
    if isinstance(path, (str, bytes, os.PathLike)):
        for watched, found in _watched:
            if os.path.abspath(os.fsdecode(path)) == watched:
                found.append(watched)


sys.addaudithook(lambda event, args: _note(args[0]) if event == "open" and _watched else None)


@contextmanager
def openings(path):
    """Within: the list that is yielded grows by one entry each time the file is opened.

    safetensors opens files in Rust, where Python does not see it, so `safe_open` is watched
    instead.
    """
    entry, safe_open = (os.path.abspath(path), []), safetensors.safe_open

    def watched_open(filename, *args, **kwargs):
        _note(filename)
        return safe_open(filename, *args, **kwargs)

    safetensors.safe_open = watched_open
    _watched.append(entry)
    try:
        yield entry[1]
    finally:
        _watched.remove(entry)
        safetensors.safe_open = safe_open

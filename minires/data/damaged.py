"""Pictures that cannot be read: one error that names the first of them, or one warning.

In a thousand photographs a few are damaged: a copy that was cut off, an empty file, a text with the
name of a picture. Whether to train on the others is for the user to decide.
"""

import warnings
from collections.abc import Mapping

from ..errors import DataError
from ..names import as_text, shortened

NAMED = 5  # pictures named in an error or a warning
REASON = 120  # characters of what is wrong with one


class DamagedPictures(UserWarning):
    """Pictures that could not be read were left out."""


def in_words(damaged: Mapping[str, str]) -> str:
    """The first few of the pictures, each with what is wrong, and how many more there are."""
    shown = [f"{as_text(path)}: {shortened(damaged[path], REASON)}" for path in sorted(damaged)]
    more = f" and {len(shown) - NAMED:,} more" if len(shown) > NAMED else ""
    return "; ".join(shown[:NAMED]) + more


def report(damaged: Mapping[str, str], all_pictures: int, skip: bool) -> None:
    """Nothing if no picture is damaged, a warning if they are skipped, else an error.

    Parameters
    ----------
    damaged : dict
        File -> what is wrong with it.
    all_pictures : int
        How many pictures there are with them.
    skip : bool
        Whether they are left out.

    Raises
    ------
    DataError
        Without `skip`, or if no picture can be read.
    """
    count = len(damaged)
    if count and count == all_pictures:
        raise DataError("pictures", f"none of {count:,} can be read", got=in_words(damaged))
    if count and not skip:
        raise DataError(
            "pictures",
            f"{count:,} of {all_pictures:,} cannot be read",
            got=in_words(damaged),
            todo="mend them, take them out of the folder, or leave them out with --skip-damaged",
        )
    if count:
        warnings.warn(
            f"left out: {count:,} damaged of {all_pictures:,} pictures: {in_words(damaged)}",
            DamagedPictures,
            stacklevel=4,
        )

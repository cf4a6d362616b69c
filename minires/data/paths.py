"""Where data sets are looked for on disk, and where downloads go."""

import os
import warnings
from pathlib import Path

from ..names import expanded
from ..types import PathLike

CHECKOUT = Path(__file__).resolve().parents[2] / "data"


def search_path(folder: PathLike | None = None) -> list[Path]:
    """The places to look in, best first.

    Parameters
    ----------
    folder : str or Path, optional
        A place named by the user. It is then the only one: a misspelt path should fail, not find
        other data.

    Returns
    -------
    list of Path
        `folder` alone, or: the environment variable MINIRES_DATA if it is set, ``data/`` in the
        current folder, ``data/`` beside the package (notebooks run in a folder of their own), and
        the user's cache.
    """
    if folder is not None:
        return [expanded(folder)]
    places = list(dict.fromkeys([Path("data").resolve(), CHECKOUT, user_cache()]))
    if os.environ.get("MINIRES_DATA"):
        places.insert(0, expanded(os.environ["MINIRES_DATA"]))
    return places


def download_folder(folder: PathLike | None = None) -> Path:
    """Where a download is put: `folder`, else MINIRES_DATA, else the user's cache; all of them are
    searched.
    """
    return expanded(folder or os.environ.get("MINIRES_DATA") or user_cache())


def user_cache() -> Path:
    """The folder for cached files that this system gives to programs, e.g. ``~/.cache/minires`` on
    Linux.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook tqdm, which pooch imports, misses widgets
        import pooch

    return Path(pooch.os_cache("minires"))

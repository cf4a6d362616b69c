"""Sign records with a key of this user, to show whether a kept result was changed.

The key is in the user's folder of settings, never beside the records it signs, and no submission
can read it. Somebody who can edit results but cannot read that folder cannot sign the edited
results.
"""

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..serialization.files import Lock

LENGTH = 32  # bytes of a key


def key_file() -> Path:
    """The file of the key, on Linux ``~/.config/minires/grading.key``."""
    from platformdirs import user_config_dir

    return Path(user_config_dir("minires", appauthor=False)) / "grading.key"


def user_key() -> bytes:
    """The key of this user. It is made on first use, and only this user can read it.

    Raises
    ------
    OSError
        If there is none and none can be written.
    """
    path = key_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # If two processes need the key for the first time, one of them makes it.
    with Lock(path.with_suffix(".lock")) as lock:
        lock.acquire(wait=True)
        with suppress(FileNotFoundError):
            key = path.read_bytes()
            if len(key) == LENGTH:
                if path.stat().st_mode & 0o077 and os.name == "posix":
                    path.chmod(0o600)
                return key
        key = secrets.token_bytes(LENGTH)
        temporary = path.with_suffix(".part")
        temporary.unlink(missing_ok=True)
        # Only its owner can read it, from the first moment on.
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
        temporary.replace(path)
        return key


class Signer:
    """Sign records, and check signatures.

    Parameters
    ----------
    key : bytes
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        # Tells keys apart, but says nothing about the key itself.
        self.name = hmac.digest(key, b"name of this key", "sha256").hex()[:16]

    def signed(self, record: dict[str, Any]) -> dict[str, Any]:
        """A copy of `record` with the name of the key and the signature."""
        record = {**record, "key": self.name}
        return {**record, "signature": self._signature(record)}

    def is_right(self, record: dict[str, Any]) -> bool:
        """Whether `record` is unchanged since it was signed with this key."""
        record = dict(record)
        found = record.pop("signature", None)
        return isinstance(found, str) and hmac.compare_digest(
            found.encode("utf-8", "replace"), self._signature(record).encode()
        )

    def _signature(self, record):
        content = json.dumps(record, sort_keys=True).encode()
        return hmac.digest(self._key, content, "sha256").hex()


def fingerprint(content: bytes) -> str:
    """A hash of some content, to be signed instead of the content."""
    return hashlib.sha256(content).hexdigest()

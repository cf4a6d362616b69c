"""What a file is that holds no weights, judged by its first bytes.

A link that leads to a web page and a clone without Git LFS are more common than damage.
"""

from typing import NamedTuple

EXPECTED = "a file of weights: .safetensors, .pth, .npz, .h5 or .keras"
AGAIN = "fetch the file itself"
STARTS = {  # how a file begins -> what it is, what to do
    b"version https://git-lfs": (
        "a pointer of Git LFS, not the file it points to",
        "fetch that with `git lfs pull`",
    ),
    b"\x93NUMPY": ("an array of NumPy", "weights have names: save a dict of them"),
    b"\x1f\x8b": ("a file packed by gzip", "unpack it first"),
    b"BZh": ("a file packed by bzip2", "unpack it first"),
    b"\xfd7zXZ\0": ("a file packed by xz", "unpack it first"),
    b"\x89PNG": ("a picture", "name the file of weights"),
    b"\xff\xd8\xff": ("a picture", "name the file of weights"),
    b"Rar!": ("a RAR archive", "unpack it first"),
}
PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml")


class Found(NamedTuple):
    """What a file is, in words, and what the reader can do."""

    what: str
    todo: str


def recognise(content: bytes) -> Found | None:
    """What the bytes of a file are, or None if they could be damaged weights."""
    if not content:
        return Found("an empty file", AGAIN)
    for start, words in STARTS.items():
        if content.startswith(start):
            return Found(*words)
    if b"V 1" in content[:40] and (b"nn." in content[:100] or b"torch." in content[:100]):
        return Found("a file of Torch 7", "convert it to safetensors, through PyTorch")
    start = content[:500].lstrip().lower()
    if start.startswith(PAGES):
        return Found("a web page", "the link did not lead to the file: look at it in a browser")
    if content[257:262] == b"ustar":
        return Found("a tar archive", "unpack it first")
    if start.startswith((b"{", b"[")):
        if b'"weight_map"' in content and b".weights.h5" in content:
            return Found(
                "the index of Keras's weights that are split over several files (shards)",
                "save them in one there: model.save_weights without max_shard_size",
            )
        if b'"weight_map"' in content:
            return Found(
                "the index of weights that are split over several files (shards)",
                "leave its name as it was, to end in .index.json behind .safetensors or .bin",
            )
        return Found("a JSON file", "name the file of weights beside it")
    if content[:500].isascii() and all(byte >= 32 or byte in b"\t\r\n" for byte in content[:500]):
        return Found("a text file", AGAIN)
    return None

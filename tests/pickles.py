"""Pickles written by hand, instruction by instruction, and the files of PyTorch around them."""

import struct
import zipfile

END = b"."


def name(module, function):
    """The name of a function or class."""
    return f"c{module}\n{function}\n".encode()


def text(letters):
    content = letters.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    content = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(content)]) + content


def group(*items):
    """A tuple."""
    return b"(" + b"".join(items) + b"t"


def call(function, *arguments):
    return function + group(*arguments) + b"R"


def table(**items):
    """A dict with these names."""
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def with_state(thing, state):
    """`thing` with its attributes set."""
    return thing + state + b"b"


ORDERED_DICT = call(name("collections", "OrderedDict"))


def storage(kind="Float", key="0", count=1):
    words = text("storage"), name("torch", f"{kind}Storage"), text(key), text("cpu")
    return group(*words, integer(count)) + b"Q"


def tensor(numbers, offset, shape, strides):
    """A tensor with the numbers of a `storage`, in a file of PyTorch."""
    sizes = (group(*map(integer, one)) for one in (shape, strides))
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, numbers, integer(offset), *sizes, b"\x89", ORDERED_DICT)


def program(body):
    return b"\x80\x02" + body + END


def write_zip(path, pickled, storages=None):
    """A file of PyTorch: the pickle, and the bytes of each storage by its key."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, content in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", content)
    return path


def old_file(pickled, storages):
    """The bytes of a file of PyTorch before 1.6: several pickles, and the storages after them.

    `storages` is a dict, key -> (bytes, number of elements).
    """
    magic = b"\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little")
    keys = b"](" + b"".join(map(text, storages)) + b"e"
    head = [program(magic), program(integer(1001)), program(table(little_endian=b"\x88"))]
    parts = [*head, pickled, program(keys)]
    for content, count in storages.values():
        parts += [count.to_bytes(8, "little"), content]
    return b"".join(parts)

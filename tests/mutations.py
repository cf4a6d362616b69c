"""Changed copies of files, and pickles made at random: the same ones for the same seed."""

import json
import pickle

import numpy as np

from .pickles import (
    ORDERED_DICT,
    call,
    group,
    integer,
    name,
    program,
    storage,
    table,
    tensor,
    text,
    with_state,
)

ODD = [
    None,
    True,
    -1,
    0,
    1,
    0.5,
    1e308,
    float("nan"),
    2**31,
    2**63,
    10**30,
    "",
    "x",
    "F64",
    "resnet-9998",
    "9" * 5000,
    [],
    {},
    [[]],
    [0],
    [-1, 5],
    [1] * 70,
    {"a": {}},
]


def flipped(content, rng):
    """One to eight flipped bits."""
    changed = bytearray(content)
    for place in rng.integers(len(changed), size=rng.integers(1, 9)):
        changed[place] ^= 1 << rng.integers(8)
    return bytes(changed)


def flipped_at_the_start(content, rng):
    """In the part that holds headers."""
    count = int(min(len(content), 200))
    return flipped(content[:count], rng) + content[count:]


def cut(content, rng):
    return content[: rng.integers(len(content))]


def zeroed(content, rng):
    """The end is zeros, as after a loss of power."""
    place = int(rng.integers(len(content)))
    return content[:place] + bytes(len(content) - place)


def overwritten(content, rng):
    """A few bytes in a row are others, often extreme ones."""
    place, length = int(rng.integers(len(content))), int(rng.integers(1, 9))
    other = [rng.bytes(length), b"\xff" * length, bytes(length), b"\x7f" * length]
    return content[:place] + other[rng.integers(4)] + content[place + length :]


def moved(content, rng):
    """A part appears twice, or is missing, or two parts have changed places."""
    a, b, c = sorted(int(place) for place in rng.integers(len(content), size=3))
    parts = (
        content[:b] + content[a:],
        content[:a] + content[b:],
        content[:a] + content[b:c] + content[a:b] + content[c:],
    )
    return parts[rng.integers(3)]


ANY_FILE = (flipped, flipped_at_the_start, cut, zeroed, overwritten, moved)


def edited_json(value, rng):
    """The JSON value with one part replaced, removed or given another name."""
    value = json.loads(json.dumps(value))
    places = list(_places(value))
    inside, key = places[rng.integers(len(places))]
    action = rng.integers(5)
    if action == 0:
        del inside[key]
    elif action == 1 and isinstance(inside, dict):
        inside["x" * int(rng.integers(1, 5))] = inside.pop(key)
    elif action == 2:
        other, from_there = places[rng.integers(len(places))]
        inside[key] = json.loads(json.dumps(other[from_there]))
    else:
        inside[key] = ODD[rng.integers(len(ODD))]
    return value


def _places(value):
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


def edited_header(content, rng):
    """A safetensors file with another header, or another state in it."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    said = header.get("__metadata__", {})
    entry = next((key for key in ("state", "minires") if key in said), None)
    if entry and rng.integers(2):
        said[entry] = json.dumps(edited_json(json.loads(said[entry]), rng))
    else:
        header = edited_json(header, rng)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[end:]


def made_up_pickle(rng):
    """A pickle of anything at all, most of it about tensors."""
    kind = rng.integers(4)
    if kind == 0:
        return program(_thing(rng, 4))
    if kind == 1:
        return program(b"}" + _items(rng, 3))
    return program(table(w=_hostile(rng)))


def _hostile(rng):
    """A file of a kind that has done harm before, with sizes drawn at random."""
    count, key = int(rng.integers(1, 4)), str(rng.integers(1, 3))
    numbers = storage(key=key, count=count)
    shape = [(4096,), (10**6,), (64, 3, 7, 7), (1 << 17, 1 << 17), (10**9,)][rng.integers(5)]
    claimed = tensor(numbers, 0, (10 ** int(rng.integers(1, 18)),), (0,))
    steps = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    address = int(rng.integers(1, 2**47))
    interface = table(
        data=group(integer(address), b"\x89"),
        shape=group(*map(integer, shape[:1])),
        typestr=text("<f4"),
        version=integer(3),
    )
    kinds = (name("torch", f"{kind}Storage") for kind in ("Float", "Half", "Long"))
    kind = list(kinds)[rng.integers(3)]
    return (
        tensor(claimed, 0, shape, steps),
        tensor(claimed, address, shape, steps),
        tensor(numbers, 0, shape, [0] * len(shape)),
        call(kind, with_state(ORDERED_DICT, table(__array_interface__=interface))),
        with_state(ORDERED_DICT, table(__array_interface__=interface)),
        tensor(call(kind, group(*map(integer, shape))), 0, shape, steps),
        tensor(storage(key=key, count=_number(rng)), 0, shape, steps),
        b"](" + tensor(numbers, 0, (count,), (1,)) * 50 + b"e",
    )[rng.integers(8)]


def made_up_batch(rng, records):
    """A pickled batch of CIFAR-10 in which something is odd, most often the labels."""
    pixels = pickle.dumps(np.zeros((records, 3072), np.uint8), 2)[2:-1]
    letters = "".join(map(chr, rng.integers(0x100, 0x3000, 10 ** int(rng.integers(1, 6)))))
    nested = _nested(int(rng.integers(2, 80)))
    items = b"".join(integer(_number(rng)) for _ in range(rng.integers(records + 2)))
    labels = (
        nested,
        b"](" + nested * records + b"e",
        b"]q\x01(" + b"K\x01" * (records - 1) + b"h\x01e",
        b"](" + items + b"e",
        group(items),
        call(name("_codecs", "encode"), text(letters), text("punycode")),
        call(name("_codecs", "encode"), text(letters), text("latin1")),
        text(letters) + b"q\x01](" + b"h\x01" * 100 + b"e",
        pixels,
        _thing(rng, 3),
    )[rng.integers(10)]
    key = _key(rng) if rng.integers(8) == 0 else b"U\x06labels"
    return program(b"}(U\x04data" + pixels + key + labels + b"u")


def _items(rng, depth):
    pairs = (_key(rng) + _thing(rng, depth) for _ in range(rng.integers(1, 4)))
    return b"(" + b"".join(pairs) + b"u"


def _nested(depth):
    """Tuples in tuples, each holding the next one twice."""
    return b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(depth))


def _key(rng):
    nested = _nested(int(rng.integers(2, 80)))
    keys = (text("w"), text("fc.weight"), text("state_dict"), integer(3), nested, ORDERED_DICT)
    return keys[rng.choice(len(keys), p=(0.3, 0.3, 0.2, 0.1, 0.05, 0.05))]


def _number(rng):
    few = (0, 1, 2, 3, 10, 255, 1000, 2**31, 2**40, 2**62, -1, -(2**40))
    return few[rng.choice(len(few), p=[0.2, 0.2, 0.1, 0.1, 0.1, *[0.3 / 7] * 7])]


def _sizes(rng):
    return tuple(_number(rng) for _ in range(rng.integers(0, 4)))


def _storage(rng):
    kinds = ("Float", "Half", "BFloat16", "Long", "Bool", "Untyped")
    key = str(rng.integers(3))
    return storage(kinds[rng.integers(len(kinds))], key, _number(rng))


def _tensor(rng):
    numbers = _storage(rng) if rng.integers(3) else _tensor(rng)
    shape = _sizes(rng)
    strides = shape[::-1] if rng.integers(2) else tuple(0 for _ in shape)
    return tensor(numbers, _number(rng), shape, strides if rng.integers(4) else _sizes(rng))


def _thing(rng, depth):
    """A piece of a pickle that leaves one thing on the stack."""
    if depth == 0:
        return integer(_number(rng))
    kind = rng.integers(16)
    if kind < 6:
        return _tensor(rng)
    inner = _thing(rng, depth - 1)
    names = (
        name("torch", "FloatStorage"),
        name("torch", "Size"),
        name("torch._utils", "_rebuild_parameter"),
        name("collections", "OrderedDict"),
        name("_codecs", "encode"),
        name("numpy", "dtype"),
        name("numpy.core.multiarray", "_reconstruct"),
        name("os", "system"),
    )
    function = names[rng.integers(len(names))]
    interface = table(data=group(integer(_number(rng)), b"\x89"), shape=group(integer(4)))
    return (
        call(function, inner),
        call(function, inner, text("punycode")),
        with_state(inner, table(__array_interface__=interface)),
        with_state(call(function, inner), group(inner, inner, inner, inner, inner)),
        b"](" + inner + inner + b"e",
        b"}" + _items(rng, depth - 1),
        group(inner, inner),
        inner + b"q\x05h\x05\x86",
        function,
        text("x" * 1000) + b"q\x06",
    )[kind - 6]

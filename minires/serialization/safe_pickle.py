"""Read pickles without trusting them.

A pickle is a program for a small machine with a stack and a memo. Python's own machine can import
and call any function, set any attribute, and hash any key, all as the file says. This one has the
short list of instructions that dicts, lists, text, numbers and a few objects of the caller need,
and refuses all others:

- The name of a function or class is kept as a `Global`, which is only a name. The one thing that
  can be done with it is to call what the caller has put under that name.
- Attributes are set only on a caller's `StandIn`. What PyTorch sets on dicts is dropped.
- What is handed to the caller's functions is in total no longer than the file: else a few bytes
  could have a long text copied ten thousand times.
- Keys are text or whole numbers. Sixty tuples within each other, each holding the next one twice,
  are a key that takes years to hash, in C, where Ctrl-C does not reach it. They take as long to
  write: the caller's functions put no value of a pickle into an error before they know its type.
- Whole numbers are short: a few products of long ones take minutes.
- There are not many instructions: each of them, a single byte, can make a list of 64.
"""

import pickletools
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from ..errors import DataError

MOST_INSTRUCTIONS = 2_000_000  # the weights of a net of 1,202 layers take 300,000
MOST_BITS = 128  # of a whole number: PyTorch's magic number has 77
LARGEST_KEY = 2**60  # of whole numbers: Python's hash is the number itself below 2^61 - 1


class Global(NamedTuple):
    """The name of a function or class, as a pickle gives it."""

    module: str
    name: str


class StandIn:
    """An object that a caller's function makes instead of the one the pickle means."""

    def set_state(self, state: Any) -> None:
        """Take what the pickle would set. Raises ValueError for what the object cannot have."""
        raise ValueError("attributes of an object that has none")


class Refused(Exception):
    """What a pickle may not do, in words."""


def load(
    content: bytes,
    where: str,
    functions: Mapping[tuple[str, str], Callable[..., Any]],
    expected: str,
    names: Collection[tuple[str, str]] = (),
    storage: Callable[[Any], Any] | None = None,
    encoding: str = "utf-8",
    todo: str = "do not use this file",
) -> tuple[Any, int]:
    """The object that a pickle describes.

    Parameters
    ----------
    content : bytes
        The pickle; anything behind its end is ignored.
    where : str
        The file's name, for errors.
    functions : dict
        (module, name) -> the function to call where the pickle calls that one.
    expected : str
        What a file of this kind holds, for the error about anything else.
    names : set of (module, name)
        What else the pickle may name, but not call.
    storage : function, optional
        Gets a reference to something outside of the pickle, and returns what it stands for.
    encoding : str
        Of the texts that Python 2 wrote; with "bytes" they come as bytes.
    todo : str
        What to do with a file that does anything else.

    Returns
    -------
    object : dict, list, text, number or one of the caller's
    end : int
        How many bytes the pickle has.

    Raises
    ------
    DataError
        If the pickle wants anything that is not allowed. Nothing of it has been done then.
    ValueError, TypeError, LookupError, ArithmeticError
        If it is damaged.
    """
    machine = _Machine(functions, {*functions, *names}, storage, encoding, len(content))
    try:
        for done, (instruction, argument, position) in enumerate(pickletools.genops(content)):
            if done == MOST_INSTRUCTIONS:
                raise Refused(f"more than {MOST_INSTRUCTIONS:,} instructions")
            if instruction.name == "STOP":
                assert position is not None  # it is known in what is given as bytes
                return machine.pop(), position + 1
            if instruction.name not in INSTRUCTIONS:
                raise Refused(f"the instruction {instruction.name}")
            INSTRUCTIONS[instruction.name](machine, argument)
    except Refused as error:
        raise DataError(where, "unsafe pickle", expected, str(error), todo) from None
    raise ValueError("a pickle without an end")


class _Machine:
    """The stack and the memo. Each method below does what one or a few instructions ask for."""

    def __init__(self, functions, known, storage, encoding, size):
        self.functions, self.known = functions, known
        self.left = size  # letters and items that calls may still be given
        self.storage, self.encoding = storage, encoding
        self.stack = []
        self.outer = []  # what lies below each mark
        self.memo = {}

    def pop(self):
        if not self.stack:
            raise ValueError("an instruction without what it works on")
        return self.stack.pop()

    def push(self, value):
        self.stack.append(value)

    def mark(self, _):
        self.outer.append(self.stack)
        self.stack = []

    def pop_to_mark(self):
        """What has been put on the stack since the last mark, a list."""
        if not self.outer:
            raise ValueError("an end without a beginning")
        found, self.stack = self.stack, self.outer.pop()
        return found

    def nothing(self, _):
        pass

    def drop(self, _):
        self.pop()

    def drop_to_mark(self, _):
        self.pop_to_mark()

    # Texts and numbers

    def python_2_text(self, text):
        content = text.encode("latin-1")
        self.push(content if self.encoding == "bytes" else content.decode(self.encoding))

    # The memo

    def remember(self, slot):
        if not self.stack:
            raise ValueError("nothing to remember")
        self.memo[slot] = self.stack[-1]

    def remember_next(self, _):
        self.remember(len(self.memo))

    def recall(self, slot):
        if slot not in self.memo:
            raise ValueError(f"memo slot {slot} is empty")
        self.push(self.memo[slot])

    # Tuples, lists and dicts

    def tuple_to_mark(self, _):
        self.push(tuple(self.pop_to_mark()))

    def tuple_of(self, count):
        self.push(tuple([self.pop() for _ in range(count)][::-1]))

    def list_to_mark(self, _):
        self.push(self.pop_to_mark())

    def dict_to_mark(self, _):
        items = self.pop_to_mark()
        self.push({})
        self.set_all(items)

    def append(self, _):
        self.append_all([self.pop()])

    def append_to_mark(self, _):
        self.append_all(self.pop_to_mark())

    def append_all(self, values):
        target = self.top(list)
        target.extend(values)

    def set_item(self, _):
        value, key = self.pop(), self.pop()
        self.set_all([key, value])

    def set_to_mark(self, _):
        self.set_all(self.pop_to_mark())

    def set_all(self, keys_and_values):
        target = self.top(dict)
        for key, value in zip(keys_and_values[::2], keys_and_values[1::2], strict=True):
            target[checked_key(key)] = value

    def top(self, kind):
        if not self.stack or type(self.stack[-1]) is not kind:
            raise ValueError(f"no {kind.__name__} to add to")
        return self.stack[-1]

    # Functions and objects of the caller

    def name(self, words):
        module, _, name = words.partition(" ")
        self.push(self.checked_name(module, name))

    def name_from_stack(self, _):
        name, module = self.pop(), self.pop()
        self.push(self.checked_name(module, name))

    def checked_name(self, module, name):
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("a name that is no text")
        if (module, name) not in self.known:
            raise Refused(f"the global {module}.{name}"[:100])
        return Global(module, name)

    def call(self, _):
        arguments, function = self.pop(), self.pop()
        if not (isinstance(function, Global) and function in self.functions):
            raise Refused("a call of something that is no function")
        if type(arguments) is not tuple:
            raise ValueError("a call without arguments")
        sized = (str, bytes, list, tuple, dict)
        self.left -= sum(len(one) for one in arguments if isinstance(one, sized))
        if self.left < 0:
            raise Refused("calls with more than the file holds")
        self.push(self.functions[function](*arguments))

    def build(self, _):
        state = self.pop()
        if not self.stack:
            raise ValueError("a state without an object")
        target = self.stack[-1]
        if isinstance(target, StandIn):
            target.set_state(state)
        elif type(target) is not dict:
            raise Refused(f"attributes of a {type(target).__name__}")

    def refer(self, _):
        if self.storage is None:
            raise Refused("a reference to something outside of the file")
        self.push(self.storage(self.pop()))


def checked_key(key: Any) -> Any:
    """`key`, which must be text or a number as the key of a dict; Refused is raised otherwise."""
    whole = type(key) is int and abs(key) < LARGEST_KEY
    if not (whole or key is None or type(key) in (str, bytes, bool)):
        raise Refused(f"a {type(key).__name__} as a key of a dict")
    return key


def _value(machine, argument):
    machine.push(argument)


def _whole_number(machine, argument):
    if argument.bit_length() > MOST_BITS:
        raise Refused(f"a whole number of {argument.bit_length():,} bits")
    machine.push(argument)


INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.nothing,
    "FRAME": _Machine.nothing,
    "MARK": _Machine.mark,
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_to_mark,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2"), _whole_number),
    **dict.fromkeys(("LONG", "LONG1", "LONG4"), _whole_number),
    **dict.fromkeys(("FLOAT", "BINFLOAT"), _value),
    **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _value),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8"), _value),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _Machine.python_2_text),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.remember),
    "MEMOIZE": _Machine.remember_next,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.recall),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "TUPLE": _Machine.tuple_to_mark,
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "LIST": _Machine.list_to_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.append_to_mark,
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "DICT": _Machine.dict_to_mark,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_to_mark,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_from_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,  # an object of a class: here what the caller has under its name
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.refer,
}

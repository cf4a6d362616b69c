"""The process of a submission: it runs cells, calls functions and hands back what they return."""

import ast
import asyncio  # before the guard closes: it looks at sockets when it is imported
import builtins
import inspect
import io
import json
import os
import re
import shutil
import site
import sys
import threading
import time
import traceback
import types
from collections.abc import Sequence
from importlib import import_module
from typing import IO, Any

from threadpoolctl import ThreadpoolController

from ...types import Array
from ..compare import owner
from . import guard, landlocked, syscalls, wire

MISSING = object()  # what no attribute is

MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)


def main() -> None:
    """Serve requests from standard input until it ends. What the code prints goes to standard
    error. The first line of the input says where all this is, and which limits there are.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(1, "wb", closefd=False), encoding="utf-8", errors="replace", line_buffering=True
    )
    settings = json.loads(requests.readline())
    site.setquit()  # exit() and quit(), which a notebook has

    # minires uses it to limit BLAS. What it opens and looks up for that would be refused later.
    with ThreadpoolController().limit(limits=1):
        pass
    guard.limit(settings["memory"], settings["total"], settings.get("threads"))
    if settings.get("fonts"):
        shutil.copytree(settings["fonts"], os.environ["MPLCONFIGDIR"])
    if settings.get("landlock"):
        landlocked.close(settings["folder"], **settings["landlock"])
    if settings.get("absent"):
        sys.meta_path.insert(0, Absent(settings["absent"]))
    if settings.get("filter"):
        syscalls.rules().load()
    # Only now: what the lines above close, they close for this thread and for later ones.
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    Room(requests, replies, settings).serve()


class Absent:
    """Says of packages that cannot be read that they are not there, which libraries expect of those
    that they can do without.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """What the import system asks."""
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _end_with(parent):
    """End this process once the one that started it is gone, whatever else runs here."""
    sleep, end, parent_now = time.sleep, os._exit, os.getppid
    while parent_now() == parent:
        sleep(1)
    end(1)


class Room:
    """What a submission has defined, and what is asked of it.

    It answers requests; nothing is decided here. While it works on one, the student's code may
    call a function of the other side: then requests that belong to that function are answered
    before its result comes.
    """

    def __init__(self, requests: IO[bytes], replies: IO[bytes], settings: dict[str, Any]) -> None:
        from ... import course
        from .. import hold_back

        self.requests, self.replies = requests, replies
        self.things: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # of the things, by their id
        self.last = 0
        self.thread = threading.get_ident()
        self.module = types.ModuleType("__main__")
        vars(self.module).update(__name__="__main__", display=lambda *things, **options: None)
        sys.modules["__main__"] = self.module
        if settings["assignment"]:
            hold_back.start(settings["assignment"])
        vars(course)["_graded_elsewhere"] = True
        os.chdir(settings["folder"])
        guard.close(settings["folder"], settings["unreadable"])

    def handle(self, value: Any) -> dict[str, Any]:
        """What stays here goes out as a number; the first time with a few words about it."""
        number = self.numbers.get(id(value))
        if number is not None:
            return {"ref": number}
        self.last += 1  # never again the number of something forgotten
        self.numbers[id(value)], self.things[self.last] = self.last, value
        words = {"ref": self.last, "type": type(value).__name__}
        name = getattr(value, "__name__", None)
        return words if name is None else words | {"name": str(name)}

    def thing(self, reference: dict[str, Any]) -> Any:
        """The reverse; and a function of the other side becomes one that asks it."""
        if "callback" not in reference:
            return self.things[reference["ref"]]
        number, by_reference = reference["callback"], reference["by reference"]

        def function(*arguments, **settings):
            return self.call_back(number, by_reference, arguments, settings)

        function.__name__ = function.__qualname__ = reference["name"]
        if reference["takes"] is not None:
            vars(function)["__signature__"] = _signature(reference["takes"])
        return function

    def call_back(
        self, number: int, by_reference: bool, arguments: Sequence[Any], settings: dict[str, Any]
    ) -> Any:
        """Call a function of the other side."""
        if threading.get_ident() != self.thread:
            raise RuntimeError("it can be called in the thread only in which your function runs")
        if by_reference:
            arguments = [self._by_reference(one) for one in arguments]
        message = {"callback": number, "with": list(arguments), "settings": settings}
        wire.send(self.replies, message, self._sent)
        answer = self.serve(until_reply=True)
        if "raise" in answer:
            kind = vars(builtins).get(answer["raise"])
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                kind = RuntimeError
            try:
                error = kind(answer["message"])
            except TypeError:  # a kind that wants more than a message
                error = RuntimeError(answer["message"])
            raise error from None
        return answer["reply"]

    def _by_reference(self, value):
        plain = value is None or isinstance(value, (bool, int, float, str))
        return value if plain else Held(value)

    def _sent(self, value):
        return self.handle(value.thing if isinstance(value, Held) else value)

    def run(self, source: str, label: str) -> None:
        import linecache

        linecache.cache[label] = (
            len(source),
            None,
            source.splitlines(keepends=True),
            label,
        )  # so that errors can show the line
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as a notebook allows it
        try:
            code = compile(source, label, "exec", flags)
        except SyntaxError:  # only now: % and ! can stand at the start of a line for honest reasons
            code = compile(MAGIC.sub(r"\1pass", source), label, "exec", flags)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, vars(self.module)))
        else:
            exec(code, vars(self.module))

    def names(self) -> list[str]:
        return [name for name in vars(self.module) if not name.startswith("__")]

    def get(self, name: str) -> Any:
        return vars(self.module)[name]

    def call(
        self, target: Any, arguments: Sequence[Any], settings: dict[str, Any], keep: bool
    ) -> Any:
        result = target(*arguments, **settings)
        return self._by_reference(result) if keep else result

    def call_and_look(
        self, target: Any, arguments: Sequence[Any], settings: dict[str, Any]
    ) -> tuple[Any, list[Any]]:
        """With the arguments as they are after the call."""
        return target(*arguments, **settings), list(arguments)

    def attribute(self, thing: Any, name: str, keep: bool) -> tuple[bool, Any]:
        """Whether there is such an attribute, and what it is."""
        found = getattr(thing, name, MISSING)
        if found is MISSING:
            return False, None
        return True, self._by_reference(found) if keep else found

    def assign(self, thing: Any, name: str, value: Any) -> None:
        setattr(thing, name, value)

    def value(self, thing: Any) -> Any:
        return thing

    def imported(self, name: str) -> types.ModuleType:
        return import_module(name)

    def figures(self) -> list[Array]:
        """The open figures as PNG, which are then closed."""
        if "matplotlib.pyplot" not in sys.modules:
            return []
        import numpy as np

        plt, pictures = sys.modules["matplotlib.pyplot"], []
        for number in plt.get_fignums()[:4]:
            buffer = io.BytesIO()
            plt.figure(number).savefig(buffer, format="png", dpi=70, bbox_inches="tight")
            if buffer.tell() < wire.LARGEST_FIGURE:
                pictures.append(np.frombuffer(buffer.getvalue(), np.uint8))
        plt.close("all")
        return pictures

    def forget(self) -> None:
        """Drop everything that went out: caches, blocks, nets."""
        self.things.clear()
        self.numbers.clear()

    def serve(self, until_reply: bool = False) -> dict[str, Any]:
        """Answer one request after the other, until the other side is gone, or until what comes is
        the reply to a call of a function there.
        """
        while True:
            try:
                message = wire.receive(self.requests, self.thing, wire.LONGEST_REQUEST)
            except EOFError:
                if until_reply:
                    os._exit(1)
                return {}
            if until_reply and "do" not in message:
                return message
            answer = self._answer(message)
            try:
                wire.send(self.replies, answer, self._sent)
            except BrokenPipeError:
                os._exit(1)
            except BaseException as error:
                answer = {
                    "error": type(error).__name__,
                    "message": f"what was returned cannot be passed on: {_text(error)}",
                    "where": "",
                }
                wire.send(self.replies, answer, self._sent)

    def _answer(self, message):
        try:
            return {"result": getattr(self, message["do"])(*message["with"])}
        except BaseException as error:  # a submission may raise anything, SystemExit too
            answer = {
                "error": type(error).__name__,
                "message": _text(error),
                "where": _place(error),
            }
            if type(error) is NotImplementedError:
                answer["message"] = owner(
                    error.__traceback__, lambda filename: filename.startswith("<cell")
                )
            return answer


class Held:
    """Something that stays here, whatever it is: only its number goes out."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing


def _signature(parameters):
    """Of a function of the other side, whose parameters are given as [name, kind, default]."""
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect._ParameterKind(kind),
                default=default[0] if default else inspect.Parameter.empty,
            )
            for name, kind, default in parameters
        ]
    )


def _text(error: BaseException) -> str:
    if isinstance(error, MemoryError) and not str(error):
        return "a submission has no more than this"
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)[:2000]
    except BaseException:
        return "(its message cannot be shown)"


def _place(error: BaseException) -> str:
    """The last line of the submission's own cells that the error passed through."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"line {error.lineno}: {(error.text or '').strip()}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith("<cell")
    ]
    return f"line {frames[-1].lineno}: {frames[-1].line}" if frames else ""

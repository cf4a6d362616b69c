"""The process of a submission: it runs cells, calls functions and returns their results."""

import ast
import asyncio  # imported before the guard closes, because its import looks at sockets
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
from ..calling import owner
from . import guard, landlocked, syscalls, wire

MISSING = object()  # stands for a missing attribute

MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)


def main() -> None:
    """Serve requests from standard input until it ends; what the student's code prints goes to
    standard error.

    The first line of the input holds the settings: folders, limits and the wall.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(1, "wb", closefd=False), encoding="utf-8", errors="replace", line_buffering=True
    )
    settings = json.loads(requests.readline())
    site.setquit()  # defines exit() and quit(), as in a notebook

    # minires limits BLAS with threadpoolctl. The first use opens files that would be refused later.
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
    # Only now: the walls above close in this thread and the threads that it starts later.
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    Server(requests, replies, settings).serve()


class Absent:
    """An import hook that reports packages as not installed instead of unreadable.

    Libraries expect a ModuleNotFoundError from packages that they can do without.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Called by the import system for every module that is not imported yet.

        Raises
        ------
        ModuleNotFoundError
            If the module belongs to one of the packages.
        """
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _end_with(parent):
    """End this process once the process that started it is gone, whatever else runs here."""
    sleep, end, parent_now = time.sleep, os._exit, os.getppid
    while parent_now() == parent:
        sleep(1)
    end(1)


class Server:
    """The state of a submission, and a server of requests about it.

    It answers requests and decides nothing. During a request, the student's code may call a
    function of the other side; then the requests of that function are served until its result
    comes.
    """

    def __init__(self, requests: IO[bytes], replies: IO[bytes], settings: dict[str, Any]) -> None:
        from ... import course
        from .. import hold_back

        self.requests, self.replies = requests, replies
        self.things: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # id of a thing -> its number
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
        """A reference to a thing that stays here: its number and, the first time, type and name."""
        number = self.numbers.get(id(value))
        if number is not None:
            return {"ref": number}
        self.last += 1  # never again the number of something forgotten
        self.numbers[id(value)], self.things[self.last] = self.last, value
        words = {"ref": self.last, "type": type(value).__name__}
        name = getattr(value, "__name__", None)
        return words if name is None else words | {"name": str(name)}

    def thing(self, reference: dict[str, Any]) -> Any:
        """The thing of a reference; for a function of the other side, a function that calls it."""
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
        """Call a function of the other side, and serve requests until its result comes.

        An error over there is raised here, as its built-in class or as RuntimeError.
        """
        if threading.get_ident() != self.thread:
            raise RuntimeError(
                "this function can be called only from the thread in which yours runs"
            )
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
            except TypeError:  # a class that needs more than a message
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
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # await at the top level, as in a notebook
        try:
            code = compile(source, label, "exec", flags)
        except SyntaxError:  # only now, as a line of valid Python may begin with % or ! too
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
        """The result of a call, and the arguments as they are afterwards."""
        return target(*arguments, **settings), list(arguments)

    def attribute(self, thing: Any, name: str, keep: bool) -> tuple[bool, Any]:
        """Whether a thing has an attribute, and the attribute or None."""
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
        """The open figures as bytes of PNG files; then all figures are closed."""
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
        """Drop all things that references were sent for: caches, blocks, nets."""
        self.things.clear()
        self.numbers.clear()

    def serve(self, until_reply: bool = False) -> dict[str, Any]:
        """Answer requests until the other side is gone; with `until_reply`, until a reply comes,
        and return it.
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
        except BaseException as error:  # a submission may raise anything, even SystemExit
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
    """A wrapper of a thing that must stay here, even if it is a number or array."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing


def _signature(parameters):
    """The signature of a function of the other side, from its parameters [name, kind, default]."""
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
        return "the submission has used up its memory"
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)[:2000]
    except BaseException:
        return "(its message cannot be shown)"


def _place(error: BaseException) -> str:
    """The last line of the submission's cells that an error passed through."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"line {error.lineno}: {(error.text or '').strip()}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith("<cell")
    ]
    return f"line {frames[-1].lineno}: {frames[-1].line}" if frames else ""

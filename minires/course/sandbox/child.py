"""The process of a submission: it runs cells, calls functions and hands back what they return."""

import ast
import asyncio  # before the guard closes: it looks at sockets when it is imported
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
from typing import IO, Any

from threadpoolctl import ThreadpoolController

from ...types import Array
from ..compare import owner
from . import guard, landlocked, syscalls, wire

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
    if settings.get("filter"):
        syscalls.rules().load()
    # Only now: what the lines above close, they close for this thread and for later ones.
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(requests, replies, Room(settings))


def _end_with(parent):
    """End this process once the one that started it is gone, whatever else runs here."""
    sleep, end, parent_now = time.sleep, os._exit, os.getppid
    while parent_now() == parent:
        sleep(1)
    end(1)


class Room:
    """What a submission has defined, and what was asked of it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        from ... import course
        from .. import hold_back, probes

        self.things: dict[int, Any] = {}
        self.probes = probes
        self.module = types.ModuleType("__main__")
        vars(self.module).update(__name__="__main__", display=lambda *things, **options: None)
        sys.modules["__main__"] = self.module
        if settings["assignment"]:
            hold_back.start(settings["assignment"])
        vars(course)["_graded_elsewhere"] = True
        os.chdir(settings["folder"])
        guard.close(settings["folder"], settings["unreadable"])

    def handle(self, value: Any) -> dict[str, Any]:
        """What stays here goes out as a number."""
        self.things[id(value)] = value
        return {
            "ref": id(value),
            "type": type(value).__name__,
            "callable": callable(value),
            "name": str(getattr(value, "__name__", "")),
        }

    def thing(self, reference: dict[str, Any]) -> Any:
        """The reverse."""
        return self.things[reference["ref"]]

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
        self, target: Any, arguments: Sequence[Any], settings: dict[str, Any]
    ) -> tuple[Any, list[int]]:
        import numpy as np

        before = [
            argument.copy() if isinstance(argument, np.ndarray) else None for argument in arguments
        ]
        result = target(*arguments, **settings)
        changed = [
            i
            for i, (old, now) in enumerate(zip(before, arguments))
            if old is not None and not np.array_equal(old, now, equal_nan=True)
        ]
        return result, changed

    def probe(self, name: str, target: Any, arguments: Sequence[Any]) -> Any:
        return self.probes.find(name)(target, *arguments)

    def figures(self) -> list[Array]:
        """The open figures as PNG, which are then closed."""
        if "matplotlib.pyplot" not in sys.modules:
            return []
        import numpy as np

        plt, pictures = sys.modules["matplotlib.pyplot"], []
        for number in plt.get_fignums()[:4]:
            buffer = io.BytesIO()
            plt.figure(number).savefig(buffer, format="png", dpi=70, bbox_inches="tight")
            pictures.append(np.frombuffer(buffer.getvalue(), np.uint8))
        plt.close("all")
        return pictures

    def forget(self) -> None:
        """Let go of everything that went out: caches, blocks, nets."""
        self.things.clear()


def serve(requests: IO[bytes], replies: IO[bytes], room: Room) -> None:
    """Answer one request after the other."""
    while True:
        try:
            message = wire.receive(requests, room.thing)
        except EOFError:
            return
        try:
            answer = {"result": getattr(room, message["do"])(*message["with"])}
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
        try:
            wire.send(replies, answer, room.handle)
        except BrokenPipeError:
            return
        except BaseException as error:
            wire.send(
                replies,
                {
                    "error": type(error).__name__,
                    "message": f"what was returned cannot be passed on: {_text(error)}",
                    "where": "",
                },
                room.handle,
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

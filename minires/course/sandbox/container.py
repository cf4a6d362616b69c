"""The wall of a container: podman or docker, with an image that holds Python, NumPy and Matplotlib.

The recipe of the image is docs/containers/Containerfile; minires is not in it.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from uuid import uuid4

from . import headroom

PROGRAMS = ("podman", "docker")
IMAGE = "MINIRES_IMAGE"  # the environment variable that names another image
USUAL_IMAGE = "minires-submission"
ALONE = (
    "--rm --interactive --pull never --network none --read-only --cap-drop all --user 1000:1000 "
    "--security-opt no-new-privileges --hostname submission --ipc private --shm-size 16m "
    "--tmpfs /submission:rw,size=256m,mode=1777 --tmpfs /tmp:rw,size=64m,mode=1777 "
    "--tmpfs /home/student:rw,size=16m,mode=1777 --workdir /submission"
).split()
PROCESSES = 64  # processes and threads together
BESIDE = 512 * 1024**2  # bytes for the file systems above, on top of the process's memory
NEEDED = (
    "import numpy, matplotlib, filelock, IPython, joblib, platformdirs, pooch, psutil, safetensors,"
    "threadpoolctl, tqdm, pyseccomp"
)


def program() -> str | None:
    """The path of podman or else docker, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def image() -> str:
    """The name of the image."""
    return os.environ.get(IMAGE, USUAL_IMAGE)


def new_name() -> str:
    """A name for a container, by which `remove` finds it."""
    return f"minires-{uuid4().hex[:12]}"


def command(name: str, world: Path | None, memory: int, environment: dict[str, str]) -> list[str]:
    """The words that start a container; the program and its arguments follow them.

    Parameters
    ----------
    name : str
        A name from `new_name`.
    world : Path or None
        The folder from `world.world`.
    memory : int
        Bytes.
    environment : dict
    """
    words = [program() or "podman", "run", "--name", name, *ALONE]
    words += ["--pids-limit", str(PROCESSES), "--memory", str(memory + BESIDE)]
    words += ["--memory-swap", str(memory + BESIDE)]
    if world is not None:
        words += ["--volume", f"{world}:/world:ro"]
    for key, value in environment.items():
        words += ["--env", f"{key}={value}"]
    return [*words, image()]


def remove(name: str) -> None:
    """End a container, which may outlive the program that started it."""
    # `kill` first, because podman's `rm --force` waits ten seconds for the container to stop.
    for words in (["kill", name], ["rm", "--force", name]):
        with headroom.lifted():
            subprocess.run([program() or "podman", *words], capture_output=True, timeout=60)


@cache
def why_not() -> str | None:
    """Why this wall does not work here, or None. To find out, NumPy is imported in a container."""
    if program() is None:
        return "neither podman nor docker is installed: on Debian and Ubuntu, apt install podman"
    cure = "see docs/instructors.md for how to build it"
    name = new_name()
    words = [*command(name, None, 1024**3, {}), "python3", "-I", "-c", NEEDED]
    try:
        with headroom.lifted():
            done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        remove(name)
        return f"{program()} fails: {error}"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return f"{program()} cannot use the image {image()}: {lines[-1]}; {cure}"
    return None

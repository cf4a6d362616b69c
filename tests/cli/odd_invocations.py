"""Odd command lines: correct ones in which words are lost, doubled, swapped or replaced by values
that break programs, run in odd surroundings.

`invoke` runs one. `faults` lists what is wrong with how it ended.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SECONDS = 3  # seconds until a command that still runs gets Ctrl-C
PATIENCE = 40  # seconds that it may take to end after that
SMALL = "--train-size 48 --test-size 20 --iterations 2 --batch-size 16 --image-size 8".split()
PHOTOS = "--dataset folder --data photos --image-size 8 --epochs 1 --workers 0 --cache out/c"
RIGHT = [  # command lines that work, in the folder that `furnish` makes
    ["train", "--model", "resnet-8", "--net", "width=2", *SMALL, "--out", "out/a"],
    ["train", "--config", "settings.toml", "--lr", "0.05", "--out", "out/a"],
    ["train", "--model", "resnet-8", *PHOTOS.split(), "--out", "out/a"],
    "finetune --weights run/weights.safetensors --data photos --epochs 1 --workers 0".split()
    + ["--cache", "out/c", "--out", "out/a"],
    "predict photos/cat photos/dog/0.png --weights run/weights.safetensors --top 2".split(),
    "predict photos/cat --weights run/weights.safetensors --json --classes names.txt".split(),
    "degradation --depths 8 --width 2 --train-size 48 --iterations 2 --batch-size 16".split()
    + ["--image-size", "8", "--out", "out/a"],
    ["plot", "run"],
    ["merge", "run", "broken", "--out", "out/a"],
    ["claims", "--list"],
    ["claims", "vanishing-without-batch-norm", "--seeds", "1", "--out", "out/a"],
    ["course", "build", "out/course"],
    ["course", "check", "empty.ipynb"],
    ["course", "grade", "submitted", "--out", "out/graded", "--jobs", "1"],
    ["notebooks", "out/notebooks"],
    ["museum", "uphill", "--out", "museum.html"],
    ["data", "cifar10", "--data", "out/data"],
    ["doctor", "--json"],
    ["cache", "--cache", "out/c", "--clear", "--yes"],
    "evaluate --weights run/weights.safetensors --data photos --skip-damaged --cache out/c".split()
    + ["--out", "out/a"],
]
NUMBERS = "0 1 2 3 7 48 49 100 0.5 1.5 1e-300 1e300 -1 -0.5 1e999 nan inf 1_0 ８ 0x10".split()
NUMBERS += ["9" * 30, "9" * 5000, "", "0" * 300 + "8"]
PATHS = [
    "out/b",
    "~/x",
    "~",
    "./~",
    ".",
    "..",
    "run",
    "photos",
    "photos/cat",
    "nowhere",
    "fifo",
    "",
]
PATHS += [
    "$x_^$",
    "\x1b[31mred",
    "caf\udce9",
    "犬",
    "a b",
    "a\nb",
    "a" * 300,
    "n" * 250,
    "x/" * 2000,
]
PATHS += ["/dev/null", "/dev/full", "/dev/zero", "/proc/x", "C:\\me", "odd.toml", "settings.toml"]
PATHS += ["run/weights.safetensors", "names.txt", "empty.ipynb", "broken/weights.safetensors"]
NETS = (
    "resnet-8 plain-8 plain-9 resnet18 residual_mlp-4 ResNet-8 resnet-60002 resnet resnet-0".split()
)
OWN = "width=1 width=0 width=3 seed=-1 seed=0 shortcut=B shortcut=Z batch_norm=false pre=1".split()
OWN += [
    "width=" + "9" * 30,
    "width=" + "9" * 5000,
    "num_classes=3",
    "survival_prob=0",
    "image_size=4",
]
WORDS = (
    "synthetic cifar10 folder steps cosine all head fc layer3 stage9 cpu gpu quick paper".split()
)
#: Kind of value -> options that take it.
OPTIONS = {
    "number": """--image-size --train-size --test-size --val-fraction --crop-padding --crop-scale
        --epochs --iterations --batch-size --lr --drops --milestones --warmup --warmup-from-depth
        --momentum --weight-decay --label-smoothing --clip-norm --seed --threads --workers --depths
        --seeds --top --resize --crop --jobs --seconds --memory --width --scalar-lr-scale""",
    "path": "--data --weights --cache --out --config --classes --sources",
    "net": "--model",
    "own": "--net",
    "word": "--dataset --train --schedule --device --preset",
    "none": """--skip-damaged --clear --yes
        --flip --no-flip --nesterov --recompute --resume --tf32 --json --list --help
        --version
        --no-decay-batch-norm --nonsense -x""",
}
VALUES = {"number": NUMBERS, "path": PATHS, "net": NETS, "own": OWN, "word": WORDS, "none": [""]}
KINDS = {option: kind for kind, options in OPTIONS.items() for option in options.split()}
NASTY = [
    *("", " ", "-", "--", "-1", "0", "1", "2", "1.5", "1e999", "nan", "inf", "-inf", "9" * 30),
    *("9" * 5000, "0x10", "1_0", "８", "²", "٣", "true", "True", "None", "null", "[]", "{}", "%s"),
    *(
        "a" * 300,
        "x/" * 2000,
        "犬",
        "café",
        "\udce9",
        "\x1b[31mred",
        "\x1b]0;t\x07",
        "a\nb",
        "\u202e",
    ),
    *("$x_$", "$run_^$1", "{0}", "%(prog)s", "@settings.toml", "~", "~/x", "~nobody/x", "..", "."),
    *(
        "/proc/x",
        "/dev/null",
        "/dev/full",
        "/dev/zero",
        "C:\\Users\\me",
        "photos",
        "run",
        "nowhere",
    ),
    *("run/weights.safetensors", "settings.toml", "names.txt", "odd.toml", "fifo", "empty.ipynb"),
    *(
        "width=2",
        "width=-1",
        "width=" + "9" * 5000,
        "width=1e300",
        "seed=-1",
        "=",
        "a=",
        "=1",
        "a=b",
    ),
    *("resnet-8", "resnet-9", "resnet-60002", "resnet-" + "9" * 5000, "ResNet-8", "plain-8"),
    *(
        "resnet18",
        "residual_mlp-4",
        "cifar10",
        "synthetic",
        "folder",
        "cosine",
        "steps",
        "head",
        "gpu",
    ),
]
SURROUNDINGS = [
    {"MPLBACKEND": "nonsense"},
    {"COLUMNS": "0"},
    {"COLUMNS": "x"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"MINIRES_DATA": "nowhere"},
    {"MINIRES_DATASET": "nonsense"},
    {"MINIRES_COURSE_SEED": "nonsense"},
    {"HOME": "/nonexistent"},
    {"TMPDIR": "/nonexistent"},
]
FOLDERS = [
    "$run_^$1",
    "\x1b[31mred",
    "caf\udce9",
    "犬",
    "a\nb",
    "n" * 250,
    "__MACOSX",
    "%s {}",
    "-x",
]
SETTINGS = [
    *('data = "C:\\Users\\me"', 'data = "C:\\temp"', "a = " + "[" * 3000, "seed = " + "9" * 5000),
    *("seed = 0x" + "f" * 5000, "seed = -1", "lr = nan", "lr = true", "epochs = 1", "net = 3"),
    *(
        'out = "~/y"',
        'out = ""',
        "drops = [2]",
        "milestones = [1]",
        "schedule = 'cosine'",
        "seed =",
    ),
    *("model = 'resnet-8'", "[net]", "train = 'head'", "val_fraction = 1", "lr = 1979-99-99", "\0"),
    *("dataset = 'folder'", "nesterov = true\nmomentum = 0", "workers = 10_000", "batch_size = 1"),
]
STREAMS = ["closed pipe", "full", "closed stdout", "closed stderr", "all closed"]


@dataclass
class Case:
    """A command line, and where it is given."""

    words: list[str]
    surroundings: dict[str, str] = field(default_factory=dict)
    streams: str = ""
    deleted_folder: bool = False
    folder: str = "photos"  # names of the folder of photographs and of one class
    settings: str = ""  # an extra line for the settings file


def cases(count, seed=0):
    """`number` cases, the same ones for the same seed."""
    rng = random.Random(seed)
    for number in range(count):
        case = Case(list(RIGHT[number % len(RIGHT)]))
        for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
            _change(case.words, rng)
        if rng.random() < 0.25:
            case.surroundings = rng.choice(SURROUNDINGS)
        if rng.random() < 0.25:
            case.streams = rng.choice(STREAMS)
        case.deleted_folder = rng.random() < 0.04
        if rng.random() < 0.3:
            case.folder = rng.choice(FOLDERS)
            case.words = [case.folder if word == "photos" else word for word in case.words]
        if "settings.toml" in case.words and rng.random() < 0.7:
            case.settings = rng.choice(SETTINGS)
        yield case


def _change(words, rng):
    place = rng.randrange(len(words))
    values = [i for i, word in enumerate(words[:-1]) if KINDS.get(word, "none") != "none"]
    kind = rng.choice(("value",) * 6 + ("option",) * 4 + ("nasty", "lost", "doubled", "swapped"))
    if kind == "value" and values:
        option = rng.choice(values)
        words[option + 1] = rng.choice(VALUES[KINDS[words[option]]])
    elif kind == "option":
        option = rng.choice(sorted(KINDS))
        value = rng.choice(VALUES[KINDS[option]])
        words += rng.choice(([option, value], [f"{option}={value}"]) if value else ([option],))
    elif kind == "lost" and len(words) > 1:
        del words[place]
    elif kind == "doubled":
        words.insert(place, words[place])
    elif kind == "swapped":
        other = rng.randrange(len(words))
        words[place], words[other] = words[other], words[place]
    else:
        words[place] = rng.choice(NASTY)


def furnish(place):
    """A folder with all that the right command lines name."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (place / "photos" / name).mkdir(parents=True)
        for i in range(3):
            pixels = rng.integers(0, 256, (10, 12, 3), np.uint8)
            Image.fromarray(pixels).save(place / "photos" / name / f"{i}.png")
    (place / "settings.toml").write_text(
        'model = "resnet-8"\ntrain_size = 48\ntest_size = 20\niterations = 2\nbatch_size = 16\n'
        "image_size = 8\n[net]\nwidth = 2\n"
    )
    (place / "odd.toml").write_bytes(b'\xef\xbb\xbfdata = "C:\\Users\\me"\n')
    (place / "names.txt").write_text("\n".join(f"class {i}" for i in range(10)))
    (place / "submitted").mkdir()
    for path in (place / "empty.ipynb", place / "submitted" / "eve.ipynb"):
        path.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    os.mkfifo(place / "fifo")
    (place / "broken").mkdir()
    (place / "broken" / "weights.safetensors").write_bytes(b"\x08" + bytes(7) + b"{}      ")
    # The first one also makes Matplotlib's list of fonts.
    done = invoke(Case([*RIGHT[0][:-1], "run"]), place, seconds=PATIENCE)
    assert done.returncode == 0, done.stderr


def invoke(case, place, seconds=SECONDS):
    """Run ``python -m minires`` in the folder `place`, as the case has it. Returns what
    `subprocess.run` does, with the exit status "hang" if Ctrl-C did not end it."""
    home = place.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "MPLCONFIGDIR": str(
            place.parent.parent / "matplotlib"
        ),  # shared, since making it takes seconds
        "https_proxy": "http://127.0.0.1:9",  # nothing is downloaded
        **case.surroundings,
    }
    redirected = {
        "closed stdout": " >&-",
        "closed stderr": " 2>&-",
        "all closed": " <&- >&- 2>&-",
        "full": " >/dev/full",
    }.get(case.streams, "")
    gone = "mkdir gone && cd gone && rmdir ../gone && " if case.deleted_folder else ""
    command = f'{gone}exec "$0" -m minires "$@"{redirected}'
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        ["sh", "-c", command, sys.executable, *map(os.fsencode, map(_argument, case.words))],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=write if case.streams == "closed pipe" else subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_limited,
    )
    os.close(write)
    try:
        out, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            out, errors = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return subprocess.CompletedProcess(case.words, "hang", "", "")
    out, errors = ((text or b"").decode("utf-8", "backslashreplace") for text in (out, errors))
    return subprocess.CompletedProcess(case.words, process.returncode, out, errors)


def _argument(word):
    return word.replace("\0", "")


def _limited():
    import resource

    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))  # a machine is shared
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def faults(done):
    """What is wrong with how an invocation ended: a list of sentences, empty if all is well."""
    found = []
    if done.returncode not in (0, 1, 2, 130, 141):
        found.append(f"exit status {done.returncode}")
    if re.search("Traceback|Exception ignored|Fatal Python", done.stdout + done.stderr):
        found.append("a traceback")
    if re.search("[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr):
        found.append("control characters on the terminal")
    usage, lines = False, []
    for line in filter(str.strip, done.stderr.splitlines()):
        usage = line.startswith("usage: ") or usage and line.startswith(" ")
        if not usage and not line.startswith("minires: note: "):
            lines.append(line)
    if any(not re.match(r"minires[ \w]*: ", line) for line in lines):
        found.append("a line in another manner")
    one_each = "predict" in done.args[:1]  # it reports every picture that cannot be read
    if len(lines) > 1 and not one_each:
        found.append(f"{len(lines)} lines of error")
    if max(map(len, lines), default=0) > 10_000:
        found.append("an error without end")
    return found


def listing(folder):
    """Every file in a folder and when it was changed."""
    return {
        os.path.join(place, name): os.lstat(os.path.join(place, name)).st_mtime_ns
        for place, _, files in os.walk(folder)
        for name in files
    }


def written_elsewhere(case, place, before):
    """Files that have changed outside of the folders that the command line names for output."""
    words, named = case.words, {"out", "runs"}
    for option in ("--out", "--cache", *["--data"] * (words[0] == "data")):
        named |= {value for word, value in zip(words, words[1:]) if word == option}
        named |= {word.partition("=")[2] for word in words if word.startswith(f"{option}=")}
    if words[0] in ("plot", "notebooks") or words[:2] == ["course", "build"]:
        named |= {*words[1:]}
    home = str(place.parent / "home")
    named = {word.replace("~", home, 1) if word.startswith("~/") else word for word in named}
    allowed = [os.path.realpath(os.path.join(place, word)) for word in named]
    allowed.append(os.path.join(home, ".cache"))
    if words[:2] == ["course", "grade"]:  # the key that its records are signed with
        allowed.append(os.path.join(home, ".config", "minires"))
    after = listing(place.parent)
    return [
        path
        for path, changed in after.items()
        if before.get(path) != changed
        and not any(path == one or path.startswith(one + os.sep) for one in allowed)
    ]


def check(case, template, place):
    """Run a case in a copy of the furnished folder; returns its faults and how it ended."""
    world = place / "case" / "world"
    shutil.copytree(template, world, symlinks=True, copy_function=_copy)
    _make_odd(case, world)
    before = listing(place / "case")
    done = invoke(case, world)
    found = faults(done)
    elsewhere = written_elsewhere(case, world, before)
    if elsewhere:
        found.append(f"written elsewhere: {elsewhere[:3]}")
    shutil.rmtree(place / "case", ignore_errors=True)
    return found, done


def _make_odd(case, world):
    if case.folder != "photos":
        os.rename(world / "photos", world / case.folder)
        os.rename(world / case.folder / "cat", world / case.folder / case.folder)
    with open(world / "settings.toml", "r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(f"{case.settings}\n{text}")


def _copy(source, target):
    """Copy a file, or make a pipe for a pipe."""
    if Path(source).is_fifo():
        return os.mkfifo(target)
    return shutil.copy2(source, target)

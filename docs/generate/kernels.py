"""A page for each kernel, made from its source, its example, the tests and recorded timings."""

import ast
import inspect
import json
import re
import tomllib
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks import report
from minires import functional
from minires.kernels import names

from . import number_grids
from .kernel_examples import EXAMPLES
from .links import to_source
from .places import ROOT, read

WORDS = "docs/site/kernels.toml"
GPU = "minires/kernels/gpu"
CHECKS = "tests/kernels/checks.py"
MORE_CUDA = {"conv": ["im2col.cu"]}  # launcher -> CUDA sources beside the one of its name
BACKENDS = ("naive", "cpu", "gpu")


class Code(NamedTuple):
    """A piece of source code, such as the class of a kernel."""

    file: str
    line: int  # its first
    text: str


def words() -> dict[str, dict[str, str]]:
    """Kernel -> what docs/site/kernels.toml says: its ``group``, why it is there (``why``), and its
    formulas (``forward``, ``backward``) in LaTeX.
    """
    return tomllib.loads(read(WORDS))


def pages() -> dict[str, str]:
    """Path in the source of the site -> text: a page for each kernel, and one that lists them."""
    known, timings = words(), json.loads(read("benchmarks/results/cpu.json"))
    found = {f"kernels/{name}.md": page(name, known[name], timings) for name in names()}
    return {"kernels/index.md": index(known), **found}


def index(known: dict[str, dict[str, str]]) -> str:
    """The page that lists the kernels, by groups."""
    groups: dict[str, list[str]] = {}
    for name in names():
        groups.setdefault(known[name]["group"], []).append(name)
    parts = [
        "# Kernels",
        "A kernel is a pair of functions on plain arrays: `forward` returns the result and what "
        "`backward` needs; `backward` turns dL/dy into the gradient of every input. Each of the "
        f"{len(names())} kernels has a page with its formula, an example with numbers, the loops "
        "that define it, the fast versions, how exactly they must agree, and how fast they are.",
        "To run your own version in a real net: `with mr.kernels.use(relu=my_relu):`. "
        "[First change](../guide/first_change.md) and the notebooks on "
        "[convolution](../notebooks/04_convolution.ipynb) and its "
        "[backward pass](../notebooks/05_convolution_backward.ipynb) show how to write one.",
    ]
    for group in sorted(groups):
        rows = [
            f"| [`{name}`]({name}.md) | ${known[name]['forward']}$ |".replace(
                "|x|", r"\lvert x\rvert"
            )
            for name in groups[group]
        ]
        parts += [f"## {group}", "\n".join(["| kernel | formula |", "| --- | --- |", *rows])]
    listed = "\n".join(name for name in names())
    parts.append(f"```{{toctree}}\n:hidden:\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"


def page(name: str, about: dict[str, str], timings: dict[str, Any]) -> str:
    """The page of one kernel.

    Parameters
    ----------
    name : str
    about : dict
        From `words`.
    timings : dict
        The recorded benchmark of the CPU.
    """
    place = f"kernels/{name}.md"
    parts = [
        f"# {name}",
        about["why"],
        f"**Forward**\n\n$$\n{about['forward']}\n$$",
        "**Backward**, where $\\bar{y}$ stands for dL/dy, and so on for every letter:"
        f"\n\n$$\n{about['backward']}\n$$",
        "## An example",
        example(name),
        "## The code",
        on_tensors(name) + " `naive` is the definition; the other versions are tested against it.",
        tabs(name, place),
        "## Tolerances",
        tolerances(name, place),
        "## Speed",
        speed(name, timings),
    ]
    return "\n\n".join(parts) + "\n"


def on_tensors(name: str) -> str:
    """A sentence on how to call the kernel with Tensors."""
    if hasattr(functional, name):
        return f"With Tensors call {{py:func}}`minires.functional.{name}`."
    return (
        "With Tensors it is an operator or a method of {py:class}`minires.Tensor`, or part of a "
        "layer."
    )


def example(name: str) -> str:
    """The picture of a kernel's example, with its settings in words."""
    shown = EXAMPLES[name]
    y, dy, gradients = shown.run(name)
    inputs = list(zip(shown.names, shown.arrays))
    backward = [("dL/dy", dy)]
    backward += [(f"dL/d{array}", g) for array, g in zip(shown.names, gradients)]
    settings = ", ".join(
        f"{key} = {value.tolist() if hasattr(value, 'tolist') else value}"
        for key, value in shown.settings.items()
    )
    title = f"{name} of small arrays; inputs, result and gradients as grids of numbers"
    svg = number_grids.picture([[*inputs, ("y", y)], backward], title)
    text = f"With {settings}. " if settings else ""
    text += (
        "The upper row shows the inputs and the result, the lower one dL/dy (here 1, 2, 3, ...) "
    )
    text += "and the gradients. The loops of `naive` computed them when this page was made."
    return f'{text}\n\n```{{raw}} html\n<div class="scroll" tabindex="0">{svg}</div>\n```'


def code(name: str, backend: str) -> Code:
    """The source of a kernel's class in one backend."""
    kernel = getattr(import_module(f"minires.kernels.{backend}"), name)
    lines, first = inspect.getsourcelines(kernel)
    file = kernel.__module__.replace(".", "/") + ".py"
    return Code(file, first, "".join(lines).rstrip())


def tabs(name: str, place: str) -> str:
    """The versions of a kernel in tabs. A version that several backends share is shown once."""
    items, seen = [], set()
    for backend in BACKENDS:
        found = code(name, backend)
        if found.file in seen:
            continue
        folder = found.file.split("/")[2]
        seen.add(found.file)
        title = {"common": "cpu and gpu (common)", "gpu": "gpu, launcher"}.get(folder, folder)
        items.append((title, found, "python"))
    launcher = code(name, "gpu").file
    if launcher.startswith(GPU):
        stem = launcher.split("/")[-1].removesuffix(".py")
        for file in [f"{stem}.cu", *MORE_CUDA.get(stem, [])]:
            if (ROOT / GPU / file).exists():
                items.append(
                    (file, Code(f"{GPU}/{file}", 1, read(f"{GPU}/{file}").rstrip()), "cuda")
                )
    return "\n".join(["``````{tab-set}", *(_tab(*item, place) for item in items), "``````"])


def _tab(title: str, found: Code, language: str, place: str) -> str:
    link = to_source(found.file, place, line=found.line)
    return (
        f"`````{{tab-item}} {title}\n{link}\n\n````{{code-block}} {language}\n"
        f":lineno-start: {found.line}\n\n{found.text}\n````\n`````"
    )


def tolerances(name: str, place: str) -> str:
    """How exactly the versions must agree in the tests, and links to these tests."""
    close, rel, step = limits()
    files = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests" / "kernels").glob("test_*.py"))
        if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))
    ]
    rows = [
        "| comparison | numbers | may differ by |",
        "| --- | --- | --- |",
        f"| each version with the loops of `naive` | float64 | {close} of the largest number |",
        f"| each gradient with a slope, by steps of {step} in a random direction | float64 | {rel} "
        "of the slope, or of 1 plus the sum of all \\|dL/dy\\| |",
    ]
    tests = ", ".join(
        to_source(file, place, f"<code>{file.split('/')[-1]}</code>") for file in files
    )
    return (
        "\n".join(rows)
        + f"\n\nThe checks: {to_source(CHECKS, place)}. Tests that name it: {tests}."
    )


def limits() -> tuple[str, str, str]:
    """Three numbers from the source of tests/kernels/checks.py.

    Returns
    -------
    close, rel, step : str
        The tolerance of `assert_close`, and the relative tolerance and step of `assert_slopes`.

    Raises
    ------
    AssertionError
        If `assert_slopes` has no tolerance ``rel=``.
    """
    functions = {
        node.name: node
        for node in ast.parse(read(CHECKS)).body
        if isinstance(node, ast.FunctionDef)
    }

    def default(function, argument):
        arguments = functions[function].args
        given = dict(zip([a.arg for a in arguments.args][::-1], arguments.defaults[::-1]))
        return ast.unparse(given[argument])

    slopes = ast.unparse(functions["assert_slopes"])
    rel = re.search(r"rel=([\d.e-]+)", slopes)
    assert rel, "assert_slopes has no tolerance rel="
    return (
        default("assert_close", "tolerance"),
        rel[1].replace("1e-05", "1e-5"),
        default("assert_slopes", "step").replace("1e-06", "1e-6"),
    )


def speed(name: str, timings: dict[str, Any]) -> str:
    """The recorded timings of a kernel, or a sentence that there are none."""
    rows = [row for row in timings["kernels"] if row["name"].split()[0] == name]
    if not rows:
        return (
            "Not timed on its own. [Speed](../speed.md) has the times of nets that use it. The GPU "
            "versions are not timed here."
        )
    environment = timings["environment"]
    return (
        f"{report.machine(environment)}, {environment['date']}; medians of {timings['rounds']} "
        "rounds in milliseconds, in brackets the quartiles. Ratios above 1: minires is slower."
        f"\n\n{report.timings(rows)}\n\nFrom "
        "`benchmarks/results/cpu.json`; the GPU versions are not timed here."
    )

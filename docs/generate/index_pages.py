"""The two pages that list others: the notebooks, and the texts in groups."""

import json

from . import places

#: Title of a group -> its texts.
GROUPS = {
    "In Python": ("library", "notebooks", "gpu", "speed"),
    "Experiments": (
        "experiment",
        "claims",
        "verdicts",
        "laboratory",
        "power",
        "paper_size",
        "texts",
        "literature",
        "presets",
        "depth",
        "ten_seeds",
        "pooled_runs",
        "training",
        "data",
    ),
    "Trained nets and photographs": (
        "nets",
        "public_weights",
        "folders",
        "photographs",
        "transfer",
    ),
    "Clusters and several processes": ("cluster", "many_machines"),
    "Coursework": ("instructors", "teaching_plans"),
    "Working on minires": ("first_change", "benchmark_notes"),
}


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    return {"notebooks/index.md": _notebooks(), "guide/index.md": _guide()}


def _notebooks() -> str:
    """The list of notebooks, with the title and the first paragraph of each."""
    parts = [
        "# Notebooks",
        "Each notebook builds a piece by hand and checks that it agrees with the library's. "
        "They are shown here with their outputs; answers are folded. To run them: "
        '`pip install -e ".[notebooks]" && jupyter lab notebooks`.',
    ]
    names = [page for page in places.pages().values() if page.endswith(".ipynb")]
    for page in names:
        first = "".join(json.loads(places.read(page))["cells"][0]["source"])
        title, _, rest = first.partition("\n\n")
        about = " ".join(rest.split("\n\n")[0].split())
        number, _, words = title.removeprefix("# ").partition(" · ")
        parts.append(f"**[{number}: {words}]({page.split('/')[-1]})**  \n{about}")
    listed = "\n".join(page.split("/")[-1].removesuffix(".ipynb") for page in names)
    parts.append(f"```{{toctree}}\n:hidden:\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"


def _guide() -> str:
    """The list of texts, by groups. Texts in no group come last."""
    names = sorted(
        page.removeprefix("guide/").removesuffix(".md")
        for page in places.pages().values()
        if page.startswith("guide/")
    )
    grouped = {name for group in GROUPS.values() for name in group}
    groups = {**GROUPS, "More": tuple(name for name in names if name not in grouped)}
    parts = [
        "# Guides",
        "Each text helps with one task, such as running an experiment, using trained nets, "
        "teaching a course or working on minires itself. Its first lines say who it is for.",
    ]
    for title, group in groups.items():
        there = [name for name in group if name in names]
        if there:
            listed = "\n".join(there)
            parts.append(f"```{{toctree}}\n:caption: {title}\n:maxdepth: 1\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"

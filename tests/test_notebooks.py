"""The notebooks: in step with their sources, complete, and running from the first cell to the
last."""

import base64
import configparser
import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from minires import plot
from minires.lessons import exercises

from .slow import slow_but

pytest.importorskip("jupytext", reason="jupytext is not installed")
pytest.importorskip("nbclient", reason="nbclient is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
builder = pytest.importorskip("notebooks.__main__")
answers = builder.answers

SOURCES = builder.sources()
# Of processor time, with MINIRES_FAST: a busy machine takes longer by the clock, but no more of it.
SECONDS = 90


def committed(source):
    return builder.FOLDER / f"{source.stem}.ipynb"


def cells(notebook):
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


@pytest.fixture(params=SOURCES, ids=[source.stem for source in SOURCES])
def source(request):
    return request.param


def test_they_are_in_order_and_each_leads_to_the_next():
    assert [int(source.stem[:2]) for source in SOURCES] == list(range(len(SOURCES)))
    for source, following in zip(SOURCES, SOURCES[1:]):
        assert (
            f"]({following.stem}.ipynb)" in source.read_text(encoding="utf-8").split("**Next:**")[1]
        )


def test_in_step_with_its_source(source):
    assert cells(json.loads(committed(source).read_text(encoding="utf-8"))) == cells(
        builder.build(source)
    ), f"build it again: python -m notebooks {source.stem[:2]}"


def test_the_answers_are_in_step_with_the_source_and_not_in_the_cells(source):
    path = answers.FOLDER / f"{source.stem[:2]}.toml"
    assert answers.of(source) == (path.read_text(encoding="utf-8") if path.is_file() else ""), (
        f"build it again: python -m notebooks {source.stem[:2]}"
    )
    code = [text for kind, text in cells(builder.build(source)) if kind == "code"]
    assert answers.taken_out(code, "00")[0] == code  # nothing is left to take out


def test_what_gives_an_answer_away_is_taken_out_of_the_cells():
    asked = 'rows = predict("How many?", ["36", "64"], cells=2)'
    told = """\
%time x = "é"
show(
    "Two rows of 18",
    figure,
)
rows.reveal("36", "One for each.")
for turn in range(2):
    more.reveal(f"{turn}", "So it is.")
last.reveal(found.answer)"""
    cells, found = answers.taken_out([asked, told, 'show("Rows and columns")', 'show("x")'], "03")
    assert cells == [
        asked,
        """\
%time x = "é"
show("03.rows", figure)
reveal("03.rows")
for turn in range(2):
    reveal("03.more")
last.reveal(found.answer)""",
        'show("03.rows_after")',
        'show("x")',
    ]
    assert found == {
        "reveal": {
            "rows": 'rows.reveal("36", "One for each.")',
            "more": 'more.reveal(f"{turn}", "So it is.")',
        },
        "show": {"rows": "Two rows of 18", "rows_after": "Rows and columns"},
    }


def test_an_answer_in_words_is_folded(tmp_path):
    path = tmp_path / "00_small.py"
    path.write_text(
        '# %% [markdown]\n# # Small\n\n# %% [markdown] tags=["answer"]\n# It is *36*.\n'
    )
    folded = builder.build(path).cells[-1]
    assert folded["source"] == (
        "<details><summary><b>What this shows</b> (guess first, then open)</summary>\n\n"
        "It is *36*.\n\n</details>"
    )
    assert folded["metadata"] == {}


def test_executed_once_and_small(source):
    text = committed(source).read_text(encoding="utf-8")
    notebook = json.loads(text)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(
        range(1, len(code) + 1)
    )  # run once, from the first to the last
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not any(output["output_type"] == "error" for output in outputs)
    assert any(
        "image/png" in output.get("data", {})
        or "data:image/png" in "".join(output.get("data", {}).get("text/html", ""))  # folded
        for output in outputs
    )
    assert "widget" not in json.dumps(notebook["metadata"]) and not any(
        cell["metadata"] for cell in notebook["cells"]
    )
    assert not any(
        "application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs
    )
    assert len(text.encode()) < builder.LIMIT
    assert "/tmp" not in text and str(Path.home()) not in text  # nobody's folders


def words_on_pictures(notebook):
    """(cell, description) for each picture that a notebook shows, in its own output or folded."""
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", ()):
            html = "".join(output.get("data", {}).get("text/html", ""))
            for image in re.findall(r"<img\b[^>]*>", html):
                found = re.search(r'\balt="([^"]*)"', image)
                yield number, found[1] if found else ""
            if "image/png" in output.get("data", {}):
                yield number, output["metadata"].get("image/png", {}).get("alt", "")


def test_each_picture_is_described(source):
    """For readers who cannot see it: what it shows, not only that there is one."""
    notebook = json.loads(committed(source).read_text(encoding="utf-8"))
    found = [(number, words) for number, words in words_on_pictures(notebook)]
    assert found and not [one for one in found if len(one[1]) < 50]


def test_a_picture_without_a_description_is_found():
    png = {"image/png": "iVBO"}
    outputs = [
        {"data": png, "metadata": {"image/png": {"alt": "a ring"}}},
        {"data": png, "metadata": {}},
        {"data": {"text/html": ['<img alt="a', ' disk" src="x">', "<img src='y'>"]}},
    ]
    found = [words for _, words in words_on_pictures({"cells": [{"outputs": outputs}]})]
    assert found == ["a ring", "", "a disk", ""]


def test_the_parts_of_a_notebook(source):
    text = source.read_text(encoding="utf-8")
    assert text.startswith(f"# %% [markdown]\n# # {source.stem[:2]} · ")
    for part in (
        "**After this one you can**",
        "## Exercises",
        "## Recap",
        "**In the library:**",
    ):
        assert part in text, part
    assert text.count("<details>") == text.count("</details>")
    number = source.stem[:2]
    if number in exercises.NOTEBOOKS:  # predictions and exercises of minires.lessons
        asked = re.findall(r"(?m)^(\w+) = predict\(", text)
        assert len(asked) >= 2 and all(f"{name}.reveal(" in text for name in asked)
        for one in exercises.of(number):
            assert f'exercise("{one.key}")' in text, one.key
            assert (f'check("{one.key}"' in text) == (one.check is not None)
        assert text.count("score()") == 1 and "plt.show()" not in text
    else:
        assert "**Predict" in text
        assert text.count("<details><summary>Hint</summary>") >= 2
    too_wide = [
        line
        for line in text.splitlines()
        if len(line) > (130 if line.startswith(("# $$", "# |")) else 100)
    ]
    assert not too_wide, too_wide


# Numbers in the prose that no cell computes: those known without computing, and those of other
# people, with their source.
FROM_ELSEWHERE = {
    "08": {"60,000": "CIFAR-10 (Krizhevsky 2009)"},
    "10": {"64,000": "He et al. 2015, section 4.2"},
    "11": {"25.03 %": "He et al. 2015, table 3", "24.52 %": "the same", "24.19 %": "the same"},
    "12": {
        "64,000": "He et al. 2015, section 4.2",
        "0.2": "how well figure 6 can be read",
    },
    "13": {"0.9": "the usual momentum"},
    "15": {"3,350": "NVIDIA's data sheet"},
}


def test_numbers_in_the_prose_are_asserted_in_a_cell(source):
    """A number such as 12.3, 45 % or 6,789 is asserted by a cell, or listed with its source."""
    parts = [part.split("\n", 1) for part in source.read_text(encoding="utf-8").split("# %%")[1:]]
    code = "\n".join(text for head, text in parts if "[markdown]" not in head)
    computed = {
        float(number.replace(",", "").replace("_", ""))
        for number in re.findall(r"(?<![\w.])\d[\d_,]*(?:\.\d+)?", code)
    }
    prose = "\n".join(re.sub(r"(?m)^# ?", "", text) for head, text in parts if "[markdown]" in head)
    for left_out in (
        r"(?s)<details>.*?</details>",
        r"(?s)\$\$.*?\$\$",
        r"\$[^$]*\$",
        r"`[^`]*`",
        r"\]\([^)]*\)",
        r"(?m)^(#|\||    ).*$",
        r"arXiv:[\d.]+",
        r"(?i)\bsections?\s[\d.]+(?:\sand\s[\d.]+)*",
    ):
        prose = re.sub(left_out, " ", prose)
    said = re.findall(
        r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?: %)?|(?<![\w.,])\d+\.\d+(?: %)?|(?<![\w.,])\d+ %", prose
    )
    missing = {
        text
        for text in said
        if not {
            float(text.rstrip(" %").replace(",", "")),
            float(text.rstrip(" %").replace(",", "")) / 100,
        }
        & computed
    }
    assert missing == set(FROM_ELSEWHERE.get(source.stem[:2], ()))


def test_links_lead_somewhere(source):
    text = "\n".join(
        line for line in source.read_text(encoding="utf-8").splitlines() if line.startswith("#")
    )
    for link in re.findall(r"\]\(([^)#\s]+)\)", text):
        assert link.startswith("https://") or (builder.FOLDER / link).is_file(), (
            link
        )  # Jupyter opens no folders


def test_links_to_files_show_the_name_of_their_file(source):
    text = re.sub(r"\n# ?", " ", source.read_text(encoding="utf-8"))
    links = re.findall(r"\[`([^`\]]+)`\]\((\.\./[^)\s]+)\)", text)
    assert not [(shown, path) for shown, path in links if shown.strip("/") not in path]


# Each takes seconds. Only these tests show that a cell fails, or that an assertion of its text is
# false.
@pytest.mark.parametrize(
    "source",
    slow_but(SOURCES[:1], SOURCES, long=[one for one in SOURCES if one.stem.startswith("16")]),
    ids=[source.stem for source in SOURCES],
)
def test_runs_from_a_clean_kernel(source):
    before = os.times()
    builder.execute(builder.build(source, with_hidden=True), fast=True, timeout=500)
    after = os.times()
    computed = after.children_user - before.children_user
    computed += after.children_system - before.children_system
    assert computed < SECONDS
    assert computed > 0 or os.name == "nt"  # Windows does not count what children compute


# The builder


def test_hidden_cells_are_run_and_then_left_out(tmp_path):
    path = tmp_path / "00_small.py"
    path.write_text(
        '# %% [markdown]\n# # Small\n\n# %%\nsize = 100\n\n# %% tags=["fast"]\nsize = 1\n\n'
        '# %% tags=["guard"]\nassert size\nsize += 1\n\n# %% tags=["guard-full"]\nsize += 10\n\n'
        "# %%\nsize\n"
    )
    for fast, size in ((True, "2"), (False, "111")):
        text = builder.as_text(
            builder.execute(builder.build(path, with_hidden=True), fast, timeout=SECONDS)
        )
        code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == [1, 2, 3]
        (output,) = code[-1]["outputs"]
        assert output["execution_count"] == 3 and output["data"]["text/plain"] == [size]
        assert (
            "tags" not in text
            and "size += 1" not in text
            and cells(json.loads(text)) == cells(builder.build(path))
        )


def test_on_colab_minires_is_fetched_where_it_has_a_home(monkeypatch):
    monkeypatch.setattr(builder, "repository", lambda: "https://github.com/owner/name")
    title, badge, find = builder.build(SOURCES[0])["cells"][:3]
    assert "Start here" in title["source"]
    assert (
        f"colab.research.google.com/github/owner/name/blob/main/notebooks/{SOURCES[0].stem}.ipynb"
        in badge["source"]
    )
    compile(find["source"], "first cell", "exec")
    assert "https://github.com/owner/name" in find["source"] and "numpy" not in find[
        "source"
    ].lower().replace("numpy, cupy and matplotlib", "")


def test_on_colab_all_that_minires_needs_is_installed():
    settings = configparser.ConfigParser()
    settings.read(builder.FOLDER.parent / "setup.cfg", encoding="utf-8")
    needed = re.findall(r"(?m)^([\w-]+)", settings["options"]["install_requires"])
    listed = re.findall(r'"(\w+)"', " ".join(re.findall(r"needed \+?= (.*)", builder.INSTALL)))
    # NumPy and Matplotlib are on Colab, and another version would ask for a restart.
    assert {*listed, "numpy", "matplotlib"} == set(needed)


def test_without_a_home_there_is_no_badge(monkeypatch):
    monkeypatch.setattr(builder, "repository", lambda: None)
    notebook = builder.build(SOURCES[0])
    assert "colab" not in json.dumps(notebook) and "find_spec" in notebook["cells"][1]["source"]


@pytest.mark.parametrize(
    "url, found",
    [
        ("https://github.com/owner/name/", "https://github.com/owner/name"),
        ("https://example.org", None),
        ("", None),
    ],
)
def test_where_the_home_is_written(url, found, tmp_path, monkeypatch):
    (tmp_path / "setup.cfg").write_text(f"[metadata]\nname = minires\nurl = {url}\n")
    monkeypatch.setattr(builder, "FOLDER", tmp_path / "notebooks")
    assert builder.repository() == found


def test_committed_notebooks_show_no_photographs(monkeypatch):
    monkeypatch.setenv("MINIRES_DATASET", "cifar10")
    notebook = builder.build(SOURCES[0])
    notebook.cells = notebook.cells[:2]
    notebook.cells[1]["source"] = (
        "import os; print(os.environ['MINIRES_DATASET'], os.environ['MINIRES_FAST'])"
    )
    assert builder.execute(notebook, fast=True).cells[1].outputs[0]["text"] == "synthetic 1\n"


def test_a_cell_that_fails_is_an_error():
    from nbclient.exceptions import CellExecutionError

    notebook = builder.build(SOURCES[0])
    notebook.cells = notebook.cells[:2]
    notebook.cells[1]["source"] = "1 / 0"
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        builder.execute(notebook, fast=True)


def test_the_description_of_a_picture_stays_and_folded_pictures_are_made_smaller():
    notebook = builder.build(SOURCES[0])
    figure = io.BytesIO()
    shades = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    pytest.importorskip("PIL.Image").fromarray(shades).save(figure, format="PNG")
    png = base64.b64encode(figure.getvalue()).decode()
    folded = f'<details><img src="data:image/png;base64,{png}"></details>'
    notebook.cells[1]["outputs"] = [
        nbformat.v4.new_output(
            "display_data",
            {"image/png": png},
            metadata={"image/png": {"alt": "a ring", "width": 30, "needs": "light"}},
        ),
        nbformat.v4.new_output("display_data", {"text/html": folded}),
    ]
    shown, hidden = json.loads(builder.as_text(notebook))["cells"][1]["outputs"]
    assert shown["metadata"] == {"image/png": {"alt": "a ring", "width": 30}}
    assert hidden["metadata"] == {}
    html = "".join(hidden["data"]["text/html"])
    assert len(html) < 0.7 * len(folded) and "".join(shown["data"]["image/png"]) in html


def test_outputs_of_no_use_to_a_reader_are_left_out():
    notebook = builder.build(SOURCES[0])
    notebook.cells[1]["metadata"] = {"execution": {"started": "now"}}
    output = nbformat.v4.new_output(
        "display_data", {"text/plain": "x"}, metadata={"needs_background": "light"}
    )
    output["transient"] = {"display_id": "1"}
    notebook.cells[1]["outputs"] = [output]
    notebook["metadata"]["widgets"] = {}
    text = builder.as_text(notebook)
    assert (
        'execution"' not in text
        and "needs_background" not in text
        and "transient" not in text
        and "widgets" not in text
    )


def test_pictures_are_made_smaller_and_look_the_same():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    figure = plot.error_curves(
        [
            {
                "net": "plain-20",
                "seed": s,
                "epoch": e,
                "train_error": 9 * s + e,
                "test_error": e + 1,
            }
            for s in (0, 1)
            for e in (1, 2)
        ]
    )
    before = base64.b64encode(figure._repr_png_()).decode()
    after = builder._smaller(before)
    assert len(after) < 0.7 * len(before)
    one, other = (
        np.asarray(image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), float)
        for png in (before, after)
    )
    assert (
        one.shape == other.shape
        and np.abs(one - other).mean() < 1
        and np.abs(one - other).max() < 40
    )


def test_a_name_that_does_not_exist(capsys):
    with pytest.raises(SystemExit):
        builder.main(["99"])
    assert "no notebook begins with 99: there are 00_start_here" in capsys.readouterr().err

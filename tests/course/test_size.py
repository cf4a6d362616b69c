"""Notebooks and figures that are too large get one clear line, in bounded time and memory."""

import json
import struct
import time

import pytest

from minires.course import discover, notebooks
from minires.course.runner import MOST_PIXELS
from minires.errors import DataError

from .conftest import NAME, hand_in, marked, with_cell

CELL = (
    '{"cell_type": "code", "metadata": {}, "source": "%s", "outputs": [], "execution_count": null}'
)


def notebook(cells):
    return '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [' + cells + "]}"


@pytest.mark.parametrize(
    "content, words",
    [
        (lambda: notebook(CELL % ("x" * 60_000_000)), "at most 50,000,000 bytes"),
        (lambda: notebook(",".join(["{}"] * 1_600_000)), "at most 3,000,000 values"),
        (lambda: notebook("[" * 3_100_000), "at most 3,000,000 values"),
        (lambda: notebook(",".join([CELL % "x"] * 3_000)), "at most 2,000 cells, got 3,000"),
        (lambda: notebook(CELL % ("x" * 3_000_000)), "at most 2,000,000 characters"),
    ],
)
def test_a_notebook_that_is_too_large(content, words, tmp_path):
    path = tmp_path / "a1.ipynb"
    path.write_text(content())
    started = time.monotonic()
    with pytest.raises(DataError, match="too large for a notebook") as error:
        notebooks.read(path)
    assert words in str(error.value) and time.monotonic() - started < 10


def test_a_huge_sparse_file_is_not_read(tmp_path, source, folder, run):
    hand_in(folder, source, "ana")
    path = hand_in(folder, source, "eve")
    with open(path, "ab") as file:
        file.truncate(300_000_000)
    graded = run()
    assert graded.results["ana", NAME].points == 5 and graded.results["eve", NAME].points == 0
    (line,) = graded.results["eve", NAME].problems
    assert "too large" in line
    assert discover.which(path, [NAME]) == NAME  # told by its name


def test_outputs_and_attachments_are_not_kept(tmp_path, source):
    content = json.loads(json.dumps(source))
    content["cells"][2]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "x" * 10**7}
    ]
    content["cells"][0]["attachments"] = {f"{i}.png": {"image/png": "eA=="} for i in range(10_000)}
    path = tmp_path / "a1.ipynb"
    path.write_text(json.dumps(content))
    read = notebooks.read(path)
    assert [cell.source for cell in read.cells] == [cell.source for cell in source.cells]
    assert len(json.dumps(read)) < 20_000


def test_a_figure_that_would_decompress_to_too_much_is_left_out(source):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 100_000, 100_000)
    cell = (
        "import matplotlib.pyplot as plt\n"
        "figure = plt.figure()\n"
        f"type(figure).savefig = lambda self, file, **settings: file.write({head!r})"
    )
    result = marked(with_cell(source, cell), source)
    assert result.figures == [] and any(
        f"{MOST_PIXELS:,} pixels" in line for line in result.problems
    )


def test_a_name_is_searched_for_in_millions_of_lines(source):
    stops = with_cell(source, "1 / 0\n" + "\n" * 1_000_000)
    stops.cells = [cell for cell in stops.cells if cell["id"] != "a1-relu"]
    started = time.monotonic()
    result = marked(stops, source)
    assert "relu_backward is not defined" in result.marks[0].message
    assert time.monotonic() - started < 30

"""Links lead somewhere, on GitHub and in the site, and the Python code of the site's own texts
runs."""

import re
import shlex
import subprocess
import sys

import pytest

from docs.generate import links, places, source_files
from docs.generate.places import ROOT
from docs.generate.recorded_claims import pictures
from minires.cli import _parser

BY_HAND = sorted((ROOT / "docs" / "site").glob("*.md"))


@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("[a](cluster.md#submit)", "[a](cluster.md#submit)"),
        ("[a](../README.md)", "[a](../readme.md)"),
        ("[docs/gpu.md](gpu.md)", "[On a GPU](gpu.md)"),
        ("[gpu.md](gpu.md#x)", "[On a GPU](gpu.md#x)"),
        ("[CONTRIBUTING.md](../CONTRIBUTING.md)", "[CONTRIBUTING.md](../contributing.md)"),
        ("[a](../notebooks/04_convolution.ipynb)", "[a](../notebooks/04_convolution.ipynb)"),
        ("[a](https://cupy.dev)", "[a](https://cupy.dev)"),
        ("[a](#here)", "[a](#here)"),
        (
            "[`b`](../minires/nn/conv.py)",
            '<a href="../source/minires/nn/conv.py.html">`b`</a>',
        ),
        ("[a](../minires/nn)", '<a href="../source/minires/nn/index.html">a</a>'),
        (
            "![a](../benchmarks/results/cpu_cost.png)",
            "![a](../files/benchmarks/results/cpu_cost.png){.plot}",
        ),
        (
            '<picture>\n  <source media="(dark)" srcset="pictures/teach.png">\n'
            '  <img alt="a" src="pictures/investigate.svg">\n</picture>',
            "![a](../files/docs/pictures/investigate.svg){.only-light} "
            "![a](../files/docs/pictures/teach.png){.only-dark}",
        ),
        ("```\n[a](../README.md)\n```", "```\n[a](../README.md)\n```"),
    ],
)
def test_a_link_leads_to_the_page_of_its_file(link, becomes):
    found = links.rewrite(link, "docs/claims.md", "guide/claims.md")
    assert found.text == becomes and not found.broken


def test_a_link_to_nothing_is_reported():
    found = links.rewrite("[a](no_such.md) and [b](../x/y.py)", "docs/claims.md", "guide/claims.md")
    assert found.broken == ["no_such.md", "../x/y.py"]


def test_files_that_links_need_are_known():
    text = "[a](../minires/nn/conv.py) ![b](../benchmarks/results/cpu_cost.png)"
    found = links.rewrite(text, "docs/claims.md", "guide/claims.md")
    assert found.sources == {"minires/nn/conv.py"}
    assert found.pictures == {"benchmarks/results/cpu_cost.png"}


def test_a_figure_has_another_for_dark_pages():
    recorded = "results/degradation-quick-cifar10/degradation"
    found = links.rewrite(f"![a](../{recorded}.png)", "docs/x.md", "guide/x.md")
    assert found.pictures == {f"{recorded}.png", f"{recorded}-dark.png"}
    assert found.text == (
        f"![a](../files/{recorded}.png){{.only-light}} "
        f"![a](../files/{recorded}-dark.png){{.only-dark}}"
    )
    claim = min(pictures()).removesuffix(".png")  # its dark figure is drawn when the site is built
    found = links.rewrite(f"![a](../{claim}.png)", "docs/x.md", "guide/x.md")
    assert f"{claim}-dark.png){{.only-dark}}" in found.text
    assert found.pictures == {f"{claim}.png"}


def test_every_text_has_a_page_of_its_own():
    pages = places.pages()
    assert len(set(pages.values())) == len(pages)
    for path in (*(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")):
        assert path.relative_to(ROOT).as_posix() in pages


def test_a_file_has_a_page_with_lines_to_link_to():
    page = source_files.html("minires/kernels/naive/activation.py")
    assert 'id="L-12"' in page and "relu" in page
    assert 'href="../../../../index.html"' in page
    assert "http" not in re.sub(r"<pre>.*</pre>", "", page, flags=re.DOTALL)


def test_a_folder_lists_its_files_and_leads_to_those_with_a_page():
    pages = source_files.pages(["minires/optim"])
    page = pages["source/minires/optim/index.html"]
    assert (
        '<a href="sgd.py.html">sgd.py</a>' in page and "source/minires/optim/sgd.py.html" in pages
    )
    assert "source/minires/index.html" in pages  # the folder above


def test_commands_are_understood():
    text = "".join(path.read_text(encoding="utf-8") for path in BY_HAND)
    blocks = re.findall(r"^```(\S*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = "".join(block for kind, block in blocks if not kind).splitlines()
    lines = [one for one in lines if one.startswith("minires ")]
    assert "minires degradation" in lines
    for line in lines:
        _parser().parse_args(shlex.split(line)[1:])


def test_the_python_of_the_first_page_runs(tmp_path):
    text = (ROOT / "docs" / "site" / "start.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "first.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "first.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "(3, 3, 3, 4)" in done.stdout


def test_without_the_extra_one_line_says_what_to_install(monkeypatch, capsys):
    import docs.__main__ as command

    monkeypatch.setitem(command.NEEDED, "no_such_package", "some-package")
    assert command.main([]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "some-package" in error and '".[docs]"' in error

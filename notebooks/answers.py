"""Take what gives an answer away out of the cells: the lines that reveal it, and the descriptions
of the pictures beside them.

A source keeps an answer in the cell that it belongs to, so that an author who changes the cell
sees it. The notebook has ``reveal("04.rows")`` instead, and the answer goes to a file of the
package, from which `minires.lessons.reveal` runs it.
"""

import ast
import re
import textwrap
from pathlib import Path

import jupytext

FOLDER = Path(__file__).parent.parent / "minires" / "lessons" / "answers"
HEAD = """\
# The answers to the questions of notebook {number}. Made by `python -m notebooks {number}` from
# notebooks/src: change them there.
"""
KINDS = ("reveal", "show")


def taken_out(cells, number):
    """The cells of a notebook without its answers, and the answers.

    Parameters
    ----------
    cells : list of str
        The sources of all cells of code that readers see.
    number : str
        That of the notebook, such as "03".

    Returns
    -------
    cells : list of str
    answers : dict
        For "reveal" and "show": name of the question -> the line, or the words on the picture.
    """
    left, answers, waiting = [], {kind: {} for kind in KINDS}, []
    for cell in cells:
        calls = _calls(cell)
        names = [one.func.value.id for one in calls["reveal"]]
        if names:
            waiting = [names[0]] * (_cells_held(cells, names) - 1)
        elif calls["show"] and waiting:
            names = [f"{waiting.pop()}_after"]
        replaced = []  # (start, end, what comes instead)
        for name, call in zip(names, calls["reveal"]):
            start, end = _place(cell, call)
            answers["reveal"][name] = textwrap.dedent(cell[start:end])
            replaced.append((start, end, f'reveal("{number}.{name}")'))
        for call in calls["show"][: len(names)]:
            answers["show"][names[0]] = call.args[0].value
            replaced.append((*_place(cell, call.args[0]), f'"{number}.{names[0]}"'))
        for start, end, instead in sorted(replaced, reverse=True):
            cell = cell[:start] + instead + cell[end:]
        left.append(_joined(cell))
    return left, answers


def of(source):
    """All answers of a source, as the text of their file; "" if it has none."""
    number = source.stem[:2]
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    cells = [cell["source"] for cell in notebook.cells if cell["cell_type"] == "code"]
    answers = taken_out(cells, number)[1]
    tables = [
        f"\n[{kind}]\n"
        + "".join(f"{name} = '''\n{_lines(kind, one)}\n'''\n" for name, one in found)
        for kind in KINDS
        if (found := answers[kind].items())
    ]
    return HEAD.format(number=number) + "".join(tables) if tables else ""


def write(source):
    """Write the answers of a source to their file."""
    path = FOLDER / f"{source.stem[:2]}.toml"
    if text := of(source):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def _calls(cell):
    """The calls of `reveal` and `show` in a cell that are given a text, in order."""
    found = {kind: [] for kind in KINDS}
    if any(f"{kind}(" in cell for kind in KINDS):
        for node in ast.walk(ast.parse(_as_python(cell))):
            if isinstance(node, ast.Call) and any(map(_holds_text, node.args)):
                if getattr(node.func, "attr", "") == "reveal":
                    found["reveal"].append(node)
                elif getattr(node.func, "id", "") == "show":
                    found["show"].append(node)
    return {
        kind: sorted(calls, key=lambda call: (call.lineno, call.col_offset))
        for kind, calls in found.items()
    }


def _cells_held(cells, names):
    """How many cells wait for the guesses at these questions: ``cells`` of `predict`."""
    held = [1]
    for cell in cells:
        if "cells=" not in cell:
            continue
        for node in ast.parse(_as_python(cell)).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in names:
                held += [
                    ast.literal_eval(keyword.value)
                    for keyword in getattr(node.value, "keywords", ())
                    if keyword.arg == "cells"
                ]
    return max(held)


def _as_python(cell):
    """A cell with its magic commands as comments, so that all other lines keep their places."""
    return re.sub(r"(?m)^%", "#", cell)


def _holds_text(node):
    return any(
        isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(node)
    )


def _place(cell, node):
    """Start and end of a node in the text of a cell, counted in characters."""
    lines = cell.splitlines(keepends=True)

    def offset(line, column):  # Python counts columns in bytes
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)


def _joined(cell):
    """Calls of `reveal` on neighbouring lines as one, and `show` with a key on one line."""
    pair = re.compile(r"(?m)^( *)reveal\((.*)\)\n\1reveal\((.*)\)$")
    while pair.search(cell):
        cell = pair.sub(r"\1reveal(\2, \3)", cell, count=1)
    cell = re.sub(r'show\(\n    ("\d\d\.\w+"),?\n\)', r"show(\1)", cell)
    return re.sub(r'show\(\n    ("\d\d\.\w+"),\n    (.{1,70}),\n\)', r"show(\1, \2)", cell)


def _lines(kind, words):
    return words if kind == "reveal" else textwrap.fill(words, 98)

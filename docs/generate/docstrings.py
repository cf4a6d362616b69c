"""Docstrings of this library, made into reStructuredText for Sphinx."""

import re
from collections.abc import Sequence

UNDERLINE = re.compile(r"-{3,}\s*$")  # below the title of a section, such as Parameters
LITERAL = re.compile(r"(``.*?``)")
INDENT = 4  # spaces from which a paragraph of the description is a formula


def with_formulas(lines: Sequence[str]) -> list[str]:
    """The lines of a docstring, with its formulas marked as literal blocks, and with |x| escaped.

    In the description of a docstring of this library, an indented paragraph is a formula.
    reStructuredText would take it for a quotation and lose its spaces. Sections such as Parameters
    are indented for another reason, and stay as they are.

    Parameters
    ----------
    lines : sequence of str
        Without the indent of the docstring itself.
    """
    found: list[str] = []
    in_description, in_formula = True, False
    in_block: int | None = None  # the indent of the line that ended in ::
    for i, line in enumerate(lines):
        if i + 1 < len(lines) and line.strip() and UNDERLINE.match(lines[i + 1].strip()):
            in_description = False
        indented = line.startswith(" " * INDENT) and line.strip() != ""
        after_blank = i > 0 and not lines[i - 1].strip()
        if in_description and indented and after_blank and not in_formula:
            before = next((one for one in reversed(found) if one.strip()), "")
            is_list = re.match(r"\s*([-*]|\d+\.)\s", before)
            if not before.rstrip().endswith("::") and not is_list:
                found += ["::", ""]
            in_formula = True
        elif line.strip() and not indented:
            in_formula = False
        indent = len(line) - len(line.lstrip())
        if in_block is not None and line.strip() and indent <= in_block:
            in_block = None
        literal = in_formula or in_block is not None or line.lstrip().startswith(">>>")
        found.append(line if literal else with_bars(line))
        if in_block is None and line.rstrip().endswith("::"):
            in_block = indent
    return found


def with_bars(line: str) -> str:
    """A line of text with the bars of |x| escaped: reStructuredText would take them for a
    substitution. Literals between double backticks stay as they are.
    """
    parts = LITERAL.split(line)
    return "".join(part if LITERAL.fullmatch(part) else part.replace("|", "\\|") for part in parts)

"""Docstrings as Sphinx needs them."""

import re
from collections.abc import Sequence

UNDERLINE = re.compile(r"-{3,}\s*$")  # below the title of a section, such as Parameters
INDENT = 4  # spaces from which a paragraph of the description is a formula


def with_formulas(lines: Sequence[str]) -> list[str]:
    """The lines of a docstring, with its formulas marked as literal blocks.

    In this library a formula of a description is a paragraph that is indented, as in a book. For
    reStructuredText that would be a quotation, and its spaces would be lost. Sections such as
    Parameters, which are indented for another reason, stay as they are.
    """
    found: list[str] = []
    in_description, in_formula = True, False
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
        found.append(line)
    return found

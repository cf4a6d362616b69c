"""Gradescope's results.json of one submission."""

from typing import Any

from .. import harmless
from ..result import Result


def gradescope(result: Result) -> dict[str, Any]:
    """The content of results.json, as Gradescope expects it from an autograder."""
    return {
        "score": result.points,
        "execution_time": round(result.seconds, 1),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        # Plain text, whatever the settings of the assignment: no HTML, no colours.
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "output": "\n".join(map(harmless.line, result.problems)),
        "tests": [
            {
                "name": harmless.line(mark.id),
                "score": mark.points or 0,
                "max_score": mark.out_of,
                "output": harmless.line(mark.words)
                or ("a person will read this" if mark.points is None else "right"),
            }
            for mark in result.marks
        ],
    }

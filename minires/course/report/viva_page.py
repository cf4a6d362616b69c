"""The page of questions for a conversation about one submission: for the teacher, never the
student.
"""

from .. import harmless
from ..result import Result


def page(student: str, result: Result) -> str:
    """The questions with their answers, in Markdown."""
    lines = [
        f"# {result.assignment}: questions to {harmless.markdown(student)}",
        "",
        f"For you, not for the student. {result.points:g} of {result.out_of:g} points so far. The "
        "answers are short: read for the reasoning.",
    ]
    for number, (text, answer, code) in enumerate(result.questions, 1):
        lines += ["", f"**{number}.** {harmless.markdown(text)}", ""]
        if code:
            lines += [f"    {harmless.line(code)}", ""]
        lines += [f"*Answer.* {harmless.markdown(answer)}"]
    if not result.questions:
        lines += ["", "There are no questions: nothing was handed in that one could ask about."]
    return "\n".join(lines) + "\n"

"""Questions about tests that failed, and about functions that were not written."""

import re
from collections.abc import Iterator

from .facts import Facts, Question

LOOKS = re.compile(r"It looks as if (.*?)(?:\.? \(This uses|$)")
MISSING = re.compile(r"(\w+) is not written yet")
STOPPED = re.compile(r"^(\w+) stopped with (\w+)")


def questions(facts: Facts) -> Iterator[Question]:
    """One question for each failed test, those with most points first; then one for each missing
    function.
    """
    wrong = sorted((mark for mark in facts.marks if mark.wrong), key=lambda mark: -mark.out_of)
    asked = set()
    for mark in wrong:
        task = mark.id.removesuffix("-test")
        looks, stopped = LOOKS.search(mark.message), STOPPED.search(mark.message)
        left_out = mark.message == "no answer" or MISSING.search(mark.message)
        if mark.other_variant or left_out:
            continue
        if looks and looks[1] not in asked:
            asked.add(looks[1])
            yield Question(
                f"{task}: your answer is wrong. Change one number of its input by hand: "
                "what should happen to the result, and what does your code do?",
                f"The check found this: {looks[1]}.",
            )
        elif stopped:
            yield Question(
                f"{task}: {stopped[1]} stops with {stopped[2]}. For which input, and what does the "
                "error mean?",
                "The student should read the error aloud, name the shapes or types at that line, "
                "and say what they should be.",
            )
        elif "SyntaxError" in mark.message:
            yield Question(
                f"{task}: Python cannot read your code. Where does it stop, and what did it expect "
                "there?",
                "The line that the error shows, or the one above it: a bracket that is not closed, "
                "a colon or a comma that is missing, an indentation.",
            )
        elif mark.message:
            yield Question(
                f"{task}: this test failed. How would you find out by yourself whether your "
                "answer is right?",
                "With a case small enough to do by hand, a slower way to compute the same, or "
                "finite differences.",
            )
    for mark in wrong:
        missing = MISSING.search(mark.message)
        if missing and missing[1] not in asked:
            asked.add(missing[1])
            yield Question(
                f"{missing[1]} is not written. What are its arguments, and what must it return?",
                facts.docs.get(missing[1]) or "See the task.",
            )

"""Questions about what a student wrote in words."""

import re
from collections.abc import Iterator

from .facts import Facts, Question

BETWEEN = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\"'])")  # sentences
LONGEST = 300


def questions(facts: Facts) -> Iterator[Question]:
    """One question for each answer in words, about its first sentence with a number, or else its
    first one.
    """
    for cell, text in facts.words.items():
        plain = " ".join(re.sub(r"[*_`#|]", "", text).split())
        sentences = BETWEEN.split(plain)
        number = next((one for one in sentences if re.search(r"\d", one)), None)
        quoted = (number or sentences[0])[:LONGEST].strip()
        if not quoted:
            continue
        if number:
            yield Question(
                f"In {cell} you wrote this. Show me the cell that the number comes from. Would "
                "another seed have given the same, and how do you know?",
                "The student finds the cell. What another seed would give can be judged only from "
                "the spread of the seeds that were run; one seed says nothing about others.",
                quoted,
            )
        else:
            yield Question(
                f"In {cell} you wrote this. Which number in your notebook supports it, and which "
                "number would have contradicted it?",
                "A number from a table or figure of the notebook, and a value of it that would "
                "contradict the sentence.",
                quoted,
            )

"""Questions for a conversation with a student, made from what this student wrote and measured.

They are for the teacher alone. `facts` holds what is known of a submission; `mistakes`, `numbers`,
`code` and `words` make questions of it. None of them says how a hidden test goes: a question about
a mistake has the sentence that names it, and no numbers of the test.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, zip_longest

from . import code, mistakes, numbers, variants, words
from .facts import Facts, Question

MOST = 5
MOST_OF_A_KIND = 2
KINDS = (mistakes.questions, numbers.questions, variants.questions, words.questions, code.questions)


def questions(facts: Facts) -> list[Question]:
    """Up to five questions, of different kinds first: mistakes, own numbers, the variant, own
    words, own lines of code.

    For a submission without anything to ask about, the questions are the first tasks in words.
    """
    found = [list(_first(kind, facts)) for kind in KINDS]
    mixed = filter(None, chain.from_iterable(zip_longest(*(one[:MOST_OF_A_KIND] for one in found))))
    chosen = list(mixed)[:MOST]
    more = chain.from_iterable(one[MOST_OF_A_KIND:] for one in found)
    return [*chosen, *more][:MOST] if len(chosen) < MOST else chosen


def _first(kind: Callable[[Facts], Iterator[Question]], facts: Facts) -> Iterator[Question]:
    # What a student defined can be anything: a question that cannot be made of it is left out.
    with suppress(Exception):
        yield from kind(facts)

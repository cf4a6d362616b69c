"""Questions for a conversation with a student, made from what this student wrote and measured.

They are for the teacher alone. `facts` holds what is known about a submission; `mistakes`,
`numbers`, `variants`, `words` and `code` make questions from it. No question gives a hidden test
away: one about a mistake quotes the sentence that names it, but no numbers of the test.
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
    """Choose up to five questions, at first at most two of each kind.

    The kinds are mistakes, the student's own numbers, the variant, own words, and own lines of
    code.

    An empty submission gets questions about the tasks that were left out.
    """
    found = [list(_first(kind, facts)) for kind in KINDS]
    mixed = filter(None, chain.from_iterable(zip_longest(*(one[:MOST_OF_A_KIND] for one in found))))
    chosen = list(mixed)[:MOST]
    more = chain.from_iterable(one[MOST_OF_A_KIND:] for one in found)
    return [*chosen, *more][:MOST] if len(chosen) < MOST else chosen


def _first(kind: Callable[[Facts], Iterator[Question]], facts: Facts) -> Iterator[Question]:
    # A student can define anything: questions that cannot be made from it are left out.
    with suppress(Exception):
        yield from kind(facts)

"""Find submissions that look alike, by runs of tokens that they share.

Names, numbers and comments do not count. The method is that of Schleimer, Wilkerson and Aiken 2003
(winnowing) without the sampling, as a course is small. The result is a list to read, not a verdict:
there are only a few ways to write a short function.
"""

import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Mapping
from itertools import combinations

RUN = 16  # tokens in a row that must agree
LEFT_OUT = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)


def pairs(
    answers: Mapping[str, str], given: str = "", at_least: float = 0.6
) -> list[tuple[float, str, str]]:
    """Pairs of submissions that share much.

    Parameters
    ----------
    answers : dict
        Student -> the code of all answers.
    given : str
        Code that everybody has, from the students' version of the notebook.
    at_least : float
        Smallest share of the shorter submission's runs that counts as much.

    Returns
    -------
    list of (share, student, student)
        Most alike first. Runs of tokens that more than half of the students have (of at least five)
        do not count.
    """
    runs = {student: _runs(code) - _runs(given) for student, code in answers.items()}
    if len(runs) >= 5:
        usual = Counter(run for own in runs.values() for run in own)
        runs = {
            student: {run for run in own if usual[run] <= len(runs) / 2}
            for student, own in runs.items()
        }
    found = []
    for (one, its), (other, others) in combinations(sorted(runs.items()), 2):
        if min(len(its), len(others)) >= RUN:
            share = len(its & others) / min(len(its), len(others))
            if share >= at_least:
                found.append((round(share, 2), one, other))
    return sorted(found, key=lambda pair: (-pair[0], pair[1:]))


def _runs(code: str) -> set[tuple[str, ...]]:
    """All runs of `RUN` tokens in a row."""
    tokens = _tokens(code)
    return {tuple(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1)}


def _tokens(code: str) -> list[str]:
    """The tokens of code, as far as it can be read; all names are alike, as are numbers and
    strings.
    """
    found = []
    # For every blank before an unreadable character, Python 3.11's tokenizer scans all the rest
    # again.
    code = re.sub(r"(?<=\S)[ \t\f]+", " ", code)
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in LEFT_OUT:
                continue
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                found.append("name")
            else:
                found.append(
                    {tokenize.NUMBER: "number", tokenize.STRING: "text"}.get(
                        token.type, token.string
                    )
                )
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass
    return found

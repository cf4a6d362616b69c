"""The result of a submission: points for each test, and problems on the way."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from .sandbox import isolation


@dataclass
class Mark:
    """The points of one cell."""

    id: str
    points: float | None  # None if a person must read the answer
    out_of: float
    message: str = ""  # what was wrong
    answer: str = ""  # the answer in words
    picture: str = ""  # which numbers are wrong, on several lines
    note: str = ""  # what was used instead of the student's own code
    # (choice, option) of another variant in which the answer is right.
    other_variant: tuple[str, str] | None = None

    @property
    def wrong(self) -> bool:
        """Whether a test failed."""
        return self.points is not None and self.points < self.out_of

    @property
    def words(self) -> str:
        """The message and the note on one line."""
        return "; ".join(filter(None, (self.message, self.note)))


@dataclass
class Result:
    """The result of one submission."""

    assignment: str
    marks: list[Mark] = field(default_factory=list)
    # lines: cells that stopped, were missing or took too long
    problems: list[str] = field(default_factory=list)
    figures: list[tuple[str, bytes]] = field(default_factory=list)  # (cell, bytes of a PNG)
    output: str = ""
    seconds: float = 0.0
    isolation: str = isolation.PROCESS  # the wall that was around it
    student: str | None = None  # the student in whose variant it was marked
    # (question, answer, line of code or ""), for the teacher alone
    questions: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def points(self) -> float:
        """The points given so far."""
        return sum(mark.points or 0 for mark in self.marks)

    @property
    def out_of(self) -> float:
        """The points of all cells."""
        return sum(mark.out_of for mark in self.marks)

    @property
    def to_read(self) -> list[Mark]:
        """The marks that wait for a person."""
        return [mark for mark in self.marks if mark.points is None]

    def record(self) -> dict[str, Any]:
        """Everything but the figures, for JSON."""
        return {key: value for key, value in asdict(self).items() if key != "figures"}

    @classmethod
    def from_record(cls, record: dict[str, Any], figures: list[tuple[str, bytes]]) -> Self:
        """The result that `record` was made from; in JSON its tuples became lists."""
        marks = [Mark(**one) for one in record["marks"]]
        for mark in marks:
            if mark.other_variant is not None:
                choice, option = mark.other_variant
                mark.other_variant = (choice, option)
        questions = [tuple(one) for one in record.get("questions", ())]
        return cls(**{**record, "marks": marks, "questions": questions, "figures": figures})


def short(text: object, most: int = 1500) -> str:
    """Text cut to `most` characters, without characters that a file cannot hold."""
    text = str(text).encode("utf-8", "replace").decode()
    return (
        text
        if len(text) <= most
        else f"{text[:most]} ... ({len(text) - most:,} characters left out)"
    )

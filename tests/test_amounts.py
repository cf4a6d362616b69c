"""Numbers in words."""

from minires.amounts import counted


def test_one_thing_has_no_s():
    assert [counted(n, "notebook") for n in (0, 1, 2)] == [
        "0 notebooks",
        "1 notebook",
        "2 notebooks",
    ]


def test_the_verb_goes_with_the_number():
    assert counted(1, "answer waits", "answers wait") == "1 answer waits"
    assert counted(3, "answer waits", "answers wait") == "3 answers wait"

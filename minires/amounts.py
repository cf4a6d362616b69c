"""Numbers of things in words: "1 notebook", "2 notebooks"."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and the noun that goes with it.

    Parameters
    ----------
    number : int
    one : str
        What there is one of, perhaps with its verb: "notebook", "answer waits".
    many : str, optional
        The same for any other number. Default: `one` with an s.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"

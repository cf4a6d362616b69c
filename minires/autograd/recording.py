"""Whether operations are recorded on the tape: yes, except inside ``with no_grad():``."""

from ..kernels.scope import Block, Setting

_setting = Setting("no_grad")


def is_recording() -> bool:
    """Whether an operation that runs now is recorded: the innermost block around it decides."""
    values = _setting.values()
    return values[-1] if values else True


class _Recording(Block):
    """The part that `no_grad` and `enable_grad` share."""

    records: bool

    def __new__(cls, function=None):
        block = super().__new__(cls)
        if function is None:
            return block
        block.__init__()  # @no_grad without parentheses, as PyTorch allows it
        return block(function)

    def __init__(self):
        super().__init__(_setting, self.records)


class no_grad(_Recording):
    """Record nothing in this ``with`` block, or in the function that ``@no_grad()`` decorates.

    Results then require no gradient, and kernels' caches are not kept. Use it where only the result
    counts: it is faster and needs less memory. Only the code inside is concerned, so other threads,
    other async tasks, and the code that consumes a generator go on recording.

    Examples
    --------
    >>> import minires as mr
    >>> x = mr.Tensor([1.0, 2.0], requires_grad=True)
    >>> with mr.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    records = False


class enable_grad(_Recording):
    """Record in this ``with`` block (or decorated function), also inside a `no_grad` block."""

    records = True

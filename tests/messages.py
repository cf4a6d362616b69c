"""Messages of errors: minires says what is wrong in one line."""

import pytest


def message_of(error, call):
    """The message of the error of that class that ``call()`` raises, which must be one line."""
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)

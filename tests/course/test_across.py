"""Objects in a submission's process can be used from here as if they were in this process."""

import time

import numpy as np
import pytest

from minires.course.across import (
    ByReference,
    attribute,
    beside,
    call_and_look,
    contents,
    fetch,
    hold,
    hold_result,
    is_a,
    items,
    set_values,
    type_name,
)
from minires.course.compare import WrongAnswer
from minires.course.sandbox import Submission

CODE = """
import collections, threading
import numpy as np
import minires as mr

class Box:
    def __init__(self):
        self.data, self.name = np.zeros(3), "box"

def same(x): return x
def double(f, x): return f(x) + f(x)
def in_place(x):
    x += 1
    return x.sum()
def tries(f):
    try:
        f()
    except ValueError as error:
        return f"caught {error}"
def handed_on(f, x): return f(x) is x
def elsewhere(f):
    found = []
    def run():
        try:
            f()
        except RuntimeError as error:
            found.append(str(error))
    thread = threading.Thread(target=run); thread.start(); thread.join()
    return found[0]
def build(make, n): return sum(make(i).data[0] for i in range(n))
def counted(): return collections.OrderedDict(a=1, b=(2, 3))
def forever(f):
    while True: f()
"""
NAMES = "same double in_place tries handed_on elsewhere build counted forever Box".split()


@pytest.fixture(params=["here", "there"])
def made(request, tmp_path):
    """The objects that CODE defines, in this process or in another."""
    if request.param == "here":
        space = {}
        exec(CODE, space)
        yield space
    else:
        with Submission(tmp_path, seconds=20) as submission:
            submission.run(CODE, "<cell 1>")
            yield {name: submission.get(name) for name in NAMES}


@pytest.fixture
def there(tmp_path):
    with Submission(tmp_path, seconds=1.5) as submission:
        submission.run(CODE, "<cell 1>")
        yield {name: submission.get(name) for name in NAMES}


def test_a_function_of_this_process_is_called_from_the_other(made):
    seen = []

    def f(x):
        seen.append(x.copy())
        return 2 * x

    assert np.array_equal(made["double"](f, np.arange(3)), [0, 4, 8])
    assert len(seen) == 2 and np.array_equal(seen[0], [0, 1, 2])


def test_an_error_of_a_callback_is_raised_in_the_other_process(made):
    def f():
        raise ValueError("too small")

    assert made["tries"](f) == "caught too small"


def test_a_function_of_references_gets_the_object_itself(made):
    assert made["handed_on"](ByReference(lambda x: x), np.ones(3))


def test_a_function_may_call_the_other_process_in_turn(made):
    def make(i):
        box = made["Box"]()
        set_values(box, "data", np.full(3, float(i)))
        return box

    assert made["build"](make, 4) == 6


def test_attributes(made):
    box = made["Box"]()
    assert box.name == "box" and type_name(box) == "Box" and np.array_equal(box.data, [0, 0, 0])
    assert attribute(box, "nothing", 5) == 5 and not hasattr(box, "nothing")
    box.name = "other"
    assert box.name == "other"
    before = hold(box, "data")
    set_values(box, "data", np.ones(3))
    assert np.array_equal(fetch(before), [1, 1, 1])
    assert box == made["same"](box) and box != made["Box"]() and len({box, made["same"](box)}) == 1


def test_kinds_and_contents(made):
    box = made["Box"]()
    assert is_a(box, made["Box"]) and not is_a(3, made["Box"])
    assert contents(made["counted"]()) == {"a": 1, "b": (2, 3)}
    assert items(beside(box, "builtins").range(3)) == [0, 1, 2]
    tensor = beside(box, "minires").Tensor([1.0], requires_grad=True)
    with beside(box, "minires").no_grad():
        assert not tensor.reshape(1, 1).requires_grad
    assert tensor.reshape(1, 1).requires_grad


def test_arguments_after_a_call(made):
    x = np.zeros(2)
    result, (after,) = call_and_look(made["in_place"], (x,))
    assert result == 2 and np.array_equal(after, [1, 1]) and np.array_equal(x, [0, 0])


def test_a_result_may_stay(made):
    kept = hold_result(made["same"], np.arange(4))
    assert np.array_equal(fetch(made["same"](kept)), np.arange(4))


def test_only_the_thread_that_works_may_call_back(there):
    assert "from the thread" in there["elsewhere"](lambda: None)


def test_calling_back_for_ever_is_stopped(there):
    started = time.monotonic()
    with pytest.raises(WrongAnswer, match="longer than 1.5 seconds"):
        there["forever"](lambda: None)
    assert time.monotonic() - started < 5


def test_a_submission_cannot_find_the_expected_answer(tmp_path):
    """It is neither in the frames around a student's function nor in the closure of a function that
    is passed to it."""
    secret = 4711

    def check_of(secret):
        return lambda: 2 * secret

    with Submission(tmp_path, seconds=20) as submission:
        submission.run(
            """
import sys
def look(f):
    found, frame = [], sys._getframe()
    while frame:
        found += frame.f_locals.values()
        frame = frame.f_back
    found += [cell.cell_contents for cell in f.__closure__]
    return repr(found)
""",
            "<cell 1>",
        )
        assert str(secret) not in submission.get("look")(check_of(secret))

"""Settings for the duration of a with block: the innermost block around the code decides, whatever
runs meanwhile."""

import asyncio
import contextvars
import gc
import itertools
import sys
import threading
import types
import unittest
import weakref
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, nullcontext

import numpy as np
import pytest

from minires.kernels.scope import Block, Setting

SETTING = Setting("level")


def now():
    """The setting of the innermost block around the caller."""
    return (SETTING.values() or [0])[-1]


def level(value):
    return Block(SETTING, value)


@pytest.fixture(autouse=True)
def no_block_is_left():
    yield
    assert SETTING.entries.get() == ()


# Plain code


def test_nested_and_left_by_an_exception():
    assert now() == 0 and SETTING.values() == []
    with level(1):
        with pytest.raises(ZeroDivisionError), level(2):
            assert SETTING.values() == [1, 2]
            1 / 0
        assert now() == 1
    assert now() == 0


def test_left_in_any_order():
    for order in itertools.permutations(range(3)):
        blocks = [level(i + 1) for i in range(3)]
        for block in blocks:
            block.__enter__()
        open_ones = [1, 2, 3]
        for i in order:
            blocks[i].__exit__(None, None, None)
            open_ones.remove(i + 1)
            assert SETTING.values() == open_ones


def test_one_block_entered_again_while_it_is_open():
    block = level(1)
    with block:
        with level(2):
            with block:
                assert SETTING.values() == [1, 2, 1]
            assert SETTING.values() == [1, 2]
        assert SETTING.values() == [1]


def test_a_block_that_was_not_entered_cannot_be_left():
    with pytest.raises(RuntimeError, match="level: a block that was not entered is left; write"):
        level(1).__exit__(None, None, None)


def test_exit_stack():
    with ExitStack() as stack:
        stack.enter_context(level(1))
        stack.enter_context(level(2))
        assert now() == 2
    assert now() == 0


class Wrapped:
    """A context manager of the usual kind, around a block."""

    def __init__(self, value):
        self.block = level(value)

    def __enter__(self):
        self.block.__enter__()

    def __exit__(self, *exception):
        self.block.__exit__(*exception)


@contextmanager
def managed(value):
    with level(value):
        yield


@contextmanager
def managed_twice(value):
    with managed(value):
        yield


def stacked(value):
    stack = ExitStack()
    stack.enter_context(level(value))
    return stack


WAYS = {
    "block": level,
    "class": Wrapped,
    "contextmanager": managed,
    "nested": managed_twice,
    "ExitStack": stacked,
}
every_way = pytest.mark.parametrize("inside", WAYS.values(), ids=WAYS)


@every_way
def test_context_managers_around_a_block_set_it_for_their_own_with_block(inside):
    with inside(1):
        assert now() == 1
        with inside(2):
            assert now() == 2
        assert now() == 1
    assert now() == 0


# Generators


@every_way
def test_a_suspended_generator_sets_nothing_for_its_consumer(inside):
    def generator():
        with inside(1):
            assert now() == 1
            yield
            assert now() == 1
            with level(2):
                yield
                assert now() == 2
            yield
            assert now() == 1
        assert now() == outside

    for outside, surroundings in ((0, nullcontext()), (5, level(5))):
        with surroundings:
            for _ in generator():
                assert now() == outside


@every_way
def test_two_generators_in_turn(inside):
    def generator(value):
        for _ in range(3):
            with inside(value):
                yield now()
                assert now() == value

    for pair in zip(generator(1), generator(2)):
        assert pair == (1, 2) and now() == 0


@every_way
def test_the_innermost_block_counts_not_the_latest(inside):
    """A generator enters its block first, and is then resumed inside another block."""

    def generator():
        with inside(1):
            yield
            yield SETTING.values()

    suspended = generator()
    next(suspended)
    with level(2):
        assert next(suspended) == [2, 1] and now() == 2
    suspended.close()


def test_generators_that_resume_each_other():
    def outer():
        with level(1):
            yield
            yield next(inner)
            yield SETTING.values()

    def innermost():
        with level(2):
            yield
            yield SETTING.values()

    for first, second in ((outer, innermost), (innermost, outer)):
        generators = {function: function() for function in (first, second)}
        for function in (first, second):  # whichever enters its block first
            next(generators[function])
        inner = generators[innermost]
        assert next(generators[outer]) == [1, 2] and next(generators[outer]) == [1]
        for function in (first, second):
            generators[function].close()


def test_yield_from():
    def inner():
        with level(1):
            yield now()
        yield now()

    def outer():
        with level(2):
            yield from inner()
            yield now()

    for value, expected in zip(outer(), (1, 2, 2), strict=True):
        assert value == expected and now() == 0


def test_a_generator_closed_or_forgotten_leaves_its_block():
    def generator():
        with level(1):
            yield

    for end in (lambda suspended: suspended.close(), lambda suspended: None):
        suspended = generator()
        next(suspended)
        assert len(SETTING.entries.get()) == 1
        end(suspended)
        del suspended
        assert SETTING.entries.get() == ()


def test_an_exception_thrown_into_a_generator():
    def generator():
        try:
            with level(1):
                yield
        except ZeroDivisionError:
            yield now()

    suspended = generator()
    next(suspended)
    assert suspended.throw(ZeroDivisionError()) == 0


def test_memory_of_a_generator_is_freed_without_the_garbage_collector():
    def generator():
        array = np.zeros(1000)
        with level(1):
            yield weakref.ref(array)
            yield

    gc.collect()
    gc.disable()
    try:
        suspended = generator()
        array = next(suspended)
        now(), next(suspended)
        del suspended
        assert array() is None
        with level(2):
            suspended = generator()
            array = next(suspended)
            with level(3):  # with two owners, the call stack decides
                next(suspended)
            del suspended
            assert array() is None
    finally:
        gc.enable()


def test_one_block_object_in_two_generators():
    block = level(1)

    def generator():
        with block:
            yield now()
        yield now()

    first, second = generator(), generator()
    assert next(first) == next(second) == 1
    assert next(first) == 0  # leaves its own entry, not the second generator's
    assert len(SETTING.entries.get()) == 1
    assert next(second) == 0


def test_a_generator_finished_in_another_thread():
    """Its block was entered in this thread, and ends here as well."""

    def generator():
        with level(1):
            yield

    suspended = generator()
    next(suspended)
    run_in_thread(suspended.close)
    (entry,) = SETTING.entries.get()
    assert entry.left and now() == 0
    assert entry.owner is None  # so the generator's frame can be freed
    with level(2):
        assert SETTING.values() == [2]


def test_the_frame_of_a_suspended_generator():
    """`_Entry.is_around_here` relies on this, which a future version of Python might change."""

    def generator():
        frame = sys._getframe()
        yield frame, frame.f_back

    suspended = generator()
    frame, caller = next(suspended)
    assert frame is suspended.gi_frame and caller is sys._getframe() and frame.f_back is None


# Fixtures of pytest, and unittest


@pytest.fixture
def set_by_a_fixture():
    with level(7):
        yield


@pytest.fixture
def set_by_a_fixture_with_a_manager(set_by_a_fixture):
    with managed(8):
        yield


def test_a_fixture_sets_it_for_the_test(set_by_a_fixture):
    assert now() == 7


def test_fixtures_are_nested(set_by_a_fixture_with_a_manager):
    assert SETTING.values() == [7, 8]


class TestUnittest(unittest.TestCase):
    def setUp(self):
        self.enterContext(level(9))

    def test_a_block_entered_in_set_up(self):
        assert now() == 9


# Decorators


def test_decorator():
    @level(1)
    def function(depth):
        """Calls itself."""
        assert now() == 1
        return function(depth - 1) if depth else now()

    assert function(0) == function(3) == 1 and now() == 0
    assert function.__name__ == "function" and function.__doc__ == "Calls itself."

    @level(1)
    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert now() == 0


def test_decorator_of_a_generator_function():
    @level(1)
    def generator():
        sent = yield now()
        try:
            yield sent, now()
        except ZeroDivisionError:
            yield "caught", now()
        return "result"

    def delegate():
        assert (yield from decorated) == "result"

    decorated = generator()
    assert next(decorated) == 1 and now() == 0
    assert decorated.send("sent") == ("sent", 1) and now() == 0
    assert decorated.throw(ZeroDivisionError()) == ("caught", 1) and now() == 0
    assert list(delegate()) == []


def test_decorator_of_a_coroutine_function():
    @level(1)
    async def coroutine():
        await asyncio.sleep(0)
        return now()

    async def main():
        results = await asyncio.gather(coroutine(), coroutine())
        return results, now()

    assert asyncio.run(main()) == ([1, 1], 0)


def test_decorator_of_an_async_generator_function():
    async def generator():
        yield

    with pytest.raises(TypeError, match="an async generator function cannot be decorated; write"):
        level(1)(generator)


# Threads


def run_in_thread(function, *arguments):
    """The result of a function that runs in a thread of its own."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize("same", [False, True], ids=["a block each", "one block for all"])
def test_threads_enter_and_leave_in_every_order(same):
    """Two threads take turns, one step of one of them at a time; each always sees its own block."""
    shared = level(1)

    def steps(value, seen):
        block = shared if same else level(value)
        seen.append(now())
        yield
        with block:
            seen.append(now())
            yield
            seen.append(now())
        yield
        seen.append(now())

    class Worker:
        """Goes on by one step when told to, always in its own thread."""

        def __init__(self, value):
            self.seen, self.ask, self.done = [], threading.Semaphore(0), threading.Semaphore(0)
            self.steps = steps(value, self.seen)
            self.thread = threading.Thread(target=self.run)
            self.thread.start()

        def run(self):
            for _ in range(4):
                self.ask.acquire()
                next(self.steps, None)
                self.done.release()

        def step(self):
            self.ask.release()
            self.done.acquire()

    for turns in set(itertools.permutations((0, 0, 0, 0, 1, 1, 1, 1))):
        workers = [Worker(1), Worker(2)]
        for turn in turns:
            workers[turn].step()
        for worker, value in zip(workers, (1, 1 if same else 2)):
            worker.thread.join()
            assert worker.seen == [0, value, value, 0], turns
    assert now() == 0


def test_plain_code_in_threads_that_overlap():
    inside, leave, after = threading.Event(), threading.Event(), []

    def other():
        with level(1):
            inside.set()
            leave.wait(10)
        after.append(now())

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    assert now() == 0
    with level(2):
        leave.set()
        thread.join()
        assert now() == 2
    assert after == [0] and now() == 0


def test_a_thread_starts_without_the_blocks_of_its_parent():
    with level(1):
        assert run_in_thread(contextvars.Context().run, now) == 0


def test_a_copied_context_counts_until_the_block_is_left():
    with level(1):
        copied = contextvars.copy_context()
        assert run_in_thread(copied.run, now) == 1
    assert run_in_thread(copied.run, now) == 0


# asyncio


async def pause():
    await asyncio.sleep(0)


async def seen_by_a_task():
    await pause()
    return now()


def test_tasks_in_turn():
    async def task(value, pauses):
        assert now() == 0
        for _ in range(pauses):
            await pause()
        with level(value):
            for _ in range(3):
                await pause()
                assert now() == value
        await pause()
        assert now() == 0

    async def main():
        await asyncio.gather(*(task(i + 1, pauses) for i, pauses in enumerate((0, 1, 2, 0, 3))))

    asyncio.run(main())
    with level(9):  # around the whole loop
        assert asyncio.run(seen_by_a_task()) == 9


def test_tasks_and_threads_started_in_a_block_are_inside_until_it_ends():
    async def looks_twice():
        first = now()
        await asyncio.wait_for(left.wait(), 10)
        return first, now()

    async def main():
        nonlocal left
        left = asyncio.Event()
        with level(1):
            assert await asyncio.gather(seen_by_a_task(), seen_by_a_task()) == [1, 1]
            assert await asyncio.to_thread(now) == 1
            late = asyncio.create_task(looks_twice())
            await pause()
        left.set()
        assert await late == (1, 0)

    left = None
    asyncio.run(main())


def test_a_task_inside_a_generator_inside_a_block():
    async def main():
        assert now() == 2
        with level(3):
            assert SETTING.values() == [1, 2, 3]
            assert await asyncio.create_task(seen_by_a_task()) == 3
        assert now() == 2

    def generator():
        with level(2):
            yield asyncio.run(main())

    with level(1):
        assert len(list(generator())) == 1


def test_async_generators():
    async def generator(value):
        with level(value):
            yield now()
            await pause()
            assert now() == value
            yield now()

    async def main():
        async for value in generator(1):
            assert value == 1 and now() == 0
            await pause()
            with level(2):
                async for inner in generator(3):
                    assert inner == 3 and now() == 2
        unfinished = generator(4)
        await anext(unfinished)
        assert now() == 0
        await asyncio.create_task(unfinished.aclose())  # leaves the block in another task
        assert SETTING.values() == []

    asyncio.run(main())


def test_async_context_managers():
    @asynccontextmanager
    async def manager(value):
        await pause()
        with level(value):
            yield

    async def main():
        async with manager(1):
            await pause()
            assert now() == 1 and await asyncio.gather(seen_by_a_task()) == [1]
        assert now() == 0
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(manager(2))
            stack.enter_context(level(3))
            await pause()
            assert SETTING.values() == [2, 3]
        assert now() == 0

    asyncio.run(main())


@types.coroutine
def suspend():
    yield


@every_way
def test_a_coroutine_that_is_driven_by_hand(inside):
    async def coroutine():
        with inside(1):
            await suspend()
            assert now() == 1

    suspended = coroutine()
    suspended.send(None)
    assert now() == 0
    with level(2), pytest.raises(StopIteration):
        suspended.send(None)
    assert now() == 0


def test_an_async_context_manager_in_a_coroutine_that_is_driven_by_hand():
    @asynccontextmanager
    async def manager():
        with level(1):
            yield

    async def coroutine():
        async with manager():
            await suspend()
            assert now() == 1

    suspended = coroutine()
    suspended.send(None)
    assert now() == 0
    with pytest.raises(StopIteration):
        suspended.send(None)


def test_an_exception_in_a_task():
    async def fails():
        with level(1):
            await pause()
            raise ZeroDivisionError

    async def main():
        results = await asyncio.gather(fails(), seen_by_a_task(), return_exceptions=True)
        assert isinstance(results[0], ZeroDivisionError) and results[1] == now() == 0

    asyncio.run(main())

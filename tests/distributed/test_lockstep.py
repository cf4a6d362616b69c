"""Computations that take turns: what they exchange and how they end."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minires import Tensor, no_grad
from minires.distributed import lockstep
from minires.errors import GraphError


def run(tasks, exchange):
    with ThreadPoolExecutor(len(tasks)) as threads:
        return lockstep.run(tasks, exchange, threads)


def test_each_task_gets_the_arrays_of_all_in_order():
    def task(number):
        def work(exchange):
            first = exchange(np.array([number]))
            return [*first, *exchange(np.array([10 * number]))]

        return work

    for count in (1, 2, 5):
        found = run([task(number) for number in range(count)], list)
        for result in found:
            assert [int(x) for x in np.concatenate(result)] == [
                *range(count),
                *range(0, 10 * count, 10),
            ]


def test_one_runs_at_a_time():
    running, most = [], []

    def task(exchange):
        for _ in range(20):
            running.append(1)
            most.append(len(running))
            running.pop()
            exchange(np.zeros(1))

    run([task] * 4, list)
    assert max(most) == 1


def test_an_error_of_one_stops_all_and_is_raised():
    ended = threading.Event()

    def waits(exchange):
        try:
            exchange(np.zeros(1))
        finally:
            ended.set()

    def fails(exchange):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run([waits, fails], list)
    assert ended.wait(10)


def test_tasks_that_exchange_different_numbers_of_times():
    def once(exchange):
        exchange(np.zeros(1))

    with pytest.raises(GraphError, match="computed something else for some of them"):
        run([once, lambda exchange: None], list)


def test_settings_around_the_run_hold_inside():
    def task(exchange):
        return (Tensor(np.ones(2), requires_grad=True) * 2).requires_grad

    with no_grad():
        assert run([task, task], list) == [False, False]

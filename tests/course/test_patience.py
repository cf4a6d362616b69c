"""On a busy machine a submission gets more time, unless it loops or waits."""

import math
import subprocess
import sys
import time

import pytest

from minires.course.sandbox import Submission, TimedOut, patience
from minires.course.sandbox.patience import BUSY, Patience, processor_seconds

SECONDS = 10.0


class Machine:
    """A clock, and a process that gets a share of one core."""

    def __init__(self, share):
        self.now, self.share = 1000.0, share

    def monotonic(self):
        return self.now

    def computed(self, pid):
        return self.share * self.now


def seconds_until_over(monkeypatch, share, deadline=10_000.0):
    machine = Machine(share)
    monkeypatch.setattr(patience.time, "monotonic", machine.monotonic)
    monkeypatch.setattr(patience, "processor_seconds", machine.computed)
    limit = Patience(SECONDS, deadline, 1)
    while True:
        machine.now += limit.wait()
        if limit.is_over():
            return machine.now - 1000.0, limit.over()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.9, 1.0, 2.0])
def test_the_limit_is_by_the_clock_where_the_machine_is_idle(monkeypatch, share):
    seconds, said = seconds_until_over(monkeypatch, share)
    assert seconds == pytest.approx(SECONDS)
    assert said == "took longer than 10 seconds, and was stopped"


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.5])
def test_a_starved_process_computes_for_as_long_as_on_an_idle_machine(monkeypatch, share):
    seconds, said = seconds_until_over(monkeypatch, share)
    assert seconds == pytest.approx(min(SECONDS / share, BUSY * SECONDS), abs=0.1 * SECONDS)
    assert said == (
        f"took longer than 10 seconds, and was stopped after {seconds:.0f}: the machine was busy"
    )


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_nobody_gets_more_than_all_together_may_take(monkeypatch, share):
    seconds, said = seconds_until_over(monkeypatch, share, deadline=1000 + 0.7 * SECONDS)
    assert seconds == pytest.approx(0.7 * SECONDS)
    assert said == "was stopped: the whole submission took too long"


def test_the_time_of_child_processes_counts():
    burn = "import time\nwhile time.process_time() < 0.5: pass\ninput()"
    outer = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while processor_seconds(process.pid) < 0.5 and time.monotonic() < end:
            time.sleep(0.05)
        assert processor_seconds(process.pid) >= 0.5
        process.stdin.close()
    assert processor_seconds(process.pid) == 0


def test_a_submission_that_is_starved_is_waited_for(monkeypatch, tmp_path):
    cell = "import time\ntime.sleep(1.5)\nanswer = 7"
    monkeypatch.setattr(patience, "processor_seconds", lambda pid: 0.0)
    with Submission(tmp_path, "a1", seconds=1) as submission, pytest.raises(TimedOut):
        submission.run(cell, "cell")
    began = time.monotonic()
    monkeypatch.setattr(patience, "processor_seconds", lambda pid: 0.3 * (time.monotonic() - began))
    with Submission(tmp_path, "a1", seconds=1) as submission:
        submission.run(cell, "cell")
        assert submission.get("answer") == 7


def test_what_is_asked_after_the_end_gets_the_same_reason(tmp_path):
    with Submission(tmp_path, "a1", seconds=1) as submission:
        with pytest.raises(TimedOut) as first:
            submission.run("while True: pass", "cell")
        with pytest.raises(TimedOut) as again:  # not that signal 9 ended it, which is ours
            submission.names()
    assert str(again.value) == str(first.value) and "took longer than 1 seconds" in str(again.value)


def test_answering_its_calls_counts_as_its_time(monkeypatch):
    waits = patience.Patience(1, math.inf, 0)
    now = waits.began
    monkeypatch.setattr(patience, "processor_seconds", lambda pid: 0.3 * (now - waits.began))
    monkeypatch.setattr(patience.time, "monotonic", lambda: now)
    waits.is_over()
    now += 1
    waits.helped = 0.6
    assert waits.is_over()  # with 0.3 of a core alone it would have got more time

"""No command line, however odd, ends in a traceback, hangs, or writes where it was not told to."""

import os

import pytest

from . import odd_invocations

pytest.importorskip("PIL.Image")
MORE = int(os.environ.get("MINIRES_CASES", "1"))


@pytest.mark.slow  # starts a process for each case; only it tries what nobody thought of
@pytest.mark.skipif(os.name != "posix", reason="starts its cases by sh")
def test_odd_invocations(tmp_path):
    template = tmp_path / "template" / "world"
    template.mkdir(parents=True)
    odd_invocations.furnish(template)
    found = []
    for case in odd_invocations.cases(20 * MORE):
        faults, done = odd_invocations.check(case, template, tmp_path)
        if faults:
            found.append(f"{case}\n    {faults}: {done.returncode} {done.stderr[-600:]}")
    assert not found, f"{len(found)} of {20 * MORE}:\n" + "\n".join(found)

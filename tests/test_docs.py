"""The worked example in the documentation works as it is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow  # copies the package and starts two programs
@pytest.mark.skipif(
    shutil.which("git") is None, reason="git, which applies the changes, is missing"
)
def test_the_first_change_can_be_made(tmp_path):
    text = (ROOT / "docs" / "first_change.md").read_text(encoding="utf-8")
    changes = re.findall(r"```diff\n(.*?)```", text, flags=re.DOTALL)
    assert len(changes) == 4
    for folder in ("minires", "tests/models"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    (tmp_path / "tests" / "__init__.py").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "GIT_CEILING_DIRECTORIES": "/"}
    test = [sys.executable, "-m", "pytest", "-q", "tests/models/test_pooled_shortcut.py"]

    def run(words, **more):
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, **more
        )
        return done.returncode, done.stdout + done.stderr

    # the test without the change: it fails
    assert run(["git", "apply", "-"], input=changes[0])[0] == 0
    status, output = run(test)
    assert status == 2 and "PooledShortcut" in output, output
    for change in changes[1:]:
        status, output = run(["git", "apply", "-"], input=change)
        assert status == 0, output
    status, output = run(test)
    assert status == 0 and "2 passed" in output, output


def test_links_lead_somewhere():
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), (page.name, link)

"""The explorer of runs: ``minires explore`` makes one HTML page of any number of run folders.

folders.py      a folder -> the trainings in it: degradation, one net, sweep, pooled or not
numbers.py      trainings -> the numbers in the page, as JSON
colours.py      a colour for each net, with enough contrast to be seen
page.py         the page: numbers, and the scripts in web/
web/            the page's own style and scripts, in plain JavaScript
"""

from .folders import Run, Training, read
from .page import PAGE, html, write

__all__ = ["PAGE", "Run", "Training", "html", "read", "write"]

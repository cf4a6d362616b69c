"""The image of the container has every package that minires needs, and the check of an image looks
for each."""

import ast
import configparser
import re
from pathlib import Path

from minires.course.sandbox import container

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "docs" / "containers" / "Containerfile").read_text()


def required():
    """What minires needs, with the oldest version: ["numpy>=2.0", ...]."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    return settings["options"]["install_requires"].split()


def test_the_recipe_installs_what_minires_needs():
    assert set(required()) <= set(re.findall(r'"([\w.>=-]+)"', RECIPE))


def test_an_image_that_lacks_one_of_them_is_noticed():
    (line,) = ast.parse(container.NEEDED).body
    imported = {alias.name for alias in line.names}
    assert {name.partition(">")[0] for name in required()} < imported

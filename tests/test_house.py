"""The layout of the house: imports point down, one name has one meaning, and CONTRIBUTING's map
shows every folder."""

import ast
import configparser
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import minires

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minires"
TOP_LEVEL = {
    "__init__",
    "__main__",
    "amounts",
    "checks",
    "errors",
    "functional",
    "names",
    "random",
    "signals",
    "starting",
    "types",
}


def folders():
    """Every folder of the package, as a path inside it. Folders without Python files do not count,
    except the assignments' sources."""
    return sorted(
        path.parent.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("__init__.py")
        if path.parent != PACKAGE
    )


def modules():
    return [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(minires.__path__, "minires.")
        if "__main__" not in found.name
    ]


def test_imports_point_down_and_never_in_a_circle(monkeypatch, capsys):
    cli = pytest.importorskip("importlinter.cli", reason="import-linter is not installed")
    monkeypatch.chdir(ROOT)
    assert cli.lint_imports(no_cache=True) == 0, capsys.readouterr().out


def test_the_top_level_holds_only_modules_that_all_floors_use():
    assert {path.stem for path in PACKAGE.glob("*.py")} == TOP_LEVEL


def test_no_name_hides_the_module_of_its_name():
    """``minires.data.cifar10`` cannot be both a function and a file."""
    hidden = [
        module.__name__
        for module in modules()
        if "." in module.__name__
        and getattr(
            importlib.import_module(module.__name__.rpartition(".")[0]),
            module.__name__.rpartition(".")[2],
        )
        is not module
    ]
    assert not hidden


@pytest.mark.parametrize(
    "name",
    [
        "errors",
        "safe_pickle",
        "safetensors",
        "features",
        "config",
        "checkpoint",
        "trainer",
        "tape",
        "tensor",
    ],
)
def test_a_file_name_has_one_meaning(name):
    assert len(list(PACKAGE.rglob(f"{name}.py"))) == 1


def test_backends_hold_the_same_files():
    """Each kernel is in the file of one name: a reader of ``naive/conv.py`` knows where to look in
    ``cpu`` and ``gpu``."""

    def file_of(backend):
        kernels = importlib.import_module(f"minires.kernels.{backend}")
        return {
            name: value.__module__.rpartition(".")[2]
            for name, value in vars(kernels).items()
            if isinstance(value, type)
            and issubclass(value, minires.kernels.Kernel)
            and value is not minires.kernels.Kernel
        }

    naive = file_of("naive")
    assert naive == file_of("cpu") == file_of("gpu")


def test_contributing_lists_every_folder():
    text = (
        (ROOT / "CONTRIBUTING.md")
        .read_text(encoding="utf-8")
        .split("## The house")[1]
        .split("\n## ")[0]
    )
    shown = set(re.findall(r"`([\w/]+)/`", text))
    assert set(folders()) - shown == set(), "folders that the map lacks"
    assert {
        path for path in shown if not (PACKAGE / path).is_dir() and not (ROOT / path).is_dir()
    } == set(), "folders that are gone"


def test_nothing_below_the_course_imports_it():
    above = ("course", "lessons", "cli")
    guilty = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in above
        and re.search(
            r"\bcourse\.|import course|HeldBack|hold_back|\bassignments?\b",
            path.read_text(encoding="utf-8"),
        )
    ]
    assert not guilty


def test_every_text_file_is_opened_in_utf_8():
    """Without an explicit encoding Python uses that of the locale, such as cp1252 on Windows."""
    guilty = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            is_open = isinstance(call.func, ast.Name) and name == "open"
            inner = [node for argument in call.args[1:] for node in ast.walk(argument)]
            modes = [node.value for node in inner if isinstance(node, ast.Constant)]
            is_binary = any("b" in str(mode) for mode in modes)
            if (is_open or name in ("read_text", "write_text")) and not is_binary:
                if "encoding" not in {keyword.arg for keyword in call.keywords}:
                    guilty.append(f"{path.relative_to(PACKAGE).as_posix()}:{call.lineno}")
    assert not guilty


def test_tests_mirror_the_tree():
    """Every folder of tests is a folder of the package."""
    own = {"simulator", "fixtures", "course/mistakes", "experiments/claims/frame"}
    own |= {"benchmarks", "docs"}  # folders beside the package
    for path in (ROOT / "tests").rglob("test_*.py"):
        folder = path.parent.relative_to(ROOT / "tests").as_posix()
        assert folder == "." or folder in own or (PACKAGE / folder).is_dir(), folder


def test_a_wheel_holds_every_folder():
    """setup.cfg lists the packages one by one, since the notebooks are one of them."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = settings["options"]["packages"].split()
    assert listed == [
        "minires",
        *(f"minires.{folder.replace('/', '.')}" for folder in folders()),
        "minires.notebooks",
    ]
    for folder, patterns in (
        ("kernels/gpu", ["*.cu"]),
        ("course", ["assignments/*.py"]),
        ("experiments/explorer", ["web/*"]),
        ("data", ["imagenet_classes.txt", "imagenet_wnids.txt"]),
        ("", ["py.typed"]),
    ):
        name = ".".join(["minires", *folder.split("/")]).rstrip(".")
        assert settings["options.package_data"][name].split() == patterns and list(
            (PACKAGE / folder).glob(patterns[0])
        )


def test_contributing_names_files_that_exist():
    """A row of the map names its folders first, and then files in them."""
    rows = (
        (ROOT / "CONTRIBUTING.md")
        .read_text(encoding="utf-8")
        .split("## The house")[1]
        .split("Beside the package")[0]
        .split("\n|")[3:]
    )
    for row in rows:
        places = re.findall(r"`([\w/]+)/`", row) or [""]
        for name in re.findall(r"`(\w+\.py)`", row):
            assert any((PACKAGE / place / name).exists() for place in places), (
                f"{name} is not in {' or '.join(places)}"
            )


def _public_functions(body):
    """The functions and methods without a leading underscore, and the special methods."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public_functions(node.body)
        elif isinstance(node, ast.FunctionDef):
            if node.name.startswith("__") or not node.name.startswith("_"):
                yield node


def test_public_functions_have_type_hints():
    lacking = []
    for path in PACKAGE.rglob("*.py"):
        if "assignments" in path.parts:
            continue
        for function in _public_functions(ast.parse(path.read_text(encoding="utf-8")).body):
            given = function.args
            arguments = [
                *given.posonlyargs,
                *given.args,
                *given.kwonlyargs,
                given.vararg,
                given.kwarg,
            ]
            named = [one for one in arguments if one is not None and one.arg not in ("self", "cls")]
            if function.returns is None or any(one.annotation is None for one in named):
                lacking.append(f"{path.name}:{function.lineno} {function.name}")
    assert not lacking


def test_the_list_of_long_tests_names_tests_that_there_are():
    listed = [
        line
        for line in (ROOT / "tests/long.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    for line in listed:
        file, _, name = line.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8"), line
    assert listed == sorted(set(listed))

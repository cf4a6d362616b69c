"""The options of `minires train` and `minires finetune`: a flag for each setting of a run, and the
settings file.
"""

import argparse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import nearest
from ..names import shown
from ..training.config import RunConfig
from ..training.given_settings import check_given
from ..training.kinds import BALANCED, YES_OR_NO, Kind
from ..training.settings_file import read_settings
from .arguments import literal, number, own_setting, path, seeds, swept
from .cluster_options import add_cluster
from .printing import note

#: Flag -> settings in a settings file that it replaces. A file is for many runs, so if a run has
#: ``--epochs``, the iterations in the file are ignored.
INSTEAD = {
    "epochs": ["iterations"],
    "iterations": ["epochs"],
    "drops": ["milestones"],
    "milestones": ["drops"],
    "schedule": ["drops", "milestones"],
}
PATHS = ("data", "weights", "cache", "out")  # settings that name a file or folder
LISTS: dict[str, dict[str, Any]] = {  # settings of several values
    "drops": {"nargs": "*", "type": number, "metavar": "X"},
    "milestones": {"nargs": "*", "type": number, "metavar": "X"},
    "only": {"nargs": "+", "metavar": "CLASS"},
    "class_weights": {"nargs": "+", "type": literal, "metavar": "X"},
}
GROUPS = {"what": "model", "images": "image_size", "training": "epochs", "where": "device"}


def add_settings(command: argparse.ArgumentParser, usual: Mapping[str, str]) -> None:
    """Add a flag for each setting of `RunConfig`, with the same name, and the other options of a
    run.

    `usual` holds the defaults of this command that differ from those of `RunConfig`. The settings
    named in `GROUPS` each begin a new group in the help.
    """
    command.set_defaults(usual=usual)
    groups = {first: command.add_argument_group(title) for title, first in GROUPS.items()}
    group: Any = command
    for one in fields(RunConfig):
        if one.name == "net":
            continue
        group, kind = groups.get(one.name, group), one.metadata["kind"]
        flag = "--" + one.name.replace("_", "-")
        default = usual.get(one.name, one.metadata["usual"])
        text = one.metadata["meaning"] + (f" (default: {default})" if default else "")
        if one.name in LISTS:
            group.add_argument(flag, help=text, **LISTS[one.name])
        elif kind is YES_OR_NO:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            group.add_argument(flag, type=_ValueOf(kind), metavar=_placeholder(one), help=text)
    _add_other_options(groups)
    _add_several_runs(command)
    add_cluster(command)
    group.add_argument(
        "--resume", action="store_true", help="go on with the run in the output folder"
    )


def _add_other_options(groups):
    """Add the options of a run that the loop over its settings leaves out, each to its group."""
    groups["model"].add_argument(
        "--net",
        nargs="+",
        action="extend",
        type=own_setting,
        metavar="NAME=VALUE",
        help="settings of the net itself: width=8 shortcut=B pre_activation=true ...; the error "
        "for a wrong name lists all",
    )
    groups["model"].add_argument(
        "--config", type=path, metavar="FILE", help="settings in a TOML file; flags override them"
    )
    groups["epochs"].add_argument(
        "--find-lr",
        action="store_true",
        help="do not train: try 100 steps with growing learning rates, and suggest one",
    )


def _add_several_runs(command):
    """Add the options that train the net several times."""
    several = command.add_argument_group("several runs, on all cores")
    several.add_argument(
        "--seeds",
        type=seeds,
        default=1,
        metavar="N",
        help="train with this many seeds, from --seed on, or with the given seeds, such as 30-59, "
        "to see how much is chance (default: 1)",
    )
    several.add_argument(
        "--sweep",
        nargs="+",
        action="extend",
        type=swept,
        metavar="NAME=VALUES",
        help="train once for every combination of these values: lr=0.05,0.1 net.width=8,16. "
        "--workers processes train at the same time (default: as many as cores and memory allow)",
    )


def config_of(args: argparse.Namespace, quiet: bool = False) -> RunConfig:
    """The settings from flags, then from the settings file, then the defaults for the command and
    the data.
    """
    given = read_settings(args.config) if args.config else {}
    flags = {
        one.name: getattr(args, one.name)
        for one in fields(RunConfig)
        if getattr(args, one.name) is not None
    }
    if flags.get("class_weights") == [BALANCED]:
        flags["class_weights"] = BALANCED
    if "net" in flags:
        flags["net"] = given.get("net", {}) | _once(flags["net"], quiet)
    for one, others in INSTEAD.items():
        for other in others:
            if one in flags and other not in flags:
                given.pop(other, None)
    config = RunConfig.for_data(**args.usual | given | flags)
    # With several nets, workers train nets instead of reading pictures.
    in_use = {"workers"} if args.seeds != 1 or args.sweep else set()
    for line in check_given({*given, *flags} - in_use, config):
        if not quiet:
            note(line)
    return config


def _once(settings, quiet):
    """The pairs of ``--net`` as a dict. If a name occurs twice, the last pair counts, as with other
    options, and a note says so.
    """
    found = {}
    for name, value in settings:
        if found.get(name, value) != value and not quiet:
            note(f"--net: {name}={value} instead of {name}={found[name]}")
        found[name] = value
    return found


def _placeholder(setting):
    kind = str(setting.type)
    if "int" in kind or "float" in kind:
        return "N" if "int" in kind else "X"
    return "PATH" if setting.name in PATHS else "NAME"


@dataclass(eq=False)  # argparse hashes it
class _ValueOf:
    """The type of an argument of this kind. The error says what was expected, and may suggest a
    word.
    """

    kind: Kind

    @property
    def known(self) -> Collection[str]:
        """The possible words, if there are only a few."""
        return self.kind.known

    def __call__(self, text: str) -> Any:
        kind, value = self.kind, literal(text)
        if not kind.accepts(value) and not kind.accepts(value := text):
            near = nearest(text, kind.known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise argparse.ArgumentTypeError(f"expected {kind.words}, got {shown(text)}{hint}")
        return value

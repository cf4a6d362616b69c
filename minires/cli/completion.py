"""``minires completion``"""

import argparse
from collections.abc import Iterator

from .arguments import OneOf, path
from .parser import Commands

SHELLS = ("bash", "zsh", "fish", "tcsh")
FOLDERS = ("DIR", "FOLDER", "RUN", "SUBMISSIONS")  # metavars of arguments that are folders
DESCRIPTION = """\
Print a script for your shell, with which the Tab key completes commands,
options, names of nets, claims, presets and data sets, and paths. The script is
made by the package shtab: pip install -e ".[completion]". Make it again after
each update of minires."""
EPILOG = """\
in bash, for this terminal, or in ~/.bashrc for every new one:
  eval "$(minires completion bash)"

for every new terminal, and read only when needed (package bash-completion):
  mkdir -p ~/.local/share/bash-completion/completions
  minires completion bash > ~/.local/share/bash-completion/completions/minires

in zsh, in ~/.zshrc, below the line with compinit:
  eval "$(minires completion zsh)"

in fish:
  minires completion fish > ~/.config/fish/completions/minires.fish"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "completion",
        help="let the Tab key complete commands in your shell",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "shell", type=OneOf("shell", SHELLS), metavar="SHELL", help=", ".join(SHELLS)
    )


def run(args: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    for action in _actions(args.root):
        _describe(action, shtab.FILE, shtab.DIRECTORY)
    print(shtab.complete(args.root, args.shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All actions of the parser and of the parsers within it. These parsers also get short
    descriptions.
    """
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for listed in action._get_subactions():
                action.choices[listed.dest].description = listed.help
            for inner in action.choices.values():
                yield from _actions(inner)
        else:
            yield action


def _describe(action, file, folder):
    """Tell shtab the possible values of an argument: words, files or folders."""
    if known := (*getattr(action.type, "known", ()), *_names(action)):
        action.choices = known
    elif action.type is path or action.metavar in (*FOLDERS, "PATH"):
        action.complete = folder if action.metavar in FOLDERS else file


def _names(action):
    """The words that an argument may be, from parts of minires that are imported only here."""
    if action.dest == "model":
        from ..models.registry import names

        return names()
    if action.dest == "names" and action.metavar == "NAME":
        from ..experiments.claims import CLAIMS

        return tuple(CLAIMS)
    if action.dest == "exhibits":
        from ..lessons.museum import EXHIBITS

        return tuple(one.key for one in EXHIBITS)
    return ()

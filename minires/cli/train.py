"""``minires train`` and ``minires finetune``: one net, any of them, on any data set."""

import argparse
from dataclasses import fields
from pathlib import Path

from .. import backend
from ..errors import ConfigError, nearest
from ..experiments.settings import FOLDER, YES_OR_NO, Settings, read_settings
from .arguments import interrupted, literal, own_setting

FINETUNE = {"dataset": FOLDER, "train": "head"}                  # what differs from `train`, unless it is given


def add_to(commands):
    """Add both commands to the parser's."""
    command = commands.add_parser(
        "train", allow_abbrev=False, help="train one net, any of them, on any data set", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Train a net and write to the output folder: config.json, metrics.csv, gradients.csv, checkpoints/, weights.safetensors,\n"
                    "evaluation.json, confusion.csv and the figures training.png, gradients.png and confusion.png.",
        epilog="nets:\n"
               "  resnet-20, plain-56, ...           for small images; any depth 6n + 2\n"
               "  residual_mlp-20, plain_mlp-20      of linear layers; any depth 2n + 2\n"
               "  resnet18, 34, 50, 101, 152, plain18, plain34, resnext50_32x4d, resnext101_32x8d, wide_resnet50_2, wide_resnet101_2\n\n"
               "examples:\n  minires train --model resnet-20 --dataset cifar10\n"
               "  minires train --model residual_mlp-20 --image-size 16 --net width=128\n"
               "  minires train --config settings.toml --lr 0.05\n"
               "  minires train --model resnet18 --dataset folder --data photographs --image-size 128\n\n"
               'A settings file holds the same names:  model = "resnet-20"  and so on, and the net\'s own in a table [net].')
    _add_settings(command)
    command.set_defaults(run=run, usual={})

    command = commands.add_parser(
        "finetune", allow_abbrev=False, help="let a trained net learn the classes of your photographs", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Start from the weights of a trained net and teach it the classes of a folder of photographs, with a folder for each class in\n"
                    "it, or train/ and val/ with these. By default only a new last layer is trained, on features that are found once (a linear\n"
                    "probe): minutes without a GPU. Results are those of minires train.",
        epilog="examples:\n  minires finetune --model resnet18 --weights resnet18.safetensors --data photographs\n"
               "  minires finetune --model resnet18 --weights resnet18.pth --data photographs --train layer4 --epochs 5\n"
               "  minires predict mine.jpg --model resnet18 --weights runs/resnet18-folder/weights.safetensors")
    _add_settings(command)
    command.set_defaults(run=run, usual=FINETUNE)


def run(args):
    """Train, report and draw."""
    from ..experiments import one_net

    given = read_settings(args.config) if args.config else {}
    flags = {name: value for name, value in vars(args).items() if name in {one.name for one in fields(Settings)} and value is not None}
    if "net" in flags:
        flags["net"] = given.get("net", {}) | dict(flags["net"])
    for one, other in (("epochs", "iterations"), ("iterations", "epochs")):
        if one in flags and other not in flags:
            given.pop(other, None)                               # the flag is for this run, the file for many
    settings = Settings(**args.usual | given | flags)
    if args.usual and settings.weights is None:
        raise ConfigError("finetune", "from which weights?", "a file of a trained net", "none", "name it by --weights; without any it is minires train")
    if settings.threads is not None:
        backend.set_num_threads(settings.threads)
    out = Path(settings.out or f"runs/{settings.model}-{settings.dataset}")
    if args.resume and not (out / "config.json").exists():
        print(f"minires: nothing to resume in {out}, starting anew")
    try:
        one_net.run(settings, out, resume=args.resume)
    except KeyboardInterrupt:
        return interrupted(out)
    print("\n" + one_net.report(out))
    print(f"written: {out / 'weights.safetensors'}")
    for figure in one_net.plot(out):
        print(f"drawn: {figure}")


def _add_settings(command):
    """A flag for each setting, by its name, and what a run needs besides."""
    command.add_argument("--config", metavar="FILE", help="settings in a TOML file; flags overrule it")
    command.add_argument("--resume", action="store_true", help="go on with the run in the output folder")
    for one in fields(Settings):
        flag = "--" + one.name.replace("_", "-")
        if one.name == "net":
            command.add_argument(flag, nargs="+", type=own_setting, metavar="NAME=VALUE", help="the net's own settings: width=8 shortcut=B pre_activation=true ...")
        elif one.name == "drops":
            command.add_argument(flag, nargs="*", type=float, metavar="X", help=one.metadata["meaning"])
        elif one.metadata["kind"] is YES_OR_NO:
            command.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=one.metadata["meaning"])
        else:
            command.add_argument(flag, type=_value_of(one.metadata["kind"]), metavar=_placeholder(one), help=one.metadata["meaning"])


def _placeholder(setting):
    kind = str(setting.type)
    return "N" if "int" in kind else "X" if "float" in kind else "NAME" if setting.name in ("model", "dataset", "schedule", "train", "device") else "PATH"


def _value_of(kind):
    """An argument of that kind; the error says what was expected, and suggests the nearest of a few words."""
    def parse(text):
        value = literal(text)
        if not kind.accepts(value) and not kind.accepts(value := text):
            near = nearest(text, kind.words.removeprefix("one of ").split(", ")) if kind.words.startswith("one of ") else None
            raise argparse.ArgumentTypeError(f"expected {kind.words}, got {text!r}" + (f"; did you mean {near!r}?" if near else ""))
        return value
    return parse

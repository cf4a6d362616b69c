"""``minires evaluate``"""

import argparse
import json
from pathlib import Path

from .. import backend
from ..errors import ConfigError
from .arguments import Commands, add_transform, at_least, one_of, own_setting, path, say

DESCRIPTION = """\
What are trained weights worth? Let their net classify a data set that it was
not trained on: CIFAR-10's test set, or a folder of photographs with a folder in
it for each class. The weights can be yours or anybody's: PyTorch's files of
every age, safetensors. Writes tables and figures to the output folder."""
EPILOG = """\
Options that are not given are taken from the file of weights, if it has them,
or from the family that its net belongs to.

examples:
  minires evaluate --weights resnet20-12fca82f.th --dataset cifar10
  minires evaluate --weights runs/resnet-20-cifar10/weights.safetensors \\
      --dataset cifar10
  minires evaluate --weights resnet50-0676ba61.pth --model resnet50 \\
      --data photographs --json"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "evaluate",
        help="the errors of trained weights on a test set",
        usage="minires evaluate --weights FILE (--dataset cifar10 | --data DIR) [OPTIONS ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    add = command.add_argument
    add(
        "--weights",
        type=path,
        required=True,
        metavar="FILE",
        help="trained weights: .safetensors, or PyTorch's .pth or .th",
    )
    add(
        "--dataset",
        type=one_of("data set", ("cifar10", "synthetic")),
        metavar="NAME",
        help="cifar10 or synthetic: its test set. Without it, --data is a folder of photographs",
    )
    add(
        "--data",
        type=path,
        metavar="DIR",
        help="the folder of photographs, one folder in it for each class; or where CIFAR-10 is",
    )
    add("--model", metavar="NAME", help="the net, where the file does not say it")
    add(
        "--net",
        nargs="+",
        action="extend",
        type=own_setting,
        default=[],
        metavar="NAME=VALUE",
        help="the net's own settings: width=8 shortcut=B zeros=around ...",
    )
    add_transform(command)
    add(
        "--flip",
        action="store_true",
        help="look at each image twice, as it is and mirrored, and take the mean",
    )
    add("--json", action="store_true", help="print the numbers as one JSON document")
    add(
        "--out",
        type=path,
        metavar="DIR",
        help="new folder for the results (default: runs/evaluate-WEIGHTS-DATA)",
    )
    add(
        "--batch-size",
        type=at_least(1),
        default=250,
        metavar="N",
        help="images at a time (default: 250)",
    )
    add(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where to compute: cpu (the default), or gpu, an NVIDIA GPU through CuPy",
    )
    add("--threads", type=at_least(1), metavar="N", help="threads (default: all cores)")


def run(args: argparse.Namespace) -> None:
    """Evaluate, report and draw."""
    from ..experiments import evaluation
    from ..serialization.weights import open_weights

    if args.dataset is None and args.data is None:
        raise ConfigError(
            "evaluate", "on which images?", "--dataset cifar10, or --data DIR", "none"
        )
    if args.threads is not None:
        backend.set_num_threads(args.threads)
    device = backend.check_device(args.device, "--device")
    given = {
        name: value
        for name in ("resize", "crop", "mean", "std")
        if (value := getattr(args, name)) is not None
    }
    file = open_weights(args.weights)
    images = args.dataset or Path(args.data).resolve().name
    out = args.out or f"runs/evaluate-{file.path.stem}-{images}"
    evaluation.run(
        file,
        out,
        model=args.model,
        net=dict(args.net),
        dataset=args.dataset,
        folder=args.data,
        transform=given,
        batch_size=args.batch_size,
        device=device,
        progress=not args.json,
        flip=args.flip,
    )
    drawn = evaluation.plot(out)
    if args.json:
        print(json.dumps(evaluation.results(out), indent=2))
        return
    say(evaluation.report(out))
    for figure in drawn:
        say(f"drawn: {figure}")

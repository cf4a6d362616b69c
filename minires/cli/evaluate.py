"""``minires evaluate``"""

import argparse
import json

from ..names import expanded
from . import banner
from .arguments import path
from .parser import Commands
from .printing import say, say_damaged
from .trained_net_options import add_net_and_images, given_transform, prepared

DESCRIPTION = """\
Measure the error of trained weights on images that the net was not trained on:
CIFAR-10's test set, or a folder of photographs with a subfolder for each class.
The weights can be yours or somebody else's: safetensors, PyTorch's files of
every age, NumPy's .npz, and Keras's ResNets. Writes tables and figures to the
output folder."""
EPILOG = """\
Options that are not given are taken from the file of weights, if it has them,
or from the family that its net belongs to.

examples:
  minires evaluate --weights resnet20-12fca82f.th --dataset cifar10
  minires evaluate --weights runs/resnet-20-cifar10/weights.safetensors \\
      --dataset cifar10
  minires evaluate --weights resnet50-0676ba61.pth --data photographs --json"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "evaluate",
        help="measure the error of trained weights on a test set",
        usage="minires evaluate --weights FILE (--dataset cifar10 | --data DIR) [...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--weights",
        type=path,
        required=True,
        metavar="FILE",
        help="trained weights: .safetensors, .pth, .th, .npz, .h5 or .keras",
    )
    command.add_argument(
        "--flip",
        action="store_true",
        help="classify each image twice, as it is and mirrored, and take the mean",
    )
    add_net_and_images(command, "runs/evaluate-WEIGHTS-DATA", batch_size=250)


def run(args: argparse.Namespace) -> None:
    """Evaluate, report and draw."""
    from ..experiments import evaluation
    from ..experiments.trained_net import short_name
    from ..serialization.weights import open_weights

    device, images = prepared(args, "evaluate")
    file = open_weights(args.weights, family=args.family)
    out = args.out or f"runs/evaluate-{short_name(file.path)}-{images}"
    evaluation.run(
        file,
        out,
        model=args.model,
        net=dict(args.net),
        dataset=args.dataset,
        folder=args.data,
        transform=given_transform(args),
        batch_size=args.batch_size,
        device=device,
        progress=not args.json,
        cache=args.cache,
        skip_damaged=args.skip_damaged,
        flip=args.flip,
        on_start=None
        if args.json
        else lambda settings: banner.show_start(*banner.of_evaluation(settings), out=expanded(out)),
    )
    drawn = evaluation.plot(out)
    if args.json:
        print(json.dumps(evaluation.results(out), indent=2))
        return
    say(evaluation.report(out))
    say_damaged(expanded(out))
    for figure in drawn:
        say(f"drawn: {figure}")

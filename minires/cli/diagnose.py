"""``minires diagnose``"""

import argparse
import json

from ..errors import ConfigError
from ..names import expanded
from . import banner
from .arguments import at_least, path
from .parser import Commands
from .printing import say, say_damaged
from .trained_net_options import add_net_and_images, given_transform, prepared

DESCRIPTION = """\
Look inside trained nets: what they lose without a block, how strongly their
layers respond, which paths carry the gradient to the images, how large it is at
each layer, and in how many directions images differ after each block. The nets
can be yours or somebody else's, residual or plain; several nets are compared.
Writes tables, figures and a page, report.html, to the output folder."""
EPILOG = """\
Options that are not given are taken from each file of weights, if it has them,
or from the family that its net belongs to.

examples:
  minires diagnose --weights resnet20-12fca82f.th --dataset cifar10
  minires diagnose --weights resnet20-12fca82f.th resnet56-4bfd9763.th \\
      --dataset cifar10
  minires diagnose --weights runs/plain-20-cifar10/weights.safetensors \\
      runs/resnet-20-cifar10/weights.safetensors --dataset cifar10 --images 500"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "diagnose",
        help="look inside trained nets: lesions, responses, paths, gradients",
        usage="minires diagnose --weights FILE ... (--dataset NAME | --data DIR) [...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--weights",
        type=path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="trained weights, one file or more: .safetensors, .pth, .th, .npz, .h5, .keras",
    )
    command.add_argument(
        "--images",
        type=at_least(2),
        default=1000,
        metavar="N",
        help="number of test images, drawn at random, always the same (default: 1000)",
    )
    command.add_argument(
        "--paths",
        type=at_least(1),
        default=8,
        metavar="N",
        help="paths of each length along which the gradient is measured (default: 8)",
    )
    command.add_argument(
        "--seed",
        type=at_least(0),
        default=0,
        metavar="N",
        help="seed of the random choices of blocks and paths (default: 0)",
    )
    add_net_and_images(command, "runs/diagnose-WEIGHTS-DATA", batch_size=250)


def run(args: argparse.Namespace) -> None:
    """Measure, report and draw."""
    from ..experiments import diagnosis
    from ..experiments.records import check_new
    from ..experiments.trained_net import short_name, trained_net
    from ..serialization.weights import open_weights

    device, images = prepared(args, "diagnose")
    files = [open_weights(one, family=args.family) for one in args.weights]
    if len({file.path.resolve() for file in files}) < len(files):
        raise ConfigError("--weights", "a file twice", "different files", " ".join(args.weights))
    more = f"-and-{len(files) - 1}-more" if len(files) > 1 else ""
    out = args.out or f"runs/diagnose-{short_name(files[0].path)}{more}-{images}"
    check_new(out, resume=None)  # fail before the work, not after it
    nets = [trained_net(file, args.model, dict(args.net), given_transform(args)) for file in files]
    diagnosis.run(
        nets,
        out,
        dataset=args.dataset,
        folder=args.data,
        images=args.images,
        paths=args.paths,
        batch_size=args.batch_size,
        seed=args.seed,
        device=device,
        progress=not args.json,
        cache=args.cache,
        skip_damaged=args.skip_damaged,
        on_start=None
        if args.json
        else lambda settings: banner.show_start(*banner.of_diagnosis(settings), out=expanded(out)),
    )
    *drawn, page = diagnosis.draw(out)
    if args.json:
        print(json.dumps(diagnosis.results(out), indent=2))
        return
    say(diagnosis.report(out))
    say_damaged(expanded(out))
    for figure in drawn:
        say(f"drawn: {figure}")
    say(f"written: {page}; open it in a browser")

"""``minires predict``"""

import argparse
import json
import os
import sys
import warnings
from typing import TextIO

from .. import backend, nn
from ..errors import ConfigError
from ..names import printable
from .arguments import at_least, own_setting, path
from .device_options import add_device, add_threads, prepare_device
from .output import nobody_reads
from .parser import Commands
from .printing import fitted
from .trained_net_options import add_damaged, add_family, add_transform, given_transform

DESCRIPTION = """\
Print the most likely classes of each picture. The weights can be torchvision's
or timm's (.pth, .safetensors) or those of a net trained here. A picture is
resized and cropped as in torchvision's evaluation. If one cannot be read, it is
reported, the others are still classified, and the exit status is 1; with
--skip-damaged a line at the end names such pictures, and the exit status is 0.
In a folder all pictures are read, also in its subfolders, and a line says which
files are left out (docs/folders.md)."""

EPILOG = """\
Trained weights (torchvision's, for ImageNet), for example:
  https://download.pytorch.org/models/resnet50-0676ba61.pth

Options that are not given are taken from the file of weights, if it has them.
Otherwise pictures are resized to 256 and cropped to 224 for ImageNet's nets,
resized to 32 for small nets, and normalised by ImageNet's mean and standard
deviations. Nets with 1000 classes get the names of ImageNet's classes.

examples:
  minires predict cat.jpg --model resnet50 --weights resnet50-0676ba61.pth
  minires predict photos/ --model resnet50 --weights resnet50-0676ba61.pth \\
      --json > photos.json
  minires predict *.png --weights runs/resnet-20-cifar10/weights.safetensors"""

FEW = 64  # pictures: with fewer, starting processes takes longer than they save


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "predict",
        help="name what is in your pictures",
        usage="minires predict IMAGE ... --weights FILE [--model NAME] [OPTIONS ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    add = command.add_argument
    add(
        "images",
        nargs="+",
        type=path,
        metavar="IMAGE",
        help="a picture, or a folder with pictures",
    )
    add_damaged(command, "do not count them as a failure")
    add(
        "--model",
        metavar="NAME",
        help="the net: resnet18 to resnet152, resnext50_32x4d, resnet-20, ...; not needed if the "
        "file of weights contains it, as files of minires train and finetune do",
    )
    add(
        "--weights",
        type=path,
        required=True,
        metavar="FILE",
        help="its weights: .safetensors, .pth, .th, .npz, .h5 or .keras",
    )
    add(
        "--net",
        nargs="+",
        action="extend",
        type=own_setting,
        default=[],
        metavar="NAME=VALUE",
        help="settings of the net itself: width=8 shortcut=B pre_activation=true ...",
    )
    add(
        "--top",
        type=at_least(1),
        default=5,
        metavar="N",
        help="classes to name for each picture (default: 5)",
    )
    add(
        "--classes",
        type=path,
        metavar="FILE",
        help="a text file with class names, one to a line (default: those in the file of weights)",
    )
    add(
        "--json",
        action="store_true",
        help="print one JSON document: a list with an entry for each picture",
    )
    add_family(command)
    add_transform(command)
    add(
        "--batch-size",
        type=at_least(1),
        default=16,
        metavar="N",
        help="pictures at a time (default: 16)",
    )
    add(
        "--flip",
        action="store_true",
        help="classify each picture twice, as it is and mirrored, and take the mean",
    )
    add(
        "--workers",
        type=at_least(0),
        metavar="N",
        help="processes that read the next pictures while the net computes (default: one for each "
        f"core, but none for fewer than {FEW} pictures)",
    )
    add_device(command)
    add_threads(command)


def run(args: argparse.Namespace) -> int:
    """Read the weights, predict the classes of the pictures, and print them."""
    from ..data.damaged import in_words
    from ..experiments.trained_net import trained_net
    from ..serialization.weights import open_weights
    from ..training.inference import predictions

    device = prepare_device(args)
    file = open_weights(args.weights, family=args.family)
    its_net = trained_net(file, args.model, dict(args.net), given_transform(args))
    paths = _pictures(args.images)
    model = nn.fuse(its_net.model).to(device)
    workers = args.workers
    if workers is None:
        workers = 0 if len(paths) < FEW else backend.available_cores()
    made = predictions(
        model,
        paths,
        top=args.top,
        batch_size=args.batch_size,
        transform=its_net.transform,
        classes=_class_names(args.classes, file),
        flip=args.flip,
        workers=workers,
    )
    failed = _print_all(made, args.json, args.skip_damaged)
    if failed and args.skip_damaged:
        what = f"left out: {len(failed):,} damaged of {len(paths):,} pictures: {in_words(failed)}"
        _print(f"minires: note: {printable(what)}", sys.stderr)
        return 1 if len(failed) == len(paths) else 0
    if failed and len(paths) > 1:
        _print(f"minires: {len(failed):,} of {len(paths):,} pictures could not be read", sys.stderr)
    return 1 if failed else 0


def _pictures(words):
    """The given image files, and all pictures in the given folders, sorted within each folder."""
    from ..data.picture_files import find_pictures, in_words

    paths = []
    for word in words:
        if not os.path.isdir(word):
            paths.append(word)
            continue
        found = find_pictures(word)
        if not found.pictures:
            raise ConfigError(
                word,
                "a folder without pictures",
                "files such as .jpg or .png in it",
                in_words(found.left_out) or "no files",
            )
        found.tell(word)
        paths += map(str, found.pictures)
    return paths


def _class_names(path, file):
    """The names of the classes: from the file `path`, if given, or from the file of weights, or
    ImageNet's. None if they are not known.
    """
    from ..data.class_names import imagenet_classes, read_classes

    count = file.num_classes
    classes = read_classes(path) if path else file.classes
    if classes is not None and count not in (None, len(classes)):
        raise ConfigError(
            path or str(file.path),
            "class names",
            f"{count}, one for each output of the net",
            len(classes),
        )
    return imagenet_classes() if classes is None and count == 1000 else classes


def _print_all(predictions, as_json, skip_damaged):
    """Print the predictions as they are made, and errors of pictures on stderr.

    Returns the pictures that could not be read: path -> what is wrong with it.
    """
    from ..data.images import AGAIN

    made, failed = [], {}
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: _print(
            f"minires: note: {printable(str(message))}", sys.stderr
        )
        for prediction in predictions:
            made.append(prediction)
            if prediction.error:
                reason = prediction.error.removeprefix(f"{prediction.path}: ")
                failed[prediction.path] = reason.removesuffix(f"; {AGAIN}")
                if not skip_damaged:
                    _print(f"minires: error: {printable(prediction.error)}", sys.stderr)
            elif not as_json:
                _print(_lines(prediction))
            if nobody_reads():
                break
    if as_json:
        print(json.dumps([_entry(prediction) for prediction in made], indent=2))
    sys.stdout.flush()
    return failed


def _lines(prediction):
    guesses = [
        f"{100 * guess.probability:8.2f} %  {printable(guess.name)}" for guess in prediction.top
    ]
    return "\n".join([printable(prediction.path), *guesses])


def _entry(prediction):
    if prediction.error:
        return {"path": prediction.path, "error": prediction.error}
    return {
        "path": prediction.path,
        "top": [
            {"class": guess.name, "probability": guess.probability, "index": guess.index}
            for guess in prediction.top
        ],
    }


def _print(text: str, file: TextIO | None = None) -> None:
    """Print without disturbing a progress bar."""
    from tqdm import tqdm

    file = file or sys.stdout
    tqdm.write(fitted(text, file), file=file)

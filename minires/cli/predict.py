"""``minires predict``"""

import argparse
import json
import os
import sys
import warnings

from .. import backend, nn
from ..errors import ConfigError, unknown_name
from .arguments import at_least, number, own_setting


def add_to(commands):
    """Add the command to the parser's."""
    command = commands.add_parser(
        "predict", allow_abbrev=False, help="say what a net sees in pictures", formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires predict IMAGE ... --weights FILE [--model NAME] [OPTIONS ...]",
        description="Name the likeliest classes of each picture. The weights can be torchvision's or\n"
                    "timm's (.pth, .safetensors) or those of a net trained here. A picture is resized\n"
                    "and cropped as in torchvision's evaluation. One that cannot be read is reported,\n"
                    "the others go on, and the exit status is 1.",
        epilog="Trained weights (torchvision's, of ImageNet), for example:\n"
               "  https://download.pytorch.org/models/resnet50-0676ba61.pth\n\n"
               "What is not given is taken from the file of weights, if that says it. If not,\n"
               "the nets of ImageNet get a crop of 224 after resizing to 8/7 of it, small nets\n"
               "32 of both, and all nets the mean, the deviations and, where there are 1000,\n"
               "the names of classes of ImageNet.\n\n"
               "examples:\n  minires predict cat.jpg --model resnet50 --weights resnet50-0676ba61.pth\n"
               "  minires predict photos/ --model resnet50 --weights resnet50-0676ba61.pth \\\n      --json > photos.json\n"
               "  minires predict *.png --weights runs/resnet-20-cifar10/weights.safetensors")
    command.set_defaults(run=run)
    command.add_argument("images", nargs="+", metavar="IMAGE", help="a picture, or a folder: all pictures in it")
    command.add_argument("--model", metavar="NAME", help="the net: resnet18 to resnet152, resnext50_32x4d, resnet-20, ...; not needed for weights of minires train and finetune")
    command.add_argument("--weights", required=True, metavar="FILE", help="its weights: .safetensors, or .pth of PyTorch")
    command.add_argument("--net", nargs="+", action="extend", type=own_setting, default=[], metavar="NAME=VALUE", help="the net's own settings: width=8 shortcut=B pre_activation=true ...")
    command.add_argument("--top", type=at_least(1), default=5, metavar="N", help="classes to name for each picture (default: 5)")
    command.add_argument("--classes", metavar="FILE", help="names of the classes, one to a line")
    command.add_argument("--json", action="store_true", help="print one JSON document: a list with an entry for each picture")
    command.add_argument("--resize", type=at_least(1), metavar="N", help="pixels of the shorter side before the crop")
    command.add_argument("--crop", type=at_least(1), metavar="N", help="pixels of the square cut from the middle")
    command.add_argument("--mean", type=number, nargs=3, metavar="X", help="mean of red, green and blue in training, 0 to 1")
    command.add_argument("--std", type=number, nargs=3, metavar="X", help="their standard deviations")
    command.add_argument("--batch-size", type=at_least(1), default=16, metavar="N", help="pictures at a time (default: 16)")
    command.add_argument("--device", default="cpu", metavar="NAME", help="where to compute: cpu (the default), or gpu, an NVIDIA GPU through CuPy")
    command.add_argument("--threads", type=at_least(1), metavar="N", help="threads to compute with (default: all cores)")


def run(args):
    """Read the weights, look at the pictures and print what they show."""
    from ..training.inference import predictions

    if args.threads is not None:
        backend.set_num_threads(args.threads)
    backend.check_device(args.device, "--device")
    _take_from_the_file(args)
    preparation = _preparation(args)
    paths = _pictures(args.images)
    model, classes = _net_and_classes(args, preparation["crop"])
    nn.fuse(model.to(args.device).eval())                          # it is only used: batch norm goes into the convolutions
    made = []
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: _print(f"minires: note: {message}", sys.stderr)
            for prediction in predictions(model, paths, args.top, args.batch_size, classes, **preparation):
                made.append(prediction)
                if prediction.error:
                    _print(f"minires: error: {prediction.error}", sys.stderr)
                elif not args.json:
                    _print(_lines(prediction))
        if args.json:
            print(json.dumps([_entry(prediction) for prediction in made], indent=2))
        sys.stdout.flush()
    except BrokenPipeError:                                      # of `minires predict ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    failed = sum(prediction.error is not None for prediction in made)
    if failed:
        _print(f"minires: {failed} of {len(made)} pictures could not be read", sys.stderr)
    return 1 if failed else 0


def _pictures(words):
    """The files: those named, and those in folders that are named, sorted."""
    from ..data.images import SUFFIXES

    paths = []
    for word in words:
        if not os.path.isdir(word):
            paths.append(word)
            continue
        inside = sorted(os.listdir(word))
        found = [os.path.join(word, name) for name in inside if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
        if not found:
            folders = [name for name in inside if os.path.isdir(os.path.join(word, name))]
            raise ConfigError(word, "a folder without pictures", "files such as .jpg or .png in it", f"{len(inside) - len(folders)} other files, {len(folders)} folders",
                              f"name the folders themselves: {os.path.join(word, '*', '')}" if folders else None)
        paths += found
    return paths


def _take_from_the_file(args):
    """The net and its settings, where the file of weights says of which it is."""
    from .. import models
    from ..serialization import weights
    from ..experiments.start import check_same

    if args.model is not None:
        models.registry.settings_of(args.model)                 # is there such a net?
    if not os.path.isfile(args.weights):
        weights.read(args.weights)                               # says what is wrong
    args.net, built = dict(args.net), weights.built_of(args.weights)
    if built:
        check_same(args.weights, built, args.model, args.net)
        args.model, args.net = built["model"], {**built["net"], **args.net}
    elif args.model is None:
        raise ConfigError("predict", "of which net are these weights?", "a file of minires train or finetune, which says so", str(args.weights), "name it by --model")


def _preparation(args):
    """What to do with a picture before the net sees it: what the flags say, else the file of weights, else as for ImageNet or CIFAR."""
    from .. import models
    from ..serialization import weights
    from ..data.datasets.photographs import shorter_side

    large = args.model in models.registry.OF_ONE_DEPTH
    usual = {"resize": shorter_side(224), "crop": 224} if large else {"resize": 32, "crop": 32}
    usual |= weights.preparation_of(args.weights)
    given = {name: value for name, value in vars(args).items() if name in ("resize", "crop", "mean", "std") and value is not None}
    if "crop" in given:
        usual["resize"] = round(given["crop"] * usual["resize"] / usual["crop"])
    chosen = usual | given
    if chosen["resize"] < chosen["crop"]:
        raise ConfigError("--resize", "smaller than the crop: black would surround the picture", f"at least {chosen['crop']}", chosen["resize"],
                          f"--crop {chosen['resize']} beside it")
    if args.std is not None and not min(args.std) > 0:
        raise ConfigError("--std", "standard deviations", "three numbers above 0", " ".join(map(str, args.std)))
    return chosen


def _net_and_classes(args, crop):
    """The net with its weights, and the names of its classes, None if there are none."""
    from .. import models
    from ..serialization import weights
    from ..data.class_names import imagenet_classes, read_classes

    given = read_classes(args.classes) if args.classes else None
    settings, known = dict(args.net), models.registry.settings_of(args.model)
    for name in settings:
        if name not in known:
            raise unknown_name("--net", f"setting of {args.model}", name, known)
    if "image_size" in known:
        settings.setdefault("image_size", crop)
    count = weights.num_classes(weights.read(args.weights))
    if count is not None:
        settings.setdefault("num_classes", count)
    model = models.build(args.model, **settings)
    weights.load(model, args.weights)
    classes = given or weights.classes_of(args.weights) or (imagenet_classes() if count == 1000 else None)
    if classes is not None and count is not None and len(classes) != count:
        raise ConfigError(args.classes or args.weights, "names of classes", f"{count}, one for each output of the net", len(classes))
    return model, classes


def _lines(prediction):
    return "\n".join([prediction.path, *(f"{100 * guess.probability:8.2f} %  {guess.name}" for guess in prediction.top)])


def _entry(prediction):
    if prediction.error:
        return {"path": prediction.path, "error": prediction.error}
    return {"path": prediction.path, "top": [{"class": guess.name, "probability": guess.probability, "index": guess.index} for guess in prediction.top]}


def _print(text, file=None):
    """Print beside a progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=file or sys.stdout)

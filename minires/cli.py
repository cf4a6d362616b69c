"""The command ``minires``: parse, call, print."""

import argparse
import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from . import __version__, backend
from .errors import ConfigError, MiniresError, nearest, unknown_name
from .experiments.presets import PRESETS

INTERRUPTED = 130        # the exit status of a program stopped by Ctrl-C, by convention 128 + SIGINT


def main(argv=None):
    """Run the command line `argv` (``sys.argv[1:]`` if None) and return the exit status: 0, 1 failed, 2 wrong usage, 130 Ctrl-C."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except MiniresError as error:
        print(f"minires: error: {error}", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"minires: error: not enough memory: {error}; take fewer or smaller images, or a narrower net", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nminires: interrupted", file=sys.stderr)
        return INTERRUPTED


def degradation(args):
    """``minires degradation``"""
    from .experiments import degradation as experiment

    _prepare(args)
    settings = experiment.Settings(args.dataset, _preset(args), tuple(dict.fromkeys(args.depths)), args.seeds)
    out = Path(args.out or f"runs/degradation-{args.dataset}-{args.preset}")
    if args.resume and not (out / "config.json").exists():
        print(f"minires: nothing to resume in {out}, starting anew")
    try:
        experiment.run(settings, out, data_folder=args.data, device=args.device, resume=args.resume)
    except KeyboardInterrupt:
        saved = f"everything so far is saved in {out}. Go on with the same command and --resume." if (out / "config.json").exists() \
            else "before anything was there to save."
        print(f"\nminires: interrupted; {saved}", file=sys.stderr)
        return INTERRUPTED
    print("\n" + experiment.report(out))
    for figure in experiment.plot(out):
        print(f"drawn: {figure}")


def claims(args):
    """``minires claims``"""
    from .experiments import claims as laboratory

    if args.list:
        for claim in laboratory.CLAIMS.values():
            print(f"{claim.name}\n    {claim.statement}\n    ({claim.source})")
        return
    for name in args.names:
        if name not in laboratory.CLAIMS:
            raise unknown_name("claims", "claim", name, laboratory.CLAIMS)
    _prepare(args)
    out = Path(args.out or f"runs/claims-{args.dataset}-{args.preset}")
    chosen = [claim for name, claim in laboratory.CLAIMS.items() if name in args.names or not args.names]
    try:
        findings = laboratory.run(chosen, out, args.dataset, args.preset, args.seeds, args.data, args.device)
    except KeyboardInterrupt:
        print(f"\nminires: interrupted; everything so far is in {out}. Go on with the same command.", file=sys.stderr)
        return INTERRUPTED
    print("\n" + "\n".join(laboratory.lines(findings)))
    print(f"written: {out / 'report.md'}, {out / 'report.html'}")


def plot(args):
    """``minires plot``"""
    from .experiments import claims, degradation
    from .experiments.records import read_config

    if read_config(args.folder).get("experiment") == "claims":
        print("\n".join(claims.lines(claims.write_report(list(claims.CLAIMS.values()), args.folder))))
        print(f"written: {Path(args.folder) / 'report.md'}, {Path(args.folder) / 'report.html'}")
    else:
        for figure in degradation.plot(args.folder):
            print(f"drawn: {figure}")


def fetch_data(args):
    """``minires data``"""
    from .data import fetch_cifar10

    print(f"ready: {fetch_cifar10(args.data)}")


def course_build(args):
    """``minires course build``"""
    from .course import assignments

    for path in assignments.build(args.out, args.sources):
        print(f"written: {path}")


def course_check(args):
    """``minires course check``"""
    from .course import assignments, grade, mark

    right = True
    for path in map(Path, args.notebooks):
        if path.is_dir():
            inside = ", ".join(sorted(one.name for one in path.glob("*.ipynb"))[:6])
            raise ConfigError("minires course check", "not a file", "a notebook of an assignment",
                              f"the folder {path}" + (f"; there is {inside} in it" if inside else ""))
        if not path.is_file():
            raise ConfigError("minires course check", "no such file", "a notebook of an assignment", str(path))
        notebook = assignments.read(path)
        name = grade.which(path, {key: key for key in assignments.KEYS})
        if name is None:
            raise ConfigError(str(path), "not an assignment", f"cells with the names of {', '.join(assignments.KEYS)}", "none")
        result = mark.mark(notebook, notebook, name, _limits(args))
        if not result.marks:
            raise ConfigError(str(path), "not an assignment", "a notebook with its checks, as it was handed out", "none of its checks")
        print(f"{path.name}: {result.points:g} of {result.out_of:g} points" + (f", {len(result.to_read)} answers to be read by a person" if result.to_read else ""))
        for one in result.marks:
            sign = "…" if one.points is None else "✓" if one.points == one.out_of else "✗"
            print(f"  {sign} {one.id}" + (f": {one.message}" if one.message else ""))
        for line in result.problems:
            print(f"  ! {line}")
        right = right and all(one.points in (None, one.out_of) for one in result.marks)
    return 0 if right else 1


def course_grade(args):
    """``minires course grade``"""
    from .course import grade

    try:
        graded = grade.grade(args.submissions, args.out, args.sources, _limits(args), args.jobs)
    except KeyboardInterrupt:
        print(f"\nminires: interrupted; what is graded is kept in {args.out}. Go on with the same command.", file=sys.stderr)
        return INTERRUPTED
    waiting = sum(len(result.to_read) for result in graded.results.values())
    print(f"{len(graded.results)} notebooks of {len(graded.students)} students graded; {len(graded.problems)} problems with files; "
          f"{len(graded.alike)} pairs look alike")
    if waiting:
        print(f"{waiting} answers wait to be read: put points and comments into {Path(args.out) / 'by_hand.csv'}, and run this again")
    print(f"written: {Path(args.out) / 'summary.md'}, grades.csv, marks.csv, reports/, gradescope/")


def _limits(args):
    from .course.mark import Limits

    return Limits(args.seconds, max(args.seconds, args.total), args.memory * 1024 ** 2)


def _prepare(args):
    """Check where to compute and on what, and set it up."""
    if args.data is not None and args.dataset == "synthetic":
        raise ConfigError("--data", "the synthetic images are drawn, not read", "--dataset cifar10 beside it", "--dataset synthetic")
    if args.threads is not None:
        backend.set_num_threads(args.threads)
    backend.check_device(args.device, "--device")
    if args.tf32:
        if args.device != "gpu":
            raise ConfigError("--tf32", "only a GPU computes in TF32", "--device gpu beside it", f"--device {args.device}")
        backend.allow_tf32()


def _preset(args):
    """The preset with what the command line overrides."""
    given = {name: getattr(args, name) for name in ("batch_size", "lr", "width", "image_size", "train_size")
             if getattr(args, name) is not None}
    if args.epochs is not None:
        given |= {"epochs": args.epochs, "iterations": None}
    if args.iterations is not None:
        given |= {"iterations": args.iterations, "epochs": None}
    return replace(PRESETS[args.preset], **given)


def _parser():
    parser = _Parser(
        prog="minires", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Residual networks from scratch, in NumPy: train the nets of He et al. 2015 and see why depth needs shortcuts.",
        epilog="examples:\n  minires degradation                      four nets on drawn images, a few minutes\n"
               "  minires degradation --dataset cifar10    the same on CIFAR-10\n"
               "  minires plot runs/degradation-synthetic-quick")
    parser.add_argument("--version", action="version", version=f"minires {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    command = commands.add_parser(
        "degradation", allow_abbrev=False, help="train plain and residual nets, draw error curves and gradient norms",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="The degradation experiment (He et al. 2015, section 4.2). Trains a plain and a residual net of each depth and\n"
                    "writes config.json, metrics.csv, gradients.csv, degradation.png and gradients.png to the output folder.",
        epilog="presets:\n"
               "  quick     16x16 images, width 8, 10,000 images, 7 epochs: a few minutes on two cores\n"
               "  standard  32x32 images, width 16, 50,000 images, 20 epochs: many hours on two cores\n"
               "  paper     the paper's 64,000 iterations with crops and flips: for a GPU, or patience\n\n"
               "examples:\n  minires degradation\n"
               "  minires degradation --dataset cifar10 --data ~/cifar --seeds 3 --out runs/three-seeds\n"
               "  minires degradation --resume              go on after Ctrl-C")
    command.set_defaults(run=degradation)
    _add_setting(command, PRESETS)
    command.add_argument("--depths", type=_at_least(1), nargs="+", default=(20, 56), metavar="N", help="depths 6n + 2, separated by spaces (default: 20 56)")
    command.add_argument("--out", metavar="DIR", help="new folder for the results (default: runs/degradation-DATASET-PRESET)")
    command.add_argument("--resume", action="store_true", help="go on with the run in the output folder")
    sizes = command.add_argument_group("overriding the preset")
    length = sizes.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=_at_least(1), metavar="N", help="passes through the training set")
    length.add_argument("--iterations", type=_at_least(1), metavar="N", help="steps of training")
    sizes.add_argument("--batch-size", type=_at_least(1), metavar="N", help="images a step")
    sizes.add_argument("--lr", type=_positive_number, metavar="X", help="learning rate at the start")
    sizes.add_argument("--width", type=_at_least(1), metavar="N", help="channels of the first stage")
    sizes.add_argument("--image-size", type=_at_least(1), metavar="N", help="pixels a side, a divisor of 32: 32, 16, 8")
    sizes.add_argument("--train-size", type=_at_least(1), metavar="N", help="training images")

    command = commands.add_parser(
        "claims", allow_abbrev=False, help="put what is said about deep nets to the test",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="The laboratory of claims: measures each claim, writes a table and a figure, and a report with a verdict computed\n"
                    "from the numbers (report.md and report.html). What was measured or trained before is used again, so a run that\n"
                    "was interrupted goes on with the same command, and can be extended by claims or seeds.",
        epilog="examples:\n  minires claims --list\n  minires claims degradation aftermath --dataset cifar10\n  minires claims --seeds 3")
    command.set_defaults(run=claims)
    command.add_argument("names", nargs="*", metavar="NAME", help="which claims (default: all)")
    command.add_argument("--list", action="store_true", help="show the claims and stop")
    _add_setting(command, ("quick", "standard"))
    command.add_argument("--out", metavar="DIR", help="folder for the results (default: runs/claims-DATASET-PRESET)")

    command = commands.add_parser(
        "plot", help="draw the figures of a run again, without training", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Draw degradation.png and gradients.png from metrics.csv and gradients.csv, also of a run still going on;\n"
                    "of a run of claims, all figures and the report from their tables.",
        epilog="example:\n  minires plot runs/degradation-synthetic-quick")
    command.set_defaults(run=plot)
    command.add_argument("folder", metavar="DIR", help="the output folder of a run")

    command = commands.add_parser(
        "data", help="download a data set", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Download CIFAR-10 (170 MB) from the first mirror that works, check it, and keep it in the user's cache.\n"
                    "An interrupted download goes on where it stopped.",
        epilog="examples:\n  minires data cifar10\n  minires data cifar10 --data data")
    command.set_defaults(run=fetch_data)
    command.add_argument("name", type=_one_of("data set", ("cifar10",)), metavar="NAME", help="cifar10")
    command.add_argument("--data", metavar="DIR", help="folder to put it in (default: $MINIRES_DATA, else the user's cache)")

    command = commands.add_parser(
        "course", help="assignments: build, check and grade them", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Coursework that grades itself; see docs/instructors.md.",
        epilog="examples:\n  minires course build course                   what to hand out, and what to keep\n"
               "  minires course check a1_autograd.ipynb       as a student: what is right, what is wrong and why\n"
               "  minires course grade submitted --out graded")
    steps = command.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    step = steps.add_parser("build", help="write the students' and the instructors' notebooks",
                            description="Write source/ (for instructors), release/ (for students, without solutions and hidden tests) and a zip of the release.")
    step.set_defaults(run=course_build)
    step.add_argument("out", metavar="OUT", help="folder to write to; it can be a course directory of nbgrader")
    _add_sources(step)

    step = steps.add_parser("check", help="check your own notebook", description="Run the checks that a notebook of an assignment holds, as the grader does.")
    step.set_defaults(run=course_check)
    step.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", help="an .ipynb file")
    _add_limits(step)

    step = steps.add_parser("grade", help="grade a folder of submissions", formatter_class=argparse.RawDescriptionHelpFormatter,
                            description="Grade every notebook of a folder with a fresh copy of the tests, each in a process of its own. What was graded before\n"
                                        "is not graded again, so an interrupted run goes on with the same command.",
                            epilog="SUBMISSIONS holds STUDENT/NAME.ipynb, STUDENT/ASSIGNMENT/NAME.ipynb (nbgrader's), or STUDENT_ASSIGNMENT.ipynb.")
    step.set_defaults(run=course_grade)
    step.add_argument("submissions", metavar="SUBMISSIONS", help="folder of the notebooks")
    step.add_argument("--out", required=True, metavar="DIR", help="folder for reports and tables")
    step.add_argument("--jobs", type=_at_least(1), metavar="N", help="how many at a time (default: one for each core)")
    _add_sources(step)
    _add_limits(step)
    return parser


def _add_sources(command):
    command.add_argument("--sources", metavar="DIR", help="the assignments' sources (default: notebooks/assignments of the checkout)")


def _add_limits(command):
    """What one submission may use."""
    command.add_argument("--seconds", type=_at_least(1), default=60, metavar="N", help="for each cell (default: 60)")
    command.add_argument("--total", type=_at_least(1), default=900, metavar="N", help="seconds for a whole notebook (default: 900)")
    command.add_argument("--memory", type=_at_least(1), default=4096, metavar="MB", help="for each notebook (default: 4096)")


def _add_setting(command, presets):
    """The options that all experiments share: on what, how large, how often and where."""
    command.add_argument("--dataset", type=_one_of("data set", ("synthetic", "cifar10")), default="synthetic", metavar="NAME",
                         help="synthetic (drawn, needs no file; the default) or cifar10")
    command.add_argument("--data", metavar="DIR", help="folder or archive of CIFAR-10 (default: $MINIRES_DATA, ./data, the checkout's data, the user's cache)")
    command.add_argument("--preset", type=_one_of("preset", presets), default="quick", metavar="NAME",
                         help=f"quick (the default){''.join(', ' + name for name in list(presets)[1:-1])} or {list(presets)[-1]}")
    command.add_argument("--seeds", type=_at_least(1), default=1, metavar="N", help="repeat with seeds 0 to N - 1 (default: 1)")
    command.add_argument("--device", default="cpu", metavar="NAME", help="where to compute: cpu (the default), or gpu, an NVIDIA GPU through CuPy")
    command.add_argument("--tf32", action="store_true", help="on a GPU: let matrix products round to 10 bits of mantissa, which is faster")
    command.add_argument("--threads", type=_at_least(1), metavar="N", help="threads to compute with (default: all cores)")


class _Parser(argparse.ArgumentParser):
    """Suggests the nearest option or command for one that does not exist."""

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            near = nearest(value, action.choices)
            raise argparse.ArgumentError(None, f"unknown command {value!r}: expected one of {', '.join(action.choices)}"
                                         + (f"; did you mean {near!r}?" if near else ""))

    def parse_known_args(self, args=None, namespace=None):
        namespace, unknown = super().parse_known_args(args, namespace)
        options = [option for action in self._actions for option in action.option_strings]
        for word in unknown:
            near = get_close_matches(word.split("=")[0], options, n=1) if word.startswith("-") else []
            if near:
                self.error(f"unknown option {word}; did you mean {near[0]}?")
        return namespace, unknown


def _one_of(kind, known):
    """An argument that must be one of `known`; the error suggests the nearest."""
    def parse(text):
        if text not in known:
            near = nearest(text, known)
            raise argparse.ArgumentTypeError(f"unknown {kind} {text!r}: expected one of {', '.join(known)}"
                                             + (f"; did you mean {near!r}?" if near else ""))
        return text
    return parse


def _at_least(least):
    def parse(text):
        try:
            value = int(text.replace("_", ""))
        except ValueError:
            value = None
        if value is None or value < least:
            raise argparse.ArgumentTypeError(f"expected a whole number of at least {least}, got {text!r}")
        return value
    return parse


def _positive_number(text):
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value

"""Names that PyTorch has too take the same arguments, in the same order, with the same defaults.

A reader who knows PyTorch must not be surprised. So this file walks through ``nn``, ``functional``
and ``optim``, and compares every function, class and method with its namesake in ``torch.nn``,
``torch.nn.functional``, ``torch.optim`` and ``torch.optim.lr_scheduler``.

The tables below list the intended differences. A difference that is not listed is an error, and so
is a listed one that no longer exists.

Signatures do not show that images are (N, H, W, C), filters (KH, KW, C_in, C_out), linear weights
(in, out), and that labels are arrays of integers, not Tensors.
"""

import inspect
from collections import defaultdict

import pytest

from minires import Tensor, functional, nn, optim

TABLE_IS_OF = "2.13"  # the version of PyTorch whose arguments LEFT_OUT lists

# PyTorch's arguments that minires does without: why, and where.
LEFT_OUT = {
    "device": (
        "a module is made on the CPU and moved with .to",
        ["nn.Conv2d", "nn.Linear", "nn.BatchNorm2d", "nn.GroupNorm"],
    ),
    "dtype": (
        "parameters are float32",
        [
            "nn.Conv2d",
            "nn.Linear",
            "nn.BatchNorm2d",
            "nn.GroupNorm",
            "functional.softmax",
            "functional.log_softmax",
        ],
    ),
    "inplace": (
        "no array that the tape may still need is written to",
        ["nn.ReLU", "nn.Dropout", "functional.relu", "functional.dropout"],
    ),
    "dim": (
        "named axis, as in NumPy",
        ["nn.Softmax", "functional.softmax", "functional.log_softmax"],
    ),
    "start_dim": ("named start_axis", ["nn.Flatten"]),
    "end_dim": ("named end_axis", ["nn.Flatten"]),
    "padding_mode": ("outside an image there are zeros", ["nn.Conv2d"]),
    "affine": ("batch norm always has a weight and a bias", ["nn.BatchNorm2d"]),
    "track_running_stats": ("batch norm always has running statistics", ["nn.BatchNorm2d"]),
    "bias": ("weight and bias come together", ["nn.BatchNorm2d", "nn.GroupNorm"]),
    "dilation": ("windows of pooling have no holes", ["nn.MaxPool2d", "functional.max_pool2d"]),
    "ceil_mode": (
        "a window that hangs over the edge is left out",
        ["nn.MaxPool2d", "nn.AvgPool2d", "functional.max_pool2d", "functional.avg_pool2d"],
    ),
    "return_indices": ("nothing here unpools", ["nn.MaxPool2d", "functional.max_pool2d"]),
    "count_include_pad": ("padding always counts", ["nn.AvgPool2d", "functional.avg_pool2d"]),
    "divisor_override": ("an average is one", ["nn.AvgPool2d", "functional.avg_pool2d"]),
    "size_average": (
        "deprecated in PyTorch",
        ["nn.CrossEntropyLoss", "nn.MSELoss", "functional.cross_entropy", "functional.mse_loss"],
    ),
    "reduce": (
        "deprecated in PyTorch",
        ["nn.CrossEntropyLoss", "nn.MSELoss", "functional.cross_entropy", "functional.mse_loss"],
    ),
    "reduction": (
        "a loss is the mean",
        ["nn.CrossEntropyLoss", "nn.MSELoss", "functional.cross_entropy", "functional.mse_loss"],
    ),
    "weight": ("all elements weigh the same", ["functional.mse_loss"]),
    "ignore_index": (
        "every image has a label",
        ["nn.CrossEntropyLoss", "functional.cross_entropy"],
    ),
    "_stacklevel": ("for PyTorch's own warnings", ["functional.softmax", "functional.log_softmax"]),
    "mode": ("pad surrounds with zeros", ["functional.pad"]),
    "value": ("pad surrounds with zeros", ["functional.pad"]),
    "pad": (
        "named pad_width, because it is NumPy's: a pair for each axis, from the first on; "
        "PyTorch's is a flat list, from the last axis on",
        ["functional.pad"],
    ),
    "requires_grad": ("a Parameter is what is trained", ["nn.Parameter"]),
    "persistent": ("every buffer is saved", ["nn.Buffer"]),
    "*args": (
        "PyTorch's Identity, Module and Tanh take and ignore any; .to takes a device and nothing "
        "else, .state_dict takes nothing",
        ["nn.Identity", "nn.Module", "nn.Module.to", "nn.Module.state_dict", "nn.Tanh"],
    ),
    "**kwargs": ("as *args", ["nn.Identity", "nn.Module", "nn.Module.to", "nn.Tanh"]),
    "destination": ("a state_dict is always a new dict", ["nn.Module.state_dict"]),
    "keep_vars": ("a state_dict holds arrays", ["nn.Module.state_dict"]),
    "sequential": ("named modules, and any list of them", ["nn.Sequential.extend"]),
    "strict": ("names that do not match are an error", ["nn.Module.load_state_dict"]),
    "assign": ("arrays are copied into the module's own", ["nn.Module.load_state_dict"]),
    "set_to_none": (
        "gradients are always forgotten, not zeroed",
        ["nn.Module.zero_grad", "optim.Optimizer.zero_grad"],
    ),
    "recurse": (
        "all modules inside are searched",
        ["nn.Module.parameters", "nn.Module.named_parameters", "nn.Module.named_buffers"],
    ),
    "remove_duplicate": (
        "a parameter or buffer is found once, a module everywhere it is",
        [
            "nn.Module.modules",
            "nn.Module.named_modules",
            "nn.Module.named_parameters",
            "nn.Module.named_buffers",
        ],
    ),
    "memo": ("for PyTorch's own recursion", ["nn.Module.named_modules"]),
    "prefix": (
        "names are always full",
        ["nn.Module.state_dict", "nn.Module.named_parameters", "nn.Module.named_buffers"],
    ),
    "prepend": (
        "hooks run in the order in which they were registered",
        ["nn.Module.register_forward_hook", "nn.Module.register_full_backward_hook"],
    ),
    "with_kwargs": (
        "modules are called with positional arguments",
        ["nn.Module.register_forward_hook"],
    ),
    "always_call": ("after an error no hook is called", ["nn.Module.register_forward_hook"]),
    "dampening": ("not in the paper", ["optim.SGD"]),
    "amsgrad": ("not in the papers", ["optim.Adam", "optim.AdamW"]),
    "maximize": ("a loss is made small", ["optim.SGD", "optim.Adam", "optim.AdamW"]),
    "adjust_lr_fn": ("the factor is Jordan's own", ["optim.Muon"]),
    "foreach": ("for PyTorch's own speed", ["optim.SGD", "optim.Adam", "optim.AdamW"]),
    "fused": ("for PyTorch's own speed", ["optim.SGD", "optim.Adam", "optim.AdamW"]),
    "capturable": ("for PyTorch's own speed", ["optim.Adam", "optim.AdamW"]),
    "differentiable": ("a step is not on the tape", ["optim.SGD", "optim.Adam", "optim.AdamW"]),
    "decoupled_weight_decay": ("AdamW is a class of its own", ["optim.Adam"]),
    "defaults": ("a subclass hands on lr and weight_decay by name", ["optim.Optimizer"]),
    "closure": ("the loss is computed before the step", ["optim.Optimizer.step"]),
    "last_epoch": ("a schedule that goes on loads its state", ["optim.MultiStepLR"]),
    "epoch": ("a schedule counts its own steps", ["optim.MultiStepLR.step"]),
}

# Everything else that differs.
DIFFERENT = {
    "nn.Conv2d: rng is minires' own": "initial weights come from the run's seed",
    "nn.Linear: rng is minires' own": "initial weights come from the run's seed",
    "nn.Linear: std is minires' own": "the last layer of a residual net starts small",
    "nn.Dropout: rng is minires' own": "what is dropped comes from the run's seed",
    "functional.dropout: rng is minires' own": "what is dropped comes from the run's seed",
    "nn.Softmax: axis is minires' own": "NumPy's word for dim; the features are on the last one",
    "functional.softmax: axis is minires' own": "as for nn.Softmax",
    "functional.log_softmax: axis is minires' own": "as for nn.Softmax",
    "nn.Flatten: start_axis is minires' own": "NumPy's word for dim",
    "nn.Flatten: end_axis is minires' own": "NumPy's word for dim",
    "functional.pad: pad_width is minires' own": "np.pad's argument",
    "nn.ModuleList: modules has the default (), not None": "the same, and no special case",
    "nn.Parameter: data has no default": "there is no parameter without numbers",
    "nn.Buffer: data has no default": "there is no buffer without numbers",
    "nn.Buffer: requires_grad is minires' own": "a Buffer is made like any Tensor",
    "nn.Module.to: device is minires' own": "PyTorch's is one of its *args",
    "nn.CrossEntropyLoss: label_smoothing must be named": "arguments before it are left out",
    "functional.cross_entropy: label_smoothing must be named": "arguments before it are left out",
    "optim.SGD: weight_decay must be named": "an argument before it is left out",
    "optim.SGD: nesterov must be named": "an argument before it is left out",
    "nn.Module.named_modules: prefix must be named": "an argument before it is left out",
    "optim.SGD: lr has no default": "the rate that suits SGD depends on the net",
    "optim.Optimizer: lr is minires' own": "PyTorch's is in its dict of defaults",
    "optim.Optimizer: weight_decay is minires' own": "PyTorch's is in its dict of defaults",
    "optim.Muon: by_sgd is minires' own": "one optimiser moves the whole net",
    "optim.MultiStepLR: warmup is minires' own": "the paper's 110-layer net needs one",
    "optim.MultiStepLR: warmup_factor is minires' own": "as warmup",
    "nn.ModuleList.pop: key has the default -1, not none": "as a list's",
    "nn.Sequential.pop: key has the default -1, not none": "as a list's",
    "nn.Sequential.extend: modules is minires' own": "a list or a Sequential, as ModuleList takes",
}


def namesakes(torch):
    """(name, ours, theirs) for all functions and classes that both have, and then for their
    methods."""
    for folder, ours, theirs in (
        ("nn", nn, [torch.nn]),
        ("functional", functional, [torch.nn.functional]),
        ("optim", optim, [torch.optim, torch.optim.lr_scheduler]),
    ):
        for name, own in public(ours):
            their = next((vars(place)[name] for place in theirs if name in vars(place)), None)
            if their is None:
                continue
            yield f"{folder}.{name}", own, their
            if isinstance(own, type):
                yield from methods(f"{folder}.{name}", own, their)


def public(module):
    """(name, value) for the functions and classes that a module lists in __all__, or otherwise
    defines."""
    for name, value in vars(module).items():
        if callable(value) and name in getattr(module, "__all__", [name]) and name[0] != "_":
            if value.__module__.startswith(module.__name__) or hasattr(module, "__all__"):
                yield name, value


def methods(where, own, their):
    """Methods that both classes have, without those of Module, Optimizer and Tensor."""
    for base in own.__mro__:
        if base in (nn.Module, optim.Optimizer, Tensor) and base is not own:
            return
        for name, method in vars(base).items():
            if inspect.isfunction(method) and name[0] != "_" and hasattr(their, name):
                yield f"{where}.{name}", method, getattr(their, name)


def parameters(function):
    """name -> parameter, without self."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*args", inspect.Parameter.VAR_KEYWORD: "**kwargs"}
    found = signature(function).parameters
    return {stars.get(p.kind, key): p for key, p in found.items() if key != "self"}


def signature(function):
    """For a function in C, or one chosen when it is called, only the docstring has it."""
    called = f"{function.__name__}("
    lines = map(str.strip, (function.__doc__ or "").splitlines())
    lines = [line for line in lines if line.startswith(called)]
    if lines and not isinstance(function, type):
        space = {}
        exec(f"def {lines[0].split('->')[0]}: pass", space)
        return inspect.signature(space[function.__name__])
    return inspect.signature(function)


def differences(name, own, their):
    """Sentences that say how `own` differs, and the set of PyTorch's parameters that it lacks."""
    mine, theirs = parameters(own), parameters(their)
    sentences = []
    names = list(theirs)
    for place, (key, parameter) in enumerate(mine.items()):
        if key not in theirs:
            sentences.append(f"{name}: {key} is minires' own")
            continue
        if parameter.default is parameter.empty and theirs[key].default is not parameter.empty:
            sentences.append(f"{name}: {key} has no default")
        elif parameter.default != theirs[key].default:
            expected = theirs[key].default
            expected = "none" if expected is parameter.empty else repr(expected)
            sentences.append(f"{name}: {key} has the default {parameter.default!r}, not {expected}")
        if parameter.kind is not parameter.KEYWORD_ONLY:
            if names.index(key) != place:
                sentences.append(f"{name}: {key} is argument {place}, not {names.index(key)}")
        elif theirs[key].kind is not parameter.KEYWORD_ONLY:
            sentences.append(f"{name}: {key} must be named")
    return sentences, [key for key in theirs if key not in mine]


@pytest.fixture(scope="module")
def found(torch):
    """All sentences, and the names that lack each parameter."""
    sentences, lacking = [], defaultdict(list)
    for name, own, their in namesakes(torch):
        some, lacks = differences(name, own, their)
        sentences += some
        for key in lacks:
            lacking[key].append(name)
    return sentences, lacking


def test_there_are_no_unintended_differences(found):
    sentences, _ = found
    assert sorted(sentences) == sorted(DIFFERENT)


def test_only_listed_arguments_are_left_out(found, torch):
    if not torch.__version__.startswith(TABLE_IS_OF + "."):
        pytest.skip(f"the table is of PyTorch {TABLE_IS_OF}, not {torch.__version__}")
    _, lacking = found
    listed = {key: sorted(names) for key, (_, names) in LEFT_OUT.items()}
    assert {key: sorted(names) for key, names in lacking.items()} == listed


def test_the_walk_covers_all_layers_functions_and_optimisers(torch):
    names = {name for name, *_ in namesakes(torch)}
    assert names >= {
        f"nn.{kind}"
        for kind in (
            "Conv2d",
            "Linear",
            "BatchNorm2d",
            "GroupNorm",
            "MaxPool2d",
            "AvgPool2d",
            "Flatten",
            "Dropout",
            "ReLU",
            "Softmax",
            "Identity",
            "Sequential",
            "ModuleList",
            "CrossEntropyLoss",
            "MSELoss",
        )
    }
    assert names >= {
        f"functional.{name}"
        for name in (
            "relu",
            "softmax",
            "log_softmax",
            "linear",
            "conv2d",
            "batch_norm",
            "group_norm",
            "dropout",
            "max_pool2d",
            "avg_pool2d",
            "cross_entropy",
            "mse_loss",
            "pad",
        )
    }
    assert names >= {
        "optim.SGD",
        "optim.Adam",
        "optim.AdamW",
        "optim.Muon",
        "optim.MultiStepLR",
        "nn.Module.load_state_dict",
        "nn.Module.register_forward_hook",
        "optim.Optimizer.load_state_dict",
    }


def of_pytorch(input, weight, bias=None, stride=1, padding=0, *, fused=False):
    pass


@pytest.mark.parametrize(
    "own, expected",
    [
        (lambda input, weight, bias=None, stride=1, padding=0, *, fused=False: 0, []),
        (lambda input, weight, bias=None, *, padding=0: 0, ["padding must be named"]),
        (lambda input, weight, bias=None, padding=0: 0, ["padding is argument 3, not 4"]),
        (lambda weight, input: 0, ["weight is argument 0, not 1", "input is argument 1, not 0"]),
        (lambda x, weight: 0, ["x is minires' own"]),
        (lambda input, weight, bias=0: 0, ["bias has the default 0, not None"]),
        (lambda input, weight, bias: 0, ["bias has no default"]),
        (lambda input, weight=None: 0, ["weight has the default None, not none"]),
        (
            lambda input, weight, rng=None, bias=None: 0,
            ["rng is minires' own", "bias is argument 3, not 2"],
        ),
    ],
)
def test_a_difference_is_found(own, expected):
    sentences, lacks = differences("f", own, of_pytorch)
    assert sentences == [f"f: {sentence}" for sentence in expected]
    assert set(lacks) == set(parameters(of_pytorch)) - set(parameters(own))

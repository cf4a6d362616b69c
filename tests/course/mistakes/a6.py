"""A6: gradient norms, and one claim."""

HANDLES = """    handles = [
        block.register_forward_hook(hook_for(number)) for number, block in enumerate(net.blocks())
    ]
"""
NORM = "return np.sqrt(np.square(array, dtype=np.float64).sum())"
NORMS = "return {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1}"
RELATIVE = (
    "return {name: norm(p.grad) / norm(p.data) for name, p in net.named_parameters() if p.ndim > 1}"
)
MEAN = "return np.exp(np.log(table).mean(axis=0))"
SLOPE = "return (x * (y - y.mean())).sum() / (x * x).sum()"
GROWTH = "return np.exp(-line_slope(np.log(norms)))"
TABLE = "        table.append(list(gradient_norms(net).values())[:-1])\n"
BUILD = "        net = build(seed)\n"
LINE = "ax.plot(np.arange(1, table.shape[1] + 1), geometric_mean(table), label=name)"
NOTES = "        self.gradients.append([norm(p.grad) for p in convolutions])\n"
MOVED = "norm(p.data - first) for p, first in zip(convolutions, self.first)"
HOOK = "y.register_hook(note)"
ALL = "if min(differences) > margin:"
NONE = "if max(differences) < -margin:"
FEW = "if len(differences) < 3 or not np.isfinite(differences).all():"

MISTAKES = [
    ("a6.norm", NORM, "return np.square(array, dtype=np.float64).sum()", "the root is missing"),
    (
        "a6.norm",
        NORM,
        "return np.sqrt(np.square(array, dtype=np.float64).mean())",
        "the mean of the squares is taken instead",
    ),
    ("a6.norm", NORM, "return np.square(array, dtype=np.float64).mean()", "and no root"),
    ("a6.norm", NORM, "return np.abs(array).sum()", "absolute values"),
    (
        "a6.norm_range",
        NORM,
        "largest = np.abs(array).max()\n    return float(largest) * float(np.sqrt(((array / "
        "largest) ** 2).sum()))",
        "array of zeros",
    ),
    ("a6.norm", NORM, "return np.abs(array).max()", "the largest number"),
    ("a6.norm", NORM, "return np.linalg.norm(array, 2)", "matrix norm"),
    ("a6.norm", NORM, "return np.sqrt((array ** 2).sum(axis=0))", "one axis only"),
    ("a6.norm", NORM, "np.sqrt(np.square(array).sum())", "is a `return` missing"),
    (
        "a6.norm_range",
        NORM,
        "return np.sqrt((array ** 2).sum())",
        "convert the numbers to float64 first",
    ),
    ("a6.norm_range", NORM, "return np.linalg.norm(array)", "squares are taken in float32"),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.data) for name, p in net.named_parameters() if p.ndim > 1}",
        "norms of w, not of dw",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.grad) for name, p in net.named_parameters()}",
        "'bn1.weight' is included, a weight of batch norm",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.grad) for name, p in net.named_parameters() if 'weight' in name}",
        "a weight of batch norm",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.grad) for name, p in net.named_parameters() if 'bn' not in name}",
        "a bias",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim == 4}",
        "'fc.weight' is missing. It is the weight of a linear layer",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.grad) for name, p in sorted(net.named_parameters(), "
        "key=lambda item: item[0]) if p.ndim > 1}",
        "alphabetical order",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: norm(p.grad) for name, p in list(net.named_parameters())[::-1] if "
        "p.ndim > 1}",
        "in reverse order",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name.removesuffix('.weight'): norm(p.grad) for name, p in "
        "net.named_parameters() if p.ndim > 1}",
        "expected the names of the parameters",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {name: np.abs(p.grad) for name, p in net.named_parameters() if p.ndim > 1}",
        "one number for each layer",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return {i: norm(p.grad) for i, p in enumerate(net.parameters()) if p.ndim > 1}",
        "the name of the parameter, such as 'conv1.weight'",
    ),
    (
        "a6.gradient_norms",
        NORMS,
        "return [norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1]",
        "expected a dict",
    ),
    (
        "a6.gradient_norms",
        "    return {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1}",
        "    norms = {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1}\n"
        "    net.zero_grad()\n    return norms",
        "A measurement only looks",
    ),
    (
        "a6.relative_norms",
        RELATIVE,
        "return {name: norm(p.data) / norm(p.grad) for name, p in net.named_parameters() if "
        "p.ndim > 1}",
        "the wrong way round",
    ),
    (
        "a6.relative_norms",
        RELATIVE,
        "return {name: norm(p.grad / p.data) for name, p in net.named_parameters() if p.ndim > 1}",
        "number by number",
    ),
    (
        "a6.relative_norms",
        RELATIVE,
        "return {name: norm(p.grad) / norm(p.data) ** 2 for name, p in "
        "net.named_parameters() if p.ndim > 1}",
        "squared",
    ),
    ("a6.geometric_mean", MEAN, "return table.mean(axis=0)", "arithmetic"),
    ("a6.geometric_mean", MEAN, "return np.log(table).mean(axis=0)", "exp is missing at the end"),
    ("a6.geometric_mean", MEAN, "return np.log(table.mean(axis=0))", "the logarithm of the mean"),
    ("a6.geometric_mean", MEAN, "return 10 ** np.log(table).mean(axis=0)", "powers of 10"),
    (
        "a6.geometric_mean",
        MEAN,
        "return np.exp(np.log10(table).mean(axis=0))",
        "to base 10 is mixed",
    ),
    (
        "a6.geometric_mean",
        MEAN,
        "return np.exp(np.log(table).mean(axis=1))",
        "runs over the layers",
    ),
    ("a6.geometric_mean", MEAN, "return np.exp(np.log(table).mean())", "runs over everything"),
    (
        "a6.geometric_mean",
        MEAN,
        "return np.prod(table, axis=0) ** (1 / len(table))",
        "too small for float64",
    ),
    ("a6.line_slope", SLOPE, "return (y[-1] - y[0]) / (len(y) - 1)", "only the first and the last"),
    (
        "a6.line_slope",
        SLOPE,
        "return (np.arange(len(y)) * y).sum() / (np.arange(len(y)) ** 2).sum()",
        "through the origin",
    ),
    ("a6.line_slope", SLOPE, "return np.polyfit(x, y, 1)", "return only the slope"),
    (
        "a6.line_slope",
        SLOPE,
        "return np.polyfit(np.arange(len(y)), y, 1)[1]",
        "the intercept of the line",
    ),
    (
        "a6.line_slope",
        SLOPE,
        "return np.polyfit(np.linspace(0, 1, len(y)), y, 1)[0]",
        "not per layer",
    ),
    ("a6.line_slope", SLOPE, "return np.corrcoef(x, y)[0, 1]", "the correlation"),
    (
        "a6.line_slope",
        SLOPE,
        "return (x * (y - y.mean())).sum() / ((y - y.mean()) ** 2).sum()",
        "x against y",
    ),
    ("a6.growth", GROWTH, "return np.exp(line_slope(np.log(norms)))", "the direction is wrong"),
    ("a6.growth", GROWTH, "return -line_slope(np.log(norms))", "return exp of it"),
    ("a6.growth", GROWTH, "return np.exp(-line_slope(np.log10(norms)))", "must have the same base"),
    ("a6.growth", GROWTH, "return 10 ** -line_slope(np.log(norms))", "must have the same base"),
    ("a6.growth", GROWTH, "return np.exp(-line_slope(norms))", "not to their logarithms"),
    (
        "a6.growth",
        GROWTH,
        "return (norms[0] / norms[-1]) ** (1 / (len(norms) - 1))",
        "only the first and the last",
    ),
    ("a6.growth", GROWTH, "return norms[0] / norms[-1]", "for *one* layer"),
    (
        "a6.norms_at_start",
        "",
        [
            (BUILD, ""),
            (
                "    table = []\n    for seed in seeds:\n",
                "    table = []\n    net = build(seeds[0])\n    for seed in seeds:\n",
            ),
        ],
        "build a new net for each",
    ),
    ("a6.norms_at_start", BUILD, "        net = build(seeds[0])\n", "all rows belong to one seed"),
    (
        "a6.norms_at_start",
        BUILD,
        "        net = build(len(table))\n",
        "the seeds 0, 1, 2 are used instead",
    ),
    ("a6.norms_at_start", BUILD, "        net = build(seed).eval()\n", "evaluation mode"),
    (
        "a6.norms_at_start",
        TABLE,
        "        table.append(list(gradient_norms(net).values()))\n",
        "the last linear layer is included",
    ),
    (
        "a6.norms_at_start",
        TABLE,
        "        table.append(list(relative_norms(net).values())[:-1])\n",
        "return |dw|",
    ),
    (
        "a6.norms_at_start",
        "    return np.array(table)\n",
        "    return geometric_mean(np.array(table))\n",
        "return a row for each",
    ),
    (
        "a6.norms_at_start",
        "    return np.array(table)\n",
        "    return np.array(table).T\n",
        "each row must be a seed",
    ),
    (
        "a6.norms_at_start",
        "    return np.array(table)\n",
        "    return table\n",
        "expected an array",
    ),
    ("a6.norms_at_start", "    return np.array(table)\n", "    pass\n", "is a `return` missing"),
    ("a6.draw", '    ax.set_yscale("log")\n', "", "not logarithmic"),
    (
        "a6.draw",
        LINE,
        LINE.replace("geometric_mean(table)", "np.log10(geometric_mean(table))"),
        "logarithms are drawn",
    ),
    (
        "a6.draw",
        LINE,
        LINE.replace("geometric_mean(table)", "table.mean(axis=0)"),
        "the arithmetic mean is drawn",
    ),
    ("a6.draw", LINE, "ax.plot(geometric_mean(table), label=name)", "counted from 0"),
    ("a6.draw", LINE, LINE.replace(", label=name", ""), "no line is named"),
    ("a6.draw", LINE, "pass", "found none"),
    ("a6.draw", LINE, LINE.replace("ax.", "plt."), "found none"),
    ("a6.draw", '    ax.set_yscale("log")\n', "    ax.loglog()\n", "the x axis is logarithmic too"),
    ("a6.draw", '    ax.set_ylabel("|dw|")\n', "", "an axis has no name"),
    (
        "a6.block_gradients",
        "    return norms\n    ### END",
        "    return norms[::-1].copy()\n    ### END",
        "the wrong order",
    ),
    ("a6.block_gradients", HOOK, "norms[number] = norm(y.data)", "no gradient yet"),
    (
        "a6.block_gradients",
        "    return norms\n    ### END",
        "    return list(norms)\n    ### END",
        "expected an array",
    ),
    (
        "a6.block_gradients",
        "(net(mr.Tensor(images)), labels).backward()\n    for handle",
        "(net(mr.Tensor(images)), labels)\n    for handle",
        "call backward",
    ),
    (
        "a6.block_gradients",
        HANDLES,
        "    norms, handles = np.full(len(net.blocks()), np.nan), []\n    for number, block "
        "in enumerate(net.blocks()):\n"
        "        handles.append(block.register_forward_hook(lambda module, inputs, y: "
        "y.register_hook(lambda dy: norms.__setitem__(number, norm(dy))) and None))\n",
        "write to the same place",
    ),
    (
        "a6.block_gradients",
        "    for handle in handles:\n        handle.remove()\n",
        "",
        "hooks are still in the net",
    ),
    (
        "a6.block_gradients",
        "norms[number] = norm(dy)",
        "norms[number] = norm(dy) / np.sqrt(dy.size)",
        "the root mean square",
    ),
    ("a6.block_gradients", HOOK, "inputs[0].register_hook(note)", "each block's input"),
    (
        "a6.block_gradients",
        "    norms = np.zeros(len(net.blocks()))\n",
        "    norms = np.zeros(len(net.blocks()))\n    net.eval()\n",
        "evaluation mode",
    ),
    (
        "a6.block_gradients",
        "",
        [
            (
                HANDLES,
                "    handles = []\n    for number, block in enumerate(net.blocks()):\n      "
                "  def after(module, inputs, y):\n            def note(dy):\n               "
                " norms[number] = norm(dy)\n\n"
                "            y.register_hook(note)\n\n        "
                "handles.append(block.register_forward_hook(after))\n",
            )
        ],
        "write to the same place",
    ),
    (
        "a6.recorder",
        "[p.data.copy() for p in net.parameters()",
        "[p.data for p in net.parameters()",
        "Keep copies",
    ),
    (
        "a6.recorder",
        NOTES,
        "        self.row = getattr(self, 'row', [])\n        self.row[:] = [norm(p.grad) "
        "for p in convolutions]\n        self.gradients.append(self.row)\n",
        "all rows are the last one",
    ),
    ("a6.recorder", NOTES, NOTES.replace("p.grad", "p.data"), "norms of w"),
    (
        "a6.recorder",
        "",
        [
            ("        self.gradients, self.moved = [], []\n", ""),
            (
                "    def __init__(self, net):\n        ### BEGIN",
                "    gradients, moved = [], []\n\n    def __init__(self, net):\n        ### BEGIN",
            ),
        ],
        "another Recorder",
    ),
    (
        "a6.recorder",
        NOTES,
        "        self.gradients.append(gradient_norms(trainer.model))\n",
        "expected a list of rows",
    ),
    ("a6.recorder", NOTES, NOTES.replace("norm(p.grad)", "p.grad"), "expected a list of rows"),
    (
        "a6.recorder",
        NOTES,
        NOTES.replace("norm(p.grad)", "trainer.optimizer.lr * norm(p.grad)"),
        "norms of the step",
    ),
    ("a6.recorder", NOTES, NOTES.replace("append", "extend"), "one long list"),
    (
        "a6.recorder",
        "for p in trainer.model.parameters() if p.ndim > 1][:-1]",
        "for p in trainer.model.parameters() if p.ndim > 1]",
        "the last linear layer is included",
    ),
    (
        "a6.recorder",
        MOVED,
        "norm(p.data) - norm(first) for p, first in zip(convolutions, self.first)",
        "this is the change of |w|",
    ),
    (
        "a6.recorder",
        MOVED,
        "norm(p.data - first) / norm(first) for p, first in zip(convolutions, self.first)",
        "divided by |w|",
    ),
    (
        "a6.recorder",
        "for p, first in zip(convolutions, self.first)])\n",
        "for p, first in zip(convolutions, self.first)])\n        self.first = "
        "[p.data.copy() for p in convolutions]\n",
        "the length of the last step alone",
    ),
    (
        "a6.recorder",
        "",
        [
            ("self.gradients, self.moved = [], []", "self.gradients, self.way = [], []"),
            ("self.moved.append", "self.way.append"),
        ],
        "expected the attribute moved",
    ),
    ("a6.verdict", ALL, "if np.mean(differences) > margin:", "the mean is not enough"),
    ("a6.verdict", ALL, "if min(differences) > 0:", "within the margin counts for neither"),
    ("a6.verdict", ALL, "if min(differences) >= margin:", "must be *more* than the margin"),
    ("a6.verdict", NONE, "if max(differences) <= margin:", "a third outcome"),
    ("a6.verdict", NONE, "if True:", "should give 'undecided'"),
    (
        "a6.verdict",
        "differences = [a - b for a, b in pairs]",
        "differences = [abs(a - b) for a, b in pairs]",
        "should give 'contradicted'",
    ),
    (
        "a6.verdict",
        "differences = [a - b for a, b in pairs]",
        "differences = [b - a for a, b in pairs]",
        "should give 'supported'",
    ),
    (
        "a6.verdict",
        ALL,
        "if min(a for a, b in pairs) > max(b for a, b in pairs) + margin:",
        "what pairs are for",
    ),
    ("a6.verdict", FEW, "if not np.isfinite(differences).all():", "fewer than three"),
    ("a6.verdict", FEW, "if len(differences) < 3:", "np.isfinite"),
    (
        "a6.verdict",
        '    if max(differences) < -margin:\n        return "contradicted"\n    return '
        '"undecided"\n',
        '    if max(differences) < -margin:\n        return "contradicted"\n',
        "Every case needs an outcome",
    ),
    ("a6.verdict", '        return "supported"\n', "        return True\n", "expected one of"),
    (
        "a6.prediction",
        '    "if it does not": "A and B are about alike, or B is the larger one",\n',
        "",
        "expected the key 'if it does not'",
    ),
    (
        "a6.prediction",
        '"A and B are about alike, or B is the larger one"',
        '"A is well above 1, and B stays near 1, with every seed"',
        "both sides predict the same",
    ),
    ("a6.prediction", '"I expect": "supported"', '"I expect": "yes"', "expected one of"),
    ("a6.prediction", '"margin": 0.2', '"margin": 0', "a number above 0"),
    (
        "a6.measure",
        "",
        [
            ("net = fresh(family, 44, seed)", "net = fresh('plain', 8, seed)"),
            ("train(net, seed, 20)", "train(net, seed, 2)"),
        ],
        "the same number with every seed",
    ),
    (
        "a6.measure",
        "",
        [
            ("net = fresh(family, 44, seed)", "net = fresh(family, 8, 0)"),
            ("train(net, seed, 20)", "train(net, 0, 2)"),
        ],
        "every seed gives exactly the same numbers",
    ),
    (
        "a6.measure",
        "",
        [
            ("net = fresh(family, 44, seed)", "net = fresh(family, 8, np.random.randint(10 ** 9))"),
            ("train(net, seed, 20)", "train(net, seed, 20)"),
        ],
        "The same seed must give",
    ),
    (
        "a6.measure",
        "",
        [
            ("net = fresh(family, 44, seed)", "net = fresh(family, 8, seed)"),
            ("train(net, seed, 20)", "train(net, seed, 2)"),
            ("return tuple(longer)", "return longer[0]"),
        ],
        "expected two numbers",
    ),
]

# Right answers of another kind: they must get all points.
RIGHT = [
    (
        "a6.norm",
        NORM,
        "total = 0.0\n    for number in array.ravel():\n        total += float(number) ** "
        "2\n    return total ** 0.5",
    ),
    (
        "a6.norm_range",
        NORM,
        "largest = np.abs(array).max() or 1\n    return float(largest) * "
        "float(np.sqrt(((array / largest) ** 2).sum()))",
    ),
    ("a6.norm_range", NORM, "return np.linalg.norm(array.astype(float))"),
    (
        "a6.gradient_norms",
        NORMS,
        "return [(name + '.weight', np.float32(norm(m.weight.grad))) for name, m in "
        "net.named_modules() if isinstance(m, (mr.nn.Conv2d, mr.nn.Linear))]",
    ),
    ("a6.geometric_mean", MEAN, "return 2 ** (np.log2(table).sum(axis=0) / len(table))"),
    ("a6.line_slope", SLOPE, "return np.polyfit(range(5, 5 + len(y)), y, 1)[0]"),
    (
        "a6.line_slope",
        SLOPE,
        "return np.linalg.lstsq(np.c_[np.arange(len(y)), np.ones(len(y))], y, rcond=None)[0][0]",
    ),
    ("a6.growth", GROWTH, "return 10 ** line_slope(np.log10(norms[::-1]))"),
    (
        "a6.draw",
        "",
        [
            (
                LINE,
                "ax.semilogy(list(range(1, table.shape[1] + 1)), "
                "np.exp(np.log(table).mean(0)), 'o-', label=name)",
            ),
            ('    ax.set_yscale("log")\n', ""),
        ],
    ),
    (
        "a6.block_gradients",
        "block.register_forward_hook(hook_for(number))",
        "block.register_full_backward_hook(lambda m, into, out, number=number: "
        "norms.__setitem__(number, norm(out)))",
    ),
    (
        "a6.recorder",
        NOTES,
        "        "
        "self.gradients.append(np.array(list(gradient_norms(trainer.model).values()))[:-1])\n",
    ),
    ("a6.verdict", ALL, "if all(a > b + margin for a, b in pairs):"),
    (
        "a6.measure",
        "",
        [
            ("net = fresh(family, 44, seed)", "net = fresh(family, 8, seed)"),
            ("train(net, seed, 20)", "train(net, seed, 2)"),
            ("return tuple(longer)", "return np.array(longer)"),
        ],
    ),
]

# Later tasks do not need the measurements of the given cells before them: left out to save time.
BEFORE = (
    ("for depth in (8, 20, 44):", "for depth in (8,):"),
    ("train(net, 0, 40, [recorders[family]])", "pass"),
)
LATE = ("a6.block_gradients", "a6.recorder", "a6.verdict", "a6.prediction", "a6.measure")


def quick(task, old, new, *message):
    """The same with less to compute before it."""
    changes = [(old, new)] if isinstance(new, str) else new
    return (task, "", [*changes, *BEFORE], *message) if task in LATE else (task, old, new, *message)


MISTAKES, RIGHT = [quick(*mistake) for mistake in MISTAKES], [quick(*answer) for answer in RIGHT]

"""A5: the degradation experiment."""

DIFFERING = """return [
        name
        for name in names
        if name not in config or name not in other or config[name] != other[name]
    ]"""
TWINS = """return set(first) == set(second) and all(
        np.array_equal(first[name], second[name]) for name in first
    )"""
BATCHES = "(images, labels), (other_images, other_labels) = next(stream), next(other)"
EQUAL = (
    "if not (np.array_equal(images, other_images) and np.array_equal(labels, other_labels)):\n  "
    "          return False\n    return True"
)
PAIRED = (
    "    seeds = sorted(set(errors[net]) & set(errors[other]))\n    return "
    "np.array([errors[net][seed] - errors[other][seed] for seed in seeds])"
)
ABOVE, BELOW, SMALL = (
    "np.all(differences > margin)",
    "np.all(differences < -margin)",
    "np.all(np.abs(differences) <= margin)",
)
FINAL = """    found = {}
    for row in sorted(rows, key=lambda row: row["epoch"]):
        found.setdefault(row["net"], {})[row["seed"]] = row[quantity]  # the last one stays
    return found"""
MEANS = """means = [
                np.mean(
                    [row[quantity] for row in rows if row["net"] == net and row["epoch"] == epoch]
                )
                for epoch in epochs
            ]"""
ROWS = """    return [
        {
            "net": row["net"]"""
EPOCHS = 'epochs = sorted({row["epoch"] for row in rows if row["net"] == net})'
PLOT = "ax.plot(epochs, means, style, color=colour_of(net, nets), label=label)"
STYLES = '(("train_error", "-"), ("test_error", "--"))'
TRAIN_SIZE = "train_size = 640\nepochs = 6"
SHORT = ("seeds = 3\n" + TRAIN_SIZE, "seeds = 3\ntrain_size, epochs = 128, 2")  # a run of seconds


def last_by(key):
    """`final` with another row of each net and seed: the one with the largest `key`."""
    return (
        '    found = {}\n    for row in rows:\n        place = row["net"], row["seed"]\n    '
        "    if place not in found or key(row) > key(found[place]):\n"
        "            found[place] = row\n    errors = {}\n    for (net, seed), row in "
        "found.items():\n        errors.setdefault(net, {})[seed] = row[quantity]\n"
        "    return errors"
    ).replace("    found = {}\n", f"    found, key = {{}}, lambda row: {key}\n", 1)


MISTAKES = [
    (
        "a5.differences",
        DIFFERING,
        "return [name for name in names if config[name] != other[name]]",
        "that a name is there",
    ),
    (
        "a5.differences",
        DIFFERING,
        "return [name for name in sorted(config) if config[name] != other.get(name)]",
        "go through the names of both",
    ),
    (
        "a5.differences",
        DIFFERING,
        "return [name for name in names if config.get(name) != other.get(name)]",
        ".get() cannot tell",
    ),
    (
        "a5.differences",
        DIFFERING,
        "return [name for name in names if config.get(name) == other.get(name)]",
        "in which the two agree",
    ),
    (
        "a5.differences",
        DIFFERING,
        "return [name for name in names[::-1] if config.get(name) != other.get(name)]",
        "Sort them",
    ),
    ("a5.differences", DIFFERING, "names", "is a `return` missing"),
    (
        "a5.differences",
        DIFFERING,
        "return sorted({name for name, _ in config.items() ^ other.items()})",
        "sets of the names only",
    ),
    (
        "a5.differences",
        DIFFERING,
        DIFFERING.replace("for name in names", "for name in {**config, **other}"),
        "Sort them",
    ),
    (
        "a5.differences",
        DIFFERING,
        "return len([name for name in names if config[name] != other[name]])",
        "expected a list of names",
    ),
    (
        "a5.twins",
        TWINS,
        "return sum(a.size for a in first.values()) == sum(a.size for a in second.values())",
        "compare tensor.data",
    ),
    (
        "a5.twins",
        TWINS,
        "return {name: a.shape for name, a in first.items()} == {name: a.shape for name, a "
        "in second.items()}",
        "compare tensor.data",
    ),
    (
        "a5.twins",
        TWINS,
        "return all(np.array_equal(a, b) for a, b in zip(first.values(), second.values()))",
        "zip stops",
    ),
    (
        "a5.twins",
        TWINS,
        "return set(first) == set(second) and all(a.shape == b.shape and a.sum() == b.sum() "
        "or np.isclose(a.sum(), b.sum(), atol=1e-6)\n"
        "                                             for a, b in zip(first.values(), "
        "second.values()))",
        "number by number",
    ),
    ("a5.twins", TWINS, "return first == second", "stopped with ValueError"),
    (
        "a5.twins",
        TWINS,
        "return dict(net.named_parameters()) == dict(other.named_parameters())",
        "Compare their arrays",
    ),
    (
        "a5.twins",
        TWINS,
        "return len(first) == len(second) and all(np.array_equal(a, b) for a, b in "
        "zip(first.values(), second.values()))",
        "the names do not",
    ),
    (
        "a5.twins",
        TWINS,
        "return [np.array_equal(first[name], second[name]) for name in first]",
        "expected True or False",
    ),
    (
        "a5.twins",
        TWINS,
        "if set(first) == set(second):\n        return all(np.array_equal(first[name], "
        "second[name]) for name in first)",
        "a path through",
    ),
    (
        "a5.same_batches",
        "if not (np.array_equal(images, other_images) and np.array_equal(labels, other_labels)):",
        "if not np.array_equal(labels, other_labels):",
        "the images are not: compare both",
    ),
    (
        "a5.same_batches",
        "if not (np.array_equal(images, other_images) and np.array_equal(labels, other_labels)):",
        "if not np.array_equal(images, other_images):",
        "the labels are not: compare both",
    ),
    (
        "a5.same_batches",
        EQUAL,
        "return np.array_equal(images, other_images) and np.array_equal(labels, other_labels)",
        "Compare all batches",
    ),
    (
        "a5.same_batches",
        EQUAL,
        "same = np.array_equal(images, other_images) and np.array_equal(labels, "
        "other_labels)\n    return same",
        "Compare all batches",
    ),
    (
        "a5.same_batches",
        EQUAL,
        "if images.sum() != other_images.sum() or labels.sum() != other_labels.sum():\n     "
        "       return False\n    return True",
        "mirrored",
    ),
    (
        "a5.same_batches",
        BATCHES,
        "images, labels, other_images, other_labels = next(stream)[0], next(stream)[1], "
        "next(other)[0], next(other)[1]",
        "took",
    ),
    ("a5.same_batches", "for _ in range(count):", "for _ in range(4):", "count is 3"),
    (
        "a5.paired",
        "errors[net][seed] - errors[other][seed]",
        "errors[other][seed] - errors[net][seed]",
        "the wrong way round",
    ),
    (
        "a5.paired",
        PAIRED,
        "    return np.array([a - b for a, b in zip(errors[net].values(), "
        "errors[other].values())])",
        "by their position",
    ),
    (
        "a5.paired",
        PAIRED,
        "    a, b = (np.sort([*errors[name].values()]) for name in (net, other))\n    return a - b",
        "breaks the pairs",
    ),
    (
        "a5.paired",
        PAIRED,
        "    return np.mean([*errors[net].values()]) - np.mean([*errors[other].values()])",
        "one number for each seed",
    ),
    (
        "a5.paired",
        PAIRED,
        "    return np.array([errors[net][seed] - errors[other][seed] for seed in errors[net]])",
        "not in the order of the seeds",
    ),
    (
        "a5.paired",
        "seeds = sorted(set(errors[net]) & set(errors[other]))",
        "seeds = sorted(errors[net])",
        "that both networks have",
    ),
    (
        "a5.paired",
        "errors[net][seed] - errors[other][seed]",
        "abs(errors[net][seed] - errors[other][seed])",
        "the sign is lost",
    ),
    (
        "a5.paired",
        "errors[net][seed] - errors[other][seed]",
        "int(errors[net][seed]) - int(errors[other][seed])",
        "the decimals are cut off",
    ),
    (
        "a5.paired",
        "return np.array([errors[net][seed] - errors[other][seed] for seed in seeds])",
        "return np.mean([errors[net][seed] - errors[other][seed] for seed in seeds])",
        "the mean is taken",
    ),
    ("a5.mean_and_spread", "values.std(ddof=1)", "values.std()", "n instead of n - 1"),
    ("a5.mean_and_spread", "values.std(ddof=1)", "values.var(ddof=1)", "the root is missing"),
    (
        "a5.mean_and_spread",
        "values.std(ddof=1)",
        "values.std(ddof=1) / np.sqrt(len(values))",
        "the uncertainty of the mean",
    ),
    ("a5.mean_and_spread", "values.std(ddof=1)", "np.ptp(values)", "the range"),
    (
        "a5.mean_and_spread",
        "return values.mean(), values.std(ddof=1)",
        "return values.std(ddof=1), values.mean()",
        "exchanged",
    ),
    ("a5.mean_and_spread", "values.mean(), ", "np.median(values), ", "the median"),
    (
        "a5.mean_and_spread",
        "return values.mean(), values.std(ddof=1)",
        "return values.mean()",
        "expected 2 results",
    ),
    ("a5.verdict", ABOVE, "differences.mean() > margin", "every difference must be beyond"),
    ("a5.verdict", ABOVE, "np.any(differences > margin)", "every difference must be beyond"),
    ("a5.verdict", ABOVE, "np.all(differences > 0)", "beyond the margin"),
    (
        "a5.verdict",
        "",
        [(SMALL, "np.all(np.abs(differences) <= 0)")],
        "no difference is more than the margin",
    ),
    (
        "a5.verdict",
        "",
        [(ABOVE, "differences.mean() > 0 and np.min(differences) > 0")],
        "every difference must be beyond",
    ),
    ("a5.verdict", ABOVE, "np.all(np.abs(differences) > margin)", "the sign is lost"),
    (
        "a5.verdict",
        ABOVE,
        "np.all(np.abs(differences) > margin) and differences.mean() > 0",
        "disagree about the sign",
    ),
    ("a5.verdict", ABOVE, "np.all(differences >= margin)", "exactly the margin"),
    ("a5.verdict", BELOW, "np.all(differences <= -margin)", "exactly the margin below"),
    ("a5.verdict", SMALL, "np.all(np.abs(differences) < margin)", "*more* than the margin"),
    ("a5.verdict", SMALL, "abs(differences.mean()) <= margin", "Differences may cancel"),
    ("a5.verdict", SMALL, "np.all(differences <= margin)", "on both sides of 0"),
    (
        "a5.verdict",
        "",
        [
            (ABOVE, "np.all(differences > 2)"),
            (BELOW, "np.all(differences < -2)"),
            (SMALL, "np.all(np.abs(differences) <= 2)"),
        ],
        "use the argument",
    ),
    (
        "a5.verdict",
        "",
        [
            ('return "higher"', 'return "lower"'),
            ('return "lower"\n    if np.all(np.abs', 'return "higher"\n    if np.all(np.abs'),
        ],
        "are exchanged",
    ),
    ("a5.verdict", 'return "undecided"', 'return "unclear"', "spelled exactly so"),
    ("a5.verdict", '    return "undecided"', "", "without a `return`"),
    (
        "a5.compare",
        '(f"plain-{deep}", f"plain-{shallow}")',
        '(f"plain-{shallow}", f"plain-{deep}")',
        "the wrong way round",
    ),
    (
        "a5.compare",
        '(f"resnet-{deep}", f"plain-{deep}")',
        '(f"resnet-{deep}", f"plain-{shallow}")',
        "instead of",
    ),
    ("a5.compare", 'f"resnet-{deep}", f"resnet-{shallow}"', '"resnet-32", "resnet-8"', "KeyError"),
    ("a5.compare", PAIRED, PAIRED.replace("np.array(", "list("), "Does paired return a list?"),
    (
        "a5.compare",
        "verdict(values, margin))",
        "verdict(values, 2.0))",
        "Pass the argument `margin`",
    ),
    ("a5.compare", '"depth with shortcuts": (f', '"depth": (f', "expected the names"),
    (
        "a5.compare",
        "(*mean_and_spread(values), verdict(values, margin))",
        "(mean_and_spread(values), verdict(values, margin))",
        "expected 3 results",
    ),
    (
        "a5.compare",
        "verdict(values, margin))",
        "verdict(values.mean(keepdims=True), margin))",
        "the verdict about the mean",
    ),
    ("a5.settings", "depths = (8, 32) ", "depths = (32, 8) ", "the shallow one comes first"),
    ("a5.settings", "depths = (8, 32) ", "depths = (20, 56) ", "at least 3 times"),
    ("a5.settings", "depths = (8, 32) ", "depths = (8, 30) ", "6n + 2"),
    ("a5.settings", "seeds = 3\n" + TRAIN_SIZE, "seeds = 1\n" + TRAIN_SIZE, "at least 3"),
    (
        "a5.settings",
        "seeds = 3\n" + TRAIN_SIZE,
        "seeds = 3\ntrain_size = 200\nepochs = 6",
        "at least 60",
    ),
    ("a5.settings", "seeds = 3\n" + TRAIN_SIZE, "seeds = 10\n" + TRAIN_SIZE, "the budget is 20 s"),
    ("a5.run", "", [(SHORT[0], "seeds, train_size, epochs = 2, 128, 2")], "at least 3 seeds"),
    ("a5.run", "", [SHORT, (FINAL, last_by('-row["epoch"]'))], "errors of plain"),
    (
        "a5.read_rows",
        '"epoch": float(row["epoch"])',
        '"epoch": row["epoch"]',
        "letter by letter",
    ),
    (
        "a5.read_rows",
        ROWS,
        "    return list(csv.DictReader(file))\n" + ROWS,
        "letter by letter",
    ),
    (
        "a5.read_rows",
        '"train_error": float(row["train_error"])',
        '"train_error": int(float(row["train_error"]))',
        "the decimals are cut off",
    ),
    (
        "a5.read_rows",
        '"train_error": float(row["train_error"])',
        '"train_error": int(row["train_error"])',
        "make them float",
    ),
    (
        "a5.read_rows",
        '"train_error": float(row["train_error"])',
        '"train_error": float(row["train_error"]) / 100',
        "divided by 100",
    ),
    (
        "a5.read_rows",
        '"test_error": float(row["test_error"])',
        '"test_error": float(row["train_error"])',
        "is used instead",
    ),
    (
        "a5.read_rows",
        "for row in csv.DictReader(file)",
        "for row in [*csv.DictReader(file)][1:]",
        "is the first row left out",
    ),
    (
        "a5.read_rows",
        ROWS,
        '    return [{"net": c[0], "seed": int(c[1]), "epoch": float(c[3]), "train_error": '
        'float(c[4]), "test_error": float(c[5])}\n'
        "            for c in list(csv.reader(file))[1:]]\n" + ROWS,
        "in another order",
    ),
    (
        "a5.read_rows",
        ROWS,
        "    from minires.experiments.records import read_table\n    return "
        'read_table(file, ("net",), ("net",))\n' + ROWS,
        "is open already",
    ),
    (
        "a5.read_rows",
        ROWS,
        '    return [{"net": c[0], "seed": int(c[1]), "epoch": float(c[3]), "train_error": '
        'float(c[6]), "test_error": float(c[7])}\n            for c in '
        "list(csv.reader(file))[1:]]\n" + ROWS,
        "not by its position",
    ),
    (
        "a5.final",
        FINAL,
        '    last = max(row["epoch"] for row in rows)\n    found = {}\n    for row in '
        'rows:\n        if row["epoch"] == last:\n            found.setdefault(row["net"], '
        '{})[row["seed"]] = row[quantity]\n    return found',
        "its own last epoch",
    ),
    ("a5.final", FINAL, last_by("-row[quantity]"), "low by luck"),
    (
        "a5.final",
        "= row[quantity]  # the last one stays",
        '= row["train_error"]',
        "the argument `quantity` is not used",
    ),
    (
        "a5.final",
        "= row[quantity]  # the last one stays",
        '= row["test_error"]',
        "the question is about training",
    ),
    (
        "a5.final",
        'for row in sorted(rows, key=lambda row: row["epoch"]):',
        "for row in rows:",
        "the last row in the file",
    ),
    (
        "a5.final",
        'key=lambda row: row["epoch"])',
        'key=lambda row: str(row["epoch"]))',
        "compared as text",
    ),
    (
        "a5.final",
        'key=lambda row: row["epoch"])',
        'key=lambda row: -row["epoch"])',
        "the first epoch",
    ),
    ("a5.final", FINAL, last_by('-row["test_error"]'), "must not choose"),
    (
        "a5.final",
        FINAL,
        '    last = max(row["epoch"] for row in rows)\n    return {net: '
        'np.mean([row[quantity] for row in rows if row["net"] == net and row["epoch"] == '
        'last]) for net in {row["net"] for row in rows}}',
        "A mean over the seeds",
    ),
    (
        "a5.final",
        FINAL,
        '    last = max(row["epoch"] for row in rows)\n    return {net: {row["seed"]: '
        'row[quantity] for row in rows if row["net"] == net and row["epoch"] == last} for '
        'net in {row["net"] for row in rows}}',
        "expected the seeds [0, 1, 2]",
    ),
    (
        "a5.final",
        "= row[quantity]  # the last one stays",
        "= row[quantity] / 100",
        "divided by 100",
    ),
    (
        "a5.final",
        "= row[quantity]  # the last one stays",
        "= round(row[quantity])",
        "whole numbers",
    ),
    (
        "a5.final",
        'found.setdefault(row["net"], {})[row["seed"]]',
        'found[row["net"], row["seed"]]',
        "dictionary of dictionaries",
    ),
    (
        "a5.final",
        '[row["seed"]] = row[quantity]',
        '[str(row["seed"])] = row[quantity]',
        "the seeds are text",
    ),
    ("a5.curves", PLOT, "plt.plot(epochs, means, style)", "not with plt.plot"),
    ("a5.curves", PLOT, "ax.plot(means, style)", "without the epochs"),
    (
        "a5.curves",
        EPOCHS,
        'epochs = sorted({row["epoch"] for row in rows if row["net"] == net}, key=str)',
        "sort by the epoch as a number",
    ),
    ("a5.curves", EPOCHS, 'epochs = sorted({str(row["epoch"]) for row in rows})', "there is none"),
    (
        "a5.curves",
        MEANS,
        'means = [sum(row[quantity] for row in rows if row["net"] == net and row["epoch"] '
        "== epoch) for epoch in epochs]",
        "added up",
    ),
    (
        "a5.curves",
        MEANS,
        'means = [min(row[quantity] for row in rows if row["net"] == net and row["epoch"] '
        "== epoch) for epoch in epochs]",
        "the lowest of the seeds",
    ),
    (
        "a5.curves",
        MEANS,
        'means = [row[quantity] for epoch in epochs for row in rows if (row["net"], '
        'row["epoch"], row["seed"]) == (net, epoch, 0)]',
        "single seeds",
    ),
    (
        "a5.curves",
        MEANS,
        'epochs, means = zip(*[(row["epoch"], row[quantity]) for row in rows if row["net"] '
        "== net])",
        "jumps back and forth",
    ),
    ("a5.curves", PLOT, "ax.plot(epochs, np.array(means) / 100, style)", "in percent"),
    ("a5.curves", STYLES, '(("train_error", "-"),)', "through the test errors"),
    ("a5.style", STYLES, '(("train_error", "--"), ("test_error", "-"))', "the other way round"),
    (
        "a5.style",
        STYLES,
        '(("train_error", "-"), ("test_error", "-"))',
        "nobody can tell them apart",
    ),
    ("a5.style", PLOT, "ax.plot(epochs, means, style, label=label)", "different colours"),
    (
        "a5.style",
        "color=colour_of(net, nets), label=label",
        'color=plot.COLOURS[net.split("-")[0]], label=label',
        "two depths",
    ),
    (
        "a5.style",
        "color=colour_of(net, nets), label=label",
        'color=colour_of({"p": "resnet", "r": "plain"}[net[0]] + "-" + net.split("-")[1], '
        "nets), label=label",
        "the colour of its family",
    ),
    (
        "a5.style",
        "color=colour_of(net, nets), label=label",
        'color="black", label=label',
        "the same colour",
    ),
    (
        "a5.style",
        '    ax.set_xlabel("epoch")\n    ax.set_ylabel("error, %")',
        '    ax.set_ylabel("epoch")\n    ax.set_xlabel("error, %")',
        "are exchanged",
    ),
    ("a5.style", '    ax.set_xlabel("epoch")\n', "", "ax.set_xlabel"),
    ("a5.style", 'ax.set_ylabel("error, %")', 'ax.set_ylabel("error")', "the unit"),
    ("a5.style", '    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))\n', "", "no legend"),
    (
        "a5.style",
        "style, color=colour_of(net, nets), label=label)",
        "style, color=colour_of(net, nets))",
        "is not named",
    ),
    (
        "a5.style",
        'ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))',
        'ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))\n    ax.set_ylim(0, 40)',
        "cuts off",
    ),
]

# Right answers of another kind: they must get all points.
RIGHT = [
    (
        "a5.differences",
        DIFFERING,
        "missing = object()\n    return tuple(name for name in names if not "
        "config.get(name, missing) == other.get(name, missing))",
    ),
    (
        "a5.twins",
        TWINS,
        "return [*first] == [*second] and np.bool_(all(first[name].tobytes() == "
        "second[name].tobytes() for name in first))",
    ),
    (
        "a5.twins",
        TWINS,
        "first, second = net.state_dict(), other.state_dict()\n    if first.keys() != "
        "second.keys():\n        return False\n"
        "    return not any(a.shape != b.shape or np.abs(a - b).max() > 0 for a, b in "
        "zip(first.values(), second.values()))",
    ),
    (
        "a5.same_batches",
        EQUAL,
        "if images.shape != other_images.shape or (images != other_images).any() or (labels "
        "!= other_labels).any():\n            return np.False_\n    return np.True_",
    ),
    (
        "a5.paired",
        PAIRED,
        "    return [errors[net][seed] - errors[other][seed] for seed in range(100) if seed "
        "in errors[net] and seed in errors[other]]",
    ),
    (
        "a5.mean_and_spread",
        "return values.mean(), values.std(ddof=1)",
        "import statistics\n    return [statistics.mean(values.tolist()), "
        "statistics.stdev(values.tolist())]",
    ),
    (
        "a5.verdict",
        "    if np.all(differences > margin):",
        "    if min(abs(d) for d in differences) > margin and len({bool(d > 0) for d in "
        'differences}) == 1:\n        return "higher" if differences[0] > 0 else "lower"\n'
        '    if max(abs(d) for d in differences) <= margin:\n        return "small"\n    '
        'return "undecided"\n    if np.all(differences > margin):',
    ),
    (
        "a5.compare",
        "(*mean_and_spread(values), verdict(values, margin))",
        "[float(values.mean()), float(values.std(ddof=1)), verdict(values, margin)]",
    ),
    (
        "a5.settings",
        "depths = (8, 32)  # shallow, deep\nseeds = 3\n" + TRAIN_SIZE,
        "depths = [8, 44]\nseeds = np.int64(3)\ntrain_size = 384\nepochs = 9 + 1",
    ),
    (
        "a5.read_rows",
        ROWS,
        '    names, *rows = [line.rstrip().split(",") for line in file.read().splitlines()]\n'
        '    return [{name: cell if name == "net" else np.float64(cell) for name, cell in '
        "zip(names, row)} for row in rows]\n" + ROWS,
    ),
    (
        "a5.final",
        FINAL,
        "    from collections import defaultdict\n    found = defaultdict(dict)\n    for "
        'net, seed in {(row["net"], row["seed"]) for row in rows}:\n'
        '        own = [row for row in rows if (row["net"], row["seed"]) == (net, seed)]\n  '
        '      found[net][seed] = max(own, key=lambda row: row["epoch"])[quantity]\n    '
        "return found",
    ),
    (
        "a5.curves",
        PLOT,
        'for seed in (0, 1, 2):\n                single = sorted((row["epoch"], '
        'row[quantity]) for row in rows if (row["net"], row["seed"]) == (net, seed))\n'
        "                ax.plot(*zip(*single), style, color=colour_of(net, nets), "
        "alpha=0.2)\n            ax.plot(epochs, means, style, color=colour_of(net, nets), "
        "label=label)\n"
        "            ax.fill_between(epochs, means, 100, alpha=0.01)",
    ),
    (
        "a5.style",
        "",
        [
            ('("test_error", "--"))', '("test_error", (0, (4, 2))))'),
            (
                PLOT,
                'ax.plot(epochs, means, "o", linestyle=style, color=colour_of(net, nets))\n '
                "           ax.text(epochs[-1], means[-1], net)",
            ),
            ('ax.set_ylabel("error, %")', 'ax.set(ylabel="Error (percent)", ylim=(100, 0))'),
            ('    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))\n', ""),
        ],
    ),
]

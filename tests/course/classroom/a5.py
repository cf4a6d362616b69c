"""A5: the degradation experiment."""

from . import Student

SAME = (
    "    return set(first) == set(second) and all(\n"
    "        np.array_equal(first[name], second[name]) for name in first\n    )"
)
PAIRED = "    return np.array([errors[net][seed] - errors[other][seed] for seed in seeds])"
SPREAD = "    return values.mean(), values.std(ddof=1)"
LAST = (
    '        found.setdefault(row["net"], {})[row["seed"]] = row[quantity]  # the last one stays\n'
)
ORDER = '    for row in sorted(rows, key=lambda row: row["epoch"]):\n'
PLOT = "            ax.plot(epochs, means, style, color=colour_of(net, nets), label=label)\n"
MEANS = (
    "            means = [\n                np.mean(\n                    [row[quantity] for row in "
    'rows if row["net"] == net and row["epoch"] == epoch]\n                )\n'
    "                for epoch in epochs\n            ]\n"
)
LABELS = '    ax.set_xlabel("epoch")\n    ax.set_ylabel("error, %")\n'

STUDENTS = [
    Student(
        "returns a set of names",
        (
            (
                "    return [\n        name\n        for name in names\n"
                "        if name not in config or name not in other or config[name] != other[name]\n    ]",
                "    return {\n        name\n        for name in names\n"
                "        if name not in config or name not in other or config[name] != other[name]\n    }",
            ),
        ),
        {"a5-differences-test": "expected a list"},
    ),
    Student(
        "compares settings with `is not`",
        (("config[name] != other[name]", "config[name] is not other[name]"),),
        {"a5-differences-test": "!="},
    ),
    Student(
        "counts weights as equal that differ by rounding",
        ((SAME, SAME.replace("np.array_equal(", "np.allclose(")),),
        {"a5-twins-test": "np.array_equal"},
    ),
    Student(
        "compares the first parameter only",
        (
            (
                SAME,
                "    for name in first:\n        return np.array_equal(first[name], second.get(name))",
            ),
        ),
        {"a5-twins-test": "parameters that the other does not have"},
    ),
    Student(
        "answers with a word",
        (
            (
                SAME,
                "    same = set(first) == set(second) and all(\n"
                "        np.array_equal(first[name], second[name]) for name in first\n    )\n"
                '    return "yes" if same else "no"',
            ),
        ),
        {"a5-twins-test": "True or False"},
    ),
    Student(
        "takes one batch too few",
        (
            (
                "    for _ in range(count):\n        (images",
                "    for _ in range(count - 1):\n        (images",
            ),
        ),
        {"a5-batches-test": "Compare all batches"},
    ),
    Student(
        "runs through both streams to their end, and they have none",
        (
            (
                "    for _ in range(count):\n        (images, labels), (other_images, other_labels) = next(stream), next(other)\n",
                "    for (images, labels), (other_images, other_labels) in list(zip(stream, other))[:count]:\n",
            ),
        ),
        {"a5-batches-test": "though count was 4"},
    ),
    Student(
        "returns the differences with their seeds, in a dictionary",
        ((PAIRED, "    return {seed: errors[net][seed] - errors[other][seed] for seed in seeds}"),),
        {"a5-paired-test": "dict"},
    ),
    Student(
        "takes differences in percent of the second error",
        (
            (
                PAIRED,
                "    return np.array(\n        [100 * (errors[net][seed] / errors[other][seed] - 1) for seed in seeds]\n    )",
            ),
        ),
        {"a5-paired-test": "percentage points"},
    ),
    Student(
        "takes the mean distance from the mean for the spread",
        ((SPREAD, "    return values.mean(), np.abs(values - values.mean()).mean()"),),
        {"a5-spread-test": "square"},
    ),
    Student(
        "rounds mean and spread to a decimal",
        ((SPREAD, "    return round(values.mean(), 1), round(values.std(ddof=1), 1)"),),
        {"a5-spread-test": "expected"},
    ),
    Student(
        "writes the verdicts with capitals",
        (
            ('        return "higher"\n', '        return "Higher"\n'),
            ('        return "lower"\n', '        return "Lower"\n'),
        ),
        {"a5-verdict-test": "spelled"},
    ),
    Student(
        "compares all() with the margin",
        (
            ("    if np.all(differences > margin):\n", "    if differences.all() > margin:\n"),
            ("    if np.all(differences < -margin):\n", "    if differences.all() < -margin:\n"),
        ),
        {"a5-verdict-test": "every difference"},
    ),
    Student(
        "lets the majority of the seeds decide",
        (
            (
                "    if np.all(differences > margin):\n",
                "    if np.mean(differences > margin) > 0.5:\n",
            ),
            (
                "    if np.all(differences < -margin):\n",
                "    if np.mean(differences < -margin) > 0.5:\n",
            ),
        ),
        {"a5-verdict-test": "every difference"},
    ),
    Student(
        "turns the comparison of the shortcuts round",
        (
            (
                '(f"resnet-{deep}", f"plain-{deep}")',
                '(f"plain-{deep}", f"resnet-{deep}")',
            ),
        ),
        {"a5-compare-test": "the wrong way round"},
    ),
    Student(
        "gives a verdict about the mean",
        (("verdict(values, margin))", "verdict(values.mean(keepdims=True), margin))"),),
        {"a5-compare-test": "Is it the verdict about the mean?"},
    ),
    Student(
        "deletes the cell of the comparisons",
        cells={"a5-compare-code": None},
        loses={"a5-compare-test": "not defined"},
        problem="a5-compare-code is missing",
    ),
    Student(
        "leaves the seed a text",
        (('            "seed": int(row["seed"]),\n', '            "seed": row["seed"],\n'),),
        {"a5-read-test": "int"},
    ),
    Student(
        "reads the loss for the error",
        (('float(row["train_error"]),\n', 'float(row["train_loss"]),\n'),),
        {"a5-read-test": "train_loss"},
    ),
    Student(
        "takes epoch 7 for the last",
        ((LAST, '        if row["epoch"] == 7:\n    ' + LAST),),
        {"a5-final-test": "epoch 7 is taken"},
    ),
    Student(
        "takes the mean of the last two epochs",
        (
            (
                ORDER + LAST + "    return found",
                "    together = {}\n"
                + ORDER
                + '        together.setdefault((row["net"], row["seed"]), []).append(row[quantity])\n'
                "    for (net, seed), values in together.items():\n"
                "        found.setdefault(net, {})[seed] = float(np.mean(values[-2:]))\n    return found",
            ),
        ),
        {"a5-final-test": "the mean of the last two epochs"},
    ),
    Student(
        "forgets a bracket in final",
        ((ORDER, ORDER.replace('["epoch"]):', '["epoch"]:')),),
        {"a5-final-test": "stopped"},
        problem="SyntaxError",
    ),
    Student(
        "draws the median over the seeds",
        ((MEANS, MEANS.replace("np.mean(", "np.median(")),),
        {"a5-curves-test": "median"},
    ),
    Student(
        "exchanges the axes of the plot",
        ((PLOT, PLOT.replace("epochs, means", "means, epochs")),),
        {"a5-curves-test": "the axes are exchanged"},
    ),
    Student(
        "draws the test error with a solid line too",
        (('("test_error", "--")', '("test_error", "-")'),),
        {"a5-style-test": "nobody can tell them apart"},
    ),
    Student(
        "gives the picture another name",
        (("def error_curves(ax, rows):", "def plot_error_curves(ax, rows):"),),
        {"a5-curves-test": "plot_error_curves", "a5-style-test": "plot_error_curves"},
    ),
    Student(
        "trains for too few epochs",
        (("train_size = 640\nepochs = 6", "train_size = 960\nepochs = 4"),),
        {"a5-run-settings-test": "5"},
    ),
    Student(
        "improves a number of the own run by hand",
        adds={"a5-own-code": 'errors["plain-32"][0] = 95.0'},
        loses={"a5-own-test": "errors"},
    ),
    Student(
        "reads overfitting in the figure (for a person), and answers nothing about the paper",
        cells={
            "a5-degradation": "The deep plain net overfits: it has more parameters, so its test "
            "error is higher.",
            "a5-paper": "YOUR ANSWER HERE",
        },
        loses={"a5-paper": "no answer"},
    ),
    Student(
        "copies the verdict and the picture from a friend",
        copies=("eva", "a5-verdict-code", "a5-curves-code"),
        loses={
            "a5-verdict-test": "right in another variant",
            "a5-style-test": "right in another variant",
        },
    ),
]

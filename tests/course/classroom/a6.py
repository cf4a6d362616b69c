"""A6: gradient norms, and a claim."""

from . import Student

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
NORM = "    return np.sqrt(np.square(array, dtype=np.float64).sum())"
NORMS = "    return {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1}"
RELATIVE = (
    "    return {name: norm(p.grad) / norm(p.data) for name, p in net.named_parameters() if p.ndim "
    "> 1}"
)
SLOPE = "    return (x * (y - y.mean())).sum() / (x * x).sum()"
BACKWARD = "        F.cross_entropy(net(mr.Tensor(images)), labels).backward()\n"
ROW = "        table.append(list(gradient_norms(net).values())[:-1])\n"
LINE = "        ax.plot(np.arange(1, table.shape[1] + 1), geometric_mean(table), label=name)\n"
NOTE = "            norms[number] = norm(dy)\n"
GRADIENTS = "        self.gradients.append([norm(p.grad) for p in convolutions])\n"
MOVED = (
    "        self.moved.append([norm(p.data - first) for p, first in zip(convolutions, "
    "self.first)])"
)
FEW = "    if len(differences) < 3 or not np.isfinite(differences).all():\n"
SUPPORTED = "    if min(differences) > margin:\n"
CONTRADICTED = "    if max(differences) < -margin:\n"
TRAINED = "        train(net, seed, 20)\n"

STUDENTS = [
    Student(
        "squares after the sum",
        ((NORM, "    return np.sqrt(np.sum(array, dtype=np.float64) ** 2)"),),
        {
            "a6-norm-test": "added up before they are squared",
            "a6-norm-range-test": "expected",
        },
    ),
    Student(
        "converts to float64 after squaring",
        ((NORM, "    return np.sqrt((array**2).astype(np.float64).sum())"),),
        {"a6-norm-range-test": "float64 first"},
    ),
    Student(
        "prints the norms",
        (
            (
                NORMS,
                "    print({name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1})",
            ),
        ),
        {"a6-gradient-norms-test": "is a `return` missing"},
    ),
    Student(
        "takes convolutions only, by their names",
        ((NORMS, NORMS.replace("p.ndim > 1", '"conv" in name')),),
        {"a6-gradient-norms-test": "linear layer"},
    ),
    Student(
        "divides every gradient by the learning rate of the run",
        ((NORMS, NORMS.replace("norm(p.grad)", "norm(p.grad) / 0.1")),),
        {"a6-gradient-norms-test": "times what it should be"},
    ),
    Student(
        "sets the gradients back to zero after reading them",
        (
            (
                NORMS,
                "    norms = {name: norm(p.grad) for name, p in net.named_parameters() if p.ndim > 1}\n"
                "    net.zero_grad()\n    return norms",
            ),
        ),
        {"a6-gradient-norms-test": "zero_grad"},
    ),
    Student(
        "subtracts the logarithms and forgets exp",
        (
            (
                RELATIVE,
                RELATIVE.replace(
                    "norm(p.grad) / norm(p.data)", "np.log(norm(p.grad)) - np.log(norm(p.data))"
                ),
            ),
        ),
        {"a6-relative-test": "exp is missing"},
    ),
    Student(
        "divides by the largest weight",
        ((RELATIVE, RELATIVE.replace("norm(p.data)", "np.abs(p.data).max()")),),
        {"a6-relative-test": "the largest weight"},
    ),
    Student(
        "takes the root of the number of layers",
        (
            (
                "    return np.exp(np.log(table).mean(axis=0))",
                "    return np.exp(np.log(table).sum(axis=0) / table.shape[1])",
            ),
        ),
        {"a6-geometric-test": "number of seeds"},
    ),
    Student(
        "takes the median over the seeds",
        (("    return np.exp(np.log(table).mean(axis=0))", "    return np.median(table, axis=0)"),),
        {"a6-geometric-test": "median"},
    ),
    Student(
        "forgets to subtract the mean of x",
        ((SLOPE, "    x = np.arange(len(y))\n" + SLOPE),),
        {"a6-slope-test": "the mean of x is not subtracted"},
    ),
    Student(
        "takes the mean of the steps between neighbours",
        ((SLOPE, "    return np.diff(y).mean()"),),
        {"a6-slope-test": "first and the last"},
    ),
    Student(
        "leaves the growth untouched",
        (("    return np.exp(-line_slope(np.log(norms)))", STUB),),
        {"a6-growth-test": "growth is not written yet"},
    ),
    Student(
        "reads the growth from the images to the logits, and 1 over it",
        (
            (
                "    return np.exp(-line_slope(np.log(norms)))",
                "    return 1 - line_slope(np.log(norms))",
            ),
        ),
        {"a6-growth-test": "exp"},
    ),
    Student(
        "walks back from the sum of the logits",
        ((BACKWARD, "        net(mr.Tensor(images)).sum().backward()\n"),),
        {"a6-start-test": "backward starts at the logits"},
    ),
    Student(
        "leaves out the first convolution instead of the last layer",
        ((ROW, ROW.replace("[:-1]", "[1:]")),),
        {"a6-start-test": "the first layer is left out"},
    ),
    Student(
        "uses one image of the batch",
        (
            (
                BACKWARD,
                BACKWARD.replace(
                    "mr.Tensor(images)), labels)", "mr.Tensor(images[:1])), labels[:1])"
                ),
            ),
        ),
        {"a6-start-test": "a single image"},
    ),
    Student(
        "draws every seed as a line",
        ((LINE, "        for row in table:\n    " + LINE.replace("geometric_mean(table)", "row")),),
        {"a6-draw-test": "several lines"},
    ),
    Student(
        "deletes the cell of the measurement",
        cells={"a6-start-code": None},
        loses={"a6-start-test": "not defined", "a6-draw-test": "not defined"},
        problem="a6-start-code is missing",
    ),
    Student(
        "lets the hook return the norm",
        ((NOTE, NOTE + "            return norm(dy)\n"),),
        {"a6-hooks-test": "return"},
    ),
    Student(
        "squares the norms once more",
        ((NOTE, NOTE.replace("norm(dy)", "norm(dy) ** 2")),),
        {"a6-hooks-test": "the root is missing"},
    ),
    Student(
        "forgets the colon after the class",
        (("class Recorder:\n", "class Recorder\n"),),
        {"a6-recorder-test": "stopped"},
        problem="SyntaxError",
    ),
    Student(
        "notes the gradients every second step",
        ((GRADIENTS, "        if len(self.moved) % 2 == 0:\n    " + GRADIENTS),),
        {"a6-recorder-test": "expected shape (5, 7), got (3, 7)"},
    ),
    Student(
        "measures how far the weights are from 0",
        ((MOVED, MOVED.replace("p.data - first", "p.data")),),
        {"a6-recorder-test": "the norms of w"},
    ),
    Student(
        "lets the mean over the seeds contradict",
        ((CONTRADICTED, "    if np.mean(differences) < -margin:\n"),),
        {"a6-verdict-test": "every"},
    ),
    Student(
        "wants more than three pairs",
        ((FEW, FEW.replace("< 3", "<= 3")),),
        {"a6-verdict-test": "Three seeds are enough"},
    ),
    Student(
        "gives the margin as a text with its unit",
        (('    "margin": 0.2,', '    "margin": "0.2",'),),
        {"a6-prediction-test": "number"},
    ),
    Student(
        "trains one net after the other with a seed that moves on",
        ((TRAINED, "        train(net, np.random.randint(1000), 20)\n"),),
        {"a6-measure-test": "same seed"},
    ),
    Student(
        "waits in the measurement for a length that is never reached",
        ((TRAINED, "        while norm(early[0].data) >= 0:\n            train(net, seed, 1)\n"),),
        {"a6-measure-test": "seconds"},
    ),
    Student(
        "leaves one answer in words empty, and calls 'undecided' no difference in another",
        cells={
            "a6-train-answer": "YOUR ANSWER HERE",
            "a6-claim-answer": "The verdict was undecided, so there is no difference.",
        },
        loses={"a6-train-answer": "no answer"},
    ),
    Student(
        "copies the recorder from a friend",
        copies=("ben", "a6-recorder-code"),
        loses={"a6-recorder-test": "right in another variant"},
    ),
]

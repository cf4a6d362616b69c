"""A4: residual blocks."""

from . import Student

STUB = "        # YOUR CODE HERE\n        raise NotImplementedError()"
STD = "    std = math.sqrt(2 / math.prod(shape[:-1]))\n"
DRAW = "    return rng.standard_normal(shape, dtype=np.float32) * np.float32(std)"
SLICE = "    x = x[:, ::stride, ::stride]\n"
PAD = "    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1])))"
IF_B = '        if kind == "B" and (stride != 1 or in_channels != out_channels):\n'
PROJECTED = "            return self.bn(self.conv(x))\n"
CONV1 = (
    "        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, "
    "rng=rng)\n"
)
INNER = "        inner = F.relu(self.bn1(self.conv1(x)))\n        y = self.bn2(self.conv2(inner))\n"
ADDED = "            y = y + self.shortcut(x)\n"
RUN = "        x = self.blocks(F.relu(self.bn(self.conv(x))))\n"
LOGITS = "        return self.fc(F.global_avg_pool2d(x))"
RESIDUAL = '    residual = ResNet(n, width, "A", np.random.default_rng(seed))\n'

STUDENTS = [
    Student(
        "takes the rule of Glorot, with inputs and outputs",
        ((STD, "    std = math.sqrt(2 / (math.prod(shape[:-1]) + shape[-1]))\n"),),
        {"a4-he_normal-test": "Glorot"},
    ),
    Student(
        "divides by the fan-in outside of the root",
        ((STD, "    std = math.sqrt(2) / math.prod(shape[:-1])\n"),),
        {"a4-he_normal-test": "the root is taken of the 2 alone"},
    ),
    Student(
        "cuts the weights off at two standard deviations",
        (
            (
                DRAW,
                "    return np.clip(" + DRAW[11:] + ", np.float32(-2 * std), np.float32(2 * std))",
            ),
        ),
        {"a4-he_normal-test": "normal distribution"},
    ),
    Student(
        "begins with pixel 1",
        ((SLICE, "    x = x[:, stride - 1 :: stride, stride - 1 :: stride]\n"),),
        {"a4-a-test": "pixel 0"},
    ),
    Student(
        "always takes every second pixel",
        ((SLICE, "    x = x[:, ::2, ::2]\n"),),
        {"a4-a-test": "every second pixel"},
    ),
    Student(
        "appends twice as many channels, whatever number is given",
        ((PAD, "    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, x.shape[-1])))"),),
        {"a4-a-test": "channels"},
    ),
    Student(
        "appends zeros with NumPy, which ends the tape",
        (
            (
                PAD,
                "    new = out_channels - x.shape[-1]\n"
                "    return mr.Tensor(np.pad(x.data, ((0, 0), (0, 0), (0, 0), (0, new))))",
            ),
        ),
        {"a4-a-test": "gradient"},
    ),
    Student(
        "forgets the self in front of bn",
        ((PROJECTED, "            return bn(self.conv(x))\n"),),
        {"a4-b-test": "NameError"},
    ),
    Student(
        "writes the kind in a small letter",
        ((IF_B, IF_B.replace('"B"', '"b"')),),
        {"a4-b-test": "expected parameters"},
    ),
    Student(
        "makes the projection inside forward, with new weights in every call",
        (
            (
                PROJECTED,
                "            conv = nn.Conv2d(x.shape[-1], self.out_channels, 1, self.stride, bias=False)\n"
                "            return self.bn(conv(x))\n",
            ),
        ),
        {"a4-b-test": "wrong values"},
    ),
    Student(
        "gives the second convolution the channels of the block's input",
        (
            (
                "        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng)\n",
                "        self.conv2 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False, rng=rng)\n",
            ),
        ),
        {
            "a4-basic-layers-test": "should have (3, 3, 5, 5)",
            "a4-basic-plain-test": "should have (3, 3, 5, 5)",
            "a4-basic-residual-test": "should have (3, 3, 5, 5)",
        },
    ),
    Student(
        "takes filters of 5x5",
        ((CONV1, CONV1.replace("3, stride, padding=1", "5, stride, padding=2")),),
        {
            "a4-basic-layers-test": "(3, 3",
            "a4-basic-plain-test": "(5, 5",
            "a4-basic-residual-test": "(5, 5",
        },
    ),
    Student(
        "returns the branch of a plain block without the last ReLU",
        (
            (
                ADDED,
                ADDED + "        else:\n            return y\n",
            ),
        ),
        {"a4-basic-plain-test": "last ReLU"},
    ),
    Student(
        "adds the arrays, and not the Tensors",
        ((ADDED, "            y.data += self.shortcut(x).data\n"),),
        {"a4-basic-residual-test": "gradient"},
    ),
    Student(
        "subtracts the shortcut",
        ((ADDED, "            y = y - self.shortcut(x)\n"),),
        {"a4-basic-residual-test": "subtracted"},
    ),
    Student(
        "leaves a comma out in the basic block",
        ((CONV1, CONV1.replace("out_channels, 3", "out_channels 3")),),
        {
            "a4-basic-layers-test": "stopped",
            "a4-basic-plain-test": "stopped",
            "a4-basic-residual-test": "stopped",
        },
        problem="SyntaxError",
    ),
    Student(
        "gives the weights of the last batch norm a new array of float64",
        (
            (
                "    block.bn2.weight.data[...] = 0",
                "    block.bn2.weight.data = np.zeros(block.bn2.weight.shape)",
            ),
        ),
        {"a4-nothing-test": "keeps its dtype"},
    ),
    Student(
        "sets weights of both batch norms to 0",
        (
            (
                "    block.bn2.weight.data[...] = 0",
                "    block.bn1.weight.data[...] = 0\n    block.bn2.weight.data[...] = 0",
            ),
        ),
        {"a4-nothing-test": "expected a change in one array"},
    ),
    Student(
        "forgets the padding of the 3x3 convolution in the bottleneck",
        (
            (
                "mid_channels, mid_channels, 3, stride, padding=1, bias=False, rng=rng",
                "mid_channels, mid_channels, 3, stride, bias=False, rng=rng",
            ),
        ),
        {"a4-bottleneck-test": "padding=1"},
    ),
    Student(
        "leaves the bottleneck's forward untouched",
        (
            (
                "        h = F.relu(self.norm1(self.reduce(x)))\n"
                "        h = F.relu(self.norm2(self.spread(h)))\n"
                "        h = self.norm3(self.expand(h))\n"
                "        return F.relu(h if self.fitted is None else h + self.fitted(x))",
                STUB,
            ),
        ),
        {"a4-bottleneck-test": "not written yet"},
    ),
    Student(
        "adds a width for each stage instead of doubling it",
        (("enumerate((width, 2 * width, 4 * width))", "enumerate((width, 2 * width, 3 * width))"),),
        {"a4-count-test": "3 width", "a4-net-test": "should have (3, 3, 6, 12)"},
    ),
    Student(
        "forgets the batch norm after the first convolution",
        (
            ("        self.bn = nn.BatchNorm2d(width)\n", ""),
            (RUN, "        x = self.blocks(F.relu(self.conv(x)))\n"),
        ),
        {"a4-count-test": "batch norm", "a4-net-test": "batch norm"},
    ),
    Student(
        "puts a ReLU on the logits",
        ((LOGITS, "        return F.relu(self.fc(F.global_avg_pool2d(x)))"),),
        {"a4-net-test": "a ReLU on the logits"},
    ),
    Student(
        "reads the features at the first pixel instead of the mean over the map",
        ((LOGITS, "        return self.fc(x[:, 0, 0])"),),
        {"a4-net-test": "only the pixel in a corner"},
    ),
    Student(
        "lets both twins draw from generators without a seed",
        (
            (
                "    plain = ResNet(n, width, None, np.random.default_rng(seed))\n" + RESIDUAL,
                "    plain = ResNet(n, width, None, np.random.default_rng())\n"
                '    residual = ResNet(n, width, "A", np.random.default_rng())\n',
            ),
        ),
        {"a4-twins-test": "seed"},
    ),
    Student(
        "writes the width of the run into the twins",
        ((RESIDUAL, RESIDUAL.replace("(n, width,", "(n, 8,")),),
        {"a4-twins-test": "(3, 3, 3, 8) should have (3, 3, 3, 3)"},
    ),
    Student(
        "writes a learning rate into the loop",
        (
            (
                "    optimizer = mr.optim.SGD(net.parameters(), lr, momentum=0.9)\n",
                "    optimizer = mr.optim.SGD(net.parameters(), 0.05, momentum=0.9)\n",
            ),
        ),
        {"a4-train-test": "lr is not used"},
    ),
    Student(
        "notes the mean of the losses so far",
        (
            (
                "        losses.append(loss.item())\n",
                "        before = sum(losses[-1:]) * len(losses)\n"
                "        losses.append((before + loss.item()) / (len(losses) + 1))\n",
            ),
        ),
        {"a4-train-test": "the mean of all losses so far"},
    ),
    Student(
        "goes round the first batch for ever",
        (
            (
                "    for images, labels in batches:\n        loss",
                "    images, labels = batches[0]\n    while len(losses) < len(batches):\n        loss",
            ),
            ("        losses.append(loss.item())\n", "    losses.append(loss.item())\n"),
        ),
        {"a4-train-test": "seconds", "a4-curves-test": "seconds"},
    ),
    Student(
        "types in the losses of a friend, rounded, and deletes the twins",
        cells={"a4-twins-code": None},
        adds={
            "a4-curves-run": "losses = {name: [[round(loss, 1) for loss in run] for run in runs] "
            "for name, runs in losses.items()}"
        },
        loses={"a4-twins-test": "not defined", "a4-curves-test": "losses"},
        problem="a4-twins-code is missing",
    ),
    Student(
        "leaves the answer in words empty",
        cells={"a4-answer": ""},
        loses={"a4-answer": "no answer"},
    ),
    Student(
        "copies option A from a friend",
        copies=("ada", "a4-a-code"),
        loses={"a4-a-test": "right in another variant"},
    ),
]

"""A4: residual blocks."""

HE = "    std = math.sqrt(2 / math.prod(shape[:-1]))\n"
DRAW = "return rng.standard_normal(shape, dtype=np.float32) * np.float32(std)"
PAD = "return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1])))"
SLICE = "x = x[:, ::stride, ::stride]\n"
CHANGES = 'if kind == "B" and (stride != 1 or in_channels != out_channels):'
PROJECT = "self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False, rng=rng)"
CONV1 = (
    "self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, rng=rng)"
)
CONV2 = "self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False, rng=rng)"
BN2 = "self.bn2 = nn.BatchNorm2d(out_channels)"
MADE = """self.shortcut = (
            Shortcut(shortcut, in_channels, out_channels, stride, rng) if shortcut else None
        )"""
INNER = "inner = F.relu(self.bn1(self.conv1(x)))"
OUTER = "y = self.bn2(self.conv2(inner))"
ADD = (
    "        if self.shortcut is not None:\n            y = y + self.shortcut(x)\n        "
    "return F.relu(y)\n"
)
BLOCK = """blocks.append(
                    BasicBlock(channels, out, 2 if stage > 0 and i == 0 else 1, shortcut, rng)
                )"""
TWIN = 'residual = ResNet(n, width, "A", np.random.default_rng(seed))'
STEP = "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n"
OPTIMIZER = "    optimizer = mr.optim.SGD(net.parameters(), lr, momentum=0.9)\n"
SPREAD = """self.spread = nn.Conv2d(
            mid_channels, mid_channels, 3, stride, padding=1, bias=False, rng=rng
        )"""
REDUCE = "nn.Conv2d(in_channels, mid_channels, 1, bias=False, rng=rng)"
EXPAND = "nn.Conv2d(mid_channels, out_channels, 1, bias=False, rng=rng)"

MISTAKES = [
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "math.sqrt(1 / math.prod(shape[:-1]))",
        "factor 2 is missing",
    ),
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "math.sqrt(2 / (math.prod(shape[:-2]) * shape[-1]))",
        "fan_out is taken",
    ),
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "2 / math.prod(shape[:-1])",
        "it is the variance",
    ),
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "math.sqrt(2 / shape[-2])",
        "only the channels are counted",
    ),
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "math.sqrt(2 / math.prod(shape))",
        "all axes are counted",
    ),
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "math.sqrt(2 / shape[0])",
        "only the first axis",
    ),
    (
        "a4.he_normal",
        "math.sqrt(2 / math.prod(shape[:-1]))",
        "math.sqrt(2 / math.prod(shape[1:]))",
        "all axes but the last",
    ),
    (
        "a4.he_normal",
        DRAW,
        "return rng.standard_normal(shape, dtype=np.float32) * np.sqrt(2 / np.prod(shape[:-1]))",
        "expected float32, got float64",
    ),
    (
        "a4.he_normal",
        DRAW,
        "return (rng.uniform(-1, 1, shape) * math.sqrt(3) * std).astype(np.float32)",
        "expected a normal distribution",
    ),
    (
        "a4.he_normal",
        DRAW,
        "return np.random.default_rng(0).standard_normal(shape, dtype=np.float32) * "
        "np.float32(std)",
        "return the same numbers",
    ),
    (
        "a4.he_normal",
        DRAW,
        "return np.random.standard_normal(shape).astype(np.float32) * np.float32(std)",
        "different numbers",
    ),
    (
        "a4.shortcut_a",
        "(0, out_channels - x.shape[-1])",
        "(out_channels - x.shape[-1], 0)",
        "before the old",
    ),
    (
        "a4.shortcut_a",
        "(0, out_channels - x.shape[-1])",
        "((out_channels - x.shape[-1]) // 2, (out_channels - x.shape[-1] + 1) // 2)",
        "on both sides",
    ),
    (
        "a4.shortcut_a",
        PAD,
        "return F.concatenate([x] * (out_channels // x.shape[-1] + 1), axis=3)[..., :out_channels]",
        "channels are repeated",
    ),
    (
        "a4.shortcut_a",
        PAD,
        "return F.pad(x, ((0, 0), (0, 0), (0, out_channels - x.shape[-1]), (0, 0)))",
        "axis of the width",
    ),
    ("a4.shortcut_a", PAD, "return x", "new channels are missing"),
    (
        "a4.shortcut_a",
        "(0, out_channels - x.shape[-1])",
        "(0, out_channels)",
        "out_channels channels are added",
    ),
    ("a4.shortcut_a", SLICE, "x = x[:, ::stride]\n", "only the height"),
    ("a4.shortcut_a", SLICE, "x = x[::stride, ::stride]\n", "axes 0 and 1"),
    (
        "a4.shortcut_a",
        SLICE,
        "x = x[:, :-(-x.shape[1] // stride), :-(-x.shape[2] // stride)]\n",
        "first rows and columns",
    ),
    (
        "a4.shortcut_a",
        SLICE,
        "x = x if stride == 1 or x.shape[1] % stride or x.shape[2] % stride else "
        "F.avg_pool2d(x, stride)\n    x = x if x.shape[1] < 5 else x[:, ::stride, "
        "::stride]\n",
        "averaged",
    ),
    (
        "a4.shortcut_a",
        SLICE,
        "x = mr.Tensor(x.data[:, ::stride, ::stride])\n",
        "no gradient gets back",
    ),
    (
        "a4.shortcut_a",
        PAD,
        "return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1]))).data",
        "expected a Tensor, got an array",
    ),
    (
        "a4.shortcut_a",
        PAD,
        "F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1])))",
        "is a `return` missing",
    ),
    ("a4.shortcut_a", SLICE, "x.data[...] *= 2\n    x = x[:, ::stride, ::stride]\n", "in place"),
    (
        "a4.shortcut",
        "(0, out_channels - x.shape[-1])",
        "(out_channels - x.shape[-1], 0)",
        "shortcut_a is not right yet",
    ),
    (
        "a4.basic_residual",
        "(0, out_channels - x.shape[-1])",
        "(out_channels - x.shape[-1], 0)",
        "shortcut_a is not right yet",
    ),
    (
        "a4.network",
        "(0, out_channels - x.shape[-1])",
        "((out_channels - x.shape[-1]) // 2, (out_channels - x.shape[-1] + 1) // 2)",
        "shortcut_a is not right yet",
    ),
    ("a4.shortcut", CHANGES, 'if kind == "B":', "does not change"),
    (
        "a4.shortcut",
        CHANGES,
        'if kind == "B" and in_channels != out_channels:',
        "expected parameters, got none",
    ),
    ("a4.shortcut", CHANGES, "if stride != 1 or in_channels != out_channels:", "Option A has none"),
    (
        "a4.shortcut",
        PROJECT,
        "self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, rng=rng)",
        "have a bias",
    ),
    (
        "a4.shortcut",
        PROJECT,
        "self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False, rng=rng)",
        "stride is missing",
    ),
    (
        "a4.shortcut",
        PROJECT,
        "self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, padding=1, bias=False, "
        "rng=rng)",
        "padded",
    ),
    (
        "a4.shortcut",
        PROJECT,
        "self.conv = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, "
        "rng=rng)",
        "got a convolution with weights (3, 3, 3, 5)",
    ),
    (
        "a4.shortcut",
        PROJECT,
        "self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)",
        "pass rng=rng".capitalize(),
    ),
    ("a4.shortcut", "return self.bn(self.conv(x))", "return self.conv(x)", "batch norm is missing"),
    (
        "a4.shortcut",
        "return self.bn(self.conv(x))",
        "return F.relu(self.bn(self.conv(x)))",
        "ReLU on the shortcut",
    ),
    (
        "a4.shortcut",
        "return self.bn(self.conv(x))",
        "return self.bn(self.conv(mr.Tensor(x.data)))",
        "no gradient",
    ),
    (
        "a4.basic_layers",
        CONV1,
        "self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, rng=rng)",
        "Does a convolution have a bias",
    ),
    (
        "a4.basic_layers",
        [
            (CONV1, CONV1.replace("bias=False, ", "")),
            (CONV2, CONV2.replace("bias=False, ", "")),
            (PROJECT, PROJECT.replace("bias=False, ", "")),
        ],
        None,
        "have a bias",
    ),
    ("a4.basic_layers", BN2, "self.bn2 = self.bn1", "Do two convolutions share one"),
    ("a4.basic_layers", CONV2, "self.conv2 = self.conv1", "expected convolutions"),
    (
        "a4.basic_layers",
        [
            (CONV1, CONV1.replace("rng=rng", "rng=np.random.default_rng(0)")),
            (CONV2, CONV2.replace("rng=rng", "rng=np.random.default_rng(0)")),
        ],
        None,
        "the same weights",
    ),
    ("a4.basic_layers", CONV1, CONV1.replace(", rng=rng", ""), "Pass rng=rng"),
    (
        "a4.basic_layers",
        MADE,
        MADE + "\n        self.layers = [self.conv1, nn.Conv2d(out_channels, out_channels, 3, "
        "rng=rng)]\n        del self.conv1",
        "in the list 'layers'",
    ),
    (
        "a4.basic_layers",
        MADE,
        'self.shortcut = Shortcut("B", in_channels, out_channels, stride, rng) if shortcut '
        "else None",
        "there is a 1x1",
    ),
    (
        "a4.basic_layers",
        MADE,
        "self.shortcut = Shortcut('A', in_channels, out_channels, stride, rng) if shortcut "
        "else None",
        "is missing",
    ),
    (
        "a4.basic_plain",
        MADE,
        "self.shortcut = Shortcut(shortcut or 'A', in_channels, out_channels, stride, rng)",
        "with shortcut None, adds x",
    ),
    (
        "a4.basic_plain",
        INNER,
        "inner = self.bn1(self.conv1(x))",
        "between the convolutions is missing",
    ),
    ("a4.basic_plain", ADD, "        return y\n", "the last ReLU is missing"),
    (
        "a4.basic_plain",
        INNER,
        "inner = self.bn1(F.relu(self.conv1(x)))",
        "ReLU comes before the batch norm",
    ),
    (
        "a4.basic_plain",
        "self.bn2(self.conv2(inner))",
        "self.bn1(self.conv2(inner))",
        "the first batch norm is used twice",
    ),
    (
        "a4.basic_plain",
        [(CONV1, CONV1.replace("stride, ", "")), (CONV2, CONV2.replace("3, ", "3, stride, "))],
        None,
        "in another convolution",
    ),
    (
        "a4.basic_plain",
        CONV2,
        CONV2.replace("3, ", "3, stride, "),
        "all convolutions have the stride",
    ),
    ("a4.basic_plain", CONV1, CONV1.replace("stride, ", ""), "the stride is missing"),
    ("a4.basic_residual", ADD, "        return F.relu(y)\n", "the shortcut is not added"),
    (
        "a4.basic_residual",
        ADD,
        "        return F.relu(y) if self.shortcut is None else F.relu(y) + self.shortcut(x)\n",
        "comes before the addition",
    ),
    (
        "a4.basic_residual",
        ADD,
        "        return F.relu(y) if self.shortcut is None else F.relu(F.relu(y) + "
        "self.shortcut(x))\n",
        "before the addition and one after it",
    ),
    (
        "a4.basic_residual",
        ADD,
        "        return F.relu(y) if self.shortcut is None else y + self.shortcut(x)\n",
        "after the addition, is missing",
    ),
    (
        "a4.basic_residual",
        [
            (OUTER, "y = self.conv2(inner)"),
            (
                ADD,
                "        return F.relu(self.bn2(y if self.shortcut is None else y + "
                "self.shortcut(x)))\n",
            ),
        ],
        None,
        "batch norm comes after the addition",
    ),
    (
        "a4.basic_residual",
        INNER,
        "inner = self.bn1(self.conv1(x))",
        "between the convolutions is missing",
    ),
    (
        "a4.basic_residual",
        [
            (OUTER, "x0 = x\n        x = self.bn2(self.conv2(inner))\n        y = x"),
            (
                ADD,
                ADD.replace(
                    "self.shortcut(x)", "(x if x.shape == x0.shape else self.shortcut(x0))"
                ),
            ),
        ],
        None,
        "overwritten",
    ),
    (
        "a4.basic_residual",
        ADD,
        ADD.replace("self.shortcut(x)", "(self.shortcut(x) if x.shape != inner.shape else inner)"),
        "output of the first layer is added",
    ),
    (
        "a4.basic_residual",
        ADD,
        ADD.replace("self.shortcut(x)", "self.shortcut(x).detach()"),
        "no gradient comes back through the shortcut",
    ),
    (
        "a4.basic_residual",
        MADE,
        "self.shortcut = Shortcut(shortcut, in_channels, out_channels, 1, rng) if shortcut "
        "else None",
        "once in the shortcut",
    ),
    (
        "a4.basic_residual",
        ADD,
        "        if self.shortcut is not None:\n            x.data += 1\n            y = y "
        "+ self.shortcut(x)\n        return F.relu(y)\n",
        "in place",
    ),
    (
        "a4.basic_residual",
        ADD,
        ADD.replace("y + self.shortcut(x)", "y + self.shortcut(x) * 2"),
        "added twice",
    ),
    (
        "a4.do_nothing",
        "block.bn2.weight.data[...] = 0",
        "block.bn1.weight.data[...] = 0",
        "never learn",
    ),
    (
        "a4.do_nothing",
        "block.bn2.weight.data[...] = 0",
        "block.conv2.weight.data[...] = 0",
        "sqrt(0 + eps)",
    ),
    ("a4.do_nothing", "block.bn2.weight.data[...] = 0", "pass", "no parameter has changed"),
    (
        "a4.do_nothing",
        "block.bn2.weight.data[...] = 0",
        "block.bn2.bias.data[...] = 1",
        "starts at 0 and stays there",
    ),
    (
        "a4.do_nothing",
        "block.bn2.weight.data[...] = 0",
        "block.bn2.weight.data[...] = 0.1",
        "wrong values",
    ),
    (
        "a4.bottleneck",
        [(SPREAD, SPREAD.replace("stride, ", "")), (REDUCE, REDUCE.replace("1, ", "1, stride, "))],
        None,
        "expected strides 1, 2, 1",
    ),
    ("a4.bottleneck", SPREAD, SPREAD.replace("stride, ", ""), "the stride is missing"),
    ("a4.bottleneck", SPREAD, SPREAD.replace("padding=1, ", ""), "it needs padding=1"),
    (
        "a4.bottleneck",
        SPREAD,
        SPREAD.replace("3, stride, padding=1", "1, stride"),
        "1x1 convolution",
    ),
    (
        "a4.bottleneck",
        "self.norm2 = nn.BatchNorm2d(mid_channels)",
        "self.norm2 = self.norm1",
        "expected 3 batch norms",
    ),
    (
        "a4.bottleneck",
        "h = F.relu(self.norm2(self.spread(h)))",
        "h = self.norm2(self.spread(h))",
        "after the second convolution is missing",
    ),
    (
        "a4.bottleneck",
        "return F.relu(h if self.fitted is None else h + self.fitted(x))",
        "return F.relu(h)",
        "the shortcut is not added",
    ),
    ("a4.bottleneck", EXPAND, EXPAND.replace("bias=False, ", ""), "Does a convolution have a bias"),
    ("a4.count", "for i in range(n):", "for i in range(n - 1):", "blocks in a stage, instead of"),
    ("a4.count", "for i in range(n):", "for i in range(n + 1):", "counts too"),
    ("a4.count", "(width, 2 * width, 4 * width)", "(width, width, width)", "the same width"),
    (
        "a4.count",
        "(width, 2 * width, 4 * width)",
        "(width, 2 * width, 4 * width, 8 * width)",
        "four stages",
    ),
    (
        "a4.count",
        "self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)",
        "self.conv = nn.Conv2d(3, width, 3, padding=1, rng=rng)",
        "the first convolution has a bias",
    ),
    (
        "a4.count",
        "self.blocks = nn.Sequential(*blocks)",
        "self.blocks = blocks",
        "in the list 'blocks'",
    ),
    (
        "a4.count",
        BLOCK,
        "block = BasicBlock(channels, out, 2 if stage > 0 and i == 0 else 1, shortcut, rng) "
        "if i < 2 else block\n                blocks.append(block)",
        "repeats one block",
    ),
    ("a4.count", "rng=rng, std=0.01)", "rng=rng)", "pass std=0.01"),
    ("a4.count", CHANGES, 'if kind == "B":', "all blocks have a projection"),
    ("a4.network", "2 if stage > 0 and i == 0 else 1", "1", "the map never shrinks"),
    (
        "a4.network",
        "2 if stage > 0 and i == 0 else 1",
        "2 if i == 0 else 1",
        "stage 1 begins with stride 2 too",
    ),
    (
        "a4.network",
        "2 if stage > 0 and i == 0 else 1",
        "2 if stage > 0 else 1",
        "only the first of each",
    ),
    (
        "a4.network",
        "x = self.blocks(F.relu(self.bn(self.conv(x))))",
        "x = self.blocks(self.bn(self.conv(x)))",
        "after the first convolution",
    ),
    (
        "a4.network",
        "return self.fc(F.global_avg_pool2d(x))",
        "return self.fc(x.sum(axis=(1, 2)))",
        "added up",
    ),
    (
        "a4.network",
        "return self.fc(F.global_avg_pool2d(x))",
        "return self.fc(mr.Tensor(F.global_avg_pool2d(x).data))",
        "get no gradient",
    ),
    (
        "a4.network",
        BLOCK,
        BLOCK.replace("shortcut, rng", 'shortcut if shortcut == "B" else None, rng'),
        "the net is plain",
    ),
    (
        "a4.twins",
        [
            (
                "plain = ResNet(n, width, None, np.random.default_rng(seed))",
                "rng = np.random.default_rng(seed)\n    plain = ResNet(n, width, None, rng)",
            ),
            (TWIN, 'residual = ResNet(n, width, "A", rng)'),
        ],
        None,
        "different weights",
    ),
    ("a4.twins", "return plain, residual", "return residual, plain", "plain first"),
    (
        "a4.twins",
        TWIN,
        TWIN + "\n    for one, other in zip(plain.parameters(), residual.parameters()):\n        "
        "other.data = one.data",
        "share arrays",
    ),
    (
        "a4.twins",
        [
            (
                "plain = ResNet(n, width, None, np.random.default_rng(seed))",
                "plain = ResNet(n, width, None, np.random.default_rng(0))",
            ),
            (TWIN, TWIN.replace("(seed)", "(0)")),
        ],
        None,
        "another seed",
    ),
    ("a4.twins", TWIN, TWIN.replace('"A"', '"B"'), "there is a 1x1"),
    (
        "a4.train",
        STEP,
        "        loss.backward()\n        optimizer.step()\n",
        "gradients of earlier",
    ),
    (
        "a4.train",
        STEP,
        "        loss.backward()\n        optimizer.zero_grad()\n        optimizer.step()\n",
        "do not move",
    ),
    ("a4.train", OPTIMIZER, OPTIMIZER.replace(", momentum=0.9", ""), "momentum is missing"),
    ("a4.train", "losses.append(loss.item())", "losses.append(loss)", "loss.item()"),
    (
        "a4.train",
        "losses.append(loss.item())",
        "losses.append(F.cross_entropy(net(mr.Tensor(images)), labels).item())",
        "before its step",
    ),
    ("a4.train", "    return losses\n", "", "is a `return` missing"),
    (
        "a4.train",
        "losses.append(loss.item())\n    return losses",
        "losses.append(loss.item())\n        return losses",
        "only the first batch",
    ),
    (
        "a4.curves",
        [("in batches:", "in batches[:2]:"), ("rng=rng, std=0.01)", "rng=rng)")],
        None,
        "near ln 10",
    ),
    ("a4.curves", "in batches:", "in batches[:2]:", "of 80 steps"),
    (
        "a4.curves",
        "    return plain, residual\n",
        "    return plain, ResNet(n, width, None, np.random.default_rng(seed))\n",
        "well below",
    ),
    (
        "a4.curves",
        [("in batches:", "in batches[:2]:"), (TWIN, TWIN.replace("(seed)", "(seed + 1)"))],
        None,
        "did not start from the same weights",
    ),
]
MISTAKES = [
    (task, old, new, message) if new is not None else (task, old[0][0], old, message)
    for task, old, new, message in MISTAKES
]

# Right answers of another kind: they must get all points.
RIGHT = [
    ("a4.he_normal", DRAW, "return rng.normal(0, std, shape).astype(np.float32)"),
    (
        "a4.he_normal",
        HE,
        "    fan_in = 1\n    for size in shape[:-1]:\n        fan_in *= size\n    std = (2 "
        "/ fan_in) ** 0.5\n",
    ),
    (
        "a4.shortcut_a",
        PAD,
        "return x if out_channels == x.shape[-1] else F.concatenate([x, "
        "mr.Tensor(np.zeros((*x.shape[:-1], out_channels - x.shape[-1]), x.dtype))], axis=3)",
    ),
    (
        "a4.shortcut_a",
        SLICE + "    " + PAD,
        "y = F.pad(x, ((0, 0), (0, 0), (0, 0), (0, out_channels - x.shape[-1])))\n    "
        "return y[:, ::stride][:, :, ::stride]",
    ),
    (
        "a4.shortcut",
        "return self.bn(self.conv(x))",
        "return self.bn(F.conv2d(x[:, ::self.stride, ::self.stride], self.conv.weight))",
    ),
    (
        "a4.basic_residual",
        ADD,
        "        return nn.norm_relu(self.bn2, self.conv2(inner), self.shortcut(x) if "
        "self.shortcut is not None else None)\n",
    ),
    (
        "a4.basic_residual",
        [
            (
                CONV1,
                "self.branch = nn.Sequential("
                + CONV1.split(" = ")[1]
                + ", nn.BatchNorm2d(out_channels), nn.ReLU(), "
                + CONV2.split(" = ")[1]
                + ", nn.BatchNorm2d(out_channels))",
            ),
            ("        self.bn1 = nn.BatchNorm2d(out_channels)\n", ""),
            ("        " + CONV2 + "\n", ""),
            ("        " + BN2 + "\n", ""),
            ("        " + INNER + "\n", ""),
            (OUTER, "y = self.branch(x)"),
        ],
        None,
    ),
    (
        "a4.basic_plain",
        ADD,
        "        return (y + (0 if self.shortcut is None else self.shortcut(x))).relu()\n",
    ),
    ("a4.do_nothing", "block.bn2.weight.data[...] = 0", "block.bn2.weight.data *= 0"),
    (
        "a4.do_nothing",
        "block.bn2.weight.data[...] = 0",
        "block.bn2.weight = nn.Parameter(np.zeros(len(block.bn2.weight), np.float32))",
    ),
    ("a4.network", "return self.fc(F.global_avg_pool2d(x))", "return self.fc(x.mean(axis=(1, 2)))"),
    (
        "a4.network",
        [
            (
                "        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)\n",
                "        self.fc = nn.Linear(4 * width, 10, rng=rng, std=0.01)\n        "
                "self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False, rng=rng)\n",
            ),
            ("        self.fc = nn.Linear(channels, 10, rng=rng, std=0.01)\n", ""),
        ],
        None,
    ),
    (
        "a4.twins",
        TWIN,
        'residual = ResNet(n, width, "A", None)\n    residual.load_state_dict(plain.state_dict())',
    ),
    (
        "a4.train",
        STEP,
        "        net.zero_grad()\n        loss.backward()\n        optimizer.step()\n",
    ),
]
RIGHT = [
    (task, old, new) if new is not None else (task, old[0][0], old) for task, old, new in RIGHT
]

"""A2: convolution."""

from . import Student

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
SIZE = "    return (size + 2 * padding - kernel) // stride + 1"
PAD = "    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))"
TERM = "            y[n, i, j, o] += padded[n, i * stride + a, j * stride + b, c] * w[a, b, c, o]\n"
FILL = "            columns[:, :, :, a, b] = padded[:, rows, cols]\n"
ROWS = "    return columns.reshape(N * H_out * W_out, KH * KW * C)"
WINDOW = (
    "            rows, cols = slice(a, a + stride * H_out, stride), slice(b, b + stride * W_out, "
    "stride)\n"
)
ADD = "            padded[:, rows, cols] += windows[:, :, :, a, b]\n"

STUDENTS = [
    Student(
        "remembers that padding makes the output as large as the image over the stride",
        ((SIZE, "    return size // stride"),),
        {"a2-size-test": "kernel and padding are left out"},
    ),
    Student(
        "puts the + 1 to the stride",
        ((SIZE, "    return (size + 2 * padding - kernel) // (stride + 1)"),),
        {"a2-size-test": "the 1 is added to the stride"},
    ),
    Student(
        "returns the size as a list of one",
        ((SIZE, "    return [(size + 2 * padding - kernel) // stride + 1]"),),
        {"a2-size-test": "got the type list"},
    ),
    Student(
        "always adds a border of one pixel",
        ((PAD, "    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))"),),
        {"a2-pad-test": "padding"},
    ),
    Student(
        "prints the padded images",
        ((PAD, PAD.replace("return np.pad(", "print(np.pad(") + ")"),),
        {"a2-pad-test": "is a `return` missing"},
    ),
    Student(
        "leaves out the last row and column of places",
        (
            (
                "    for n, i, j, o in np.ndindex(y.shape):\n",
                "    for n, i, j, o in np.ndindex(N, y.shape[1] - 1, y.shape[2] - 1, O):\n",
            ),
        ),
        {"a2-naive-test": "the loops end before the last row"},
    ),
    Student(
        "forgets the loop over the channels",
        (
            (
                "        for a, b, c in np.ndindex(KH, KW, C):\n",
                "        c = 0\n        for a, b in np.ndindex(KH, KW):\n",
            ),
        ),
        {"a2-naive-test": "only the first channel"},
    ),
    Student(
        "multiplies the place in the filter by the stride, too",
        (
            (
                TERM,
                TERM.replace(
                    "i * stride + a, j * stride + b", "(i + a) * stride, (j + b) * stride"
                ),
            ),
        ),
        {"a2-naive-test": "The last window begins at row"},
    ),
    Student(
        "leaves the loops untouched",
        cells={"a2-naive-code": "def conv2d_naive(x, w, stride, padding):\n" + STUB},
        loses={"a2-naive-test": "not written yet"},
    ),
    Student(
        "takes every image for a square",
        (
            (
                "    H_out, W_out = output_size(H, KH, stride, padding), output_size(W, KW, stride, padding)\n    padded = pad(x, padding)\n    columns",
                "    H_out = W_out = output_size(H, KH, stride, padding)\n    padded = pad(x, padding)\n    columns",
            ),
        ),
        {"a2-im2col-test": "taken for a square"},
    ),
    Student(
        "forgets the border in im2col",
        (("    padded = pad(x, padding)\n    columns", "    padded = x\n    columns"),),
        {"a2-im2col-test": "with their border 8 x 7"},
    ),
    Student(
        "lets the images run fastest in the rows of im2col",
        ((ROWS, ROWS.replace("columns.", "columns.transpose(1, 2, 0, 3, 4, 5).")),),
        {"a2-im2col-test": "(rows, columns, images)"},
    ),
    Student(
        "builds the matrix number by number, which is right and slow",
        (
            (
                "    columns = np.empty((N, H_out, W_out, KH, KW, C), x.dtype)\n    for a in range(KH):\n        for b in range(KW):\n"
                + WINDOW
                + FILL
                + ROWS,
                "    rows = []\n    for n in range(N):\n        for i in range(H_out):\n            for j in range(W_out):\n"
                "                row = []\n                for a in range(KH):\n                    for b in range(KW):\n"
                "                        for c in range(C):\n"
                "                            row.append(padded[n, i * stride + a, j * stride + b, c])\n"
                "                rows.append(row)\n    return np.array(rows, x.dtype)",
            ),
        ),
        {"a2-speed-test": "im2col"},
    ),
    Student(
        "forgets the padding in forward",
        (
            (
                "    columns = im2col(x, KH, KW, stride, padding)\n",
                "    columns = im2col(x, KH, KW, stride, 0)\n",
            ),
        ),
        {
            "a2-forward-test": "The last window begins at row",
            "a2-speed-test": "The last window begins at row",
        },
    ),
    Student(
        "returns the cache first",
        (
            (
                "    return y.reshape(N, *size, O), (columns, w, x.shape, stride, padding)",
                "    return (columns, w, x.shape, stride, padding), y.reshape(N, *size, O)",
            ),
        ),
        {
            "a2-forward-test": "in the wrong order: return y, cache",
            "a2-speed-test": "in the wrong order: return y, cache",
        },
    ),
    Student(
        "divides by the number of channels",
        (
            (
                "    y = columns @ w.reshape(KH * KW * C, O)\n",
                "    y = columns @ w.reshape(KH * KW * C, O) / C\n",
            ),
        ),
        {
            "a2-forward-test": "times what it should be",
            "a2-speed-test": "times what it should be",
        },
    ),
    Student(
        "never moves on in the loop of col2im",
        (
            (
                "    for a in range(KH):\n        for b in range(KW):\n" + WINDOW + ADD,
                "    a = 0\n    while a < KH:\n        for b in range(KW):\n" + WINDOW + ADD,
            ),
        ),
        {"a2-col2im-test": "seconds"},
    ),
    Student(
        "divides each sum by the number of windows",
        (
            (
                "    padded = np.zeros((N, H + 2 * padding, W + 2 * padding, C), columns.dtype)\n",
                "    padded = np.zeros((N, H + 2 * padding, W + 2 * padding, C), columns.dtype)\n    count = np.zeros_like(padded)\n",
            ),
            (
                ADD,
                ADD + "            count[:, rows, cols] += 1\n    padded /= np.maximum(count, 1)\n",
            ),
        ),
        {"a2-col2im-test": "only add up"},
    ),
    Student(
        "adds up in images without a border",
        (
            (
                "    padded = np.zeros((N, H + 2 * padding, W + 2 * padding, C), columns.dtype)\n",
                "    padded = np.zeros(shape, columns.dtype)\n",
            ),
            (
                "    return padded[:, padding : padding + H, padding : padding + W]",
                "    return padded",
            ),
        ),
        {"a2-col2im-test": "with their border 8 x 7"},
    ),
    Student(
        "reads the rows of dw channel by channel",
        (
            (
                "col2im(dcolumns, shape, KH, KW, stride, padding), dw.reshape(w.shape)",
                "col2im(dcolumns, shape, KH, KW, stride, padding), dw.reshape(C, KH, KW, O).transpose(1, 2, 0, 3)",
            ),
        ),
        {"a2-dw-test": "(C, KH, KW) instead of (KH, KW, C)"},
    ),
    Student(
        "adds up the windows for dw without dy",
        (("    dw = columns.T @ rows\n", "    dw = columns.T @ np.ones_like(rows)\n"),),
        {"a2-dw-test": "dy is missing"},
    ),
    Student(
        "exchanges height and width of the filter for dx",
        (
            (
                "    return col2im(dcolumns, shape, KH, KW, stride, padding), dw",
                "    return col2im(dcolumns, shape, KW, KH, stride, padding), dw",
            ),
        ),
        {"a2-dx-test": "windows of 3 x 2", "a2-dw-test": "windows of 3 x 2"},
    ),
    Student(
        "subtracts the mean of dy for dx, and writes momentum into the loop anew each step",
        (
            (
                "    dcolumns = rows @ w.reshape(KH * KW * C, O).T\n",
                "    dcolumns = (rows - rows.mean(axis=0)) @ w.reshape(KH * KW * C, O).T\n",
            ),
            (
                "        for _ in range(steps):\n            loss",
                "        for _ in range(steps):\n            optimizer = mr.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)\n            loss",
            ),
        ),
        {"a2-dx-test": "differ", "a2-train-test": "momentum"},
    ),
    Student(
        "takes an eps that is lost in rounding",
        (
            (
                "gradients, eps, errors = backward(r, cache), 1e-6, []",
                "gradients, eps, errors = backward(r, cache), 1e-15, []",
            ),
        ),
        {"a2-gradcheck-test": "eps too small"},
    ),
    Student(
        "moves the numbers of x for both gradients",
        (
            (
                "    for array, gradient in zip((x, w), gradients):\n",
                "    for array, gradient in zip((x, x), gradients):\n",
            ),
        ),
        {"a2-gradcheck-test": "broadcast"},
    ),
    Student(
        "returns the larger of the two errors",
        (("    return tuple(errors)", "    return max(errors)"),),
        {"a2-gradcheck-test": "expected 2 results"},
    ),
    Student(
        "trains in evaluation mode",
        (
            (
                "    losses = []\n    with mr.kernels",
                "    losses = []\n    net.eval()\n    with mr.kernels",
            ),
        ),
        {"a2-train-test": "eval"},
    ),
    Student(
        "notes the loss after the step",
        (
            (
                "            losses.append(loss.item())",
                "            losses.append(F.cross_entropy(net(images), labels).item())",
            ),
        ),
        {"a2-train-test": "before"},
    ),
    Student(
        "gives conv2d_backward another name",
        (("def conv2d_backward(dy, cache):", "def conv2d_backwards(dy, cache):"),),
        {"a2-dw-test": "conv2d_backwards", "a2-dx-test": "conv2d_backwards"},
    ),
    Student(
        "deletes the cell of the size and the border",
        cells={"a2-size-code": None},
        loses={"a2-size-test": "not defined", "a2-pad-test": "not defined"},
        problem="a2-size-code is missing",
    ),
    Student(
        "copies im2col from a friend",
        copies=("ben", "a2-im2col-code"),
        loses={"a2-im2col-test": "right in another variant"},
    ),
]

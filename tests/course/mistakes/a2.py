"""A2: convolution."""

SIZE = "return (size + 2 * padding - kernel) // stride + 1"
PAD = "return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))"
NAIVE_TERM = "y[n, i, j, o] += padded[n, i * stride + a, j * stride + b, c] * w[a, b, c, o]"
COLUMNS = (
    "            columns[:, :, :, a, b] = padded[:, rows, cols]\n    return columns.reshape(N * "
    "H_out * W_out, KH * KW * C)"
)
MATRIX = "return columns.reshape(N * H_out * W_out, KH * KW * C)"
PRODUCT = "y = columns @ w.reshape(KH * KW * C, O)"
FORWARD_END = "return y.reshape(N, *size, O), (columns, w, x.shape, stride, padding)"
ADD = "padded[:, rows, cols] += windows[:, :, :, a, b]"
CUT = "return padded[:, padding : padding + H, padding : padding + W]"
ADDING = (
    "            rows, cols = slice(a, a + stride * H_out, stride), slice(b, b + stride * "
    "W_out, stride)\n            " + ADD
)
DW = "dw = columns.T @ rows"
DCOLUMNS = "dcolumns = rows @ w.reshape(KH * KW * C, O).T"
BACKWARD_END = "return col2im(dcolumns, shape, KH, KW, stride, padding), dw.reshape(w.shape)"
UP_DOWN = "numerical[i] = (up - down) / (2 * eps)"
ERROR = "errors.append(float(np.abs(gradient - numerical).max() / np.abs(numerical).max()))"
VIEW = "np.lib.stride_tricks.sliding_window_view"

MISTAKES = [
    (
        "a2.output_size",
        SIZE,
        "return (size + 2 * padding - kernel) // stride",
        "the + 1 is missing",
    ),
    ("a2.output_size", SIZE, "return (size + 2 * padding - kernel) / stride + 1", "divide with //"),
    (
        "a2.output_size",
        SIZE,
        "return int(np.ceil((size + 2 * padding - kernel) / stride)) + 1",
        "rounded up",
    ),
    ("a2.output_size", SIZE, "return (size + padding - kernel) // stride + 1", "counted once"),
    (
        "a2.output_size",
        SIZE,
        "return (size + 2 * padding - kernel + 1) // stride",
        "added before the division",
    ),
    ("a2.output_size", SIZE, "return size + 2 * padding - kernel + 1", "the stride is left out"),
    (
        "a2.output_size",
        SIZE,
        "(size + 2 * padding - kernel) // stride + 1",
        "is a `return` missing",
    ),
    ("a2.pad", PAD, "return np.pad(x, padding)", "all four axes"),
    (
        "a2.pad",
        PAD,
        "N, H, W, C = x.shape\n    y = np.zeros((N, H + 2 * padding, W + 2 * padding, C), "
        "x.dtype)\n    y[:, padding:-padding, padding:-padding] = x\n    return y",
        "is empty for p = 0",
    ),
    (
        "a2.pad",
        PAD,
        "return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))",
        "the last two axes",
    ),
    (
        "a2.pad",
        PAD,
        "return np.pad(x, ((0, 0), (padding, 0), (padding, 0), (0, 0)))",
        "on one side only",
    ),
    (
        "a2.pad",
        PAD,
        "return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)), mode='edge')",
        "repeats pixels",
    ),
    (
        "a2.pad",
        PAD,
        "N, H, W, C = x.shape\n    y = np.zeros((N, H + 2 * padding, W + 2 * padding, C))\n "
        "   y[:, padding:padding + H, padding:padding + W] = x\n    return y",
        "float64 has crept in",
    ),
    (
        "a2.naive",
        NAIVE_TERM,
        NAIVE_TERM.replace("w[a, b, c, o]", "w[KH - 1 - a, KW - 1 - b, c, o]"),
        "the filter is flipped",
    ),
    ("a2.naive", NAIVE_TERM, NAIVE_TERM.replace("+=", "="), "overwrites the one before"),
    (
        "a2.naive",
        NAIVE_TERM,
        NAIVE_TERM.replace("i * stride + a, j * stride + b", "i + a, j + b"),
        "window i begins at i s, not at i",
    ),
    (
        "a2.naive",
        NAIVE_TERM,
        NAIVE_TERM.replace(
            "w[a, b, c, o]", "w[b, a, c, o] if KH == KW else " + NAIVE_TERM.split("+= ")[1]
        ),
        "rows and columns of the filter are exchanged",
    ),
    (
        "a2.naive",
        NAIVE_TERM,
        NAIVE_TERM.replace("padded[n", "padded[0"),
        "the output of the first one",
    ),
    (
        "a2.naive",
        NAIVE_TERM,
        "k, l = i * stride + a - padding, j * stride + b - padding\n            if k < H "
        "and l < W:\n                y[n, i, j, o] += x[n, k, l, c] * w[a, b, c, o]",
        "counts it from the end",
    ),
    (
        "a2.naive",
        NAIVE_TERM,
        NAIVE_TERM.replace("w[a, b, c, o]", "(w[a, b, c, o] if C != O else w[a, b, o, c])"),
        "input and output channels of w are exchanged",
    ),
    (
        "a2.naive",
        "    padded = pad(x, padding)\n    y = np.zeros(",
        "    padded = np.pad(x, ((0, 0), (2 * padding, 0), (2 * padding, 0), (0, 0)))\n    "
        "y = np.zeros(",
        "on one side only",
    ),
    (
        "a2.naive",
        "output_size(W, KW, stride, padding), O), x.dtype\n    )",
        "output_size(W, KW, stride, padding), O)\n    )",
        "float64 has crept in",
    ),
    (
        "a2.naive",
        "    for n, i, j, o in np.ndindex(y.shape):\n",
        "    w[...] = w[::-1]\n    for n, i, j, o in np.ndindex(y.shape):\n",
        "in place",
    ),
    (
        "a2.naive",
        NAIVE_TERM,
        NAIVE_TERM.replace("j * stride", "j * stride + stride"),
        "stopped with IndexError",
    ),
    (
        "a2.im2col",
        COLUMNS,
        f"            pass\n    columns = {VIEW}(padded, (KH, KW), axis=(1, 2))[:, "
        "::stride, ::stride]\n    " + MATRIX,
        "(C, KH, KW) instead of (KH, KW, C)",
    ),
    (
        "a2.im2col",
        COLUMNS,
        f"            pass\n    columns = {VIEW}(padded, (KH, KW), axis=(1, "
        "2)).transpose(0, 1, 2, 4, 5, 3)\n    return columns.reshape(-1, KH * KW * C)",
        "the stride is left out",
    ),
    (
        "a2.im2col",
        MATRIX,
        "return columns.transpose(0, 1, 2, 4, 3, 5).reshape(N * H_out * W_out, KH * KW * C)",
        "(KW, KH, C)",
    ),
    (
        "a2.im2col",
        MATRIX,
        "return columns.transpose(0, 2, 1, 3, 4, 5).reshape(N * H_out * W_out, KH * KW * C)",
        "(images, columns, rows)",
    ),
    (
        "a2.im2col",
        MATRIX,
        "return columns.reshape(N * H_out * W_out, KH * KW * C).T",
        "a window is a *row*",
    ),
    ("a2.im2col", MATRIX, "return columns", "the axes are not merged"),
    (
        "a2.im2col",
        "columns = np.empty((N, H_out, W_out, KH, KW, C), x.dtype)",
        "columns = np.empty((N, H_out, W_out, KH, KW, C))",
        "float64 has crept in",
    ),
    (
        "a2.im2col",
        COLUMNS,
        COLUMNS.replace("padded[:, rows, cols]", "padded[:, a:a + H_out, b:b + W_out]"),
        "begins at row i s",
    ),
    (
        "a2.im2col",
        "    padded = pad(x, padding)\n    columns",
        "    padded = np.pad(x, ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0)))\n    columns",
        "on one side only",
    ),
    ("a2.forward", FORWARD_END, "return y.reshape(N, *size, O)", "return y, cache"),
    (
        "a2.forward",
        FORWARD_END,
        "return y, (columns, w, x.shape, stride, padding)",
        "a row for each window",
    ),
    (
        "a2.forward",
        PRODUCT,
        "y = columns @ w.reshape(O, KH * KW * C).T",
        "w is read as (O, KH KW C)",
    ),
    (
        "a2.forward",
        PRODUCT,
        "y = columns @ w.transpose(2, 0, 1, 3).reshape(KH * KW * C, O)",
        "in different orders",
    ),
    (
        "a2.forward",
        PRODUCT,
        "y = columns @ w[::-1, ::-1].reshape(KH * KW * C, O)",
        "the filter is flipped",
    ),
    (
        "a2.forward",
        PRODUCT,
        "y = columns.astype(float) @ w.reshape(KH * KW * C, O)",
        "float64 has crept in",
    ),
    (
        "a2.forward",
        "return y.reshape(N, *size, O),",
        "return y.reshape(N, O, *size).transpose(0, 2, 3, 1),",
        "the filters come last",
    ),
    (
        "a2.forward",
        "return y.reshape(N, *size, O),",
        "return y.reshape(N, *size[::-1], O),",
        "height and width of the output are exchanged",
    ),
    ("a2.speed", PRODUCT, "y = conv2d_naive(x, w, stride, padding)", "at least 50 times as fast"),
    (
        "a2.speed",
        PRODUCT,
        "y = np.array([[(row * w[..., o].ravel()).sum() for o in range(O)] for row in columns])",
        "Is there still a loop",
    ),
    ("a2.col2im", ADD, ADD.replace("+=", "="), "overlapping windows overwrite"),
    (
        "a2.col2im",
        "            " + ADD + "\n",
        f"            pass\n    view = {VIEW}(padded, (KH, KW), axis=(1, 2), "
        "writeable=True)[:, ::stride, ::stride]\n"
        "    view += windows.transpose(0, 1, 2, 5, 3, 4)\n",
        "overlapping windows overwrite",
    ),
    ("a2.col2im", CUT, "return padded", "not cut off"),
    (
        "a2.col2im",
        CUT,
        "return padded[:, padding:-padding, padding:-padding]",
        "which is empty for p = 0",
    ),
    ("a2.col2im", CUT, "return padded[:, :H, :W]", "on one side only"),
    (
        "a2.col2im",
        ADDING,
        "            padded[:, a:a + H_out, b:b + W_out] += windows[:, :, :, a, b]",
        "the stride is left out",
    ),
    (
        "a2.col2im",
        "windows = columns.reshape(N, H_out, W_out, KH, KW, C)",
        "windows = columns.reshape(N, H_out, W_out, C, KH, KW).transpose(0, 1, 2, 4, 5, 3)",
        "(C, KH, KW) instead of (KH, KW, C)",
    ),
    (
        "a2.col2im",
        "padded = np.zeros((N, H + 2 * padding, W + 2 * padding, C), columns.dtype)",
        "padded = np.zeros((N, H + 2 * padding, W + 2 * padding, C))",
        "float64 has crept in",
    ),
    ("a2.dw", DW, "dw = columns.T @ rows / dy.shape[0]", "the mean over the batch"),
    ("a2.dw", "dw.reshape(w.shape)", "dw", "is still a matrix"),
    ("a2.dw", DW, "dw = rows.T @ columns", "as (O, KH KW C)"),
    (
        "a2.dw",
        DW,
        "dw = columns.T @ dy.transpose(0, 2, 1, 3).reshape(-1, O)",
        "the rows of dy are in another order",
    ),
    (
        "a2.dw",
        BACKWARD_END,
        "return dw.reshape(w.shape), col2im(dcolumns, shape, KH, KW, stride, padding)",
        "in the wrong order",
    ),
    ("a2.dw", BACKWARD_END, "return dw.reshape(w.shape)", "dx and dw"),
    (
        "a2.dw",
        None,
        [
            (
                FORWARD_END,
                "global latest\n    latest = columns, w, x.shape, stride, padding\n    "
                "return y.reshape(N, *size, O), None",
            ),
            (
                "columns, w, shape, stride, padding = cache",
                "columns, w, shape, stride, padding = latest",
            ),
        ],
        "the *latest* forward pass",
    ),
    (
        "a2.dw",
        DW,
        "dw = columns[-(len(columns) // len(dy)):].T @ rows[-(len(columns) // len(dy)):]",
        "only one image",
    ),
    (
        "a2.dw",
        "    rows = dy.reshape(-1, O)\n",
        "    dy /= len(dy)\n    rows = dy.reshape(-1, O)\n",
        "in place",
    ),
    (
        "a2.dx",
        DCOLUMNS,
        "dcolumns = rows @ (w.transpose(0, 1, 3, 2) if C == O else w).reshape(KH * KW * C, O).T",
        "w is not transposed",
    ),
    (
        "a2.dx",
        DCOLUMNS,
        "dcolumns = rows @ w[::-1, ::-1].reshape(KH * KW * C, O).T",
        "flipped once too often",
    ),
    (
        "a2.dx",
        "return col2im(dcolumns, shape",
        "return col2im(dcolumns / shape[0], shape",
        "divided by the number of images",
    ),
    (
        "a2.dx",
        DCOLUMNS,
        "dcolumns = rows @ w.transpose(2, 0, 1, 3).reshape(KH * KW * C, O).T",
        "(C, KH, KW) instead of (KH, KW, C)",
    ),
    (
        "a2.dx",
        DCOLUMNS,
        "dcolumns = rows.astype(float) @ w.reshape(KH * KW * C, O).T",
        "float64 has crept in",
    ),
    (
        "a2.dx",
        "col2im(dcolumns, shape, KH, KW, stride, padding), dw",
        "col2im(dcolumns, shape, KH, KW, 1, padding), dw",
        "stopped with",
    ),
    (
        "a2.gradient_check",
        "r = rng.standard_normal(y.shape)",
        "r = np.ones(y.shape)",
        "Is r the same everywhere",
    ),
    ("a2.gradient_check", UP_DOWN, "numerical[i] = (up - down) / eps", "divided by 2 eps"),
    (
        "a2.gradient_check",
        ERROR,
        "errors.append(float(np.abs(gradient - numerical).mean() / np.abs(numerical).max()))",
        "the error should be 0.01",
    ),
    (
        "a2.gradient_check",
        ERROR,
        "errors.append(float(abs((gradient - numerical).sum()) / np.abs(numerical.sum())))",
        "*largest* difference without its sign",
    ),
    (
        "a2.gradient_check",
        ERROR,
        "errors.append(float((np.abs(gradient - numerical) / np.abs(numerical)).max()))",
        "not each by its own",
    ),
    (
        "a2.gradient_check",
        ERROR,
        "errors.append(float(np.abs(gradient - numerical).max() / np.abs(gradient).max()))",
        "*numerical* gradient",
    ),
    (
        "a2.gradient_check",
        ERROR,
        "errors.append(float(abs((gradient - numerical).max()) / np.abs(numerical).max()))",
        "without its sign",
    ),
    (
        "a2.gradient_check",
        "            array[i] = before\n",
        "            array[i] -= eps\n            array[i] += 2 * eps\n",
        "not quite as it was",
    ),
    (
        "a2.gradient_check",
        ERROR,
        "errors.append(float(np.nanmax(np.abs(gradient - numerical)) / np.abs(numerical).max()))",
        "with a nan in it",
    ),
    (
        "a2.gradient_check",
        "return tuple(errors)",
        "return tuple(errors[::-1])",
        "Expected the error of dx first",
    ),
    ("a2.gradient_check", "            array[i] = before\n", "", "not as it was before"),
    (
        "a2.gradient_check",
        "y, cache = forward(x, w, stride, padding)",
        "y, cache = forward(x, w)",
        "forward was called with",
    ),
    ("a2.train", "    with mr.kernels.use(conv2d=pair):\n", "    if pair:\n", "were never called"),
    (
        "a2.train",
        "use(conv2d=pair):\n        for",
        "use(conv2d=(conv2d_forward, conv2d_backward)):\n        for",
        "were never called",
    ),
    ("a2.train", "            loss.backward()\n", "", "loss.backward() is missing"),
    ("a2.train", "            optimizer.step()\n", "", "the weights never change"),
    ("a2.train", "            optimizer.zero_grad()\n", "", "gradients of earlier steps"),
    (
        "a2.train",
        "            loss.backward()\n            optimizer.step()\n",
        "            loss.backward()\n            optimizer.zero_grad()\n            "
        "optimizer.step()\n",
        "set to zero after loss.backward()",
    ),
    ("a2.train", DW, "dw = columns.T @ rows / dy.shape[0]", "wrong values"),
    (
        "a2.train",
        "            losses.append(loss.item())",
        "            losses.append(F.cross_entropy(net(images), labels).item())",
        "shifted by one step",
    ),
    (
        "a2.train",
        "        for _ in range(steps):\n",
        "        for _ in range(steps):\n"
        "            optimizer = mr.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)\n",
        "the momentum is missing",
    ),
    (
        "a2.train",
        "    with mr.kernels.use(conv2d=pair):\n",
        "    net.eval()\n    with mr.kernels.use(conv2d=pair):\n",
        "the net is in evaluation mode",
    ),
    (
        "a2.train",
        "        for _ in range(steps):\n",
        "        for _ in range(steps - 1):\n",
        "expected a loss for each",
    ),
]

# Right answers of another kind: they must get all points.

FROM_FOURIER = """spectrum = np.fft.rfft2(pad(x, padding), axes=(1, 2))[..., None]
    filters = np.fft.rfft2(w, s=(H + 2 * padding, W + 2 * padding), axes=(0, 1))
    y = np.fft.irfft2((spectrum * filters.conj()).sum(axis=3), s=(H + 2 * padding, W + 2 * padding), axes=(1, 2))
    y = y[:, :H + 2 * padding - KH + 1:stride, :W + 2 * padding - KW + 1:stride].astype(x.dtype)"""

OTHER_CACHE = [
    (FORWARD_END, "return y.reshape(N, *size, O), {'x': x, 'w': w, 'settings': [stride, padding]}")
]

BY_SLICES = OTHER_CACHE + [
    (
        "columns, w, shape, stride, padding = cache\n",
        """x, w, (stride, p) = cache["x"], cache["w"], cache["settings"]
    x = pad(x, p)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for a, b in np.ndindex(w.shape[:2]):
        at = slice(None), slice(a, a + stride * dy.shape[1], stride), slice(b, b + stride * dy.shape[2], stride)
        dw[a, b] = np.einsum("nijc,nijo->co", x[at], dy)
        dx[at] += np.einsum("nijo,co->nijc", dy, w[a, b])
    return [dx[:, p:dx.shape[1] - p, p:dx.shape[2] - p], dw]
""",
    )
]

BY_CONVOLUTION = OTHER_CACHE + [
    (
        "columns, w, shape, stride, padding = cache\n",
        """x, w, (stride, p) = cache["x"], cache["w"], cache["settings"]
    (N, H, W, C), (KH, KW, _, O) = x.shape, w.shape
    spread = np.zeros((N, H + 2 * p - KH + 1, W + 2 * p - KW + 1, O), dy.dtype)
    spread[:, ::stride, ::stride] = dy
    around = np.pad(spread, ((0, 0), (KH - 1, KH - 1), (KW - 1, KW - 1), (0, 0)))
    dx = conv2d_forward(around, w[::-1, ::-1].transpose(0, 1, 3, 2))[0]
    dw = conv2d_forward(pad(x, p).transpose(3, 1, 2, 0), spread.transpose(1, 2, 0, 3))[0]
    return dx[:, p:p + H, p:p + W], dw.transpose(1, 2, 0, 3)
""",
    )
]

ONE_BY_ONE = """dx = np.zeros((N, H + 2 * padding, W + 2 * padding, C), columns.dtype)
    for row, (n, i, j) in zip(columns, np.ndindex(N, H_out, W_out)):
        dx[n, i * stride:i * stride + KH, j * stride:j * stride + KW] += row.reshape(KH, KW, C)
    return dx[:, padding:H + padding, padding:W + padding]
    windows = columns.reshape"""

NO_BORDER = """for n, i, j, o in np.ndindex(y.shape):
        total = 0.0
        for a in range(KH):
            for b in range(KW):
                row, column = i * stride + a - padding, j * stride + b - padding
                if 0 <= row < H and 0 <= column < W:
                    for c in range(C):
                        total += x[n, row, column, c] * w[a, b, c, o]
        y[n, i, j, o] = total
    return y
    for n, i, j, o in np.ndindex(y.shape):
"""

WITH_COPIES = """move = np.zeros_like(array)
            move[i] = 1e-4
            (a, b), (c, d) = ((x + move, w), (x - move, w)) if array is x else ((x, w + move), (x, w - move))
            up, down = (r * forward(a, b, stride, padding)[0]).sum(), (r * forward(c, d, stride, padding)[0]).sum()
            numerical[i] = (up - down) / 2e-4
            continue
            before = array[i]
"""

RIGHT = [
    (
        "a2.output_size",
        SIZE,
        "return np.int64(len(range(0, size + 2 * padding - kernel + 1, stride)))",
    ),
    (
        "a2.pad",
        PAD,
        "N, H, W, C = x.shape\n    y = np.zeros_like(x, shape=(N, H + 2 * padding, W + 2 * "
        "padding, C))\n    y[:, padding:padding + H, padding:padding + W] = x\n    return y",
    ),
    ("a2.naive", "for n, i, j, o in np.ndindex(y.shape):\n", NO_BORDER),
    (
        "a2.im2col",
        COLUMNS,
        f"            pass\n    columns = {VIEW}(padded, (KH, KW), axis=(1, 2))[:, "
        "::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)\n    return columns.reshape(-1, "
        "KH * KW * C)",
    ),
    (
        "a2.im2col",
        "    padded = pad(x, padding)\n    columns",
        "    padded = pad(x, padding)\n    places = [(n, i * stride, j * stride) for n, i, "
        "j in np.ndindex(N, H_out, W_out)]\n"
        "    return np.array([padded[n, i:i + KH, j:j + KW].ravel() for n, i, j in "
        "places])\n    columns",
    ),
    ("a2.forward", PRODUCT, FROM_FOURIER),
    (
        "a2.forward",
        PRODUCT,
        f"y = np.einsum('nijcab,abco->nijo', {VIEW}(pad(x, padding), (KH, KW), axis=(1, "
        "2))[:, ::stride, ::stride], w)",
    ),
    (
        "a2.speed",
        NAIVE_TERM,
        "pass\n        y[n, i, j, o] = (padded[n, i * stride:i * stride + KH, j * stride:j "
        "* stride + KW] * w[..., o]).sum()",
    ),
    ("a2.col2im", "windows = columns.reshape", ONE_BY_ONE),
    ("a2.dw", None, BY_SLICES),
    ("a2.dx", None, BY_SLICES),
    ("a2.dw", None, BY_CONVOLUTION),
    ("a2.dx", None, BY_CONVOLUTION),
    ("a2.gradient_check", "before = array[i]\n", WITH_COPIES),
    ("a2.train", None, BY_SLICES),
    ("a2.train", "            optimizer.zero_grad()\n", "            net.zero_grad()\n"),
]

"""A3: batch norm and ReLU."""

RELU_FORWARD = "return np.maximum(x, 0), x\n"
RELU_BACKWARD = "return dy * (cache > 0)"
STATISTICS = (
    "        axes = tuple(range(x.ndim - 1))\n        mean = x.mean(axis=axes)\n        var = "
    "((x - mean) ** 2).mean(axis=axes)\n"
)
MEAN, VAR, STD = (
    "mean = x.mean(axis=axes)",
    "var = ((x - mean) ** 2).mean(axis=axes)",
    "std = np.sqrt(var + eps)",
)
Y = "y = weight * x_hat + bias"
CACHED = (
    "return y, SimpleNamespace(\n        mean=mean, var=var, std=std, x_hat=x_hat, "
    "weight=weight, from_batch=from_batch\n    )"
)
UNBIASED = "unbiased = var * (count / max(count - 1, 1))"
NEW_MEAN, NEW_VAR = (
    "new_mean = (1 - momentum) * running_mean + momentum * mean",
    "new_var = (1 - momentum) * running_var + momentum * unbiased",
)
MOVE = """        self.running_mean.data, self.running_var.data = update_running(
            self.running_mean.data,
            self.running_var.data,
            cache.mean,
            cache.var,
            count,
            self.momentum,
        )
"""
GIVEN = """            y, cache = normalise(x, self, self.running_mean.data, self.running_var.data)
            return y
"""
DX = "dx = dy - dbias / count - cache.x_hat * (dweight / count)"
DWEIGHT, DBIAS = "dweight = (dy * cache.x_hat).sum(axis=axes)", "dbias = dy.sum(axis=axes)"
RETURNED = "return cache.weight / cache.std * dx, dweight, dbias"
MEASURED = "measured[i] = (loss(up) - loss(down)) / (2 * eps)"
ERROR = "np.max(np.abs(gradient - measured)) / np.max(np.abs(measured))"
COUNT = "count = x.size // x.shape[-1]"


def statistics(axes):
    """The reference with other axes, kept as ones."""
    return (
        f"        mean = x.mean(axis={axes}, keepdims=True)\n        var = ((x - mean) ** "
        f"2).mean(axis={axes}, keepdims=True)\n"
    )


MISTAKES = [
    ("a3.relu_forward", RELU_FORWARD, "return np.where(x > 0, x, 0), x\n", "nan"),
    ("a3.relu_forward", RELU_FORWARD, "return np.abs(x), x\n", "absolute value"),
    ("a3.relu_forward", RELU_FORWARD, "x[x < 0] = 0\n    return x, x\n", "in place"),
    ("a3.relu_forward", RELU_FORWARD, "return np.maximum(x, 0)\n", "y and the cache"),
    (
        "a3.relu_forward",
        RELU_FORWARD,
        "return np.maximum(x, np.zeros(x.shape)), x\n",
        "float64 has crept in",
    ),
    (
        "a3.relu_forward",
        "    return np.maximum(x, 0), x\n",
        "    return np.clip(x, 0, 6), x\n",
        "no upper limit",
    ),
    ("a3.relu_backward", RELU_BACKWARD, "return dy * (dy > 0)", "where dy is positive"),
    ("a3.relu_backward", RELU_BACKWARD, "return dy * (cache >= 0)", "at x = 0"),
    (
        "a3.relu_backward",
        RELU_BACKWARD,
        "return dy * ~np.signbit(cache)",
        "differs at -0.0 and 0.0",
    ),
    ("a3.relu_backward", RELU_BACKWARD, "return (cache > 0).astype(dy.dtype)", "dy is missing"),
    ("a3.relu_backward", RELU_BACKWARD, "dy[cache <= 0] = 0\n    return dy", "in place"),
    (
        "a3.forward",
        STATISTICS,
        statistics("tuple(range(1, x.ndim - 1)) or 0"),
        "each image by itself (instance norm)",
    ),
    ("a3.forward", STATISTICS, statistics("-1"), "layer norm"),
    ("a3.forward", STATISTICS, statistics("0"), "each pixel by itself"),
    ("a3.forward", STATISTICS, statistics("None"), "all channels together"),
    ("a3.forward", STATISTICS, statistics("tuple(range(x.ndim - 1))"), "keepdims"),
    ("a3.forward", STD, "std = np.sqrt(var) + eps", "outside of the root"),
    ("a3.forward", STD, "std = np.sqrt(var)", "eps is missing"),
    ("a3.forward", STD, "std = np.sqrt(var + 1e-5)", "argument eps is not used"),
    ("a3.forward", STD, "std = var + eps", "instead of its root"),
    ("a3.forward", Y, "y = bias * x_hat + weight", "exchanged"),
    ("a3.forward", Y, "y = weight * (x_hat + bias)", "multiplies the bias too"),
    ("a3.forward", Y, "y = x_hat", "still missing"),
    ("a3.forward", VAR, "var = x.var(axis=axes, ddof=1)", "the unbiased variance is used"),
    ("a3.forward", CACHED, CACHED.replace("var=var", "var=std"), "standard deviation"),
    ("a3.forward", CACHED, CACHED.replace("var=var", "var=var + eps"), "eps has been added"),
    (
        "a3.forward",
        CACHED,
        CACHED.replace("mean=mean, var=var", "mean=var, var=mean"),
        "mean and var are exchanged",
    ),
    ("a3.forward", CACHED, "return y, (x_hat, std)", "no attribute mean"),
    ("a3.forward", Y, "y = np.ones(x.shape) * weight * x_hat + bias", "float64 has crept in"),
    ("a3.forward", "x_hat = (x - mean) / std", "x -= mean\n    x_hat = x / std", "in place"),
    ("a3.precision", VAR, "var = (x ** 2).mean(axis=axes) - mean ** 2", "Subtract the mean first"),
    ("a3.precision", STD, "std = np.sqrt(var)", "eps, under the root"),
    (
        "a3.inference",
        "from_batch = mean is None",
        "from_batch = True",
        "the given mean and var ignored",
    ),
    (
        "a3.inference",
        "from_batch = mean is None",
        "from_batch = mean is None or not mean.any()",
        "counts as False",
    ),
    (
        "a3.inference",
        STD,
        "std = np.sqrt(var + eps) if from_batch else var + eps",
        "as if it were the standard deviation",
    ),
    ("a3.inference", STD, "std = np.sqrt(var + (eps if from_batch else 0))", "eps is missing"),
    (
        "a3.inference",
        None,
        [
            ("    if from_batch:\n        axes", "    given = mean\n    if True:\n        axes"),
            (STD, "mean = mean if from_batch else given\n    std = np.sqrt(var + eps)"),
        ],
        "the batch's own variance",
    ),
    (
        "a3.inference",
        Y,
        "y = weight * x_hat + bias if from_batch else x_hat",
        "inference uses them as training does",
    ),
    (
        "a3.running",
        None,
        [
            (NEW_MEAN, "new_mean = momentum * running_mean + (1 - momentum) * mean"),
            (NEW_VAR, "new_var = momentum * running_var + (1 - momentum) * unbiased"),
        ],
        "wrong way round",
    ),
    ("a3.running", UNBIASED, "unbiased = var", "the biased variance goes into the average"),
    ("a3.running", UNBIASED, "unbiased = var * (count - 1) / count", "upside down"),
    (
        "a3.running",
        UNBIASED,
        "unbiased = np.sqrt(var * (count / max(count - 1, 1)))",
        "standard deviation",
    ),
    (
        "a3.running",
        UNBIASED,
        "unbiased = var * count / (np.float64(count) - 1)",
        "float64 has crept in",
    ),
    ("a3.running", UNBIASED, "unbiased = var * np.float32(count) / np.float32(count - 1)", "M = 1"),
    ("a3.running", NEW_MEAN, "new_mean = running_mean + momentum * mean", "kept whole"),
    ("a3.running", NEW_MEAN, "new_mean = mean", "the old average is dropped"),
    ("a3.running", NEW_MEAN, NEW_MEAN.replace("momentum", "0.1"), "0.1 is used instead"),
    (
        "a3.running",
        NEW_MEAN,
        "running_mean *= 1 - momentum\n    new_mean = running_mean + momentum * mean",
        "in place",
    ),
    ("a3.running", "return new_mean, new_var", "return new_var, new_mean", "return the mean first"),
    (
        "a3.layer",
        GIVEN,
        "            y, cache = normalise(x, self)\n            return y\n",
        "in evaluation it must use the running averages",
    ),
    (
        "a3.layer",
        GIVEN,
        GIVEN.replace(
            "            return y\n",
            "            update = update_running(self.running_mean.data, "
            "self.running_var.data, cache.mean, cache.var, len(x), 0.1)\n"
            "            self.running_mean.data, self.running_var.data = update\n           "
            " return y\n",
        ),
        "has changed",
    ),
    (
        "a3.layer",
        "        if not self.training:\n",
        "        if True:\n",
        "in training it must use the batch's own",
    ),
    ("a3.layer", COUNT, "count = len(x)", "count is len(x)"),
    ("a3.layer", COUNT, "count = x.size", "count is x.size"),
    ("a3.layer", MOVE, MOVE.replace("            self.momentum,\n", ""), "is not passed to"),
    ("a3.layer", MOVE, "", "it does not change"),
    (
        "a3.layer",
        MOVE,
        MOVE.replace(
            "self.running_mean.data, self.running_var.data = ",
            "self.running_mean, self.running_var = ",
        ),
        "assign the new array to its .data",
    ),
    ("a3.layer", GIVEN, GIVEN.replace(".data", ""), "it takes arrays"),
    ("a3.layer", MOVE, MOVE + "        y = mr.Tensor(y.data)\n", "not on the tape"),
    (
        "a3.layer",
        GIVEN,
        "            return normalise(x, self, self.running_mean.data, self.running_var.data)\n",
        "y is the first",
    ),
    (
        "a3.sums",
        DWEIGHT,
        "dweight = (dy * (cache.x_hat * cache.std + cache.mean)).sum(axis=axes)",
        "weight multiplies x_hat, not x",
    ),
    ("a3.sums", DWEIGHT, "dweight = cache.x_hat.sum(axis=axes)", "dy is missing"),
    (
        "a3.sums",
        DWEIGHT,
        "dweight = cache.weight * (dy * cache.x_hat).sum(axis=axes)",
        "multiplied by weight",
    ),
    ("a3.sums", DBIAS, "dbias = dy.mean(axis=axes)", "the mean is taken instead of the sum"),
    ("a3.sums", DBIAS, "dbias = dy.sum(axis=0)", "sum over the pixels too"),
    ("a3.sums", RETURNED, "return cache.weight / cache.std * dx, dbias, dweight", "exchanged"),
    ("a3.sums", "x_hat = (x - mean) / std", "x_hat = x - mean", "is not right yet"),
    ("a3.backward", DX, "dx = dy", "treated as constants"),
    (
        "a3.backward",
        DX,
        "dx = dy - cache.x_hat * (dweight / count)",
        "the path through the mean is missing",
    ),
    ("a3.backward", DX, "dx = dy - dbias / count", "the path through the variance is missing"),
    (
        "a3.backward",
        DX,
        "dx = dy - dbias - cache.x_hat * dweight",
        "sums are used instead of means",
    ),
    ("a3.backward", DX, "dx = dy - dbias / count + cache.x_hat * (dweight / count)", "wrong sign"),
    (
        "a3.backward",
        "count = dy.size // dy.shape[-1]",
        "count = len(dy)",
        "M counts the pixels too",
    ),
    ("a3.backward", RETURNED, "return dx / cache.std, dweight, dbias", "weight is missing"),
    ("a3.backward", RETURNED, "return cache.weight * dx, dweight, dbias", "not divided by sqrt"),
    (
        "a3.backward",
        RETURNED,
        "return cache.weight / cache.std ** 2 * dx, dweight, dbias",
        "without the root",
    ),
    (
        "a3.backward",
        RETURNED,
        "return cache.weight / cache.std * dx * np.float64(1), dweight, dbias",
        "float64 has crept in",
    ),
    (
        "a3.backward",
        DX,
        "dy -= dbias / count + cache.x_hat * (dweight / count)\n        dx = dy",
        "in place",
    ),
    (
        "a3.inference_backward",
        "if cache.from_batch:",
        "if True:",
        "has the terms of training",
    ),
    (
        "a3.inference_backward",
        RETURNED,
        "return (cache.weight if cache.from_batch else 1) / cache.std * dx, dweight, dbias",
        "weight is missing",
    ),
    (
        "a3.inference_backward",
        DWEIGHT,
        "x = cache.x_hat * cache.std\n    own = (x - x.mean(axis=axes)) / "
        "np.sqrt(x.var(axis=axes) + 0.1)\n"
        "    dweight = (dy * own).sum(axis=axes)",
        "normalised by the batch",
    ),
    (
        "a3.gradient_check",
        MEASURED,
        "measured[i] = (loss(up) - loss(inputs)) / eps",
        "on one side only",
    ),
    ("a3.gradient_check", MEASURED, "measured[i] = (loss(up) - loss(down)) / eps", "not by 2 eps"),
    (
        "a3.gradient_check",
        "return (dy * forward(*changed)[0]).sum()",
        "return forward(*changed)[0].sum()",
        "dy is left out of L",
    ),
    (
        "a3.gradient_check",
        "up, down = [x.copy() for x in inputs], [x.copy() for x in inputs]",
        "up, down = inputs, [x.copy() for x in inputs]",
        "has changed: move a copy",
    ),
    (
        "a3.gradient_check",
        None,
        [
            ("return (dy * forward(*changed)[0]).sum()", "return dy * forward(*changed)[0]"),
            ("        for i in np.ndindex(measured.shape):\n", "        for i in (...,):\n"),
            (MEASURED, MEASURED.replace("measured[i]", "measured")),
        ],
        "*one* number at a time",
    ),
    (
        "a3.gradient_check",
        None,
        [
            ("return (dy * forward(*changed)[0]).sum()", "return dy * forward(*changed)[0]"),
            ("        for i in np.ndindex(measured.shape):\n", "        for i in (...,):\n"),
        ],
        "need not have the shape of y",
    ),
    (
        "a3.gradient_check",
        "            up[k][i] += eps\n            down[k][i] -= eps\n",
        "            up[k].flatten()[0] += eps\n",
        "flatten makes one",
    ),
    (
        "a3.gradient_check",
        ERROR,
        "np.max(np.abs(gradient - measured))",
        "not divided by the largest",
    ),
    (
        "a3.gradient_check",
        ERROR,
        "np.mean(np.abs(gradient - measured)) / np.max(np.abs(measured))",
        "the mean is taken instead of the largest",
    ),
    (
        "a3.gradient_check",
        ERROR,
        "max(0.0, *np.abs(gradient - measured).ravel()) / np.max(np.abs(measured))",
        "nan",
    ),
    (
        "a3.gradient_check",
        None,
        [
            (
                "gradients = backward(dy, forward(*inputs)[1])",
                "dy = np.ones_like(dy)\n    gradients = backward(dy, forward(*inputs)[1])",
            )
        ],
        "ignores dy",
    ),
    *(
        (task, None, [("STEPS = 150", "STEPS = 5"), change], message)
        for task, *change, message in (
            (
                "a3.train",
                "            optimizer.zero_grad()\n",
                "",
                "set them to zero before each step",
            ),
            ("a3.train", "            optimizer.step()\n", "", "the weights do not move"),
            (
                "a3.train",
                "    net.train()\n    with mr.kernels.use",
                "    net.eval()\n    with mr.kernels.use",
                "in evaluation mode",
            ),
            ("a3.train", "losses.append(loss.item())", "losses.append(loss)", "use loss.item()"),
            (
                "a3.train",
                "            losses.append(loss.item())",
                "    losses.append(loss.item())",
                "appended in the loop",
            ),
            ("a3.train", DX, "dx = dy", "that of inference; see task 4"),
            ("a3.train", "optimizer.step()", "optimizer.step()", "for each of 150 steps"),
        )
    ),
]

# Right answers of another kind: they must get all points.
RIGHT = [
    ("a3.relu_forward", RELU_FORWARD, "y = x.copy()\n    y[y < 0] = 0\n    return y, y > 0\n"),
    (
        "a3.relu_backward",
        None,
        [
            (RELU_FORWARD, "return x * (x > 0), {'mask': x > 0}\n"),
            (RELU_BACKWARD, "return np.where(cache['mask'], dy, dy.dtype.type(0))"),
        ],
    ),
    (
        "a3.precision",
        STATISTICS,
        "        axes = tuple(range(x.ndim - 1))\n        mean = x.mean(axis=axes, "
        "dtype=float).astype(x.dtype)\n"
        "        var = x.var(axis=axes, dtype=float).astype(x.dtype)\n",
    ),
    (
        "a3.forward",
        STATISTICS,
        """        flat = x.reshape(-1, x.shape[-1])
        mean = np.array([sum(channel.tolist()) / len(channel) for channel in flat.T], x.dtype)
        var = np.array([sum((v - m) ** 2 for v in channel.tolist()) / len(channel) for channel, m in zip(flat.T, mean.tolist())], x.dtype)
""",
    ),
    (
        "a3.running",
        None,
        [
            (NEW_MEAN, "new_mean = running_mean + momentum * (mean - running_mean)"),
            (UNBIASED, "unbiased = var * count / (count - 1) if count > 1 else var"),
        ],
    ),
    (
        "a3.layer",
        MOVE,
        """        new_mean, new_var = update_running(self.running_mean.data, self.running_var.data, x.data.reshape(-1, x.shape[-1]).mean(axis=0) * 0 + cache.mean,
                                           cache.var, count, momentum=self.momentum)
        self.running_mean.data[...], self.running_var.data[...] = new_mean, new_var
""",
    ),
    (
        "a3.backward",
        None,
        [
            ("count = dy.size // dy.shape[-1]", "M = dy.size // dy.shape[-1]"),
            (
                DX,
                """g = (cache.weight * dy).reshape(M, -1)
        deviation = (cache.x_hat * cache.std).reshape(M, -1)
        dvar = (g * deviation).sum(axis=0) * -0.5 * cache.std ** -3
        dmean = -g.sum(axis=0) / cache.std - 2 * dvar * deviation.mean(axis=0)
        dx = (g / cache.std + dvar * 2 * deviation / M + dmean / M).reshape(dy.shape)
        return dx, dweight, dbias""",
            ),
        ],
    ),
    (
        "a3.inference_backward",
        None,
        [
            (
                "    if cache.from_batch:\n        count",
                "    if not cache.from_batch:\n        return np.einsum('...c,c,c->...c', "
                "dy, cache.weight, 1 / cache.std), dweight, dbias\n    else:\n        count",
            )
        ],
    ),
    ("a3.gradient_check", "return errors", "return np.array(errors)"),
]

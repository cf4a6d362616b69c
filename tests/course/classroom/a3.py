"""A3: batch norm and ReLU."""

from . import Student

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
STATISTICS = "        mean = x.mean(axis=axes)\n        var = ((x - mean) ** 2).mean(axis=axes)\n"
STD = "    std = np.sqrt(var + eps)\n"
Y = "    y = weight * x_hat + bias\n"
UNBIASED = "    unbiased = var * (count / max(count - 1, 1))\n"
DX = "        dx = dy - dbias / count - cache.x_hat * (dweight / count)\n"
RETURN_DX = "    return cache.weight / cache.std * dx, dweight, dbias"
MOVED = "            up[k][i] += eps\n            down[k][i] -= eps\n"
STEP = "            loss = F.cross_entropy(net(x), t)\n            loss.backward()\n            optimizer.step()\n            losses.append(loss.item())\n"

STUDENTS = [
    Student(
        "caches nothing for the backward pass of ReLU",
        (("    return np.maximum(x, 0), x", "    return np.maximum(x, 0), None"),),
        {"a3-relu-backward-test": "Is the cache None?"},
    ),
    Student(
        "takes ReLU6, which stops at 6",
        (("    return np.maximum(x, 0), x", "    return np.clip(x, 0, 6), x"),),
        {"a3-relu-forward-test": "no upper limit"},
    ),
    Student(
        "multiplies by y instead of the mask",
        (("    return dy * (cache > 0)", "    return dy * np.maximum(cache, 0)"),),
        {"a3-relu-backward-test": "multiplied by"},
    ),
    Student(
        "tests the sign bit, and so takes 1 as the derivative at -0.0",
        (("    return dy * (cache > 0)", "    return dy * (np.sign(cache) + 1) / 2"),),
        {"a3-relu-backward-test": "at x = 0"},
    ),
    Student(
        "takes the standard deviation for the variance",
        (
            (
                STATISTICS,
                "        mean = x.mean(axis=axes)\n        var = x.std(axis=axes)\n",
            ),
        ),
        {
            "a3-forward-test": "standard deviation",
            "a3-precision-test": "this is not about precision",
        },
    ),
    Student(
        "adds the bias and forgets the weight",
        ((Y, "    y = x_hat + bias\n"),),
        {
            "a3-forward-test": "weight",
            "a3-precision-test": "this is not about precision",
            "a3-inference-test": "weight is missing",
        },
    ),
    Student(
        "takes the mean of the first channel for all",
        (
            (
                STATISTICS,
                "        mean = np.array([x[..., 0].mean() for c in range(x.shape[-1])], x.dtype)\n"
                "        var = ((x - mean) ** 2).mean(axis=axes)\n",
            ),
        ),
        {
            "a3-forward-test": "the mean of the first channel",
            "a3-precision-test": "this is not about precision",
        },
    ),
    Student(
        "computes the variance from squares, and cuts it off at 0",
        (
            (
                STATISTICS,
                "        mean = x.mean(axis=axes)\n        var = np.maximum((x**2).mean(axis=axes) - mean**2, 0)\n",
            ),
        ),
        {"a3-precision-test": "Subtract the mean first"},
    ),
    Student(
        "corrects the variance for the sample in inference",
        (
            (
                STD,
                "    if not from_batch:\n        count = x.size // x.shape[-1]\n        var = var * (count / (count - 1))\n"
                + STD,
            ),
        ),
        {"a3-inference-test": "var"},
    ),
    Student(
        "computes the root in the branch of training only",
        ((STD, "        std = np.sqrt(var + eps)\n"),),
        {"a3-inference-test": "std"},
    ),
    Student(
        "divides M by M - 1 in whole numbers",
        ((UNBIASED, "    unbiased = var * (count // max(count - 1, 1))\n"),),
        {"a3-running-test": "biased"},
    ),
    Student(
        "puts the variance into both averages",
        (
            (
                "    new_mean = (1 - momentum) * running_mean + momentum * mean\n",
                "    new_mean = (1 - momentum) * running_mean + momentum * var\n",
            ),
        ),
        {"a3-running-test": "the variance of the batch goes into the running mean"},
    ),
    Student(
        "leaves the running averages untouched",
        cells={
            "a3-running-code": "def update_running(running_mean, running_var, mean, var, count, "
            "momentum=0.1):\n" + STUB
        },
        loses={"a3-running-test": "not written yet"},
    ),
    Student(
        "counts the images and rows, and forgets the columns",
        (
            (
                "        count = x.size // x.shape[-1]\n        self",
                "        count = x.shape[0] * x.shape[1]\n        self",
            ),
        ),
        {"a3-layer-test": "number of images times rows"},
    ),
    Student(
        "asks for net.train, the method, instead of training",
        (("        if not self.training:\n", "        if not self.train:\n"),),
        {"a3-layer-test": "self.training"},
    ),
    Student(
        "puts both new averages into the mean",
        (
            (
                "        self.running_mean.data, self.running_var.data = update_running(",
                "        self.running_mean.data = update_running(",
            ),
        ),
        {"a3-layer-test": "Is a running average a tuple?"},
    ),
    Student(
        "gives the layer another name",
        (("class BatchNorm(nn.BatchNorm2d):", "class Batchnorm(nn.BatchNorm2d):"),),
        {"a3-layer-test": "'Batchnorm'"},
    ),
    Student(
        "adds dy up over all channels",
        (("    dbias = dy.sum(axis=axes)\n", "    dbias = dy.sum()\n"),),
        {
            "a3-sums-test": "the sum runs over all channels",
            "a3-backward-test": "added up over all channels",
            "a3-inference-backward-test": "the sum runs over all channels",
        },
    ),
    Student(
        "counts the channels instead of the numbers of a channel",
        (
            (
                "        count = dy.size // dy.shape[-1]\n        dx",
                "        count = dy.shape[-1]\n        dx",
            ),
        ),
        {"a3-backward-test": "divided by the number of channels"},
    ),
    Student(
        "multiplies dy by the weight, and subtracts sums without it",
        (
            (
                DX,
                "        dx = cache.weight * dy - dbias / count - cache.x_hat * (dweight / count)\n",
            ),
            (
                RETURN_DX,
                "    return (dx / cache.std if cache.from_batch else cache.weight / cache.std * dx), dweight, dbias",
            ),
        ),
        {"a3-backward-test": "weight"},
    ),
    Student(
        "lets nothing through in inference, as mean and variance are constants",
        ((RETURN_DX, "    dx = dx if cache.from_batch else np.zeros_like(dy)\n" + RETURN_DX),),
        {"a3-inference-backward-test": "dx is 0"},
    ),
    Student(
        "takes weight and bias for constants in inference",
        (
            (
                RETURN_DX,
                "    if not cache.from_batch:\n        dweight, dbias = np.zeros_like(dweight), np.zeros_like(dbias)\n"
                + RETURN_DX,
            ),
        ),
        {"a3-inference-backward-test": "taken for constants"},
    ),
    Student(
        "loses a bracket in the backward pass",
        (
            (
                "    dweight = (dy * cache.x_hat).sum(axis=axes)\n",
                "    dweight = (dy * cache.x_hat.sum(axis=axes)\n",
            ),
        ),
        {
            "a3-sums-test": "stopped",
            "a3-backward-test": "stopped",
            "a3-inference-backward-test": "stopped",
        },
        problem="SyntaxError",
    ),
    Student(
        "moves all numbers of an input at once",
        ((MOVED, "            up[k] += eps\n            down[k] -= eps\n"),),
        {"a3-gradcheck-test": "one number at a time"},
    ),
    Student(
        "returns the largest error only",
        (("    return errors", "    return max(errors)"),),
        {"a3-gradcheck-test": "one error for each input"},
    ),
    Student(
        "deletes the cell of the judge",
        cells={"a3-gradcheck-code": None},
        loses={"a3-gradcheck-test": "not defined"},
        problem="a3-gradcheck-code is missing",
    ),
    Student(
        "trains without putting the kernels to use",
        (
            (
                "    with mr.kernels.use(\n        batch_norm=(batch_norm_forward, batch_norm_backward), relu=(relu_forward, relu_backward)\n    ):\n",
                "    if True:\n",
            ),
        ),
        {"a3-train-test": "train with yours: with mr.kernels.use(batch_norm="},
    ),
    Student(
        "takes the first batch in every step",
        (
            (
                "        for x, t in batches(steps):\n",
                "        for _ in range(steps):\n            x, t = next(batches(steps))\n",
            ),
        ),
        {"a3-train-test": "batch"},
    ),
    Student(
        "waits for a loss that never comes",
        (
            (
                "        for x, t in batches(steps):\n",
                "        x, t = next(batches(steps))\n        while not losses:\n",
            ),
            ("            losses.append(loss.item())\n", ""),
        ),
        {"a3-train-test": "seconds"},
    ),
    Student(
        "leaves the answer in words empty",
        cells={"a3-question-answer": "YOUR ANSWER HERE"},
        loses={"a3-question-answer": "no answer"},
    ),
    Student(
        "copies ReLU and the running averages from a friend",
        copies=("ben", "a3-relu-code", "a3-running-code"),
        loses={
            "a3-relu-backward-test": "right in another variant",
            "a3-running-test": "right in another variant",
        },
    ),
]

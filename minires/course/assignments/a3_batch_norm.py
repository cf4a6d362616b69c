# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-title", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # A3 · Batch norm and ReLU: training, inference, backward
#
# Two kernels stand after nearly every convolution of a residual network: **batch norm** and
# **ReLU**. In this assignment you write both, forward and backward, and train networks that compute
# with your versions.
#
# **Goals.** You can write batch norm for training and for inference, and say what differs; derive
# its backward pass; keep the running averages that inference needs; compute a variance without
# losing its digits; and say what goes wrong when the two modes are mixed up.
#
# **Time** about 4 hours. **Points** 34. Each task says how many; the check below it tells you what
# is wrong, if anything is. When your work is graded, the checks are repeated with other numbers.
#
# Run the cells from top to bottom. Replace the two lines at `# YOUR CODE HERE` with your code.
# Please leave the names of functions and the other cells as they are. You may add cells.

# %% nbgrader={"grade": false, "grade_id": "a3-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, nn, optim, plot
from minires import functional as F
from minires.course import begin, check
from minires.autograd.tensor import apply_with_cache

begin("a3")  # from here on, minires has neither batch norm nor ReLU: you are writing them
plot.use_style()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-background", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Background
#
# A **kernel** is a pair of functions on arrays. `forward` takes arrays and returns `y` and a
# **cache**, which holds what `backward` will need, in any form you like. `backward` takes `dy`, the
# gradient of the loss with respect to `y`, and the cache. It returns a gradient for each array that
# `forward` took. Neither function changes its arguments, as other code may still need them. Results
# have the dtype of the arguments: float32 stays float32, float64 stays float64.
#
# The **channels** are the last axis: `x` has shape `(..., C)`, for images `(N, H, W, C)`. Batch
# norm looks at each channel by itself, over all of its $M$ numbers in the batch (for images $M = N
# H W$):
#
# $$\text{mean} = \frac1M \sum_i x_i, \qquad \text{var} = \frac1M \sum_i (x_i - \text{mean})^2,$$
#
# $$\hat x_i = \frac{x_i - \text{mean}}{\sqrt{\text{var} + \varepsilon}}, \qquad y_i = w\, \hat x_i + b.$$
#
# `weight` $w$ and `bias` $b$ have shape `(C,)`, and are learned. This is what happens in
# **training**. In **inference**, when the trained network is used, two fixed numbers per channel
# replace the batch's mean and variance. They are **running averages** that were collected in
# training. The answer for an image then does not depend on the other images in its batch.
#
# Notebook [09](../09_batch_norm.ipynb) explains all of this step by step.
#
# ## 1 · ReLU (3 points)
#
# $y = \max(x, 0)$, for an `x` of any shape. Take 0 as the derivative at $x = 0$, also if that zero
# carries a minus sign (floating point knows `-0.0`, and it equals `0.0`). One more thing: where `x`
# is `nan`, let `y` be `nan` too. A `nan` says that something went wrong earlier. If you turn it
# into a 0, nobody will ever find out.


# %% nbgrader={"grade": false, "grade_id": "a3-relu-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relu_forward(x):
    """y = max(x, 0).

    Parameters
    ----------
    x : ndarray, of any shape

    Returns
    -------
    y : ndarray, of the shape and dtype of x
    cache : object
        What relu_backward needs.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0), x
    ### END SOLUTION


def relu_backward(dy, cache):
    """dx, of the shape and dtype of dy."""
    ### BEGIN SOLUTION
    return dy * (cache > 0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a3-relu-forward-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.relu_forward", relu_forward)
### BEGIN HIDDEN TESTS
check("a3.relu_forward", relu_forward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a3-relu-backward-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.relu_backward", relu_forward, relu_backward)
### BEGIN HIDDEN TESTS
check("a3.relu_backward", relu_forward, relu_backward, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 2 · Batch norm forward (8 points)
#
# Write `batch_norm_forward` for both modes: with `mean=None` and `var=None` it uses the batch's own
# statistics (training), else the ones that it gets (inference). The cache must be an object with
# the attributes `mean` and `var`, the statistics used, each of shape `(C,)`: the layer of task 3
# reads them there. Put into it whatever else you need. A `SimpleNamespace(mean=..., var=...)` will
# do.
#
# Use array operations, not a Python loop over pixels: a network will run on this. You may loop over
# channels.
#
# **Lost digits.** You may know a second formula, $\text{var} = \text{mean of } x^2 - (\text{mean of
# } x)^2$. It is right on paper. Take float32, which has about 7 digits, and numbers near 1000 that
# differ by 0.1: their squares are near 1,000,000, and the difference that you want, 0.01, is in the
# eighth digit. The second check is about this; it also has a channel that is constant.


# %% nbgrader={"grade": false, "grade_id": "a3-forward-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_norm_forward(x, weight, bias, mean=None, var=None, eps=1e-5):
    """Normalise each channel of x, then multiply by weight and add bias.

    Parameters
    ----------
    x : ndarray (..., C)
    weight, bias : ndarray (C,)
    mean, var : ndarray (C,), optional
        Fixed statistics to normalise by. Without them, those of the batch are used.
    eps : float

    Returns
    -------
    y : ndarray (..., C)
    cache : object
        With the attributes mean and var (C,), the statistics used (var without eps), and what
        batch_norm_backward needs.
    """
    ### BEGIN SOLUTION
    from_batch = mean is None
    if from_batch:
        axes = tuple(range(x.ndim - 1))
        mean = x.mean(axis=axes)
        var = ((x - mean) ** 2).mean(axis=axes)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    y = weight * x_hat + bias
    return y, SimpleNamespace(
        mean=mean, var=var, std=std, x_hat=x_hat, weight=weight, from_batch=from_batch
    )
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a3-forward-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.forward", batch_norm_forward)
### BEGIN HIDDEN TESTS
check("a3.forward", batch_norm_forward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a3-precision-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.precision", batch_norm_forward)
### BEGIN HIDDEN TESTS
check("a3.precision", batch_norm_forward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a3-inference-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.inference", batch_norm_forward)
### BEGIN HIDDEN TESTS
check("a3.inference", batch_norm_forward, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-running", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 3 · The running averages (6 points)
#
# After each batch in training the running averages move a little towards the statistics of that
# batch:
#
# $$\text{running} \leftarrow (1 - m)\, \text{running} + m \cdot \text{of this batch}.$$
#
# $m$ is called **momentum**. PyTorch and minires take 0.1. (Some other libraries call $1 - m$ the
# momentum, and take 0.9 or 0.99.)
#
# For the variance, PyTorch and minires put the **unbiased** one into the average: the sum of
# squares divided by $M - 1$ instead of $M$. The batch is a sample, and its numbers lie a little
# closer to their own mean than to the true one. The batch itself is normalised by the biased one
# all the same. For $M = 1$, where dividing by $M - 1$ is impossible, take the biased one, which is
# 0.
#
# `update_running` gets the biased `var` that is in your cache, and `count`, the number $M$.


# %% nbgrader={"grade": false, "grade_id": "a3-running-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def update_running(running_mean, running_var, mean, var, count, momentum=0.1):
    """The running averages after one more batch, as new arrays.

    Parameters
    ----------
    running_mean, running_var : ndarray (C,)
        As they were before.
    mean, var : ndarray (C,)
        Of the batch; var is the biased variance.
    count : int
        M: how many numbers of each channel the batch had.
    momentum : float
        The share of the new batch.

    Returns
    -------
    new_mean, new_var : ndarray (C,)
    """
    ### BEGIN SOLUTION
    unbiased = var * (count / max(count - 1, 1))
    new_mean = (1 - momentum) * running_mean + momentum * mean
    new_var = (1 - momentum) * running_var + momentum * unbiased
    return new_mean, new_var
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a3-running-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.running", update_running)
### BEGIN HIDDEN TESTS
check("a3.running", update_running, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-layer-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Now write the layer, which chooses between the modes. `net.train()` and `net.eval()` set
# `self.training` in every layer of a net. The class below inherits from the library's
# `nn.BatchNorm2d` all but `forward`: it has `self.weight`, `self.bias`, `self.running_mean` and
# `self.running_var` (Tensors; their arrays are in `.data`), and the number `self.momentum`.
#
# The function `normalise` runs the kernel and records it on the tape. `mean` and `var` are arrays,
# as in `batch_norm_forward`.


# %% nbgrader={"grade": false, "grade_id": "a3-normalise", "locked": true, "schema_version": 3, "solution": false, "task": false}
def normalise(x, layer, mean=None, var=None):
    """The Tensor y and the cache of the kernel "batch_norm", for a Tensor x and the parameters of a
    layer."""
    return apply_with_cache(
        "batch_norm", x, layer.weight, layer.bias, mean=mean, var=var, eps=layer.eps
    )


# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-layer", "locked": true, "schema_version": 3, "solution": false, "task": false}
# In training: normalise by the batch, and move the running averages (put the new arrays into
# `.data`). In evaluation: normalise by the running averages, and leave them alone.


# %% nbgrader={"grade": false, "grade_id": "a3-layer-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
class BatchNorm(nn.BatchNorm2d):
    def forward(self, x):
        """The Tensor y, of the shape of the Tensor x (..., C)."""
        ### BEGIN SOLUTION
        if not self.training:
            y, cache = normalise(x, self, self.running_mean.data, self.running_var.data)
            return y
        y, cache = normalise(x, self)
        count = x.size // x.shape[-1]
        self.running_mean.data, self.running_var.data = update_running(
            self.running_mean.data,
            self.running_var.data,
            cache.mean,
            cache.var,
            count,
            self.momentum,
        )
        return y
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a3-layer-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.layer", BatchNorm)
### BEGIN HIDDEN TESTS
check("a3.layer", BatchNorm, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 4 · Batch norm backward (8 points)
#
# Start with the easy ones. In $y_i = w\, \hat x_i + b$ every $i$ of a channel uses the same $w$ and
# $b$. What are `dweight` and `dbias`?
#
# Then `dx` **in training**. Write $g_i = w\, \mathtt{dy}_i$ for the gradient that arrives at $\hat
# x_i$, and $\sigma = \sqrt{\text{var} + \varepsilon}$. A change of one $x_j$ reaches the loss on
# three paths:
#
# 1. through its own $\hat x_j$;
# 2. through the mean, which moves *every* $\hat x_i$ of the channel;
# 3. through the variance, which stretches every $\hat x_i$.
#
# Work out the three terms on paper (notebook [09](../09_batch_norm.ipynb) does, step by step). Two
# sums over the channel turn up, and you have both already: look at `dweight` and `dbias`.
#
# **In inference** mean and variance are constants. Which of the three paths are left? The cache has
# to tell `batch_norm_backward` which mode it was.


# %% nbgrader={"grade": false, "grade_id": "a3-backward-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_norm_backward(dy, cache):
    """The gradients of what batch_norm_forward took.

    Parameters
    ----------
    dy : ndarray (..., C)
    cache : object
        From batch_norm_forward.

    Returns
    -------
    dx : ndarray (..., C)
    dweight, dbias : ndarray (C,)
    """
    ### BEGIN SOLUTION
    axes = tuple(range(dy.ndim - 1))
    dbias = dy.sum(axis=axes)
    dweight = (dy * cache.x_hat).sum(axis=axes)
    dx = dy
    if cache.from_batch:
        count = dy.size // dy.shape[-1]
        dx = dy - dbias / count - cache.x_hat * (dweight / count)
    return cache.weight / cache.std * dx, dweight, dbias
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a3-sums-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.sums", batch_norm_forward, batch_norm_backward)
### BEGIN HIDDEN TESTS
check("a3.sums", batch_norm_forward, batch_norm_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a3-backward-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.backward", batch_norm_forward, batch_norm_backward)
### BEGIN HIDDEN TESTS
check("a3.backward", batch_norm_forward, batch_norm_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a3-inference-backward-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.inference_backward", batch_norm_forward, batch_norm_backward)
### BEGIN HIDDEN TESTS
check("a3.inference_backward", batch_norm_forward, batch_norm_backward, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-gradcheck", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 5 · A judge for any kernel (3 points)
#
# The library's gradient check is held back too, so write your own. A kernel's `y` is an array, not
# a single number. So choose some `dy` and take $L = \sum_i \mathtt{dy}_i\, y_i$: then `backward(dy,
# cache)` has to return the gradients of $L$. Measure them by central differences,
#
# $$\frac{\partial L}{\partial a_i} \approx \frac{L(a + \varepsilon e_i) - L(a - \varepsilon e_i)}{2 \varepsilon},$$
#
# one number of one input at a time, and report for each input the largest difference to what
# `backward` returned, as a share of the largest number of the measured gradient.


# %% nbgrader={"grade": false, "grade_id": "a3-gradcheck-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relative_errors(forward, backward, inputs, dy, eps=1e-6):
    """How far the gradients of a kernel are from measured ones.

    Parameters
    ----------
    forward : function
        Takes the inputs, returns y and a cache.
    backward : function
        Takes dy and the cache, returns a tuple of gradients, one for each input.
    inputs : list of ndarray of float64
        Are the same afterwards.
    dy : ndarray, of the shape of y
    eps : float

    Returns
    -------
    list of float
        For each input max |gradient - measured| / max |measured|.
    """

    ### BEGIN SOLUTION
    def loss(changed):
        return (dy * forward(*changed)[0]).sum()

    gradients = backward(dy, forward(*inputs)[1])
    errors = []
    for k, gradient in enumerate(gradients):
        measured = np.empty(inputs[k].shape)
        for i in np.ndindex(measured.shape):
            up, down = [x.copy() for x in inputs], [x.copy() for x in inputs]
            up[k][i] += eps
            down[k][i] -= eps
            measured[i] = (loss(up) - loss(down)) / (2 * eps)
        errors.append(float(np.max(np.abs(gradient - measured)) / np.max(np.abs(measured))))
    return errors
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a3-gradcheck-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.gradient_check", relative_errors)
### BEGIN HIDDEN TESTS
check("a3.gradient_check", relative_errors, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-gradcheck-use", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Now let it judge your own kernels. All numbers should be far below $10^{-4}$. In the last line
# `dy` is 1 everywhere, and its number says nothing. Whatever `x` is, the $\hat x_i$ of a channel
# add up to 0, so $L$ does not depend on `x`, and you compare rounding errors with rounding errors.
# This is why `dy` has to be drawn at random.

# %% nbgrader={"grade": false, "grade_id": "a3-gradcheck-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(3)
x, weight, bias = (
    2 + rng.standard_normal((4, 3, 3, 2)),
    rng.standard_normal(2),
    rng.standard_normal(2),
)
dy = rng.standard_normal(x.shape)
mean, var = np.array([1.0, 2.0]), np.array([0.5, 3.0])


def in_inference(x, weight, bias):
    return batch_norm_forward(x, weight, bias, mean, var)


for name, forward in (("training", batch_norm_forward), ("inference", in_inference)):
    dx, dweight, dbias = relative_errors(forward, batch_norm_backward, [x, weight, bias], dy)
    print(f"{name:10} dx {dx:.0e}   dweight {dweight:.0e}   dbias {dbias:.0e}")
with np.errstate(divide="ignore"):
    dx, *_ = relative_errors(
        batch_norm_forward, batch_norm_backward, [x, weight, bias], np.ones_like(dy)
    )
print(f"dy = 1     dx {dx:.0e}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-train", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 6 · Your kernels train networks (6 points)
#
# The data are small images of drawn shapes in ten classes. You train four networks of 14 layers,
# plain and residual, with and without batch norm. The next cell makes data and networks. Every
# batch norm in them is *your* layer.

# %% nbgrader={"grade": false, "grade_id": "a3-train-given", "locked": true, "schema_version": 3, "solution": false, "task": false}
train_set, test_set = (part.resize(16) for part in mr.data.synthetic(2000, 500))
pixel_mean = train_set.pixel_mean()
images, test_images = (
    (part.images / 255 - pixel_mean).astype(np.float32) for part in (train_set, test_set)
)
labels, test_labels = train_set.labels, test_set.labels
STEPS = 150


def batches(steps, size=32):
    """So many batches of training images and labels, drawn at random, the same ones in every
    run."""
    rng = np.random.default_rng(0)
    for _ in range(steps):
        chosen = rng.integers(0, len(images), size)
        yield mr.Tensor(images[chosen]), labels[chosen]


def build(family, batch_norm):
    """A net of 14 layers of the family "plain" or "resnet", with your layer instead of
    nn.BatchNorm2d."""
    make = {"plain": mr.models.plain, "resnet": mr.models.resnet}[family]
    net = make(14, width=8, batch_norm=batch_norm, seed=0)
    for module in list(net.modules()):
        for name, layer in list(vars(module).items()):
            if type(layer) is nn.BatchNorm2d:
                setattr(module, name, BatchNorm(layer.weight.size))
    return net


# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-train-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Write the loop. `mr.kernels.use(batch_norm=(forward, backward), relu=(forward, backward))`, in a
# `with` statement, makes the library compute with your pairs for as long as the block lasts. Within
# it, for every batch of `batches(steps)`: forget the gradients of the step before, compute the mean
# cross-entropy of the net's answers (`F.cross_entropy`), walk back, and let the optimiser do its
# step. Collect the loss of every step. The net has to be in training mode. (The check also lets
# your loop take a few steps with other initial weights.)


# %% nbgrader={"grade": false, "grade_id": "a3-train-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train(net, steps):
    """The loss of every step, as a list of numbers."""
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    ### BEGIN SOLUTION
    net.train()
    with mr.kernels.use(
        batch_norm=(batch_norm_forward, batch_norm_backward), relu=(relu_forward, relu_backward)
    ):
        for x, t in batches(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), t)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    ### END SOLUTION
    return losses


# %% nbgrader={"grade": false, "grade_id": "a3-train-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
nets, losses = {}, {}
for family in ("plain", "resnet"):
    for batch_norm in (True, False):
        name = f"{family}, {'with' if batch_norm else 'without'} batch norm"
        nets[name] = build(family, batch_norm)
        losses[name] = train(nets[name], STEPS)

plt.figure(figsize=(7, 3.6))
for name, values in losses.items():
    smooth = np.convolve(values, np.ones(10) / 10, mode="valid")  # the mean of ten steps
    colour = plot.COLOURS[name.split(",")[0]]
    style = "-" if "with " in name else ":"
    plt.plot(np.arange(10, len(values) + 1), smooth, style, color=colour, linewidth=2, label=name)
plt.xlabel("step")
plt.ylabel("loss, mean of ten steps")
plt.legend(loc="lower left")
plt.show()

# %% nbgrader={"grade": true, "grade_id": "a3-train-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a3.train", losses, train, build)
### BEGIN HIDDEN TESTS
check("a3.train", losses, train, build, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-modes", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Without batch norm the nets learn next to nothing in these 150 steps. (Try a learning rate of 0.03
# and 600 steps, if you like: the residual net without batch norm does learn then, the plain one
# hardly.)
#
# **And in use?** Now the residual net with batch norm classifies the 500 test images, in evaluation
# mode, as it should be, and in training mode, as happens to everybody who forgets `net.eval()`.
# (`diagnostics.preserve_state` puts the net into a mode and leaves it as it was found.) Guessing
# gives 90 % errors.

# %% nbgrader={"grade": false, "grade_id": "a3-modes-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
mixed = np.random.default_rng(1).permutation(len(test_labels))
by_class = np.argsort(test_labels, kind="stable")  # all of class 0 first, then class 1, ...


def your_kernels():
    pairs = {
        "batch_norm": (batch_norm_forward, batch_norm_backward),
        "relu": (relu_forward, relu_backward),
    }
    return mr.kernels.use(**pairs)


def test_error(net, mode, batch_size, order):
    """Percent of wrong answers, when the images are asked about in batches, in this order."""
    wrong = 0
    with mr.no_grad(), diagnostics.preserve_state(net, mode), your_kernels():
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            wrong += (
                net(mr.Tensor(test_images[chosen])).data.argmax(axis=1) != test_labels[chosen]
            ).sum()
    return float(100 * wrong / len(order))


net = nets["resnet, with batch norm"]
errors = {}
for mode, size, order in (
    ("eval", 50, mixed),
    ("eval", 50, by_class),
    ("eval", 1, mixed),
    ("train", 50, mixed),
    ("train", 2, mixed),
    ("train", 50, by_class),
    ("train", 1, mixed),
):
    name = f"{mode} mode, batches of {size}, {'mixed' if order is mixed else 'by class'}"
    errors[name] = test_error(net, mode, size, order)
with mr.no_grad(), diagnostics.preserve_state(net, "train"):
    with your_kernels():
        for x, _ in batches(50):
            net(x)  # moves the running averages, and nothing else
    errors["eval mode, batches of 50, mixed, after 50 batches more"] = test_error(
        net, "eval", 50, mixed
    )
for name, error in errors.items():
    print(f"{name:55} {error:5.1f} % wrong")

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-question", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **Explain the table** (3 points), in about six sentences. Why do the first three lines say the
# same? Why are batches of one class, and batches of a single image, so bad in training mode,
# although the images are the same? Before the last line, 50 batches of training images went through
# the net in training mode, without a step of the optimiser, so no weight has changed. What has
# changed, and why does it help?

# %% [markdown] nbgrader={"grade": true, "grade_id": "a3-question-answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# **Model answer.** In evaluation mode every layer normalises by the running averages, which are
# fixed numbers: the answer for an image depends on this image alone, so neither the order nor the
# size of the batches matters (1 point). In training mode every layer subtracts the mean of the
# batch, and divides by its spread. What all images of a class have in common is then in that mean,
# and is subtracted: the very thing that tells the class is gone. A batch of one image goes the same
# way: whatever is the same all over the image, its mean in each channel, is gone (1 point). The
# running averages have changed. With momentum 0.1 they hold the statistics of about the last ten
# batches, and during these the weights were still moving fast, so the averages belong to nets that
# no longer exist. After 50 batches with the weights at rest they belong to this net, and evaluation
# mode is about as good as training mode with large mixed batches (1 point).
#
# **Rubric.** One point for each of the three parts. Accept any wording that says: fixed statistics;
# the common part is the class and is removed with the batch's mean; the averages lag behind the
# weights, and catch up.

# %% [markdown] nbgrader={"grade": false, "grade_id": "a3-bonus", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Bonus (no points)
#
# In inference batch norm multiplies each channel by one number and adds another. A convolution
# before it is linear in its weights. So one convolution, with other weights and a bias, can do the
# work of both, and batch norm is free. Which weights, and which bias? Fold the batch norms of a
# trained net into its convolutions, and compare the answers of the two nets. Why does this not work
# in training?

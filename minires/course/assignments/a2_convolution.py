# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-title", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # A2 · Convolution
#
# Nearly all the work of a residual network is convolution. In this assignment you write it twice,
# first in loops that read like the formula, then as one matrix product, at least fifty times as
# fast. Then you write its backward pass, and train a small residual network on your convolution and
# on no other.
#
# **Goals.** You can say how large the output of a convolution is; turn it into a matrix product
# (im2col); derive both its gradients and compute them; show by yourself that they are right; and
# let the library compute with your functions.
#
# **Time** about 5 hours. **Points** 32. Each task says how many; the check below it tells you what
# is wrong, if anything is. When your work is graded, the checks are repeated with other numbers.
#
# Run the cells from top to bottom. Replace the two lines at `# YOUR CODE HERE` with your code.
# Please leave the names of functions and the other cells as they are. You may add cells.

# %% nbgrader={"grade": false, "grade_id": "a2-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import functional as F
from minires import plot
from minires.course import begin, check

begin("a2")  # from here on, minires has no convolution: you are writing it
plot.use_style()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-background", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Background
#
# **Images** are an array `x` of shape (N, H, W, C): N images of H rows and W columns, with C
# channels. **Filters** are an array `w` of shape (KH, KW, C, O): each of the O filters has KH rows,
# KW columns and all C channels. (Notebooks 04 and 05 call the last size $C_{out}$.)
#
# Lay a filter on the image, multiply each of its numbers by the pixel below it, and add all
# products up. The sum is one number of the output `y`, of shape (N, H', W', O). Then the filter
# moves on by `stride` pixels, $s$. Around the image lie `padding` rows and columns of zeros on
# every side, $p$. In a formula:
#
# $$y_{n\,i\,j\,o} = \sum_{a,\,b,\,c} x_{n,\;i s + a - p,\;j s + b - p,\;c}\; w_{a\,b\,c\,o},$$
#
# where $a$ runs over the KH rows and $b$ over the KW columns of the filter, and $c$ over the
# channels. What lies outside the image counts as 0. Nothing is flipped, and there is no bias.
#
# In all tasks `stride` and `padding` are whole numbers that hold for both directions. Height and
# width may differ, in images and in filters. No function changes its arguments. Except in task 8, a
# result has the dtype of the arguments, as networks compute in float32.
#
# Notebooks [04](../04_convolution.ipynb) and [05](../05_convolution_backward.ipynb) explain all of
# this step by step.
#
# ## 1 · The size of the output, and the border (3 points)
#
# Along one axis the first row of the filter can lie on row $0, s, 2s, \dots$ of the *padded* image,
# as long as the last row of the filter still lies inside. How many such places are there?
#
# `pad` puts the zeros around the images. You may use any function of NumPy.


# %% nbgrader={"grade": false, "grade_id": "a2-size-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_size(size, kernel, stride, padding):
    """The number of places of a filter along one axis.

    Parameters
    ----------
    size : int
        Rows of the image, or columns.
    kernel : int
        Rows of the filter, or columns.
    stride, padding : int

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


def pad(x, padding):
    """Images with a border of zeros.

    Parameters
    ----------
    x : ndarray (N, H, W, C)
    padding : int
        Rows and columns of zeros on every side.

    Returns
    -------
    ndarray (N, H + 2 padding, W + 2 padding, C), of the dtype of x
    """
    ### BEGIN SOLUTION
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-size-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.output_size", output_size)
### BEGIN HIDDEN TESTS
check("a2.output_size", output_size, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a2-pad-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.pad", pad)
### BEGIN HIDDEN TESTS
check("a2.pad", pad, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-naive", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 2 · The sum, in loops (3 points)
#
# Write the formula in loops, one loop for each index, one multiplication at a time. This is slow,
# but you can see that it is right: compare with it whenever something faster goes wrong.


# %% nbgrader={"grade": false, "grade_id": "a2-naive-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_naive(x, w, stride, padding):
    """Convolution in loops.

    Parameters
    ----------
    x : ndarray (N, H, W, C)
    w : ndarray (KH, KW, C, O)
    stride, padding : int

    Returns
    -------
    ndarray (N, H', W', O), of the dtype of x
    """
    ### BEGIN SOLUTION
    N, H, W, C = x.shape
    KH, KW, _, O = w.shape
    padded = pad(x, padding)
    y = np.zeros(
        (N, output_size(H, KH, stride, padding), output_size(W, KW, stride, padding), O), x.dtype
    )
    for n, i, j, o in np.ndindex(y.shape):
        for a, b, c in np.ndindex(KH, KW, C):
            y[n, i, j, o] += padded[n, i * stride + a, j * stride + b, c] * w[a, b, c, o]
    return y
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-naive-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.naive", conv2d_naive)
### BEGIN HIDDEN TESTS
check("a2.naive", conv2d_naive, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-im2col", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 3 · im2col (5 points)
#
# NumPy is fast at matrix products. So write every window of the image as a row of a matrix, every
# filter as a column of another, and multiply:
#
# $$\underbrace{\text{columns}}_{N H' W' \,\times\, KH\,KW\,C} \;\cdot\; \underbrace{w}_{KH\,KW\,C \,\times\, O}
# \;=\; \underbrace{y}_{N H' W' \,\times\, O}$$

# %% nbgrader={"grade": false, "grade_id": "a2-im2col-picture", "locked": true, "schema_version": 3, "solution": false, "task": false}
plot.im2col(4, 4, kernel_size=3, window=1)

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-im2col-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# The order matters: both matrices must use the same one. Here it is that of the arrays, the last
# index running fastest:
#
# $$\text{columns}_{(n H' + i) W' + j,\;\; (a\,KW + b)\,C + c} \;=\; \text{padded}_{n,\; i s + a,\; j s + b,\; c}$$
#
# with `padded = pad(x, padding)`. Then `y` and `w` need no more than a `reshape`.
#
# A loop over all windows would be slow again. There are two good ways: a loop over the KH KW places
# $(a, b)$ of the filter, each of which takes one slice with steps out of all images; or
# `np.lib.stride_tricks.sliding_window_view`, which shows all windows without copying any. If you
# take the second, look at the order of its axes.


# %% nbgrader={"grade": false, "grade_id": "a2-im2col-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def im2col(x, KH, KW, stride, padding):
    """All windows of the images, as the rows of a matrix.

    Parameters
    ----------
    x : ndarray (N, H, W, C)
    KH, KW : int
        Rows and columns of a window.
    stride, padding : int

    Returns
    -------
    ndarray (N H' W', KH KW C), of the dtype of x
    """
    ### BEGIN SOLUTION
    N, H, W, C = x.shape
    H_out, W_out = output_size(H, KH, stride, padding), output_size(W, KW, stride, padding)
    padded = pad(x, padding)
    columns = np.empty((N, H_out, W_out, KH, KW, C), x.dtype)
    for a in range(KH):
        for b in range(KW):
            rows, cols = slice(a, a + stride * H_out, stride), slice(b, b + stride * W_out, stride)
            columns[:, :, :, a, b] = padded[:, rows, cols]
    return columns.reshape(N * H_out * W_out, KH * KW * C)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-im2col-test", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.im2col", im2col)
### BEGIN HIDDEN TESTS
check("a2.im2col", im2col, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 4 · Forward (3 points)
#
# Now the convolution by `im2col` and one matrix product. In minires, `forward` returns a pair: the
# result, and a **cache** with all that `backward` will need (task 7). You decide what to put into
# it. A network calls your function for one layer after the other before it walks back, and passes
# each call's own cache to `backward`. So keep nothing in global variables.
#
# The library calls `forward` with four settings by keyword, so it must take `dilation` and `groups`
# as well. The networks of this assignment leave both at 1, and give whole numbers for `stride` and
# `padding`. Elsewhere these may be pairs (height, width). The first lines refuse the settings that
# you need not handle.


# %% nbgrader={"grade": false, "grade_id": "a2-forward-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_forward(x, w, stride=1, padding=0, dilation=1, groups=1):
    """Convolution as a matrix product.

    Parameters
    ----------
    x : ndarray (N, H, W, C)
    w : ndarray (KH, KW, C, O)
    stride, padding : int
    dilation, groups : int
        Always 1.

    Returns
    -------
    y : ndarray (N, H', W', O), of the dtype of x
    cache
        What `conv2d_backward` needs.
    """
    if dilation != 1 or groups != 1 or not isinstance(stride, int) or not isinstance(padding, int):
        raise ValueError(
            "conv2d_forward: stride and padding must be whole numbers, dilation and groups 1"
        )
    ### BEGIN SOLUTION
    N, H, W, C = x.shape
    KH, KW, _, O = w.shape
    columns = im2col(x, KH, KW, stride, padding)
    y = columns @ w.reshape(KH * KW * C, O)
    size = output_size(H, KH, stride, padding), output_size(W, KW, stride, padding)
    return y.reshape(N, *size, O), (columns, w, x.shape, stride, padding)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-forward-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.forward", conv2d_forward)
### BEGIN HIDDEN TESTS
check("a2.forward", conv2d_forward, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-forward-look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Here is the output for three drawn images and two filters. `left minus right` responds to upright
# edges (red where the left is brighter), `top minus bottom` to level ones.

# %% nbgrader={"grade": false, "grade_id": "a2-forward-picture", "locked": true, "schema_version": 3, "solution": false, "task": false}
drawn, _ = mr.data.synthetic(60, 10, size=16)
shown = drawn.images[[0, 8, 16]] / 255 - 0.5  # (3, 16, 16, 3)
one = np.array([[1, 0, -1]] * 3) / 9  # for one channel
filters = np.stack([one, one.T], axis=2)[:, :, None].repeat(3, axis=2)  # (3, 3, 3, 2)
answers, _ = conv2d_forward(shown, filters, stride=1, padding=1)

figure, axes = plt.subplots(3, 3, figsize=(6, 6))
for row, image, answer in zip(axes, shown, answers):
    row[0].imshow(image + 0.5)
    row[1].imshow(answer[:, :, 0], cmap="RdBu_r", vmin=-0.4, vmax=0.4)
    row[2].imshow(answer[:, :, 1], cmap="RdBu_r", vmin=-0.4, vmax=0.4)
for ax, title in zip(axes[0], ("image", "left minus right", "top minus bottom")):
    ax.set_title(title)
for ax in axes.flat:
    ax.axis("off")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-speed", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 5 · Fifty times as fast (2 points)
#
# The check times `conv2d_forward` on batches of eight images of 16 x 16 pixels with 16 channels,
# and 16 filters of 3 x 3, with padding 1, in float32. Per image it must be at least 50 times as
# fast as a plain Python loop that makes just as many multiplications and does nothing else. So it
# does not matter how clever your loops are (they take several times longer than that loop). A few
# hundred times is usual, so a busy machine does not matter either.

# %% nbgrader={"grade": true, "grade_id": "a2-speed-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.speed", conv2d_forward, conv2d_naive)

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-col2im", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 6 · Back from columns to images (4 points)
#
# `im2col` copies a pixel into every window that it lies in. On the way back, each window brings a
# gradient for it, and as always after copying, they **add up**. So `col2im` takes a matrix like
# that of `im2col`, adds every number to the pixel where `im2col` took it from, and returns the
# images. Gradients that fall on the padding are dropped.
#
# It is the **adjoint** of `im2col` (its transpose, if both are seen as matrices): for all `x` and
# `columns`, the sum of `im2col(x) * columns` is the sum of `x * col2im(columns)`.


# %% nbgrader={"grade": false, "grade_id": "a2-col2im-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def col2im(columns, shape, KH, KW, stride, padding):
    """Add up all windows in images.

    Parameters
    ----------
    columns : ndarray (N H' W', KH KW C)
        A window in each row, in the order of `im2col`.
    shape : tuple of int
        Of the images, (N, H, W, C).
    KH, KW, stride, padding : int
        As for `im2col`.

    Returns
    -------
    ndarray (N, H, W, C), of the dtype of columns
    """
    ### BEGIN SOLUTION
    N, H, W, C = shape
    H_out, W_out = output_size(H, KH, stride, padding), output_size(W, KW, stride, padding)
    windows = columns.reshape(N, H_out, W_out, KH, KW, C)
    padded = np.zeros((N, H + 2 * padding, W + 2 * padding, C), columns.dtype)
    for a in range(KH):
        for b in range(KW):
            rows, cols = slice(a, a + stride * H_out, stride), slice(b, b + stride * W_out, stride)
            padded[:, rows, cols] += windows[:, :, :, a, b]
    return padded[:, padding : padding + H, padding : padding + W]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-col2im-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.col2im", col2im)
### BEGIN HIDDEN TESTS
check("a2.col2im", col2im, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-col2im-look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# If all columns are 1, `col2im` counts: in how many windows does a pixel lie? Are the numbers what
# you expect?

# %% nbgrader={"grade": false, "grade_id": "a2-col2im-picture", "locked": true, "schema_version": 3, "solution": false, "task": false}
figure, axes = plt.subplots(1, 4, figsize=(10, 3))
for ax, (stride, padding) in zip(axes, ((1, 0), (1, 1), (2, 1), (3, 1))):
    ones = np.ones((output_size(8, 3, stride, padding) ** 2, 9))
    count = col2im(ones, (1, 8, 8, 1), 3, 3, stride, padding)[0, :, :, 0]
    ax.imshow(count, cmap="cividis", vmin=0, vmax=9)
    for (i, j), number in np.ndenumerate(count):
        ax.text(
            j,
            i,
            f"{number:.0f}",
            ha="center",
            va="center",
            color="white" if number < 5 else "black",
        )
    ax.set_title(f"stride {stride}, padding {padding}")
    ax.axis("off")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 7 · Backward (5 points)
#
# Every term $x w$ of the sum passes `dy` on to both its factors:
#
# $$\mathtt{dw}_{a\,b\,c\,o} = \sum_{n,\,i,\,j} x_{n,\;is+a-p,\;js+b-p,\;c}\;\mathtt{dy}_{n\,i\,j\,o},
# \qquad \mathtt{dx}_{n\,k\,l\,c} = \sum_{\substack{i,\,a:\; is+a-p\,=\,k \\ j,\,b:\;
# js+b-p\,=\,l}}\; \sum_o \mathtt{dy}_{n\,i\,j\,o}\; w_{a\,b\,c\,o}.$$
#
# You need not program these sums. Forward was a matrix product, `y = columns @ w`, and you know the
# two gradients of a matrix product (A1, task 2, and notebook 02). One of them is `dw` but for its
# shape; the other is the gradient of the columns. For `dw` the check is worth 2 points, for `dx` 3.


# %% nbgrader={"grade": false, "grade_id": "a2-backward-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_backward(dy, cache):
    """The gradients of a convolution.

    Parameters
    ----------
    dy : ndarray (N, H', W', O)
        dL/dy.
    cache
        What `conv2d_forward` returned with y.

    Returns
    -------
    dx : ndarray (N, H, W, C)
    dw : ndarray (KH, KW, C, O)
    """
    ### BEGIN SOLUTION
    columns, w, shape, stride, padding = cache
    KH, KW, C, O = w.shape
    rows = dy.reshape(-1, O)
    dw = columns.T @ rows
    dcolumns = rows @ w.reshape(KH * KW * C, O).T
    return col2im(dcolumns, shape, KH, KW, stride, padding), dw.reshape(w.shape)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-dw-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.dw", conv2d_forward, conv2d_backward)
### BEGIN HIDDEN TESTS
check("a2.dw", conv2d_forward, conv2d_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a2-dx-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.dx", conv2d_forward, conv2d_backward)
### BEGIN HIDDEN TESTS
check("a2.dx", conv2d_forward, conv2d_backward, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-gradcheck", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 8 · Is it right? (3 points)
#
# Soon nobody will check your gradients for you. So write a check of your own, for any pair
# `forward`, `backward` and any numbers. Take
#
# $$L(x, w) = \sum r \cdot y, \qquad y = \text{the result of } \mathtt{forward}(x, w),$$
#
# with an array $r$ of random numbers from `rng`, of the shape of $y$. (If $r$ were 1 everywhere,
# all places of `dy` would be alike, and a mistake that mixes them up would not show.) Then `dy` is
# $r$, and `backward` says what the gradients of $L$ are. Then find the same gradients numerically:
# move one number of $x$ or $w$ at a time up and down by a small $\varepsilon$:
#
# $$\frac{\partial L}{\partial x_i} \approx \frac{L(x + \varepsilon e_i) - L(x - \varepsilon e_i)}{2 \varepsilon}.$$
#
# The **error** of a gradient is its largest difference from the numerical gradient, divided by the
# largest number of the numerical gradient, both without their signs.


# %% nbgrader={"grade": false, "grade_id": "a2-gradcheck-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient_errors(forward, backward, x, w, stride, padding, rng):
    """How far the gradients of a pair are from numerical ones.

    Parameters
    ----------
    forward, backward : functions
        As `conv2d_forward` and `conv2d_backward`.
    x, w : ndarray of float64
        They must be the same afterwards.
    stride, padding : int
        For forward.
    rng : np.random.Generator

    Returns
    -------
    (float, float)
        The error of dx, and that of dw. About 1e-9 if all is well.
    """
    ### BEGIN SOLUTION
    y, cache = forward(x, w, stride, padding)
    r = rng.standard_normal(y.shape)
    gradients, eps, errors = backward(r, cache), 1e-6, []
    for array, gradient in zip((x, w), gradients):
        numerical = np.empty(array.shape)
        for i in np.ndindex(array.shape):
            before = array[i]
            array[i] = before + eps
            up = (r * forward(x, w, stride, padding)[0]).sum()
            array[i] = before - eps
            down = (r * forward(x, w, stride, padding)[0]).sum()
            array[i] = before
            numerical[i] = (up - down) / (2 * eps)
        errors.append(float(np.abs(gradient - numerical).max() / np.abs(numerical).max()))
    return tuple(errors)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a2-gradcheck-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.gradient_check", gradient_errors)
### BEGIN HIDDEN TESTS
check("a2.gradient_check", gradient_errors, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-gradcheck-look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Now your own pair, with several settings. All eight errors should be about 1e-9. If one is not,
# the numbers of its line say which gradient is wrong, and whether stride or padding has to do with
# it.

# %% nbgrader={"grade": false, "grade_id": "a2-gradcheck-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(0)
for stride, padding in ((1, 0), (1, 1), (2, 1), (3, 2)):
    x, w = rng.standard_normal((2, 6, 5, 2)), rng.standard_normal((3, 2, 2, 3))
    error_dx, error_dw = gradient_errors(
        conv2d_forward, conv2d_backward, x, w, stride, padding, rng
    )
    print(f"stride {stride}, padding {padding}: error of dx {error_dx:.0e}, of dw {error_dw:.0e}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-train", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 9 · Your convolution trains a network (4 points)
#
# `mr.kernels.use(conv2d=(forward, backward))` replaces the library's convolution by a pair of
# functions, in a `with` block:
#
# ```python
# with mr.kernels.use(conv2d=(forward, backward)):
#     ...                    # every network computes with these two
# ```
#
# The network is a residual net of 8 layers, seven of which are convolutions; two of these have
# stride 2. The data are 60 drawn images of ten kinds, and all of them are used in every step, which
# makes the curve smooth. (A network trained like this learns its images by heart. Here that is all
# we want.)

# %% nbgrader={"grade": false, "grade_id": "a2-train-given", "locked": true, "schema_version": 3, "solution": false, "task": false}
images = mr.Tensor((drawn.images / 255 - 0.5).astype(np.float32))  # (60, 16, 16, 3)
labels = drawn.labels

figure, axes = plt.subplots(2, 10, figsize=(10, 2.2))
for ax, image, label in zip(axes.flat, drawn.images, labels):
    ax.imshow(image)
    ax.set_title(drawn.classes[label], fontsize=7)
    ax.axis("off")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-train-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Write the loop. In each step, compute the logits of all images with `net(images)` and the loss
# with `F.cross_entropy(logits, labels)`. Set all gradients back to zero (`optimizer.zero_grad()`),
# walk back (`loss.backward()`), and take the step (`optimizer.step()`). Collect the losses,
# `loss.item()`.


# %% nbgrader={"grade": false, "grade_id": "a2-train-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train(pair, steps, seed=0):
    """Train a residual net of 8 layers on the images.

    Parameters
    ----------
    pair : tuple of two functions
        Its convolution: forward and backward.
    steps : int
    seed : int
        For the initial weights.

    Returns
    -------
    list of float
        The loss of every step, before the weights are changed.
    """
    net = mr.models.resnet(8, width=8, seed=seed)
    optimizer = mr.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    ### BEGIN SOLUTION
    with mr.kernels.use(conv2d=pair):
        for _ in range(steps):
            loss = F.cross_entropy(net(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    ### END SOLUTION
    return losses


# %% nbgrader={"grade": false, "grade_id": "a2-train-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
losses = train((conv2d_forward, conv2d_backward), steps=50)

plt.figure(figsize=(6, 3))
plt.plot(losses, color=plot.COLOURS["resnet"])
plt.axhline(np.log(10), color=plot.GREY, linewidth=1, label="a net that knows nothing: ln 10")
plt.ylim(bottom=0)
plt.xlabel("step")
plt.ylabel("loss, nats")
plt.legend()
plt.show()

# %% nbgrader={"grade": true, "grade_id": "a2-train-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a2.train", train, conv2d_forward, conv2d_backward, losses)
### BEGIN HIDDEN TESTS
check("a2.train", train, conv2d_forward, conv2d_backward, losses, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a2-bonus", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Bonus (no points)
#
# **Without col2im.** With stride 1, `dx` is a convolution too: pad `dy` by $K - 1 - p$, flip the
# filters in both directions, exchange their two kinds of channels, and call `conv2d_forward`. Write
# `conv2d_backward` that way and compare the times. Then think about stride 2.
#
# **Memory.** Your cache holds nine times the numbers of the images, for every layer at once. Keep
# `x` in it instead, and make the columns again in `conv2d_backward`. Is that slower? Then go
# further and make the columns of only a few images at a time. Notebook
# [15](../15_making_it_fast.ipynb) goes on from there.

# %% [markdown]
# # 02 · Tensors, broadcasting, and why the order matters
#
# The tape of notebook 01 holds one number in each box. A layer of a network multiplies thousands of
# them, so now each box holds a whole array. Little changes: rules for a few operations on arrays,
# one rule for what was repeated, and one question that turns out to decide whether backward is
# possible at all in a deep network: in which order?
#
# **After this one you can** write down the gradient of any sum, product and matrix product of
# arrays, say what broadcasting does to it, write a tape for arrays in 70 lines, explain why it
# visits its boxes in topological order and when it may forget them, and train a small network with
# it. About 40 minutes.

# %%
import os
import textwrap
import time
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import plot
from minires.lessons import check, exercise, predict, score, show

plot.use_style()
FAST = bool(os.environ.get("MINIRES_FAST"))
rng = np.random.default_rng(0)

# %% [markdown]
# ## A gradient has the shape of what it belongs to
#
# Let $y$ be an array that was computed from the array $x$, and $L$ the loss, still *one* number,
# computed from $y$ by whatever comes after. We write `dy` for the array of all derivatives of $L$
# with respect to the elements of $y$:
#
# $$\mathtt{dy}_i = \frac{\partial L}{\partial y_i}, \qquad \mathtt{dx}_i = \frac{\partial L}{\partial x_i}.$$
#
# `dy` has the shape of `y`, `dx` the shape of `x`. A step of backward is handed `dy` and returns
# `dx`; it need not know anything else about $L$. For an **elementwise** operation each $y_i$
# depends on $x_i$ alone, so the chain rule of notebook 01 holds element by element:
#
# | operation | backward |
# |---|---|
# | `y = a + b` | `da = dy` and `db = dy` |
# | `y = a * b` | `da = dy * b` and `db = dy * a` |
# | `y = max(x, 0)`, ReLU | `dx = dy * (x > 0)` |
#
# (**ReLU** stands for *rectified linear unit*: $x$ where it is positive, else 0. What it is good
# for you will see at the end, when a network learns.)

# %%
through_relu = predict(
    "x = (-1, 2, 3), y = relu(x), and `dy` is (5, 6, 7). What is `dx`?",
    ["(5, 6, 7)", "(0, 6, 7)", "(0, 2, 3)", "(-5, 6, 7)"],
)

# %%
x, dy = np.array([-1.0, 2.0, 3.0]), np.array([5.0, 6.0, 7.0])
dx = dy * (x > 0)  # True counts as 1, False as 0
print("dx =", dx)
assert np.array_equal(dx, [0, 6, 7])
through_relu.reveal("(" + ", ".join(f"{one:.0f}" for one in dx) + ")", "Closed where x < 0.")

# %% [markdown]
# Where $x$ is negative, $y$ stays 0 whatever small change $x$ makes, so nothing comes back.
#
# As before, every rule must agree with what we can *measure*. To have a loss at all, we multiply
# $y$ by fixed random numbers $r$ and add up, $L = \sum_i r_i y_i$. Then `dy` is $r$: a different
# number in each place, so that a mix-up of places shows.


# %%
def measured(L, x, h=1e-6):
    """dL/dx by small steps, one element at a time: `slope` of notebook 01."""
    dx = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = h
        dx[place] = (L(x + step) - L(x - step)) / (2 * h)
    return dx


a, b, r = rng.standard_normal((3, 2, 4))  # three arrays of shape (2, 4)
da = r * b  # the rule for a product, with dy = r
assert da.shape == a.shape
assert np.allclose(da, measured(lambda a: (r * (a * b)).sum(), a), atol=1e-6)

# %% [markdown]
# ## Broadcasting: what was repeated is summed
#
# A layer computes $y = x w + b$ for many $x$ at once. (The product $x w$ is for the next section.)
# `x` has a row for each, `b` is a single row, added to all of them. NumPy allows `x + b` with
# shapes `(4, 3)` and `(3,)` by **broadcasting**: it lines the shapes up at their *ends*, puts 1
# where one is shorter, and repeats what has size 1.
#
# | `x.shape` | `b.shape` | read as | result |
# |---|---|---|---|
# | `(4, 3)` | `(3,)` | `(1, 3)`: the row, 4 times | `(4, 3)` |
# | `(4, 3)` | `(4, 1)` | the column, 3 times | `(4, 3)` |
# | `(4, 3)` | `()` | one number, 12 times | `(4, 3)` |
# | `(4, 3)` | `(4,)` | `(1, 4)`: does not fit | error |

# %%
shape_of_db = predict(
    "`y = x + b` with `b` of shape (3,), and `dy` has the shape (4, 3). What is the shape of `db`?",
    ["(4, 3)", "(3,)", "(4,)"],
)
comes_from_dy = predict(
    "And how do you get it from `dy`?",
    ["the first row", "the mean of the rows", "the sum of the rows"],
)

# %%
x, b = np.arange(12).reshape(4, 3), np.array([10, 20, 30])
dy = np.array([[1, 0, 2], [0, 3, 1], [2, 1, 0], [1, 1, 4]])


def table(ax, numbers, title, top=0, pale_from=9):
    """Numbers in boxes, the first row at height `top`; rows from `pale_from` on pale."""
    for (i, j), number in np.ndenumerate(numbers):
        strength = 0.25 if i >= pale_from else 0.8
        ax.add_patch(
            plt.Rectangle(
                (j, top + i),
                1,
                1,
                edgecolor="white",
                linewidth=2,
                facecolor=plot.SHADES["resnet"][0],
                alpha=strength,
            )
        )
        ax.text(j + 0.5, top + i + 0.5, number, ha="center", va="center")
    ax.text(0, top - 0.2, title, fontweight="bold")
    ax.set_xlim(-0.1, 3.1)
    ax.set_ylim(6.4, -0.8)
    ax.set_aspect("equal")
    ax.axis("off")


figure, axes = plt.subplots(1, 4, figsize=(9, 4), gridspec_kw={"wspace": 0.35})
table(axes[0], x, "x  (4, 3)")
table(axes[1], np.tile(b, (4, 1)), "b  (3,), repeated", pale_from=1)
table(axes[2], x + b, "y = x + b  (4, 3)")
table(axes[3], dy, "dy  (4, 3)")
table(axes[3], dy.sum(axis=0)[None], "db  (3,): sums", top=5.3)
for ax, sign in zip(axes, "+="):
    ax.text(3.55, 2, sign, fontsize=16, ha="center", va="center")
for j in range(3):
    axes[3].annotate(
        "",
        (j + 0.5, 4.65),
        xytext=(j + 0.5, 3.95),
        arrowprops={"arrowstyle": "->", "color": plot.GREY},
    )
show(
    "Tables of numbers: x of four rows, plus b repeated in four rows, is y. Right: dy of four "
    "rows, and below it db, the sum of each column."
)
shape_of_db.reveal(str(dy.sum(axis=0).shape), "That of `b`.")
comes_from_dy.reveal("the sum of the rows", "Each number of `b` was used four times.")

# %% [markdown]
# `db` has the shape of `b`, `(3,)`. Each number of `b` was used four times, in four rows. In
# notebook 01 we saw that what is used in several places adds up the derivatives that come back;
# broadcasting is just that. So the gradient of what was repeated is a **sum** over the repeats:
# here `dy.sum(axis=0)`.
#
# One small function undoes any broadcasting. The library has one too; they must agree.

# %%
from minires.kernels.common import elementwise


def unbroadcast(dy, shape):
    """Add up `dy` over all axes along which an array of `shape` was repeated."""
    while dy.ndim > len(shape):
        dy = dy.sum(axis=0)  # an axis that was put in front
    for axis, size in enumerate(shape):
        if size == 1:
            dy = dy.sum(axis=axis, keepdims=True)  # an axis that was stretched
    return dy


for shape in [(4, 3), (3,), (1, 3), (4, 1), (1, 1), (1,), ()]:
    b, (x, r) = rng.standard_normal(shape), rng.standard_normal((2, 4, 3))
    db = unbroadcast(r * x, shape)  # y = x * b, dy = r
    assert db.shape == shape
    assert np.allclose(db, measured(lambda b: (r * (x * b)).sum(), b), atol=1e-6)
    assert np.allclose(db, elementwise.unbroadcast(r * x, shape))
print("the gradient of what was repeated is a sum: agreed for 7 shapes")

# %% [markdown]
# ## The matrix product and its two gradients
#
# A layer takes $N$ rows of $I$ numbers each to $N$ rows of $O$ numbers, by the weights $w$ of shape
# $(I, O)$:
#
# $$y_{no} = \sum_i x_{ni}\, w_{io}, \qquad\text{in short } y = x w.$$
#
# Each term $x_{ni} w_{io}$ of the sum is a product of two numbers, so it passes $\mathtt{dy}_{no}$
# on to both: times $w_{io}$ to $x_{ni}$, times $x_{ni}$ to $w_{io}$. Collect what arrives at each:
#
# $$\mathtt{dx}_{ni} = \sum_o \mathtt{dy}_{no}\, w_{io}, \qquad \mathtt{dw}_{io} = \sum_n x_{ni}\, \mathtt{dy}_{no}.$$
#
# Both are matrix products again. (In NumPy a matrix product is `@`, and `w.T` is the transpose of
# `w`: rows and columns exchanged.)

# %%
product = predict(
    "`x` is (N, I), `w` is (I, O) and `dy` is (N, O). Which product has the shape of `w`?",
    ["`x @ dy.T`", "`x.T @ dy`", "`dy.T @ x`"],
)

# %%
N, I, O = 5, 3, 2
x, w = rng.standard_normal((N, I)), rng.standard_normal((I, O))
r = rng.standard_normal((N, O))

dx_loops, dw_loops = np.zeros_like(x), np.zeros_like(w)
for n in range(N):  # by the sum, with dy = r
    for i in range(I):
        for o in range(O):
            dx_loops[n, i] += r[n, o] * w[i, o]
            dw_loops[i, o] += x[n, i] * r[n, o]

dx = r @ w.T  # (N, O) @ (O, I) = (N, I)
dw = x.T @ r  # (I, N) @ (N, O) = (I, O)
assert np.allclose(dx, dx_loops) and np.allclose(dw, dw_loops)
assert np.allclose(dw, measured(lambda w: (r * (x @ w)).sum(), w), atol=1e-6)

tensor_x, tensor_w = mr.Tensor(x, requires_grad=True), mr.Tensor(w, requires_grad=True)
(tensor_x @ tensor_w).backward(r)  # a Tensor can be given dy
assert np.allclose(dx, tensor_x.grad) and np.allclose(dw, tensor_w.grad)
print("dx = dy @ w.T", dx.shape, "   dw = x.T @ dy", dw.shape)
assert (x.T @ r).shape == w.shape
product.reveal("`x.T @ dy`", "(I, N) times (N, O) is (I, O).")

# %% [markdown]
# `dx = dy @ w.T` and `dw = x.T @ dy`: the shapes fit in one way only, and it is the right one. That
# is a good way to *remember* these two rules. As a proof it is worthless: where $N = I = O$ every
# order fits. (Notebook 04 says how to find mistakes that no shape gives away.)
#
# ## A tape for arrays
#
# Now the tape of notebook 01 again, with arrays. Two things have changed. An `Array` holds a
# function `back` that takes `dy` to the gradients of its parents, where a `Value` held numbers. And
# the undoing of broadcasting stands in *one* place, in `backward`, so that no operation has to
# think of it.
#
# As in the pictures of notebook 01 we shall call an `Array` on the tape a **box**; one without
# parents, such as a parameter, is a **leaf**. (The last two lines of `backward`, and the hooks,
# will be explained below.)


# %%
class Array:
    """An array that remembers how it was made."""

    def __init__(self, data, parents=(), back=lambda dy: ()):
        self.data = np.asarray(data, dtype=np.float64)
        self.parents, self.back = parents, back
        self.grad = 0.0  # dL/d(this): nothing has arrived yet
        self.hooks = []  # functions to be shown the gradient

    def __add__(self, other):
        other = as_array(other)
        return Array(self.data + other.data, (self, other), lambda dy: (dy, dy))

    def __mul__(self, other):
        other = as_array(other)
        return Array(
            self.data * other.data, (self, other), lambda dy: (dy * other.data, dy * self.data)
        )

    def __matmul__(self, other):
        return Array(
            self.data @ other.data, (self, other), lambda dy: (dy @ other.data.T, self.data.T @ dy)
        )

    def relu(self):
        return Array(np.maximum(self.data, 0), (self,), lambda dy: (dy * (self.data > 0),))

    def sum(self):
        return Array(self.data.sum(), (self,), lambda dy: (dy * np.ones_like(self.data),))

    def backward(self, free=True):
        self.grad = np.ones_like(self.data)  # dL/dL
        order = in_order(self)
        while order:
            array = order.pop()  # from the end: all that used it are done
            for hook in array.hooks:
                hook(array.grad)
            for parent, dx in zip(array.parents, array.back(array.grad)):
                parent.grad = parent.grad + unbroadcast(dx, parent.data.shape)
            if free and array.parents:  # not a leaf: nobody needs these again
                array.parents, array.back, array.grad = (), used_up, None


def as_array(x):
    return x if isinstance(x, Array) else Array(x)


def used_up(dy):
    raise RuntimeError("this tape was used up by an earlier backward: run forward again")


def in_order(last):
    """All arrays behind `last`, each after those it was made from; without recursion."""
    order, seen, stack = [], set(), [(last, False)]
    while stack:
        array, parents_done = stack.pop()
        if parents_done:
            order.append(array)
        elif array not in seen:
            seen.add(array)
            stack.append((array, True))
            stack.extend((parent, False) for parent in array.parents)
    return order


# %% [markdown]
# That is all: any computation from these five operations can be differentiated. A first test, with
# a bias that is repeated and an `h` that is used three times:


# %%
def some_loss(x, w, b):
    h = (x @ w + b).relu()
    return (h * h + h).sum()


x, w, b = rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
arrays = [Array(x), Array(w), Array(b)]
some_loss(*arrays).backward()

tensors = [mr.Tensor(values, requires_grad=True) for values in (x, w, b)]
some_loss(*tensors).backward()  # the same lines, with the library's

for ours, theirs in zip(arrays, tensors):
    assert ours.grad.shape == theirs.shape and np.allclose(ours.grad, theirs.grad)
slopes = measured(lambda w: some_loss(Array(x), Array(w), Array(b)).data, w)
assert np.allclose(arrays[1].grad, slopes, atol=1e-5)
print("ours, the library's and the measured gradients agree")

# %% [markdown]
# ## Why the order matters
#
# `backward` could be written without `in_order`, it seems: start at the loss, hand each parent its
# gradient, go on from there at once. Here are two ways to write that down. Both look reasonable.


# %%
def push_all_so_far(array):
    """On each visit pass on *all* that has arrived here so far. Returns the visits made."""
    visits = 1
    for parent, dx in zip(array.parents, array.back(array.grad)):
        parent.grad = parent.grad + dx
        visits += push_all_so_far(parent)
    return visits


def push_the_new(array, dy):
    """On each visit pass on only what has arrived just now. Returns the visits made."""
    array.grad, visits = array.grad + dy, 1
    for parent, dx in zip(array.parents, array.back(dy)):
        visits += push_the_new(parent, dx)
    return visits


# %% [markdown]
# Take $h = 3x$ and $L = h \cdot h + h$, in which $h$ is **shared**: it is used three times. At $x =
# 2$ we have $h = 6$, $dL/dh = 2h + 1 = 13$ and $dL/dx = 39$.

# %%
finds_it = predict(
    "Which of the two finds 39?",
    ["`push_all_so_far`", "`push_the_new`", "both", "neither"],
)


# %%
def shared(x):
    h = x * 3.0
    return h * h + h


x = Array(2.0)
shared(x).backward()
print("topological order:        dL/dx =", x.grad)
assert x.grad == 39

x = Array(2.0)
loss = shared(x)
loss.grad = 1.0
visits = push_all_so_far(loss)
print("all that arrived so far:  dL/dx =", x.grad)
assert x.grad > 39  # wrong
assert visits == 2 + 3 * 3  # sum, product; 3 times h, x and 3.0

x = Array(2.0)
visits = push_the_new(shared(x), 1.0)
print("only the new:             dL/dx =", x.grad)
assert x.grad == 39 and visits == 2 + 3 * 3
finds_it.reveal("`push_the_new`", "The other one passes on again what it has passed on before.")

# %% [markdown]
# The first way counts **double**: on its second visit to $h$ it passes on again what it had passed
# on before. The second way is right, for it goes every way from $L$ back to $x$ separately and adds
# up. But like the first it visits $x$ three times, once for each way that leads there, and where
# one shared box lies behind another these numbers multiply.

# %%
doubling = predict(
    "`a` is doubled 18 times, `a = a + a`: 19 boxes. How many visits does the second way make?",
    ["19", "36, two for each addition", "324", "about half a million"],
)


# %%
def doubled(times):
    first = last = Array(1.0)
    for _ in range(times):
        last = last + last
    return first, last


def count(times):
    """Visits along every path."""
    first, last = doubled(times)
    visits = push_the_new(last, 1.0)
    assert first.grad == 2.0**times  # right, however long it takes
    return visits


started = time.perf_counter()
every_path = [count(times) for times in range(1, 19)]
each_once = [len(in_order(doubled(times)[1])) for times in range(1, 28)]
print(
    f"{every_path[17]:,} visits against {each_once[17]}, for 18 additions "
    f"({time.perf_counter() - started:.1f} s for all of this)"
)
assert every_path[17] == 2**19 - 1 and each_once[17] == 19
doubling.reveal("about half a million", "Each addition doubles the number of ways back.")

later = np.arange(18, 28)
plt.figure(figsize=(6.4, 3.8))
plt.semilogy(
    range(1, 19),
    every_path,
    "o-",
    color=plot.OTHERS[0],
    markersize=4,
    label="the second way: along every path",
)
plt.semilogy(later, 2.0 ** (later + 1) - 1, ":", color=plot.OTHERS[0], label="the same, computed")
plt.semilogy(
    range(1, 28),
    each_once,
    "o-",
    color=plot.COLOURS["resnet"],
    markersize=4,
    label="topological order",
)
plt.axvline(27, color=plot.GREY, linewidth=1)
plt.text(26.6, 300, "blocks in\nResNet-56", ha="right", color=plot.GREY)
plt.xlabel("additions a = a + a")
plt.ylabel("boxes visited")
plt.legend(loc="upper left")
show(
    "Boxes visited against the number of additions, on a logarithmic axis: along every path the "
    "number rises as a straight line to half a million at 18; in topological order it stays below "
    "30."
)

# %% [markdown]
# Each addition doubles the number of paths: $2^{19} - 1 = 524{,}287$ visits, where 19 boxes would
# do. A straight line on a logarithmic axis is exponential growth.
#
# Residual networks are of this kind. A residual block computes $F(x) + x$: its input is used in two
# places, and the gradient comes back by two ways. ResNet-56 has 27 such blocks, so $2^{27}$, over a
# hundred million, paths from the loss to the first layer. In topological order every box is visited
# once, when *all* of its gradient has arrived, and the sum is passed on in one go: one visit for
# each box, as in a net without those additions. However many paths there are, they cost nothing.

# %%
from minires.models.blocks import BasicBlock

blocks = [part for part in mr.models.resnet(56).modules() if isinstance(part, BasicBlock)]
print(len(blocks), "blocks,", f"{2 ** len(blocks):,} paths")
assert len(blocks) == 27 and 2 ** len(blocks) > 100_000_000

# %% [markdown]
# ## Memory: what may be forgotten, and when
#
# To pass `dy` on, a product needs the numbers it multiplied; ReLU needs to know where its input was
# positive. What a step must keep for its backward is called its **cache**. So during the forward
# pass memory *grows* with every step, and in training it is the caches, not the parameters, that
# fill it.
#
# In backward the steps come in reverse. Once a box has passed its gradient on it will never be
# visited again (in topological order): its cache, its gradient and its links may go. That is what
# the last lines of our `backward` do, unless told `free=False`.

# %%
after_forward = predict(
    "A chain of 20 products of arrays of 1 MB. How much is in use after the forward pass?",
    unit="MB",
    within=3,
)
after_backward = predict(
    "And after backward, if each box is freed once it is done?", unit="MB", within=5
)


# %%
def memory_of(free, steps=20):
    """Memory in use, in MB, after each step forward and at each step backward."""
    curve = []

    def look(gradient=None):
        curve.append(tracemalloc.get_traced_memory()[0] / 1e6)

    tracemalloc.start()
    y = Array(np.ones((125, 1000)))  # 125,000 numbers of 8 bytes: 1 MB
    for _ in range(steps):
        y = y * 1.01
        y.hooks.append(look)  # called when backward gets here
        look()
    loss = y.sum()
    del y  # the tape alone holds on to it now
    loss.backward(free)
    look()
    tracemalloc.stop()
    return curve


kept, freed = memory_of(free=False), memory_of(free=True)
steps = np.arange(len(kept)) + 1
plt.figure(figsize=(6.4, 3.6))
plt.plot(steps, kept, color=plot.OTHERS[0], linewidth=2, label="everything kept")
plt.plot(steps, freed, color=plot.COLOURS["resnet"], linewidth=2, label="freed once used")
plt.axvline(20.5, color=plot.GREY, linewidth=1, linestyle=(0, (4, 2)))
plt.text(20, 2, "forward", ha="right", color=plot.GREY)
plt.text(21, 2, "backward", color=plot.GREY)
plt.xlabel("step")
plt.ylabel("memory in use, MB")
plt.legend(loc="upper left")
plt.ylim(0, 44)
show(
    "Memory in use against steps: it rises by 1 MB a step to 21 MB during forward. In backward it "
    "falls to nearly nothing if freed, and rises to 42 MB if everything is kept."
)
print(
    f"after forward {freed[19]:.0f} MB; after backward {freed[-1]:.0f} MB if freed, "
    f"{kept[-1]:.0f} MB if everything is kept"
)
assert 20 < freed[19] < 23 and freed[-1] < 5 and kept[-1] > 38
after_forward.reveal(freed[19], "Every product keeps the numbers that it multiplied.")
after_backward.reveal(freed[-1], "What has passed its gradient on is never visited again.")

# %% [markdown]
# About 1 MB for each step forward; and back to nearly nothing, where keeping everything doubles it
# (every array now has a gradient beside it). The price: the tape works once. A second
# `loss.backward()` needs a new forward pass, and says so, in our tape as in the library's.

# %%
for w in (Array(2.0), mr.Tensor(2.0, requires_grad=True)):
    loss = w * w
    loss.backward()
    try:
        loss.backward()
    except (RuntimeError, mr.errors.GraphError) as error:
        print(textwrap.fill(f"{type(w).__name__}: {error}", 90))
    else:
        raise AssertionError("a second backward should have been refused")

# %% [markdown]
# How much does a real network keep? `summary` counts it, here for a residual network of 20 layers
# (ResNet-20, notebook
# 09) and a batch of 128 images:

# %%
summary = mr.models.resnet(20).summary((8 if FAST else 128, 32, 32, 3))
print(
    f"parameters {summary.parameter_bytes / 1e6:.1f} MB, "
    f"kept for backward {summary.kept_bytes / 1e6:.0f} MB"
)
assert FAST or summary.kept_bytes > 50 * summary.parameter_bytes

# %% [markdown]
# ## A network learns two spirals
#
# Time to use it. 300 points lie on two spirals, and a network of two layers shall say which: 1 or
# -1. It computes
#
# $$h = \mathrm{relu}(x w_1 + b_1), \qquad y = h w_2 + b_2,$$
#
# with 32 numbers in each row of $h$ (**hidden** units: they are neither input nor output). Without
# the ReLU this would be $x$ times one matrix, $w_1 w_2$, and a number: a straight line between the
# classes. The loss is the mean of $(y - t)^2$, where $t$ is the right answer.


# %%
def spirals(n):
    """Points (n, 2) on two spirals, and which spiral each is on, 1 or -1: (n, 1)."""
    t = np.where(np.arange(n) % 2, 1.0, -1.0)
    radius = np.sqrt(rng.uniform(0.03, 1, n))
    angle = 2 * np.pi * radius + np.pi * (t > 0)
    x = 2 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return x + 0.08 * rng.standard_normal((n, 2)), t[:, None]


def network(x, w1, b1, w2, b2):
    return (x @ w1 + b1).relu() @ w2 + b2


def mean_square(y, t):
    e = y + t * -1.0
    return (e * e).sum() * (1 / len(t.data))


x, t = spirals(300)
start = [
    rng.standard_normal((2, 32)),
    rng.standard_normal(32),
    0.1 * rng.standard_normal((32, 1)),
    np.zeros(1),
]

# %% [markdown]
# Training is the loop of notebook 01.

# %%
border = predict(
    "The network is a sum of 32 ReLUs. What will the border between the classes be made of?",
    ["smooth curves", "straight pieces"],
)

# %%
steps, lr = 60 if FAST else 3000, 0.04
parameters = [Array(values.copy()) for values in start]
moments, losses = {}, []
for step in range(steps + 1):
    if step in (0, steps // 10, steps):
        moments[step] = [parameter.data.copy() for parameter in parameters]
    loss = mean_square(network(Array(x), *parameters), Array(t))
    losses.append(float(loss.data))
    for parameter in parameters:
        parameter.grad = 0.0  # forget the last step's
    loss.backward()
    for parameter in parameters:
        parameter.data -= lr * parameter.grad

side = np.linspace(-2.5, 2.5, 120)
grid = np.stack(np.meshgrid(side, side), axis=-1)  # (120, 120, 2)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharey=True)
for ax, (step, values) in zip(axes, moments.items()):
    y = np.maximum(grid @ values[0] + values[1], 0) @ values[2] + values[3]
    ax.contourf(side, side, y[..., 0], [-100, 0, 100], colors=["#e3d4ef", "#d3ecdc"])
    for label, marker, colour in ((-1, "o", plot.OTHERS[1]), (1, "^", plot.OTHERS[0])):
        ax.plot(*x[t[:, 0] == label].T, marker, color=colour, markersize=3)
    ax.set_title(f"after {step} steps: loss {losses[step]:.2f}")
    ax.set_aspect("equal")
    ax.set_xlabel("$x_0$")
axes[0].set_ylabel("$x_1$")
show(
    "Points on two spirals, before, early in and after training. The border between the two areas "
    "begins as one bent line, and in the end follows the spirals in straight pieces."
)
border.reveal("straight pieces", "Each ReLU bends the plane along a straight line.")

wrong = np.mean((network(Array(x), *parameters).data > 0) != (t > 0))
print(f"{100 * wrong:.1f} % wrong after {steps} steps")
assert FAST or (losses[-1] < 0.3 * losses[0] and wrong < 0.1)

# %% [markdown]
# Straight pieces: each hidden unit is 0 on one side of a straight line, and rises evenly on the
# other. Between these lines the sum is a tilted plane; so the border, where the sum is 0, is made
# of pieces of straight lines.
#
# ## The same with the library
#
# `network` and `mean_square` contain nothing of our class but its operators, so they take the
# library's Tensors as they are. The gradients must be equal, at the start and where training ended.

# %%
for values in (start, moments[steps]):
    ours = [Array(value.copy()) for value in values]
    mean_square(network(Array(x), *ours), Array(t)).backward()

    theirs = [mr.Tensor(value.copy(), requires_grad=True) for value in values]
    loss = mean_square(network(mr.Tensor(x), *theirs), mr.Tensor(t))
    picture = mr.graph(loss, w1=theirs[0], b1=theirs[1], w2=theirs[2], b2=theirs[3])
    loss.backward()

    for our, their in zip(ours, theirs):
        assert np.allclose(our.grad, their.grad, rtol=1e-9, atol=1e-12)
print("equal gradients")
picture

# %% [markdown]
# The picture shows what the library recorded. The difference `e`, the second `add`, is used twice
# by the product `e * e` below it (one arrow stands for both). Neither $x$ nor $t$ appears: they
# were made without `requires_grad=True`, so nobody will ask for their gradients, and none are
# computed. (Ours computes them and throws them away.)
#
# Four things that the library's tape can be told, and you will need:
#
# 1. `zero_grad()`: gradients add up from one `backward` to the next, until told to forget. It
#    belongs to the **optimiser**, an object that has a list of parameters and makes the steps of
#    gradient descent (notebook 07).
# 2. `register_hook(f)`: call `f` with the gradient of a Tensor when it is complete, also of one in
#    the middle, whose gradient is not kept. This is how notebook 11 looks into every layer. Below,
#    `f` notes the **norm** of the gradient, its length: the root of the sum of its squares.
# 3. `no_grad()`: record nothing. For when you only want the result, on test images for instance: no
#    caches, less memory.
# 4. `detach()`: the same numbers, off the tape. They count as constants from there on.

# %%
w = mr.Tensor(np.array([1.0, 2.0]), requires_grad=True)
optimizer = mr.optim.SGD([w], lr=0.1)

for _ in range(2):  # 1. dL/dw is 2 w: twice, 4 w
    (w * w).sum().backward()
assert np.array_equal(w.grad, 4 * w.data)
optimizer.zero_grad()
assert w.grad is None

h, norms = w * 3.0, []  # 2.
h.register_hook(lambda dh: norms.append(np.linalg.norm(dh)))
(h * h).sum().backward()
print(f"norm of dL/dh: {norms[0]:.2f}")
assert np.isclose(norms[0], np.linalg.norm(2 * h.data)) and h.grad is None

with mr.no_grad():  # 3.
    y = (w * w).sum()
assert not y.requires_grad

optimizer.zero_grad()
h = w * 3.0
(h.detach() * w).sum().backward()  # 4.
print("with detach dL/dw =", w.grad, "; without it, it would be", 6 * w.data)
assert np.array_equal(w.grad, h.data)

# %% [markdown]
# ## Exercises

# %%
exercise("02.mean")


# %%
def mean_backward(dy, x): ...  # your code, instead of the three dots


check("02.mean", mean_backward)

# %%
exercise("02.axis")


# %%
def axis_mean_backward(dy, x, axis): ...  # your code


check("02.axis", axis_mean_backward)

# %%
exercise("02.visits")


# %%
def visits_of(n): ...  # your code


check("02.visits", visits_of)

# %% [markdown]
# A classic mistake to try: `y` has shape `(N, 1)` and somebody gives `mean_square` a `t` of shape
# `(N,)`. There is no error. What is computed, and what does the network learn? Try it on the
# spirals with `t[:, 0]`, and `lr = 0.04 / 300`.
#
# <details><summary>Answer</summary>
# Line the two shapes up at their ends: (N, 1) and (1, N). The difference e is (N, N): every y is
# compared with every t, so the best y is the same for all points. And the sum has N times as many
# terms: with the old lr the steps blow up.
# </details>

# %%
exercise("02.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A gradient has the shape of its array. Elementwise: the rule of school, in each place. Matrix
#   product: `dy @ w.T`, `x.T @ dy`.
# - Broadcasting repeats, so its gradient adds up. One function, `unbroadcast`, in one place.
# - In topological order each box is visited once, with all of its gradient: linear time, where
#   paths are exponentially many.
# - Caches fill the memory during forward, and may go as soon as backward has passed them.
#
# **In the library:** [`tape.py`](../minires/autograd/tape.py) is the walk back, with the freeing;
# [`kernels/common/elementwise.py`](../minires/kernels/common/elementwise.py) and
# [`linear.py`](../minires/kernels/common/products.py) the rules;
# [`tensor.py`](../minires/autograd/tensor.py) the Tensor.
#
# **Next:** [03 · Convolution: loops, then one matrix product](03_convolution.ipynb)

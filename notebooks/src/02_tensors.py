# %% [markdown]
# # 02 · Tensors, broadcasting, and why the order matters
#
# The tape of notebook 01 holds one number in each box. A layer of a network multiplies thousands of
# numbers, so now each box holds a whole array. Not much changes. You need rules for a few
# operations on arrays, and one rule for numbers that were repeated. Then there is the order in
# which backward visits the boxes. In a deep network it decides whether backward ever finishes.
#
# **After this one you can** write down the gradient of any sum, product and matrix product of
# arrays, say what broadcasting does to it, write a tape for arrays in 70 lines, and explain why it
# visits its boxes in topological order and when it may forget them. About 40 minutes, and 20 more
# for the exercises.

# %%
import textwrap
import time

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import plot
from minires.kernels.common import elementwise
from minires.lessons import check, exercise, predict, reveal, score, show

plot.use_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Gradients of arrays
#
# Let $y$ be an array that was computed from the array $x$, and $L$ the loss, still *one* number,
# computed from $y$ by whatever comes after. We write `dy` for the array of all derivatives of $L$
# with respect to the elements of $y$:
#
# $$\mathtt{dy}_i = \frac{\partial L}{\partial y_i}, \qquad \mathtt{dx}_i = \frac{\partial L}{\partial x_i}.$$
#
# `dy` has the shape of `y`, and `dx` has the shape of `x`. A step of backward takes `dy` and
# returns `dx`. It needs nothing else from $L$. In an **elementwise** operation each $y_i$ depends
# on $x_i$ alone, so the chain rule of notebook 01 holds element by element:
#
# | operation | backward |
# |---|---|
# | `y = a + b` | `da = dy` and `db = dy` |
# | `y = a * b` | `da = dy * b` and `db = dy * a` |
# | `y = max(x, 0)`, ReLU | `dx = dy * (x > 0)` |
#
# **ReLU** stands for *rectified linear unit*: it is $x$ where $x$ is positive, and 0 elsewhere. In
# the next notebook a network learns with it, and you will see what it is good for.

# %%
through_relu = predict(
    "x = (-1, 2, 3), y = relu(x), and `dy` is (5, 6, 7). What is `dx`?",
    ["(5, 6, 7)", "(0, 6, 7)", "(0, 2, 3)", "(-5, 6, 7)"],
)

# %%
x, dy = np.array([-1.0, 2.0, 3.0]), np.array([5.0, 6.0, 7.0])
dx = dy * (x > 0)  # True counts as 1, False as 0
print("dx =", dx)
through_relu.reveal(
    "(" + ", ".join(f"{one:.0f}" for one in dx) + ")", "Where x is below 0, dx is 0."
)

# %% [markdown] tags=["answer"]
# Where $x$ is negative, $y$ stays 0 under any small change of $x$, so nothing comes back.

# %% [markdown]
# As before, every rule must agree with what we can *measure*. To measure we need a loss. We make
# one from $y$: multiply it by fixed random numbers $r$ and add up, $L = \sum_i r_i y_i$. Then `dy`
# is $r$. It has a different number in each place, so it shows if two places get mixed up.


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
assert np.allclose(da, measured(lambda a: (r * (a * b)).sum(), a), atol=1e-6)

# %% [markdown]
# ## Broadcasting: an array that is repeated
#
# A layer computes $y = x w + b$ for many inputs at once. Leave the product $x w$ to the next
# section, and look at `x + b`. Here `x` has a row for each input, and `b` is a single row that is
# added to all of them. NumPy adds the shapes `(4, 3)` and `(3,)` by **broadcasting**: it lines them
# up at their *ends*, fills the shorter one with 1s in front, and repeats every axis of size 1.
#
# | `x.shape` | `b.shape` | read as | result |
# |---|---|---|---|
# | `(4, 3)` | `(3,)` | `(1, 3)`: the row, 4 times | `(4, 3)` |
# | `(4, 3)` | `(4, 1)` | the column, 3 times | `(4, 3)` |
# | `(4, 3)` | `()` | one number, 12 times | `(4, 3)` |
# | `(4, 3)` | `(4,)` | `(1, 4)`: does not fit | error |

# %%
x, b = np.arange(12).reshape(4, 3), np.array([10, 20, 30])
dy = np.array([[1, 0, 2], [0, 3, 1], [2, 1, 0], [1, 1, 4]])


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
show(
    "Tables of numbers: x of four rows, plus b repeated in four rows, is y. Right: dy of four "
    "rows, and below it db, the sum of each column.",
    plot.broadcasting(x, b, dy),
)
shape_of_db.reveal(str(dy.sum(axis=0).shape), "A gradient has the shape of its array.")
comes_from_dy.reveal("the sum of the rows", "Each number of `b` was used four times.")

# %% [markdown] tags=["answer"]
# `db` has the shape of `b`, `(3,)`. In notebook 01 we saw that a number which is used in several
# places adds up the derivatives that come back. With broadcasting the same happens to whole rows:
# each number of `b` was used in four rows. So the gradient of an array that was repeated is a
# **sum** over the repeats, here `dy.sum(axis=0)`.

# %% [markdown]
# One small function undoes any broadcasting. The library has one too, and the two must agree.


# %%
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
    assert np.allclose(db, measured(lambda b: (r * (x * b)).sum(), b), atol=1e-6)
    assert np.allclose(db, elementwise.unbroadcast(r * x, shape))
print("the gradient of what was repeated is a sum: agreed for 7 shapes")

# %% [markdown]
# ## The matrix product and its two gradients
#
# A layer turns $N$ rows of $I$ numbers into $N$ rows of $O$ numbers. Its weights $w$ have the shape
# $(I, O)$:
#
# $$y_{no} = \sum_i x_{ni}\, w_{io}, \qquad\text{in short } y = x w.$$
#
# Each term $x_{ni} w_{io}$ of the sum is a product of two numbers. It passes
# $\mathtt{dy}_{no}\, w_{io}$ back to $x_{ni}$, and $\mathtt{dy}_{no}\, x_{ni}$ back to $w_{io}$.
# Add up everything that arrives at one number:
#
# $$\mathtt{dx}_{ni} = \sum_o \mathtt{dy}_{no}\, w_{io}, \qquad \mathtt{dw}_{io} = \sum_n x_{ni}\, \mathtt{dy}_{no}.$$
#
# Both are matrix products again. In NumPy a matrix product is `@`, and `w.T` is the transpose of
# `w`, with rows and columns exchanged.

# %%
product = predict(
    "`x` is (N, I), `w` is (I, O) and `dy` is (N, O). Which product has the shape of `w`?",
    ["`x @ dy.T`", "`x.T @ dy`", "`dy.T @ x`"],
)

# %%
N, I, O = 5, 3, 2
x, w = rng.standard_normal((N, I)), rng.standard_normal((I, O))
r = rng.standard_normal((N, O))

dx = r @ w.T  # (N, O) @ (O, I) = (N, I), with dy = r
dw = x.T @ r  # (I, N) @ (N, O) = (I, O)
print("dx = dy @ w.T", dx.shape, "   dw = x.T @ dy", dw.shape)
product.reveal("`x.T @ dy`", "(I, N) times (N, O) gives (I, O).")

# %% [markdown]
# Do they agree with measured slopes, and with the library's tape? There `backward` can be called
# with a `dy`.

# %%
assert np.allclose(dx, measured(lambda x: (r * (x @ w)).sum(), x), atol=1e-6)
assert np.allclose(dw, measured(lambda w: (r * (x @ w)).sum(), w), atol=1e-6)

tensor_x, tensor_w = mr.Tensor(x, requires_grad=True), mr.Tensor(w, requires_grad=True)
(tensor_x @ tensor_w).backward(r)
assert np.allclose(dx, tensor_x.grad) and np.allclose(dw, tensor_w.grad)

# %% [markdown]
# For `dx = dy @ w.T` and `dw = x.T @ dy` the shapes fit in one way only, and it is the right one.
# That is a good way to *remember* the two rules. It proves nothing, because every order fits where
# $N = I = O$. (Notebook 05 shows how to find mistakes that no shape gives away.)
#
# ## A tape for arrays
#
# Now write the tape of notebook 01 again, with arrays. A `Value` held numbers as its local
# derivatives. An `Array` holds a function `back`, which turns `dy` into the gradients of its
# parents.
#
# We shall call an `Array` on the tape a **box**, as in the pictures of notebook 01. A box without
# parents, such as a parameter, is a **leaf**.


# %%
class Array:
    """An array that remembers how it was made."""

    def __init__(self, data, parents=(), back=lambda dy: ()):
        self.data = np.asarray(data, dtype=np.float64)
        self.parents, self.back = parents, back
        self.grad = 0.0  # dL/d(this): nothing has arrived yet

    def __add__(self, other):
        other = as_array(other)
        return Array(self.data + other.data, (self, other), lambda dy: (dy, dy))

    def __mul__(self, other):
        a, b = self, as_array(other)
        return Array(a.data * b.data, (a, b), lambda dy: (dy * b.data, dy * a.data))

    def __matmul__(self, other):
        a, b = self, other
        return Array(a.data @ b.data, (a, b), lambda dy: (dy @ b.data.T, a.data.T @ dy))

    def relu(self):
        return Array(np.maximum(self.data, 0), (self,), lambda dy: (dy * (self.data > 0),))

    def sum(self):
        return Array(self.data.sum(), (self,), lambda dy: (dy * np.ones_like(self.data),))


def as_array(x):
    return x if isinstance(x, Array) else Array(x)


# %% [markdown]
# The order is topological again, as in notebook 01. This version does not call itself, so a deep
# network is no problem. Broadcasting is undone in *one* place, in `backward`, and no operation has
# to take care of it. (The last two lines of `backward` are explained below.)


# %%
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


# %%
def backward(loss):
    """Leave the gradient of the loss in the `grad` of every leaf."""
    loss.grad = np.ones_like(loss.data)  # dL/dL
    order = in_order(loss)
    while order:
        array = order.pop()  # from the end: all that used it are done
        for parent, dx in zip(array.parents, array.back(array.grad)):
            parent.grad = parent.grad + unbroadcast(dx, parent.data.shape)
        if array.parents:  # not a leaf: nobody needs these again
            array.parents, array.back, array.grad = (), used_up, None


def used_up(dy):
    raise RuntimeError("this tape was used up by an earlier backward: run forward again")


Array.backward = backward

# %% [markdown]
# With that you can differentiate any computation made of these five operations. Here is a first
# test, with a bias that is repeated and an `h` that is used three times:


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
    assert np.allclose(ours.grad, theirs.grad)
slopes = measured(lambda w: some_loss(Array(x), Array(w), Array(b)).data, w)
assert np.allclose(arrays[1].grad, slopes, atol=1e-5)
print("ours, the library's and the measured gradients agree")

# %% [markdown]
# ## Why the order matters
#
# It seems that `backward` could do without `in_order`: start at the loss, give each parent its
# gradient, and go on from there at once. Here are two ways to write that down. Both look
# reasonable.


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
# Take $h = 3x$ and $L = h \cdot h + h$, in which $h$ is **shared**: it is used three times. At
# $x = 2$ we have $h = 6$, $dL/dh = 2h + 1 = 13$ and $dL/dx = 3 \cdot 13 = 39$.

# %%
finds_it = predict(
    "Which of the two finds 39?",
    ["`push_all_so_far`", "`push_the_new`", "both", "neither"],
)


# %%
def shared(x):
    h = x * 3.0
    return h * h + h


x_order, x_all, x_new = Array(2.0), Array(2.0), Array(2.0)
shared(x_order).backward()
print("topological order:        dL/dx =", x_order.grad)

loss = shared(x_all)
loss.grad = 1.0
visits_all = push_all_so_far(loss)
print("all that arrived so far:  dL/dx =", x_all.grad)

visits_new = push_the_new(shared(x_new), 1.0)
print("only the new:             dL/dx =", x_new.grad)
finds_it.reveal(
    "`push_the_new`" if x_new.grad == 39 != x_all.grad else "both",
    "The other one passes on again what it has passed on before.",
)

# %% tags=["guard"]
assert x_order.grad == 39 and x_new.grad == 39 < x_all.grad
assert visits_all == visits_new == 2 + 3 * 3  # sum, product; 3 times h, x and 3.0

# %% [markdown] tags=["answer"]
# The first way counts **double**: on its second visit to $h$ it passes on again what it had passed
# on before. The second way is right. It follows every path from $L$ back to $x$ separately, and
# adds up what arrives. But both visit $x$ three times, once for each path that leads there. Where
# one shared box lies behind another, these numbers multiply.


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


# %%
doubling = predict(
    "`a` is doubled 18 times by `a = a + a`, which makes 19 boxes. How many visits does the second "
    "way make?",
    ["19", "36, two for each addition", "324", "about half a million"],
    cells=2,
)

# %%
started = time.perf_counter()
every_path = [count(times) for times in range(1, 19)]
each_once = [len(in_order(doubled(times)[1])) for times in range(1, 28)]
print(
    f"{every_path[17]:,} visits against {each_once[17]}, for 18 additions "
    f"({time.perf_counter() - started:.1f} s for all of this)"
)
doubling.reveal("about half a million", "Each addition doubles the number of ways back.")

# %%
later = np.arange(18, 28)
dots = {"marker": "o", "markersize": 4}
plt.figure(figsize=(6.4, 3.8))
plt.plot(range(1, 19), every_path, color=plot.OTHERS[0], label="along every path", **dots)
plt.plot(later, 2.0 ** (later + 1) - 1, ":", color=plot.OTHERS[0], label="the same, computed")
plt.plot(range(1, 28), each_once, color=plot.OTHERS[1], label="topological order", **dots)
plt.yscale("log")
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

# %% tags=["guard"]
assert every_path[17] == 2**19 - 1 == 524_287 and each_once[17] == 19

# %% [markdown] tags=["answer"]
# Each addition doubles the number of paths, so the second way makes $2^{19} - 1 = 524{,}287$ visits
# to 19 boxes. A straight line on a logarithmic axis is exponential growth.

# %% [markdown]
# Residual networks are of this kind. A residual block computes $F(x) + x$. It uses its input in two
# places, and the gradient comes back by two ways. ResNet-56 has 27 such blocks. That makes $2^{27}$
# paths from the loss to the first layer, over a hundred million. In topological order a box waits
# until *all* of its gradient has arrived, and passes the sum on in one go. Every box is visited
# once, as in a net without those additions, however many paths there are.

# %% tags=["guard"]
from minires.models.blocks import BasicBlock

blocks = [part for part in mr.models.resnet(56).modules() if isinstance(part, BasicBlock)]
assert len(blocks) == 27 and 2 ** len(blocks) > 100_000_000

# %% [markdown]
# ## Memory: what may be forgotten
#
# To pass `dy` on, a product needs the numbers it multiplied, and ReLU needs to know where its input
# was positive. The arrays that a step keeps for its backward are called its **cache**. So memory
# *grows* with every step of the forward pass. In training the caches fill it, not the parameters.
#
# In backward the steps come in reverse. In topological order a box is never visited again once it
# has passed its gradient on, so its cache, its gradient and its links can be freed. The last two
# lines of our `backward` do that. The price is that the tape works only once. A second
# `loss.backward()` needs a new forward pass, and says so, in our tape as in the library's.

# %%
for w in (Array(2.0), mr.Tensor(2.0, requires_grad=True)):
    loss = w * w
    loss.backward()
    try:
        loss.backward()
    except (RuntimeError, mr.errors.GraphError) as error:
        print(textwrap.fill(f"{type(w).__name__}: {error}", 90))

# %% [markdown]
# How much does a real network keep? `summary` counts it, here for plain-20, a network of 20 layers
# that notebook 10 builds, and a batch of 128 images:

# %%
summary = mr.models.plain(20).summary((128, 32, 32, 3))
print(
    f"parameters {summary.parameter_bytes / 1e6:.1f} MB, "
    f"kept for backward {summary.kept_bytes / 1e6:.0f} MB"
)

# %% tags=["guard"]
assert summary.kept_bytes > 50 * summary.parameter_bytes

# %% [markdown]
# ## Exercises

# %%
exercise("02.mean")


# %%
def mean_backward(dy, x):
    # your code, instead of the three dots
    ...


check("02.mean", mean_backward)

# %%
exercise("02.axis")


# %%
def axis_mean_backward(dy, x, axis):
    # your code
    ...


check("02.axis", axis_mean_backward)

# %%
exercise("02.visits")


# %%
def visits_of(n):
    # your code
    ...


check("02.visits", visits_of)

# %%
exercise("02.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A gradient has the shape of its array. For an elementwise operation, use the rule from school in
#   each place. For a matrix product it is `dy @ w.T` and `x.T @ dy`.
# - Broadcasting repeats numbers, so their gradients add up. `unbroadcast` does it in one place.
# - In topological order each box is visited once, when all of its gradient is there. The time grows
#   with the number of boxes, although the number of paths grows exponentially.
# - Caches fill the memory during forward, and can be freed as soon as backward has passed them.
#
# **In the library:** [`tape.py`](../minires/autograd/tape.py) is the walk back, with the freeing;
# [`kernels/common/elementwise.py`](../minires/kernels/common/elementwise.py) and
# [`products.py`](../minires/kernels/common/products.py) the rules;
# [`tensor.py`](../minires/autograd/tensor.py) the Tensor.
#
# **Next:** [03 · A first loop: a network learns two spirals](03_a_first_loop.ipynb)

# %% [markdown]
# # 01 · Derivatives, and a tape for numbers
#
# Training moves each parameter so that the loss falls. To know which way to move it, training needs
# the **derivative** of the loss with respect to each parameter. In this notebook you write a
# program of 50 lines that finds the derivatives of any computation.
#
# **After this one you can** say what a derivative is in numbers, use the chain rule along any chain
# of steps, write a program that records a computation and finds its derivatives (a tape), and fit a
# line with it. About 30 minutes, and 30 more for the exercises. You need some Python, and from
# school what a derivative is.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import plot
from minires.drawing import svg
from minires.lessons import check, exercise, predict, reveal, score, show, slider

plot.use_style()

# %% [markdown]
# ## A derivative is a ratio of small changes
#
# The derivative of $L$ with respect to $x$ says by how much $L$ changes, per unit of $x$, when $x$
# changes a little:
#
# $$\frac{dL}{dx} \approx \frac{L(x + h) - L(x - h)}{2h} \qquad\text{for a small } h.$$
#
# That formula is all you need to *measure* a derivative. Take $L(x) = x^3 - 2x$:


# %%
def slope(f, x, h=1e-4):
    return (f(x + h) - f(x - h)) / (2 * h)


def L(x):
    return x**3 - 2 * x


print(slope(L, 1.5), "measured")
print(3 * 1.5**2 - 2, "by the rule you know from school: 3 x^2 - 2")
assert math.isclose(slope(L, 1.5), 3 * 1.5**2 - 2, rel_tol=1e-6)

# %% [markdown]
# In a picture the derivative is the slope of the curve: how steep it is at that point.

# %%
xs = np.linspace(-2, 2.2, 200)
plt.figure(figsize=(6, 3.6))
plt.plot(xs, L(xs), color=plot.OTHERS[0], linewidth=2, label="L(x)")
for x in (-1, 0.2, 1.5):
    near = np.array([x - 0.5, x + 0.5])
    plt.plot(near, L(x) + slope(L, x) * (near - x), color=plot.OTHERS[3])
    place = (8, 18 if x < 1 else -18)
    plt.annotate(f"slope {slope(L, x):.2f}", (x, L(x)), place, textcoords="offset points")
plt.legend()
plt.xlabel("x")
plt.ylabel("L")
show(
    "The curve L(x) = x³ - 2x with three tangents: slope 1.00 at x = -1, -1.88 at 0.2, and 4.75 at "
    "1.5, where the curve is steepest."
)

# %% [markdown]
# **Why not train this way?** To measure one derivative we compute $L$ twice. For a network with a
# million parameters that would be two million computations of $L$ for a single step. There is a
# better way, called **reverse mode**: go through the computation once more, from its end to its
# beginning. This finds *all* derivatives, however many there are, and costs no more than a few
# computations of $L$.
#
# ## The chain rule
#
# Every computation is a chain of small steps, and we know the derivative of each step. Take
#
# $$L = (w x + b - t)^2,$$
#
# which says how wrong a line $w x + b$ is at a point whose true value is $t$. In steps: $p = w x$,
# $y = p + b$, $e = y - t$, $L = e^2$. Now go backward from $L$. Each derivative is one that we
# already have, times the derivative of a single step:
#
# $$\frac{dL}{de} = 2e, \quad \frac{dL}{dy} = \frac{dL}{de}\cdot 1, \quad \frac{dL}{db} = \frac{dL}{dy}\cdot 1, \quad
# \frac{dL}{dp} = \frac{dL}{dy}\cdot 1, \quad \frac{dL}{dw} = \frac{dL}{dp}\cdot x.$$
#
# ($L$ depends on several numbers here. Its derivative with respect to one of them, while the others
# stay as they are, is called a *partial* derivative and written $\partial L/\partial w$, with a
# round d. All of them together are the **gradient** of $L$.)

# %%
w, x, b, t = 2.0, 3.0, 1.0, 5.0

p = w * x  # forward: the steps
y = p + b
e = y - t
loss = e**2

de = 2 * e  # backward: the same steps, last first; "de" stands for dL/de
dy = de * 1
db = dy * 1
dp = dy * 1
dw = dp * x
print("dL/dw", dw, " dL/db", db)

# Measured, they are the same. (`lambda w: ...` is a function of w, without a name.)
assert math.isclose(dw, slope(lambda w: (w * x + b - t) ** 2, w), rel_tol=1e-6)
assert math.isclose(db, slope(lambda b: (w * x + b - t) ** 2, b), rel_tol=1e-6)

# %% [markdown]
# One case is still missing. In $L = a \cdot a + 3a$ the number $a$ is used in *three* places. If
# $a = 4$, three derivatives come back to it: 4 from the first factor, 4 from the second, and 3.

# %%
used_thrice = predict(
    "4, 4 and 3 come back to `a`. What is the derivative of L with respect to `a`?", within=0.1
)

# %%
measured = slope(lambda a: a * a + 3 * a, 4.0)
print(f"measured: {measured:.3f}")
used_thrice.reveal(round(measured, 3), "The three derivatives add up.")

# %% tags=["guard"]
assert math.isclose(measured, 4 + 4 + 3, rel_tol=1e-6)

# %% [markdown] tags=["answer"]
# They add up, because a small change of $a$ changes $L$ in all three places at once. This is the
# one rule that is easy to forget.

# %% [markdown]
# ## A tape in 50 lines
#
# Doing this by hand is dull, and it is easy to make mistakes. So let every number remember how it
# was made. A `Value` holds its number, the values it was made from (its **parents**), and the
# derivative of this one step with respect to each parent (the **local** derivative). Such a record
# of a computation is called a **tape**.
#
# Python calls `__add__` for `+`, `__mul__` for `*`, and so on. `relu` is the function $\max(x, 0)$;
# networks need it from notebook 03 on.


# %%
class Value:
    """A number that remembers how it was made."""

    def __init__(self, data, parents=(), local=(), how=""):
        self.data, self.parents, self.local, self.how = data, parents, local, how
        self.grad = 0.0  # dL/d(this), once backward was here

    def __add__(self, other):
        other = as_value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = as_value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __pow__(self, exponent):  # exponent: a plain number
        local = exponent * self.data ** (exponent - 1)
        return Value(self.data**exponent, (self,), (local,), f"** {exponent}")

    def relu(self):
        local = 1.0 if self.data > 0 else 0.0
        return Value(max(self.data, 0.0), (self,), (local,), "relu")


# %%
def as_value(number):
    return number if isinstance(number, Value) else Value(float(number))


def subtract(value, other):
    return value + as_value(other) * -1.0


Value.__sub__ = subtract  # a method can be added to a class later
Value.__radd__, Value.__rmul__ = Value.__add__, Value.__mul__  # for 3 + a and 3 * a

# %% [markdown]
# Next comes the walk back, from the loss to the parameters. It leaves in each `grad` the derivative
# of the loss with respect to that value. In which order should it visit the values? A value may
# pass its derivative on only when *all* values made from it have passed theirs to it.
#
# So we first list the values in such a way that each one comes after its parents, which is called a
# **topological order**. Then we read the list backward.


# %%
def in_order(last):
    """All values behind `last`, each after those it was made from."""
    order, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for parent in value.parents:
                visit(parent)
            order.append(value)

    visit(last)
    return order


def backward(loss):
    """Leave dL/d(value) in the `grad` of every value behind the loss."""
    loss.grad = 1.0  # dL/dL
    for value in reversed(in_order(loss)):
        for parent, local in zip(value.parents, value.local):
            parent.grad += local * value.grad  # +=: there may be several ways


Value.backward = backward

# %% [markdown]
# Try it on the $L$ from before, and on $L = a \cdot a + 3a$:

# %%
w, b = Value(2.0), Value(1.0)
loss = (w * 3.0 + b - 5.0) ** 2
loss.backward()
print("dL/dw", w.grad, " dL/db", b.grad)
assert (w.grad, b.grad) == (dw, db)  # as by hand

a = Value(4.0)
(a * a + 3 * a).backward()
print("dL/da", a.grad, "= 2 a + 3")

# %% tags=["guard"]
assert a.grad == 2 * 4 + 3
assert loss.data == 4 and loss.grad == 1

# %% [markdown]
# What did the tape record? In the picture below, boxes are values, each with its number and its
# derivative (`grad`). Arrows say what was made from what.


# %%
def picture(last, words):
    """The tape behind a Value, with the number and the derivative of each."""
    boxes = {}
    for value in in_order(last):
        lines = (f"{value.data:g}", f"grad {value.grad:g}")
        kind = "operation" if value.how else "value"
        boxes[value] = svg.Box(value.how or "value", lines, kind)
    arrows = [(parent, value) for value in boxes for parent in value.parents]
    return svg.draw(boxes, arrows, words)


picture(
    loss,
    "Ten boxes from top to bottom: w = 2 with grad 12 and x = 3 lead to a product, 6; with b = 1, "
    "whose grad is 4, to a sum, 7; with 5 times -1 to a sum, 2; and its square, 4, has grad 1.",
)

# %% [markdown]
# Read it from below: the loss is 4, and its own derivative is 1. There is a box -1 because
# `subtract` adds 5 times -1. The constants 3, 5 and -1 get derivatives too, which nobody needs.
#
# ## The library's tape
#
# `minires.Tensor` does the same with arrays instead of numbers. If training is to change a Tensor,
# it is made with `requires_grad=True`. The library's picture leaves constants out. Each step shows
# the shape of its result, and `()` is the shape of a single number. Only the last step shows its
# value.

# %%
w, b = mr.Tensor(2.0, requires_grad=True), mr.Tensor(1.0, requires_grad=True)
loss = (w * 3.0 + b - 5.0) ** 2
loss.backward()
print("dL/dw", w.grad, " dL/db", b.grad)
assert (w.grad, b.grad) == (dw, db)

mr.graph((w * 3.0 + b - 5.0) ** 2, w=w, b=b)

# %% [markdown]
# How does backward walk through such a picture? To see it wait for a gradient, we use $w$ twice and
# add $w^2$ to the loss. Move the step, and watch when `w` gets its gradient. Each step finds the
# gradient of one more box, the one with the thick border. Pale boxes do not have theirs yet.


# %%
def backward_until(step, w=w, b=b):  # these: later cells use the names for other values
    return mr.graph((w * 3.0 + b - 5.0) ** 2 + w**2, w=w, b=b, backward=step)


slider(
    "step",
    list(range(9)),
    picture=backward_until,
    frames=[1, 5, 8],
    alt="The graph of (3 w + b - 5)² + w², with w at the top and the loss at the bottom. At step 1 "
    "only the loss has a gradient, 1. At step 5 the square, the difference, the sum and the "
    "product above it have theirs: 1, 4, 4 and 4. At step 8 w gets its own, 16.",
)

# %% [markdown]
# `w` comes last, because its gradient is a sum, and both of its parts must be there first. The
# product sends back $4 \cdot 3 = 12$, and the square sends back $2 w = 4$. That makes 16.

# %% tags=["guard"]
both = (w * 3.0 + b - 5.0) ** 2 + w**2
w.grad = b.grad = None
both.backward()
assert (w.grad, b.grad) == (16, 4)

# %% [markdown]
# ## Learning a line
#
# Now the derivatives do some work. We have 20 points $(x, t)$ near a line, and start with another
# line that is far from them. $L$ is the mean of $(w x + b - t)^2$ over the points. In each step
# every parameter moves *against* its derivative, by the learning rate (lr) times the derivative:
#
# $$w \leftarrow w - \text{lr} \cdot \mathtt{dw}, \qquad b \leftarrow b - \text{lr} \cdot \mathtt{db}.$$
#
# This is **gradient descent**.

# %%
rng = np.random.default_rng(0)
points = [(x, 0.7 * x - 0.3 + 0.1 * rng.standard_normal()) for x in np.linspace(-1, 1, 20)]

w, b, lr, losses, lines = Value(-1.0), Value(1.0), 0.3, [], []
for step in range(25):
    lines.append((w.data, b.data))
    loss = sum(((w * x + b - t) ** 2 for x, t in points), Value(0.0))
    loss = loss * (1 / len(points))
    losses.append(loss.data)
    w.grad = b.grad = 0.0  # forget the last step's
    loss.backward()
    w.data -= lr * w.grad
    b.data -= lr * b.grad
print(f"learned: w = {w.data:.2f}, b = {b.data:.2f}; the points were made with 0.7, -0.3")

# %% tags=["guard"]
assert abs(w.data - 0.7) < 0.15 and abs(b.data + 0.3) < 0.15
assert losses[0] - losses[1] > losses[1] - losses[2] > losses[2] - losses[3] > 0

# %%
falls = predict(
    "The loss is a mean of squares. How did it fall, from step to step?",
    ["by the same amount in each step", "faster at first", "slower at first"],
)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
left.plot(*zip(*points), "o", color=plot.GREY)
for i, (slope_now, offset) in enumerate(lines[::4]):
    ends, strength = [offset - slope_now, offset + slope_now], 0.4 + 0.6 * i / len(lines[::4])
    left.plot([-1, 1], ends, color=plot.OTHERS[0], alpha=strength)
left.set_title("the line at every fourth step, light to dark")
left.set_xticks([-1, -0.5, 0, 0.5, 1])
left.set_xlabel("x")
left.set_ylabel("t, and the line's y")
right.plot(losses, "o-", color=plot.OTHERS[0], markersize=3)
right.set_title("how wrong it is")
right.set_xlabel("step")
right.set_ylabel("loss L")
show(
    "Left: twenty points near a rising line, and the fitted line turning from falling to rising "
    "until it lies on the points. Right: the loss falls steeply in the first steps, then levels "
    "off."
)
falls.reveal(
    "faster at first" if losses[0] - losses[1] > losses[1] - losses[2] else "slower at first",
    "The derivative of a square is large where the error is large.",
)

# %% [markdown] tags=["answer"]
# The loss falls fast at first. Each step is as long as lr times the derivative, and the derivative
# of a square is large where the error is large.

# %% [markdown]
# Try it without the line `w.grad = b.grad = 0.0`. The derivatives of all steps then add up, and the
# line swings to and fro and never settles. The library's gradients add up in the same way
# (notebook 03).
#
# ## Exercises

# %%
exercise("01.divide")


# %%
def divide_backward(dy, a, b):
    # your code, instead of the three dots
    ...


check("01.divide", divide_backward)

# %%
exercise("01.sigmoid")

# %%
MyValue = None  # your code: give Value its two new steps, then set MyValue = Value

check("01.sigmoid", MyValue)

# %%
exercise("01.order")


# %%
def my_in_order(last):
    # your code
    ...


check("01.order", my_in_order)

# %% [markdown]
# Here is a question to think about. `relu` has a kink at 0. What does `slope` measure at exactly 0,
# and what does our tape say? Which of the two is right?
#
# <details><summary>Answer</summary>
# slope takes the mean of the two sides, 0.5. The tape says 0. There is no derivative at a kink, so
# libraries choose a value, and they choose 0. Keep this in mind for notebook 05, where measured and
# computed gradients disagree.
# </details>

# %%
exercise("01.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A derivative is a ratio of small changes, and you can measure it. The tape must agree with the
#   measurement.
# - Backward goes through the steps in reverse, and multiplies by the local derivative of each.
# - A value that is used in several places adds up the derivatives that come back to it. It must
#   have all of them before it passes anything on, so the order must be topological.
#
# **In the library:** [`tape.py`](../minires/autograd/tape.py) has the walk back (`walk_back`,
# `topological_order`), [`tensor.py`](../minires/autograd/tensor.py) the Tensor.
#
# **Next:** [02 · Tensors, broadcasting, and why the order matters](02_tensors.ipynb)

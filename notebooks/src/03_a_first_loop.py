# %% [markdown]
# # 03 · A first loop: a network learns two spirals
#
# You have a tape for arrays. You will use it for **training**. That takes a network, a loss, and a
# short loop that makes the loss smaller. All networks in these notebooks are trained by a loop like
# this one. Here it is as small as it can be, and you can watch what it does.
#
# **After this one you can** write a training loop, say what ReLU is good for, see the border that a
# network draws between two classes, and use the library's tape. About 20 minutes, and 20 more for
# the exercises.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import plot
from minires.lessons import check, exercise, predict, reveal, score, show, watch

plot.use_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Two spirals
#
# There are 300 points on two spirals. The network gets the two coordinates of a point, and answers
# 1 or -1: the spiral that the point lies on. It has two layers:
#
# $$h = \mathrm{relu}(x w_1 + b_1), \qquad y = h w_2 + b_2,$$
#
# with 32 numbers in each row of $h$. They are called **hidden** units, because they are neither
# input nor output. The loss is the mean of $(y - t)^2$, where $t$ is the right answer.


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
    e = y - t
    return (e * e).sum() * (1 / len(t))


# %% [markdown]
# ## The loop
#
# It is the loop of notebook 01: forward to the loss, backward to the gradients, and a small step
# against them. `mr.Tensor` is the library's tape. It works like the one you wrote in notebook 02,
# which would do here as well. Only arrays made with `requires_grad=True` get a gradient: the
# parameters do, the points do not need one. Gradients add up, from one `backward` to the next too,
# so the loop clears those of the step before.
#
# We write the loop as a generator. Before each step it hands over the number of the step, the loss
# and the parameters, so that we can look at them whenever we like.

# %%
x, t = spirals(300)
start = [rng.standard_normal(shape) for shape in ((2, 32), (32,), (32, 1), (1,))]
start[2] *= 0.1  # the last layer starts small,
start[3] *= 0  # without a bias
steps, lr = 3000, 0.04

# %% tags=["fast"]
steps = 60


# %%
def training(steps, network=network):
    parameters = [mr.Tensor(values.copy(), requires_grad=True) for values in start]
    for step in range(steps + 1):
        loss = mean_square(network(mr.Tensor(x), *parameters), t)
        yield step, loss.item(), [parameter.data for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None  # forget the last step's
        loss.backward()
        for parameter in parameters:
            parameter.data -= lr * parameter.grad


def wrong(network, values):
    """Percent of points on the wrong side."""
    y = network(mr.Tensor(x), *map(mr.Tensor, values)).data
    return 100 * np.mean((y > 0) != (t > 0))


# %%
moments, losses = {}, []
for step, loss, values in training(steps):
    losses.append(loss)
    if step in (0, steps // 10, steps):
        moments[step] = [value.copy() for value in values]
print(f"loss {losses[0]:.2f} before, {losses[-1]:.2f} after {steps} steps")
print(f"{wrong(network, values):.1f} % wrong")

# %% tags=["guard-full"]
assert losses[-1] < 0.3 * losses[0] and wrong(network, values) < 10

# %%
made_of = predict(
    "The network is a sum of 32 ReLUs. What is the border between the classes made of?",
    ["smooth curves", "straight pieces"],
)

# %%
side = np.linspace(-2.5, 2.5, 120)
grid = np.stack(np.meshgrid(side, side), axis=-1)  # (120, 120, 2)


def border(ax, step, loss, values):
    """The points, on the areas of the two answers."""
    y = np.maximum(grid @ values[0] + values[1], 0) @ values[2] + values[3]
    ax.contourf(side, side, y[..., 0], [-100, 0, 100], colors=["#e3d4ef", "#d3ecdc"])
    for label, marker, colour in ((-1, "o", plot.OTHERS[1]), (1, "^", plot.OTHERS[0])):
        ax.plot(*x[t[:, 0] == label].T, marker, color=colour, markersize=3)
    ax.set_title(f"after {step} steps: loss {loss:.2f}")
    ax.set_aspect("equal")
    ax.set_xlabel("$x_0$")


figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharey=True)
for ax, (step, values) in zip(axes, moments.items()):
    border(ax, step, losses[step], values)
axes[0].set_ylabel("$x_1$")
show(
    "Points on two spirals, before, early in and after training. At first nearly the whole plane "
    "is one area; later the border between the two follows the spirals in straight pieces."
)
made_of.reveal("straight pieces", "Each ReLU bends the plane along a straight line.")

# %% [markdown] tags=["answer"]
# Each hidden unit is 0 on one side of a straight line, and rises evenly on the other. Between these
# lines the sum is a tilted plane. The border is where the sum is 0, so it is made of straight
# pieces. With more units the pieces become shorter, and the border can follow any curve.

# %% [markdown]
# **Watch it learn.** In a live notebook the next cell trains once more from the same start, for 400
# steps, and draws the border after every tenth. Which parts of the spirals does it follow first,
# and which last? (On a page that nobody runs, the cell shows nothing.)

# %%
watch(
    border,
    training(400),
    every=10,
    alt="Points on two spirals. The border between the two areas bends, step by step, until it "
    "follows the spirals.",
    size=(4.6, 4.8),
)

# %% [markdown]
# ## What is the ReLU good for?
#
# Leave it out, and train in the same way from the same start. There are still two layers and as
# many parameters.

# %%
without_relu = predict(
    "Half of the points are on each spiral, so guessing is wrong for 50 % of them. And this net?",
    ["below 10 %: it only learns more slowly", "15 to 40 %", "50 %: it learns nothing"],
)


# %%
def straight(x, w1, b1, w2, b2):
    return (x @ w1 + b1) @ w2 + b2


for step, loss, values in training(steps, straight):
    pass
error = wrong(straight, values)
print(f"without ReLU: loss {loss:.2f}, {error:.1f} % wrong after {steps} steps")
without_relu.reveal(
    without_relu.choices[int(error > 10) + int(error > 45)],
    "One straight line is all it can draw.",
)

# %% tags=["guard-full"]
assert 17 < error < 35

# %% [markdown] tags=["answer"]
# Without the ReLU, $y$ is $x$ times one matrix, $w_1 w_2$, plus a constant. However many layers
# there are, the border between the classes is one straight line. No straight line separates two
# spirals, but the best one still does better than guessing.

# %% [markdown]
# ## What the library recorded
#
# `mr.graph` draws the tape of a loss, from the parameters down to the loss.

# %%
parameters = [mr.Tensor(values.copy(), requires_grad=True) for values in start]
w1, b1, w2, b2 = parameters
mr.graph(mean_square(network(mr.Tensor(x), *parameters), t), w1=w1, b1=b1, w2=w2, b2=b2)

# %% [markdown]
# The product `e * e` uses the difference twice (one arrow stands for both). Neither $x$ nor $t$
# appears, because the library computes no gradients for them.
#
# When you only want the result, on test images for instance, switch recording off by `no_grad()`.
# Without caches it takes less memory.
#
# <details><summary>Two more, for a look into the middle of a net</summary>
#
# `register_hook(f)` calls `f` with the gradient of a Tensor once it is complete, also in the middle
# of a computation, where gradients are not kept. `detach()` returns the same numbers off the tape.
# From there on they count as constants.
#
# </details>

# %%
w = mr.Tensor(np.array([1.0, 2.0]), requires_grad=True)
for _ in range(2):  # dL/dw is 2 w: twice, 4 w
    (w * w).sum().backward()
print("dL/dw added up over two backwards:", w.grad)

with mr.no_grad():
    y = (w * w).sum()
print("recorded:", y.requires_grad)

# %% tags=["guard"]
assert np.array_equal(w.grad, 4 * w.data) and not y.requires_grad
h, norms = w * 3.0, []
h.register_hook(lambda dh: norms.append(np.linalg.norm(dh)))
(h * h).sum().backward()
assert np.isclose(norms[0], np.linalg.norm(2 * h.data)) and h.grad is None
w.grad = None
h = w * 3.0
(h.detach() * w).sum().backward()
assert np.array_equal(w.grad, h.data)

# %% [markdown]
# ## Exercises

# %%
exercise("03.step")


# %%
def train_step(parameters, compute_loss, lr):
    # your code, instead of the three dots
    ...


check("03.step", train_step)

# %%
exercise("03.shapes")


# %%
def safe_mean_square(y, t):
    # your code
    ...


check("03.shapes", safe_mean_square)

# %%
exercise("03.logistic")


# %%
def logistic_loss(y, t):
    # your code
    ...


check("03.logistic", logistic_loss)

# %%
exercise("03.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A training loop goes forward to the loss, clears the old gradients, goes backward to the new
#   ones, and makes a small step against them.
# - ReLU bends. A network without it draws one straight border, however many layers it has.
# - The library records what is computed from Tensors with `requires_grad=True`. Gradients add up
#   until they are cleared, and `no_grad()` switches recording off.
#
# **In the library:** [`tensor.py`](../minires/autograd/tensor.py) is the Tensor, and
# [`tape.py`](../minires/autograd/tape.py) the walk back.
#
# **Next:** [04 · Convolution: loops, then one matrix product](04_convolution.ipynb)

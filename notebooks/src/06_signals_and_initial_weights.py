# %% [markdown]
# # 06 · ReLU, initial weights, and what depth does to a signal
#
# Even before it has learned anything, a network changes the signal that passes through it. Each
# layer makes it a little larger or a little smaller. Over 50 layers these factors multiply, until
# the signal is huge or gone. The same happens to the gradient on its way back. One formula for the
# initial weights prevents it.
#
# **After this one you can** predict by which factor a layer changes its signal and its gradient,
# choose initial weights that keep both, and recognise a dead ReLU. About 45 minutes, and 25 more
# for the exercises.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minires as mr
from minires import diagnostics, plot
from minires import functional as F
from minires.lessons import check, exercise, predict, reveal, score, show, slider

plot.use_style()
rng = np.random.default_rng(0)
WIDTH, LAYERS = 256, 50  # of the deep net below
DRAWS, CHANNELS, NETS = 20, 16, 6  # of the last two sections: smaller is quicker

# %% tags=["fast"]
DRAWS, CHANNELS, NETS = 2, 4, 2

# %% [markdown]
# ## What bends
#
# A network without ReLU draws one straight line, however many layers it has (notebook 03), because
# a product of matrices is a matrix. The same holds with biases, and for convolutions, which are
# linear too (notebook 04). So a function that is **not** linear goes between the layers, the ReLU.
# Backward passes `dy` on where $x$ was positive, and stops it elsewhere (notebook 02).


# %%
def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, x):
    return dy * (x > 0)


x = mr.Tensor(rng.standard_normal((3, 4)), requires_grad=True)
dy = rng.standard_normal((3, 4))
F.relu(x).backward(dy)  # the library's
assert np.array_equal(x.grad, relu_backward(dy, x.data))

# %% [markdown]
# ## Fifty layers
#
# Now build something deep. We draw random inputs and send them through 50 layers of 256 numbers
# each. Every layer computes `y = x @ w`, followed by ReLU. The weights are random numbers with a
# **normal distribution** around 0, the bell curve of `rng.standard_normal`. The width of the bell
# is called the **standard deviation**, std. The square of the std is the **variance**, Var, which
# is the mean squared distance from the mean. We take
#
# $$\text{std}(w) = \frac{g}{\sqrt{n_{in}}}, \qquad n_{in} = 256.$$
#
# $g$ is called the **gain**. We measure the size of a signal by its **mean square**, the average of
# $y^2$.

# %%
GAINS = {"0.5": 0.5, "1": 1.0, "√2": math.sqrt(2), "2": 2.0}


def draw_weights(gain, width=WIDTH, layers=LAYERS):
    std = gain / math.sqrt(width)
    return [std * rng.standard_normal((width, width)) for _ in range(layers)]


def forward(x, weights):
    """The output y of every layer; the next layer takes relu(y)."""
    ys = []
    for w in weights:
        y = x @ w
        ys.append(y)
        x = relu(y)
    return ys


def mean_square(array):
    return (array**2).mean()


# %%
keeps = predict("For which gain will layer 50 be about as large as layer 1?", list(GAINS))
how_small = predict(
    "With gain 0.5, how large is layer 50 compared with layer 1?",
    ["about a hundredth", "about a millionth", "less than a millionth of a millionth"],
)

# %%
inputs = rng.standard_normal((100, WIDTH))  # 100 inputs, of mean square about 1
nets = {name: draw_weights(gain) for name, gain in GAINS.items()}
signals = {name: forward(inputs, weights) for name, weights in nets.items()}
change = {}
for name, ys in signals.items():
    change[name] = mean_square(ys[-1]) / mean_square(ys[0])
    print(f"gain {name:>3}: from layer 1 to layer 50 times {change[name]:.1e}")

keeps.reveal(
    min(change, key=lambda name: abs(math.log(change[name]))), "A gain of 1 is not enough."
)
how_small.reveal(
    how_small.choices[2] if change["0.5"] < 1e-12 else how_small.choices[1],
    f"About 10 to the power {math.log10(change['0.5']):.0f}.",
)

# %% [markdown]
# ## Why: a factor for each layer
#
# A layer does two things: it multiplies by a matrix, and it applies ReLU. Look at one of each.

# %%
one_product = predict(
    "The gain is √2, and the inputs have mean square 1. What is the mean square of `y = x @ w`?",
    within=0.1,
)
one_relu = predict("By which factor does the ReLU after it change the mean square?", within=0.05)

# %%
y = inputs @ nets["√2"][0]
product, cut = mean_square(y) / mean_square(inputs), mean_square(relu(y)) / mean_square(y)
print(f"one product: times {product:.3f}, one ReLU: times {cut:.3f}")
one_product.reveal(round(product, 1), "It is the gain squared.")
one_relu.reveal(round(cut, 1), "Half of the numbers become 0.")

# %% tags=["guard"]
assert math.isclose(product, 2, rel_tol=0.1) and math.isclose(cut, 0.5, rel_tol=0.1)

# %% [markdown] tags=["answer"]
# One output is $y = \sum_i w_i x_i$, a sum of $n_{in}$ products. Averaged over all random draws of
# the weights, its square is
#
# $$E[y^2] = n_{in}\, \mathrm{Var}(w)\, E[x^2],$$
#
# where $E$ (*expected value*) stands for the average. Then comes ReLU. Since $-w$ is as likely as
# $w$, $y$ is as often below 0 as above, and ReLU cuts away half of the mean square. Together, this
# leads from the output of one layer to the output of the next (He et al. 2015, arXiv:1502.01852,
# equation 8):
#
# $$E[y_{next}^2] = \tfrac{n_{in}}{2}\, \mathrm{Var}(w)\, E[y^2] = \tfrac{g^2}{2}\, E[y^2].$$
#
# <details><summary>Why the first line holds</summary>
#
# The square of the sum is a double sum: $E[y^2] = \sum_i \sum_j E[w_i w_j]\, E[x_i x_j]$. The
# average of each product is the product of the averages, because the weights were drawn
# independently of $x$. They were also drawn independently of each other, and around 0, so
# $E[w_i w_j] = 0$ for $i \ne j$. The $n_{in}$ terms with $i = j$ remain, each with
# $E[w_i^2] = \mathrm{Var}(w)$.
#
# </details>

# %% [markdown]
# So each layer multiplies the mean square by the same factor, and 50 layers by its 50th power. Does
# the formula hold?


# %%
def factor_per_layer(first, last):
    return (mean_square(last) / mean_square(first)) ** (1 / (LAYERS - 1))


for name, ys in signals.items():
    factor, expected = factor_per_layer(ys[0], ys[-1]), GAINS[name] ** 2 / 2
    print(f"gain {name:>3}: times {factor:.3f} a layer, expected {expected:.3f}")
    assert math.isclose(factor, expected, rel_tol=0.12)

# %% tags=["guard"]
assert 0.5**2 / 2 == 1 / 8 and (1 / 8) ** 49 < 1e-44 and 2**49 > 5e14

# %% [markdown]
# With gain 0.5 each layer leaves an eighth of the mean square. Over 49 steps that is a factor below
# $10^{-44}$. With gain 2 each layer doubles it, which makes more than $10^{14}$ in all. Only with
# $g = \sqrt 2$ does the signal keep its size. A gain of 1 would be right without ReLU, but with
# ReLU it is too small.
#
# ## And on the way back
#
# The gradient goes through the same matrices, `dx = dy @ w.T`, and then the ReLU before this layer
# stops it where its input was negative. Each $\mathtt{dx}_i = \sum_j w_{ij}\, \mathtt{dy}_j$ is a
# sum of $n_{out}$ products, so by the same algebra
#
# $$E[\mathtt{dx}^2] = n_{out}\, \mathrm{Var}(w)\, E[\mathtt{dy}^2],$$
#
# and ReLU halves it, because it stops about half of the numbers. In our layers $n_{in} = n_{out}$.


# %%
def backward(dy, ys, weights):
    """dL/dy of every layer, given that of the last."""
    dys = [dy]
    for y, w in zip(ys[-2::-1], weights[:0:-1]):  # y of a layer, w of the layer after it
        dx = dys[-1] @ w.T  # through the product
        dys.append(relu_backward(dx, y))  # through the ReLU in between
    return dys[::-1]


# The same by the library's tape, for five of the layers.
dy_last = rng.standard_normal((100, WIDTH))
x, ws = mr.Tensor(inputs), [mr.Tensor(w, requires_grad=True) for w in nets["√2"][:5]]
for w in ws[:-1]:
    x = F.relu(x @ w)
(x @ ws[-1]).backward(dy_last)
five = backward(dy_last, signals["√2"][:5], nets["√2"][:5])
assert np.allclose(ws[0].grad, inputs.T @ five[0])  # dw = x.T @ dy, as in notebook 02

# %%
where_small = predict(
    "With gain 1, in which layers will the gradient be smallest?",
    ["near the input", "in the middle", "near the output"],
)

# %%
gradients = {name: backward(dy_last, signals[name], nets[name]) for name in GAINS}
depth = np.arange(1, LAYERS + 1)
figure, ax = plt.subplots(figsize=(6.4, 3))
for (name, dys), colour in zip(gradients.items(), plot.OTHERS):
    back = [mean_square(dy) for dy in dys]
    ax.plot(depth, back, color=colour, linewidth=2.2)
    ax.plot(depth, (GAINS[name] ** 2 / 2) ** (LAYERS - depth), "k:", linewidth=1)
    ax.annotate(f"gain {name}", (1, back[0]), (-6, -3), textcoords="offset points", ha="right")
ax.set_yscale("log")
ax.set_xlim(-9, 51)
ax.set_xlabel("layer, from the input to the output")
ax.set_ylabel("mean square of dy")
show(
    "The mean square of the gradient against the layer, on a logarithmic axis: straight lines that "
    "meet at layer 50. Towards layer 1 the line of gain 2 rises far, the line of √2 stays level, "
    "and the lines of 1 and 0.5 fall. Dotted lines, from the formula, lie on them."
)
sizes = [mean_square(dy) for dy in gradients["1"]]
where_small.reveal(
    where_small.choices[[0, 24, 49].index(min((0, 24, 49), key=lambda i: sizes[i]))],
    "There the gradient has come the longest way.",
)

# %% tags=["guard"]
for name, gain in GAINS.items():
    factor = factor_per_layer(gradients[name][-1], gradients[name][0])
    assert math.isclose(factor, gain**2 / 2, rel_tol=0.12)

# %% [markdown] tags=["answer"]
# The coloured lines are measured. The dotted ones follow the formula, with a factor of $g^2/2$ for
# each layer. With gain 1 the gradient is smallest near the *input*, so the first layers would
# hardly learn. That is the **vanishing gradient** of the textbooks (Glorot and Bengio 2010). With
# gain 2 it **explodes**.

# %% [markdown]
# Move the gain yourself, and look at both directions at once. How far from $\sqrt 2$ may it be?

# %%
DRAWN = rng.standard_normal((LAYERS, 128, 128)) / math.sqrt(128)  # drawn once


def both_ways(ax, gain):
    """Forward and backward through a net of this gain, 128 numbers wide."""
    weights = list(gain * DRAWN)
    ys = forward(inputs[:, :128], weights)
    dys = backward(dy_last[:, :128], ys, weights)
    for arrays, colour, name in ((ys, plot.OTHERS[0], "y"), (dys, plot.OTHERS[1], "dy")):
        ax.plot(depth, [mean_square(one) for one in arrays], color=colour, linewidth=2.2)
        place = 44 if name == "y" else 3
        ax.text(place, 30 * mean_square(arrays[place]), name, color=colour, fontweight="bold")
    ax.set_yscale("log")
    ax.set_ylim(1e-20, 1e20)
    ax.set_xlabel("layer")


slider(
    "gain",
    [0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.35, math.sqrt(2), 1.5, 1.6, 1.8, 2.0],
    both_ways,
    frames=[1.0, math.sqrt(2), 2.0],
    alt="Three pictures of the mean square of y and dy against the layer. Gain 1: y falls and dy "
    "falls towards the input. Gain 1.414: both stay level. Gain 2: both rise.",
    size=(3, 2.8),
)

# %% [markdown]
# ## He initialisation
#
# To keep the signal, set the factor to 1:
#
# $$\tfrac{n_{in}}{2} \mathrm{Var}(w) = 1 \quad\Rightarrow\quad \text{std}(w) = \sqrt{\frac{2}{n_{in}}}.$$
#
# That is **He's rule** (equation 10 of the same paper). $n_{in}$, the **fan-in**, is the number of
# terms in the sum for one output: the inputs of a linear layer, and $K_H K_W C_{in}$ for a
# convolution.
#
# <details><summary>Should it not be n_out, for the gradient?</summary>
#
# To keep the size of the gradient you would need $n_{out}$. The paper shows that either rule works.
# The $n_{out}$ of one layer is the $n_{in}$ of the next, so in the product over all layers they
# cancel, except in the first and the last layer. What remains is one constant factor for the whole
# net, instead of one for each layer.
#
# </details>

# %%
right_std = predict(
    "Which standard deviation do the weights of 3 x 3 filters get, from 16 channels to 32?",
    ["0.042", "0.083", "0.118", "0.354"],
)


# %%
def he_normal(shape, rng):
    fan_in = math.prod(shape[:-1])  # shape: (in, out) or (KH, KW, C_in, C_out)
    return rng.standard_normal(shape) * math.sqrt(2 / fan_in)


for shape in ((256, 256), (3, 3, 16, 32)):
    ours, theirs = he_normal(shape, rng), mr.nn.init.he_normal(shape, rng)
    print(f"{shape}: std {ours.std():.4f}, the library's {theirs.std():.4f}")

layer = mr.nn.Conv2d(16, 32, kernel_size=3, rng=rng)  # the library's layers start like this
assert math.isclose(layer.weight.data.std(), math.sqrt(2 / (3 * 3 * 16)), rel_tol=0.06)
right_std.reveal(f"{math.sqrt(2 / (3 * 3 * 16)):.3f}", "It is the root of 2 / (3 · 3 · 16).")

# %% [markdown]
# ## Does the rule keep differences?
#
# He's rule keeps the size of the signal. Does it keep the *content* too? Take the net with gain
# $\sqrt 2$, and measure how similar two inputs look to a layer. As a measure take the **cosine** of
# the angle between their signals. It is 0 if they are at right angles, and 1 if they point the same
# way.


# %%
def likeness(y):
    """The mean cosine between the signals of two inputs: 1 if all point the same way."""
    x = relu(y)
    directions = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = directions @ directions.T
    return cosines[np.triu_indices(len(x), 1)].mean()  # every pair of inputs once


# %%
alike = predict(
    "Our 100 inputs have nothing to do with each other. What is their mean cosine at layer 50?",
    within=0.1,
)
pattern = predict(
    "Draw a row for each input, with a white dot for every ReLU that is on (above 0). What will "
    "layer 50 look like?",
    ["noise, as in layer 1", "all black", "stripes from top to bottom"],
)

# %%
ys = signals["√2"]
figure, axes = plt.subplots(1, 3, figsize=(8.6, 2.8), sharey=True)
for ax, place in zip(axes, (1, 10, 50)):
    on = ys[place - 1][:60, :80] > 0
    ax.imshow(on, cmap="gray", aspect="auto", interpolation="nearest")
    ax.set_title(f"layer {place}, cosine {likeness(ys[place - 1]):.2f}")
    ax.set_xlabel("unit (80 of 256)")
    ax.grid(False)
axes[0].set_ylabel("input (60 of 100)")
show(
    "Which ReLUs are on for which input, in black and white: in layer 1 noise, in layer 10 stripes "
    "with noise in them, in layer 50 clear stripes from top to bottom."
)
alike.reveal(likeness(ys[-1]), "At layer 1 it is only about a third of that.")
always = ((ys[-1] > 0).all(axis=0) | (ys[-1] <= 0).all(axis=0)).mean()
pattern.reveal(
    pattern.choices[2],
    f"{100 * always:.0f} % of its units are on for all 100 inputs, or off for all.",
)

# %% tags=["guard"]
assert always > 0.6 and abs((ys[0] > 0).mean() - 0.5) < 0.05
assert abs(likeness(ys[0]) - 1 / math.pi) < 0.03 and round(1 / math.pi, 2) == 0.32
assert likeness(ys[0]) < likeness(ys[9]) < likeness(ys[-1])
assert likeness(ys[-1]) > 0.9 and 2.6 < likeness(ys[-1]) / likeness(ys[0]) < 3.4

# %% [markdown] tags=["answer"]
# In layer 1 each input has a pattern of its own. In layer 50 most units do the same for *all*
# inputs, and the signals of unrelated inputs point almost the same way. The reason is that ReLU
# never returns a negative number, so all its outputs have a part in common. After the first ReLU
# the mean cosine is already about $1/\pi \approx 0.32$ (notebook 13 says why), and it grows with
# depth. In notebook 09, batch norm takes the common part out again, at a price.

# %% [markdown]
# ## Dead ReLUs
#
# A unit that is 0 for every input is called **dead**.

# %%
dead_gradient = predict(
    "A unit is dead. What is the gradient of its weights?",
    ["large, so that it soon recovers", "small but not 0", "exactly 0"],
)

# %%
x = relu(ys[-2])  # the input of layer 50
dy = relu_backward(rng.standard_normal(ys[-1].shape), ys[-1])
dw = x.T @ dy
dead = (ys[-1] <= 0).all(axis=0)
print(f"{dead.sum()} of {WIDTH} units are dead")
largest = np.abs(dw[:, dead]).max()
dead_gradient.reveal("exactly 0" if largest == 0 else "small but not 0", "The ReLU stops every dy.")

# %% tags=["guard"]
assert dead.any() and not dw[:, dead].any() and dw[:, ~dead].any(axis=0).all()

# %% [markdown] tags=["answer"]
# So its weights do not change, and it stays dead unless the layers before it change. Units can also
# die in training. A single step that is too large may push a bias so far below 0 that no input
# brings the unit above 0 again.

# %% [markdown]
# ## One draw is not the average
#
# The formula gives the average over all random draws of the weights, but a net is a single draw. In
# each layer its signal misses the formula by a factor a little above or below 1, and over the depth
# these factors multiply. For nets of width $n$ one can work out how far off a typical net is after
# $l$ layers: the standard deviation of the *logarithm* of the mean square is about $\sqrt{5\,l/n}$
# (Hanin and Rolnick 2018, arXiv:1803.01719). What matters is depth *divided by* width.

# %%
off_by = predict(
    "A typical net is off by a factor of e to the power of √(5 l/n). How large is the factor for "
    "width 64, after 50 layers?",
    within=1,
)

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 2.7), sharey=True)
ends = {}
for ax, width in zip(axes, (64, 512)):
    ends[width] = []
    for draw in range(DRAWS):
        x = rng.standard_normal((1, width))
        ys = forward(x, draw_weights(math.sqrt(2), width))
        sizes = [mean_square(y) / mean_square(x) for y in ys]
        ends[width].append(math.log(sizes[-1]))
        if draw < 5:
            ax.plot(depth, sizes, color=plot.OTHERS[0], linewidth=0.9)
    ax.axhline(2, color=plot.GREY, linewidth=1.4, linestyle="--")
    ax.set_yscale("log")
    ax.set_title(f"width {width}: {min(DRAWS, 5)} of {DRAWS} nets")
    ax.set_xlabel("layer")
axes[0].set_ylabel("mean square of y")
show(
    "The mean square of y against the layer, for five nets each. The nets of width 64 wander off "
    "over a factor of ten and more, most of them below the dashed average; those of width 512 stay "
    "near it."
)
for width, logarithms in ends.items():
    print(f"width {width}: off by a factor of {math.exp(np.std(logarithms, ddof=1)):.1f}")
off_by.reveal(math.exp(math.sqrt(5 * LAYERS / 64)), "For width 512 it is 2.")

# %% tags=["guard-full"]
for width, logarithms in ends.items():
    assert 0.5 < np.std(logarithms, ddof=1) / math.sqrt(5 * LAYERS / width) < 1.7
assert sum(value < math.log(2) for value in ends[64]) > DRAWS / 2
assert round(math.exp(math.sqrt(250 / 64))) == 7 and round(math.exp(math.sqrt(250 / 512))) == 2

# %% [markdown]
# The dashed line is the average over all draws. Most nets of width 64 end below it, and a few rare
# ones far above pull the average up. So He's rule is safe for wide nets, and for narrow ones as
# long as they are not too deep. This is also why a measurement on one net proves little: draw
# several. (Even the twenty nets here give the two factors only roughly. Many hundreds give 8.0 and
# 2.0.)
#
# ## The same in a deep convolutional net
#
# `models.plain(56, batch_norm=False)` is a chain of 55 convolutions and a linear layer, with ReLUs
# between them and He's rule throughout. The output of a convolution for one image is called a
# **map**: height x width pixels with some channels each. Here the maps have 32 x 32 pixels, then 16
# x 16, then 8 x 8. `diagnostics.propagation` sends a batch through freshly drawn nets and back, and
# measures what we measured by hand. (The **norm** of an array is its length, the root of the sum of
# its squares.)

# %%
train_set, _ = mr.data.synthetic(50, 10)  # below: minus the mean image, around 0
images = (train_set.images[:32] / 255 - train_set.pixel_mean()).astype(np.float32)
labels = train_set.labels[:32]


def build(seed):
    return mr.models.plain(56, width=CHANNELS, batch_norm=False, seed=seed)


# %%
in_images = predict(
    "This net follows He's rule too, but its maps are padded with zeros. What happens to the mean "
    "square of y from the first convolution to the last?",
    [
        "it stays the same",
        "it falls, by a factor of ten to a million",
        "it falls below a billionth",
    ],
)

# %%
found = [diagnostics.propagation(build, images, labels, seeds=[seed]) for seed in range(NETS)]
figure, axes = plt.subplots(1, 2, figsize=(8, 2.9))
for one in found:
    layers = one.layers[:-1]  # the convolutions
    places = [layer.depth for layer in layers]
    axes[0].plot(places, [layer.activation for layer in layers], color=plot.OTHERS[0])
    axes[1].plot(places, [layer.gradient_norm for layer in layers], color=plot.OTHERS[1])
axes[0].set_ylim(1e-7, 1)
axes[0].set_title("forward: mean square of y")
axes[1].set_ylim(1e-5, 1e-1)
axes[1].set_title("backward: norm of dy")
for ax in axes:
    ax.set_yscale("log")
    ax.set_xlabel("convolution, from the images on")
show(
    "Six nets, on logarithmic axes. Forward, the mean square of y wanders and sinks over the 55 "
    "convolutions, in most nets by a factor of ten or more. Backward, the norm of dy stays about "
    "level."
)
change = np.median([one.layers[-2].activation / one.layers[0].activation for one in found])
in_images.reveal(in_images.choices[1], f"Half of the nets end below {change:.3f} of the start.")

# %% tags=["guard"]
# Pixel by pixel: 2 times the average over 3 x 3 pixels, zeros of the padding included.
energy, expected = (images.astype(float) ** 2).mean(axis=(0, 3)), []
for number in range(1, 56):
    stride, size, padded = 2 if number in (20, 38) else 1, len(energy), np.pad(energy, 1)
    total = sum(padded[i : i + size, j : j + size] for i in range(3) for j in range(3))
    full = 2 * total[::stride, ::stride] / 9
    expected.append(full.mean())
    energy = full / 2
assert 6 < expected[0] / expected[-1] < 8
slope = diagnostics.growth(np.concatenate([one.gradient_norms[:, :-1] for one in found]))
assert 0.95 < slope.per_layer < 1.05

# %% tags=["guard-full"]
assert np.median([one.layers[-2].activation for one in found]) < expected[-1]
assert 1 / 1000 < change < 1 / 10

# %% [markdown] tags=["answer"]
# It falls, but far less than by $2^{-55}$, and on the way back the gradient hardly changes its
# size. There are two reasons for the fall. First, the formula counts $9\,C_{in}$ terms for each
# output pixel, but at the border some of the nine pixels are zeros of the padding. The smaller a
# map, the more of it is border. Counted pixel by pixel, this leaves about a seventh of the mean
# square. Second, with so few channels most draws end far below the average, as above.

# %% [markdown]
# All this holds for the *first* step. Each step of training changes the weights, and nothing keeps
# the factor at 1.
#
# ## Exercises

# %%
exercise("06.growth")


# %%
def growth_of(gain, layers):
    # your code, instead of the three dots
    ...


check("06.growth", growth_of)

# %%
exercise("06.leaky")


# %%
def leaky_gain(a):
    # your code
    ...


check("06.leaky", leaky_gain)

# %%
exercise("06.calibrate")


# %%
def calibrated(x, weights):
    # your code
    ...


check("06.calibrate", calibrated)

# %%
exercise("06.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A layer with ReLU multiplies the mean square of its signal by
#   $\tfrac{n_{in}}{2} \mathrm{Var}(w)$, and the mean square of the gradient likewise. Over many
#   layers both vanish or explode, unless the factor is 1.
# - He's rule, $\text{std}(w) = \sqrt{2/n_{in}}$, makes it 1. A single draw still fluctuates, by
#   about $\sqrt{5 \cdot \text{depth}/\text{width}}$ in the logarithm.
# - It keeps the size of a signal, but not the differences: in deep layers all inputs look alike.
#
# **In the library:** [`nn/init.py`](../minires/nn/init.py) has He's rule,
# [`kernels/naive/activation.py`](../minires/kernels/naive/activation.py) ReLU as a loop,
# [`diagnostics/signal_propagation.py`](../minires/diagnostics/signal_propagation.py) the
# measurement.
#
# **Next:** [07 · A first network for images](07_a_first_network.ipynb)

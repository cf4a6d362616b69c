# %% [markdown]
# # 16 · A museum of mistakes
#
# Everybody who writes a backward pass gets it wrong at first. Most mistakes are typical, and
# hundreds of people have made them before you. In this notebook you visit six of them. For each you
# read a few lines of code and guess what breaks. Then you see where the numbers differ from the
# right ones, how a short training goes, and what a check says.
#
# **After this one you can** tell a loud mistake from a quiet one, say why a falling loss proves
# nothing about a gradient, and choose tests that find the mistakes which training hides. About 15
# minutes, and 25 more for the exercises. You need notebooks 05, 09 and 11.

# %%
import textwrap

import numpy as np  # for the exercises

from minires import plot
from minires.lessons import check, exercise, museum, predict, score

plot.use_style()
print(f"{len(museum.EXHIBITS)} exhibits, each run when you look at it")

# %% [markdown]
# Each exhibit is working code from the course's assignments with one thing changed. `museum.code`
# shows the change: the right lines in green, and the wrong ones in red. For another exhibit than
# our six, put its name into `museum.find("...")` and run the cells below it again; `!minires
# museum` in a cell lists all names.
#
# ## Windows that overwrite each other
#
# This is the way back through a convolution. Each window has a gradient for every pixel in it.

# %%
overlap = museum.find("overlapping-windows")
museum.code(overlap)

# %%
overlap_breaks = predict(overlap.question, overlap.choices)

# %%
overlap_found = museum.look(overlap)
museum.maps(overlap, overlap_found)
overlap_breaks.reveal(overlap.answer, overlap.why)

# %% [markdown] tags=["answer"]
# On the left is `dx` from the naive kernel, which reads like the formula. If the code were right,
# the difference on the right would be white. The gradient is wrong everywhere.

# %% [markdown]
# Now a residual net of 8 layers learns 60 drawn images with this gradient.

# %%
overlap_trains = predict("Windows that overwrite: how does the training go?", museum.OUTCOMES)

# %%
museum.curves(overlap_found)
overlap_trains.reveal(overlap_found.outcome, overlap.lesson)

# %% [markdown] tags=["answer"]
# Did you expect that? A wrong gradient can still point downhill, more or less. If you look only at
# the loss, you will not find this mistake. You will find that your network is "a bit worse than in
# the paper", and search for weeks in the wrong place.

# %% [markdown]
# The check compares numbers instead:

# %%
print(textwrap.fill(overlap_found.message, 90))

# %% tags=["guard"]
assert "overlapping windows overwrite" in overlap_found.message

# %% [markdown]
# ## A transpose that no shape misses
#
# This is the way back through a convolution again, one step earlier. The layer has as many output
# channels as input channels, like most layers of a residual network.

# %%
transpose = museum.find("not-transposed")
museum.code(transpose)

# %%
transpose_breaks = predict(transpose.question, transpose.choices)

# %%
transpose_found = museum.look(transpose)
museum.maps(transpose, transpose_found)
transpose_breaks.reveal(transpose.answer, transpose.why)

# %% [markdown] tags=["answer"]
# This is why the tests of this library use sizes that all differ, such as 2 images of 6 x 5 pixels
# with 3 channels, and 4 filters. A wrong axis then has a wrong length, and NumPy finds the mistake
# for you.

# %% [markdown]
# ## Sums where means should be
#
# This is the backward pass of batch norm. Two divisions are missing.

# %%
sums = museum.find("sums-for-means")
museum.code(sums)

# %%
sums_trains = predict("How does a short training go with this one?", museum.OUTCOMES)

# %%
sums_found = museum.look(sums)
museum.curves(sums_found)
sums_trains.reveal(sums_found.outcome, sums.lesson)

# %% [markdown] tags=["answer"]
# That was a loud mistake. Compare it with the next one, which is in the same line of code.

# %% [markdown]
# ## One of the paths back is missing
#
# The mean depends on all numbers of a channel, and so does the variance. The gradient comes back
# through both.

# %%
one_way = museum.find("way-through-the-mean")
museum.code(one_way)

# %%
one_way_breaks = predict(one_way.question, one_way.choices)
one_way_trains = predict("And how does a short training go with it?", museum.OUTCOMES)

# %%
one_way_found = museum.look(one_way)
museum.maps(one_way, one_way_found)
museum.curves(one_way_found)
one_way_breaks.reveal(one_way.answer, one_way.why)
one_way_trains.reveal(one_way_found.outcome, one_way.lesson)

# %% [markdown]
# ## A shortcut for the signal, none for the gradient
#
# Now we come to the heart of a residual network. `detach` takes a Tensor off the tape.

# %%
detached = museum.find("shortcut-off-the-tape")
museum.code(detached)

# %%
detached_breaks = predict(detached.question, detached.choices)

# %%
detached_found = museum.look(detached)
museum.maps(detached, detached_found)
museum.curves(detached_found)
detached_breaks.reveal(detached.answer, detached.why)

# %% [markdown]
# ## Cleared at the wrong moment
#
# All lines of a training step are here. Only their order has changed.

# %%
late = museum.find("zeroed-too-late")
museum.code(late)

# %%
late_trains = predict("Gradients cleared too late: how does the training go?", museum.OUTCOMES)

# %%
late_found = museum.look(late)
museum.curves(late_found)
late_trains.reveal(late_found.outcome, late.lesson)

# %% [markdown]
# ## Loud and quiet
#
# How many of the six would you have found by looking at the loss alone? Here they are side by side,
# with the share of numbers that are wrong, and how the training went.

# %%
seen = {
    overlap: overlap_found,
    transpose: transpose_found,
    sums: sums_found,
    one_way: one_way_found,
    detached: detached_found,
    late: late_found,
}
for one, found in seen.items():
    print(f"{one.title:50} {museum.share_wrong(found.right, found.wrong):4.0%}  {found.outcome}")

# %% tags=["guard"]
assert all(found.outcome == one.trains for one, found in seen.items())
assert all(one.says in found.message for one, found in seen.items())

# %% [markdown]
# Three habits follow from this.
#
# - **Compare numbers, not curves.** Compare with a slow version that reads like the formula, or
#   with finite differences. Either finds the wrong gradients in a second. The mistake in the loop
#   shows if you look whether the weights have moved.
# - **Choose sizes that all differ**, a stride above 1, and a `dy` of random numbers. A mistake that
#   shows in the general case may be invisible in a special one.
# - **Be suspicious when it works.** A network learns in spite of many mistakes.
#
# The museum has many more exhibits. Write its page, open it in a browser, and take your time:
#
#     minires museum --out museum.html
#
# ## Exercises

# %%
exercise("16.spot")

# %%
found_it = None  # your answer: the number of the line, from 1 on

check("16.spot", found_it)

# %%
exercise("16.catch")


# %%
def choose_sizes():
    # your code: return x.shape, w.shape, stride, padding
    ...


check("16.catch", choose_sizes)

# %%
exercise("16.own")


# %%
def broken_backward(dy, cache):
    # your code
    ...


check("16.own", broken_backward)

# %%
exercise("16.explain")

# %%
score()

# %% [markdown]
# ## Recap
#
# - A wrong gradient need not be large, small or nan, and it need not stop the training.
# - A loud mistake costs you an hour. A quiet one costs you the result.
# - A test must be able to fail: plant the mistake, see the test find it, take the mistake out.
#
# **In the library:** [`lessons/museum`](../minires/lessons/museum/exhibit.py) holds the exhibits,
# [`kernels/naive`](../minires/kernels/naive/conv.py) the kernels they are compared with.
#
# **Next:** there is no notebook 17. You have built every piece between a derivative and a network
# of 56 layers, taken the networks apart again, and seen them break. Now pick a claim that you do
# not believe, and test it. [`experiments/claims/`](../minires/experiments/claims/__init__.py) has
# files to start from.

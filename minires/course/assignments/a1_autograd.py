# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-title", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # A1 · A tape for arrays
#
# A network is a long chain of small operations. Training it needs the derivative of one number, the
# loss, with respect to every parameter. In this assignment you write the machine that finds them
# all in one walk, a **tape** for arrays.
#
# **Goals.** You can undo broadcasting in a gradient; write the backward rule of an operation; say
# in which order a graph has to be walked and why; and tell whether a gradient is right.
#
# **Time** about 3 hours. **Points** 30. Each task says how many; the check below it tells you what
# is wrong, if anything is. When your work is graded, the checks are repeated with other numbers.
#
# Run the cells from top to bottom. Replace the two lines at `# YOUR CODE HERE` with your code.
# Please leave the names of functions and the other cells as they are. You may add cells.

# %% nbgrader={"grade": false, "grade_id": "a1-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from minires.course import begin, check

begin("a1")  # from here on, minires has no autograd: you are writing it

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-background", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Background
#
# The loss $L$ is one number. For an array $x$, the **gradient** `dx` is the array of the same shape
# with $\partial L / \partial x_i$ at position $i$. For every operation $y = f(a, b)$ there is one
# question to answer: given `dy`, what are `da` and `db`? The chain rule says
#
# $$\frac{\partial L}{\partial a_i} = \sum_j \frac{\partial L}{\partial y_j} \frac{\partial y_j}{\partial a_i}.$$
#
# In words: *each path* from $a_i$ to $L$ adds its part. You will meet that sum again and again
# below, where broadcasting copies a number, where a node is used twice, and in every matrix
# product.
#
# Notebooks [01](../01_derivatives_and_a_tape.ipynb) and [02](../02_tensors.ipynb) explain all of
# this step by step.
#
# ## 1 · Undo broadcasting (3 points)
#
# In `a + b`, with `a` of shape (4, 3) and `b` of shape (3,), NumPy uses every number of `b` four
# times. The gradient that arrives has shape (4, 3). Each of the four copies brings its part of the
# gradient for one number of `b`.


# %% nbgrader={"grade": false, "grade_id": "a1-unbroadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unbroadcast(dy, shape):
    """The gradient of an array of `shape` that was broadcast to the shape of `dy`.

    Parameters
    ----------
    dy : ndarray
        Its shape is what `shape` broadcasts to.
    shape : tuple of int

    Returns
    -------
    ndarray, of `shape` and the dtype of `dy`
    """
    ### BEGIN SOLUTION
    new = dy.ndim - len(shape)
    stretched = tuple(i for i in range(dy.ndim) if i < new or shape[i - new] == 1)
    return dy.sum(axis=stretched, keepdims=True).reshape(shape)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a1-unbroadcast-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.unbroadcast", unbroadcast)
### BEGIN HIDDEN TESTS
check("a1.unbroadcast", unbroadcast, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-rules", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 2 · Backward rules (8 points)
#
# Five operations are enough for a network. Each rule gets `dy` and the inputs of the operation, and
# returns a gradient for each input, in the input's shape. `add` and `multiply` may broadcast; use
# `unbroadcast`. In `matmul`, both are matrices.
#
# For `relu`, $y = \max(a, 0)$, take 0 as the derivative at $a = 0$.


# %% nbgrader={"grade": false, "grade_id": "a1-rules-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def add_backward(dy, a, b):
    """da, db of y = a + b."""
    ### BEGIN SOLUTION
    return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)
    ### END SOLUTION


def multiply_backward(dy, a, b):
    """da, db of y = a * b."""
    ### BEGIN SOLUTION
    return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)
    ### END SOLUTION


def matmul_backward(dy, a, b):
    """da, db of y = a @ b, with a (n, k) and b (k, m)."""
    ### BEGIN SOLUTION
    return dy @ b.T, a.T @ dy
    ### END SOLUTION


def relu_backward(dy, a):
    """da of y = max(a, 0)."""
    ### BEGIN SOLUTION
    return dy * (a > 0)
    ### END SOLUTION


def sum_backward(dy, a):
    """da of y = the sum of all numbers in a; dy is one number."""
    ### BEGIN SOLUTION
    return np.full(a.shape, dy)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a1-add-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.add", add_backward)
### BEGIN HIDDEN TESTS
check("a1.add", add_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a1-multiply-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.multiply", multiply_backward)
### BEGIN HIDDEN TESTS
check("a1.multiply", multiply_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a1-matmul-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.matmul", matmul_backward)
### BEGIN HIDDEN TESTS
check("a1.matmul", matmul_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a1-relu-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.relu", relu_backward)
### BEGIN HIDDEN TESTS
check("a1.relu", relu_backward, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a1-sum-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.sum", sum_backward)
### BEGIN HIDDEN TESTS
check("a1.sum", sum_backward, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-order", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 3 · The order (5 points)
#
# Here is a node of the tape. It holds the result of an operation, the nodes that it was made from,
# and the rule that turns `dy` into a gradient for each of them.


# %% nbgrader={"grade": false, "grade_id": "a1-node", "locked": true, "schema_version": 3, "solution": false, "task": false}
class Node:
    def __init__(self, value, parents=(), rule=None):
        self.value = value
        self.parents = parents  # the nodes it was made from; () if it was given
        self.rule = rule  # rule(dy): a tuple, one gradient for each parent; None if there are none
        self.grad = None  # dL/d(value), once it is known


# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-order-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# A node can compute its parents' gradients only when all of its own gradient has arrived, that is,
# after *every* node that uses it. Put the nodes in such an order. The last one (the loss) comes
# first, each node comes before its parents, and each comes once.
#
# One point is for an answer without recursion. Python stops at a depth of 1,000 calls, and graphs
# of networks are deeper.


# %% nbgrader={"grade": false, "grade_id": "a1-order-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def topological_order(last):
    """All nodes that `last` was made from, and itself, each before its parents.

    Parameters
    ----------
    last : Node
        Or anything with `parents`, a sequence of the same kind.

    Returns
    -------
    list of Node
    """
    ### BEGIN SOLUTION
    order, seen, todo = [], set(), [(last, False)]
    while todo:
        node, parents_done = todo.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            todo.append((node, True))
            todo += [(parent, False) for parent in node.parents]
    return order[::-1]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a1-order-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.topological_order", topological_order)
### BEGIN HIDDEN TESTS
check("a1.topological_order", topological_order, hidden=True)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "a1-long-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.long_chain", topological_order)

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-walk", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 4 · The walk back (5 points)
#
# Give `last` the gradient that you get as an argument. Then visit the nodes in order, and pass the
# gradients that each rule returns on to the parents. At the end every node has its gradient in
# `grad`. A node that is used twice gets two gradients, and keeps their sum. Do not change a
# gradient in place, since two nodes may hold the very same array.


# %% nbgrader={"grade": false, "grade_id": "a1-walk-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def backward(last, gradient):
    """Set `grad` of every node that `last` was made from.

    Parameters
    ----------
    last : Node
    gradient : ndarray
        dL/d(last).
    """
    ### BEGIN SOLUTION
    last.grad = gradient
    for node in topological_order(last):
        if node.rule is None:
            continue
        for parent, part in zip(node.parents, node.rule(node.grad)):
            parent.grad = part if parent.grad is None else parent.grad + part
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a1-walk-test", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.backward", backward, Node)
### BEGIN HIDDEN TESTS
check("a1.backward", backward, Node, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-gradcheck", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 5 · Is a gradient right? (5 points)
#
# Move one number of $x$ by a little, up and down, and see what $f$ does:
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + \varepsilon e_i) - f(x - \varepsilon e_i)}{2 \varepsilon}.$$
#
# This is slow, but it needs no calculus, so it can judge every rule you write.


# %% nbgrader={"grade": false, "grade_id": "a1-numerical-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def numerical_gradient(f, x, eps=1e-6):
    """The gradient of f at x, by central differences.

    Parameters
    ----------
    f : function
        Takes an array like x, returns a number.
    x : ndarray of float64
        It must be the same afterwards.
    eps : float

    Returns
    -------
    ndarray of float64, of the shape of x
    """
    ### BEGIN SOLUTION
    gradient = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        gradient[i] = (f(up) - f(down)) / (2 * eps)
    return gradient
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a1-numerical-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.numerical_gradient", numerical_gradient)
### BEGIN HIDDEN TESTS
check("a1.numerical_gradient", numerical_gradient, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-gradcheck-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# `gradient_check` compares a gradient with the numerical one. Rounding makes small differences, so
# it allows differences up to `tolerance`, as a share of the size of the gradients. It must not be
# fooled by a small gradient, by a single wrong number among many, or by `nan`.


# %% nbgrader={"grade": false, "grade_id": "a1-gradcheck-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient_check(f, gradient, x, tolerance=1e-4):
    """Whether `gradient(x)` is the gradient of `f` at `x`: True or False.

    Every number of the gradient may differ from the numerical one by at most `tolerance` times the
    largest number of the numerical gradient (without its sign).
    """
    ### BEGIN SOLUTION
    wanted = numerical_gradient(f, x)
    return bool(np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max()))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "a1-gradcheck-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.gradient_check", gradient_check)
### BEGIN HIDDEN TESTS
check("a1.gradient_check", gradient_check, hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-train", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## 6 · Your tape trains a network (4 points)
#
# Two half moons, orange and blue. A network of two layers has to tell them apart. The operations
# below record themselves on your tape. The loss of a point with label $t = \pm 1$ is
# `softplus(-z t)`. Its mean starts at $\ln 2$, since the network has learned nothing yet.


# %% nbgrader={"grade": false, "grade_id": "a1-train-given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def add(a, b):
    return Node(a.value + b.value, (a, b), lambda dy: add_backward(dy, a.value, b.value))


def matmul(a, b):
    return Node(a.value @ b.value, (a, b), lambda dy: matmul_backward(dy, a.value, b.value))


def relu(a):
    return Node(np.maximum(a.value, 0), (a,), lambda dy: (relu_backward(dy, a.value),))


def mean_loss(z, labels):
    """The mean of ln(1 + exp(-z t)) over the points."""
    t = labels.reshape(z.value.shape)
    rule = lambda dy: (dy * -t / (1 + np.exp(z.value * t)) / t.size,)
    return Node(np.logaddexp(0, -z.value * t).mean(), (z,), rule)


def half_moons(n, rng):
    """Points (n, 2) and labels (n,), 1 or -1."""
    angle, upper = rng.uniform(0, np.pi, n), rng.random(n) < 0.5
    points = np.where(
        upper[:, None],
        np.c_[np.cos(angle), np.sin(angle)],
        np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)],
    )
    return points + 0.1 * rng.standard_normal((n, 2)), np.where(upper, 1.0, -1.0)


rng = np.random.default_rng(0)
points, labels = half_moons(300, rng)
w1, b1 = Node(rng.standard_normal((2, 16))), Node(np.zeros(16))
w2, b2 = Node(0.1 * rng.standard_normal((16, 1))), Node(np.zeros(1))


def network(x):
    hidden = relu(add(matmul(Node(x), w1), b1))
    return add(matmul(hidden, w2), b2)


# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-train-text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Write the loop. In each step, compute the loss of all points, walk back, and move every parameter
# by `-lr` times its gradient. Collect the losses in a list. Gradients add up, also over steps: set
# the `grad` of the four parameters to None before each. The walk begins with dL/dL = 1. Change the
# `value` of these four nodes, and make no new ones: the check gives them other values, and lets
# your loop take a few steps from there. (To train from the start once more, first run the cell
# again that makes these nodes.)


# %% nbgrader={"grade": false, "grade_id": "a1-train-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train(steps, lr):
    """The loss of every step, as a list of numbers."""
    losses = []
    for _ in range(steps):
        ### BEGIN SOLUTION
        for parameter in (w1, b1, w2, b2):
            parameter.grad = None
        loss = mean_loss(network(points), labels)
        backward(loss, np.ones(()))
        for parameter in (w1, b1, w2, b2):
            parameter.value = parameter.value - lr * parameter.grad
        losses.append(float(loss.value))
        ### END SOLUTION
    return losses


# %% nbgrader={"grade": false, "grade_id": "a1-train-run", "locked": true, "schema_version": 3, "solution": false, "task": false}
losses = train(steps=400, lr=0.5)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.plot(losses)
left.set_xlabel("step")
left.set_ylabel("loss")
a, b = np.meshgrid(np.linspace(-1.5, 2.5, 100), np.linspace(-1, 1.5, 80))
z = network(np.c_[a.ravel(), b.ravel()]).value.reshape(a.shape)
right.contourf(a, b, z, levels=[-1e9, 0, 1e9], colors=["#f3c9b5", "#b9d3ee"])
right.scatter(*points.T, c=np.where(labels > 0, "#0072B2", "#D55E00"), s=8)
plt.show()

# %% nbgrader={"grade": true, "grade_id": "a1-train-test", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.train", losses, train, (w1, b1, w2, b2))
### BEGIN HIDDEN TESTS
check("a1.train", losses, train, (w1, b1, w2, b2), hidden=True)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-bonus", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Bonus (no points)
#
# A tape keeps every value in memory until the walk is over. Which of the five rules need the inputs
# of their operation, and which could do without? Change `backward` so that a node drops its rule as
# soon as the rule has been used. Measure with `sys.getrefcount` or `tracemalloc` what that saves in
# a chain of 100 large additions.

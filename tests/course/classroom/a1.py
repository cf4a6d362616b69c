"""A1: a tape for arrays."""

from . import Student

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
REDUCE = "    return dy.sum(axis=stretched, keepdims=True).reshape(shape)"

STUDENTS = [
    Student(
        "sums over the first axis, and forces the result into the shape",
        ((REDUCE, "    return dy.sum(axis=0).reshape(shape)"),),
        {"a1-unbroadcast-test": "cannot reshape"},
    ),
    Student(
        "sums the last axes instead of the new ones in front",
        ((REDUCE, "    while dy.ndim > len(shape):\n        dy = dy.sum(axis=-1)\n    return dy"),),
        {"a1-unbroadcast-test": "in *front*"},
    ),
    Student(
        "keeps the first copy of each number and drops the others",
        (
            (
                REDUCE,
                "    first = tuple(slice(0, 1) if i in stretched else slice(None) for i in "
                "range(dy.ndim))\n    return dy[first].reshape(shape)",
            ),
        ),
        {"a1-unbroadcast-test": "only the first of the copies"},
    ),
    Student(
        "treats only the case of one new axis",
        ((REDUCE, "    return dy.sum(axis=0) if dy.ndim > len(shape) else dy"),),
        {"a1-unbroadcast-test": "stretched"},
    ),
    Student(
        "add returns one gradient for both",
        (
            (
                "    return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)",
                "    return unbroadcast(dy, a.shape)",
            ),
        ),
        {"a1-add-test": "expected 2 results, da and db"},
    ),
    Student(
        "add exchanges the shapes",
        (
            (
                "    return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)",
                "    return unbroadcast(dy, b.shape), unbroadcast(dy, a.shape)",
            ),
        ),
        {"a1-add-test": "da has the shape of b"},
    ),
    Student(
        "multiply prints its gradients",
        (
            (
                "    return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)",
                "    print(unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape))",
            ),
        ),
        {"a1-multiply-test": "is a `return` missing"},
    ),
    Student(
        "multiply multiplies by both factors",
        (
            (
                "    return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)",
                "    return unbroadcast(dy * a * b, a.shape), unbroadcast(dy * a * b, b.shape)",
            ),
        ),
        {"a1-multiply-test": "both factors"},
    ),
    Student(
        "transposes as in PyTorch, which does nothing in NumPy",
        (
            (
                "    return dy @ b.T, a.T @ dy",
                "    return dy @ b.transpose(0, 1), a.transpose(0, 1) @ dy",
            ),
        ),
        {"a1-matmul-test": "transposed or not"},
    ),
    Student(
        "multiplies element by element instead of @",
        (("    return dy @ b.T, a.T @ dy", "    return dy * b.T, a.T * dy"),),
        {"a1-matmul-test": "The product of two matrices is @"},
    ),
    Student(
        "relu is leaky",
        (("    return dy * (a > 0)", "    return dy * np.where(a > 0, 1, 0.01)"),),
        {"a1-relu-test": "a < 0"},
    ),
    Student(
        "relu returns the mask",
        (("    return dy * (a > 0)", "    return a > 0"),),
        {"a1-relu-test": "dy is missing"},
    ),
    Student(
        "leaves relu untouched",
        (("    return dy * (a > 0)", STUB),),
        {"a1-relu-test": "relu_backward is not written yet"},
    ),
    Student(
        "sum gives a flat array, and the loop forgets the biases",
        (
            ("    return np.full(a.shape, dy)", "    return np.full(a.size, dy)"),
            (
                "        for parameter in (w1, b1, w2, b2):\n            parameter.value = ",
                "        for parameter in (w1, w2):\n            parameter.value = ",
            ),
        ),
        {"a1-sum-test": "expected shape (4, 3)", "a1-train-test": "b1"},
    ),
    Student(
        "forgets a colon in the cell of the five rules",
        (("def matmul_backward(dy, a, b):", "def matmul_backward(dy, a, b)"),),
        {f"a1-{rule}-test": "SyntaxError" for rule in ("add", "multiply", "matmul", "relu", "sum")},
        problem="SyntaxError",
    ),
    Student(
        "gives topological_order another name",
        (("def topological_order(last):", "def topologicalOrder(last):"),),
        {
            "a1-order-test": "there is 'topologicalOrder'",
            "a1-long-test": "there is 'topologicalOrder'",
        },
    ),
    Student(
        "collects the nodes in a list that outlives the call",
        (
            ("def topological_order(last):", "order = []\n\n\ndef topological_order(last):"),
            (
                "order, seen, todo = [], set(), [(last, False)]",
                "seen, todo = set(), [(last, False)]",
            ),
        ),
        {"a1-order-test": "a call before this one", "a1-long-test": "a call before this one"},
    ),
    Student(
        "leaves the last node out",
        (("    return order[::-1]", "    return order[::-1][1:]"),),
        {"a1-order-test": "the last one itself", "a1-long-test": "missing"},
    ),
    Student(
        "uses recursion, and raises Python's limit",
        (
            (
                "    order, seen, todo = [], set(), [(last, False)]\n    while todo:\n"
                "        node, parents_done = todo.pop()\n        if parents_done:\n"
                "            order.append(node)\n        elif id(node) not in seen:\n"
                "            seen.add(id(node))\n            todo.append((node, True))\n"
                "            todo += [(parent, False) for parent in node.parents]\n",
                "    import sys\n\n    sys.setrecursionlimit(10**6)\n    order, seen = [], set()\n\n"
                "    def visit(node):\n        if id(node) not in seen:\n"
                "            seen.add(id(node))\n            for parent in node.parents:\n"
                "                visit(parent)\n            order.append(node)\n\n    visit(last)\n",
            ),
        ),
        {"a1-long-test": "recursion"},
    ),
    Student(
        "never gives the last node its gradient",
        (("    last.grad = gradient\n", ""),),
        {"a1-walk-test": "dy = None"},
    ),
    Student(
        "stops the walk at the first node without a rule",
        (("            continue\n", "            break\n"),),
        {"a1-walk-test": "others may come after it"},
    ),
    Student(
        "multiplies by the node's gradient once more",
        (
            (
                "zip(node.parents, node.rule(node.grad)):\n",
                "zip(node.parents, node.rule(node.grad)):\n            part = part * node.grad\n",
            ),
        ),
        {"a1-walk-test": "once more"},
    ),
    Student(
        "numerical_gradient never ends",
        (
            (
                "    for i in np.ndindex(x.shape):\n        up, down",
                "    i = (0,) * x.ndim\n    while i < x.shape:\n        up, down",
            ),
        ),
        {"a1-numerical-test": "seconds"},
    ),
    Student(
        "gradient_check asserts instead of answering",
        (
            (
                "    return bool(np.all(np.abs(gradient(x) - wanted) <= tolerance * "
                "np.abs(wanted).max()))",
                "    assert np.all(np.abs(gradient(x) - wanted) <= tolerance * "
                "np.abs(wanted).max())",
            ),
        ),
        {"a1-gradcheck-test": "True or False"},
    ),
    Student(
        "gradient_check takes the difference with its sign",
        (("np.all(np.abs(gradient(x) - wanted) <=", "np.all((gradient(x) - wanted) <="),),
        {"a1-gradcheck-test": "without its sign"},
    ),
    Student(
        "returns the losses inside the loop",
        (
            (
                "        losses.append(float(loss.value))",
                "        losses.append(float(loss.value))\n        return losses",
            ),
        ),
        {"a1-train-test": "inside the loop"},
    ),
    Student(
        "writes the learning rate of the run into the loop",
        (("parameter.value - lr * parameter.grad", "parameter.value - 0.5 * parameter.grad"),),
        {"a1-train-test": "lr is not used"},
    ),
    Student(
        "walks back from the mean over all steps so far",
        (
            (
                "        backward(loss, np.ones(()))",
                "        backward(loss, np.full((), 1 / len(points)))",
            ),
        ),
        {"a1-train-test": "dL/dL = 1"},
    ),
    Student(
        "deletes the cell of the walk back",
        cells={"a1-walk-code": None},
        loses={"a1-walk-test": "not defined"},
        problem="a1-walk-code is missing",
    ),
    Student(
        "tries something in a cell of their own, with a slip",
        adds={"a1-unbroadcast": "print(unbroadcst(np.ones((4, 3)), (3,)))"},
        problem="unbroadcst",
    ),
    Student(
        "copies relu and the order from a friend",
        copies=("ben", "a1-rules-code", "a1-order-code"),
        loses={
            "a1-relu-test": "right in another variant",
            "a1-order-test": "right in another variant",
            "a1-long-test": "right in another variant",
        },
    ),
]

"""A1: a tape for arrays."""

MISTAKES = [
    (
        "a1.unbroadcast",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "return dy",
        "dy is returned as it is",
    ),
    (
        "a1.unbroadcast",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "return dy.sum(axis=tuple(range(new)))",
        "not those that were stretched",
    ),
    (
        "a1.unbroadcast",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "return dy.sum(axis=tuple(i for i in range(dy.ndim) if i >= new and shape[i - new] "
        "== 1 and dy.shape[i] > 1), keepdims=True)",
        "not the new ones in front",
    ),
    ("a1.unbroadcast", "dy.sum(axis=stretched", "dy.mean(axis=stretched", "the mean is taken"),
    (
        "a1.unbroadcast",
        "keepdims=True).reshape(shape)",
        "keepdims=False)",
        "keepdims=True keeps it",
    ),
    (
        "a1.unbroadcast",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "dy *= 1.5\n    return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "in place",
    ),
    (
        "a1.unbroadcast",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape).astype(float)",
        "float64 has crept in",
    ),
    (
        "a1.add",
        "return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)",
        "return dy, dy",
        "broadcasting is not undone",
    ),
    (
        "a1.multiply",
        "return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)",
        "return dy * b, dy * a",
        "broadcasting is not undone",
    ),
    (
        "a1.multiply",
        "return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)",
        "return unbroadcast(dy * a, a.shape), unbroadcast(dy * b, b.shape)",
        "a and b are exchanged",
    ),
    (
        "a1.multiply",
        "unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)",
        "unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)",
        "the other factor is missing",
    ),
    (
        "a1.multiply",
        "return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)",
        "return unbroadcast(np.ones_like(dy) * b, a.shape), unbroadcast(np.ones_like(dy) * "
        "a, b.shape)",
        "dy is missing",
    ),
    ("a1.matmul", "return dy @ b.T, a.T @ dy", "return dy @ b.T, dy.T @ a", "the wrong order"),
    (
        "a1.matmul",
        "return dy @ b.T, a.T @ dy",
        "return dy @ (b if b.shape[0] == b.shape[1] else b.T), a.T @ dy",
        "b is not transposed",
    ),
    (
        "a1.matmul",
        "return dy @ b.T, a.T @ dy",
        "return dy @ b.T, (a if a.shape[0] == a.shape[1] == 3 else a.T) @ dy",
        "a is not transposed",
    ),
    ("a1.relu", "return dy * (a > 0)", "return dy * (dy > 0)", "where dy is positive"),
    ("a1.relu", "return dy * (a > 0)", "return dy * (a >= 0)", "at a = 0"),
    ("a1.relu", "return dy * (a > 0)", "return (a > 0).astype(float)", "dy is missing"),
    ("a1.relu", "return dy * (a > 0)", "return np.maximum(dy, 0)", "it"),
    ("a1.relu", "return dy * (a > 0)", "return np.maximum(a, 0)", "y itself"),
    ("a1.matmul", "return dy @ b.T, a.T @ dy", "return dy @ b, a @ dy", "transposed or not"),
    ("a1.matmul", "return dy @ b.T, a.T @ dy", "return a.T @ dy, dy @ b.T", "return da, db"),
    ("a1.matmul", "return dy @ b.T, a.T @ dy", "return b.T, a.T", "dy is missing"),
    (
        "a1.add",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "return dy.sum(axis=0)",
        "unbroadcast is not right yet",
    ),
    ("a1.relu", "return dy * (a > 0)", "dy[a <= 0] = 0\n    return dy", "in place"),
    ("a1.relu", "return dy * (a > 0)", "dy * (a > 0)", "is a `return` missing"),
    ("a1.sum", "return np.full(a.shape, dy)", "return np.ones(a.shape)", "dy is missing"),
    (
        "a1.sum",
        "return np.full(a.shape, dy)",
        "return np.full(a.shape, dy) / a.size",
        "the gradient of a mean",
    ),
    ("a1.sum", "return np.full(a.shape, dy)", "return dy", "must have the shape of a"),
    ("a1.topological_order", "return order[::-1]", "return order", "the wrong way round"),
    (
        "a1.topological_order",
        "        elif id(node) not in seen:\n",
        "        else:\n",
        "each must appear once",
    ),
    (
        "a1.topological_order",
        "        if parents_done:\n            order.append(node)\n        elif id(node) "
        "not in seen:\n            seen.add(id(node))\n",
        "        if parents_done:\n            pass\n        elif id(node) not in seen:\n   "
        "         order.insert(0, node)\n            seen.add(id(node))\n",
        "a node comes before one that uses it",
    ),
    (
        "a1.topological_order",
        "todo += [(parent, False) for parent in node.parents]",
        "todo += [(parent, False) for parent in node.parents[:1]]",
        "missing",
    ),
    (
        "a1.long_chain",
        "    order, seen, todo = [], set(), [(last, False)]\n",
        "    def visit(node):\n        return [node] + [n for p in node.parents for n in "
        "visit(p)]\n    return visit(last)\n    order, seen, todo = [], set(), [(last, "
        "False)]\n",
        "too deep for recursion",
    ),
    (
        "a1.backward",
        "parent.grad = part if parent.grad is None else parent.grad + part",
        "parent.grad = part",
        "overwritten",
    ),
    (
        "a1.backward",
        "for node in topological_order(last):",
        "for node in (lambda walk: walk(walk, last))(lambda walk, n: [n] + [m for p in "
        "n.parents for m in walk(walk, p)]):",
        "was called",
    ),
    (
        "a1.backward",
        "parent.grad = part if parent.grad is None else parent.grad + part",
        "parent.grad = part if parent.grad is None else parent.grad.__iadd__(part)",
        "several nodes hold the same array",
    ),
    (
        "a1.backward",
        "for node in topological_order(last):",
        "for node in topological_order(last)[::-1]:",
        "dy = None",
    ),
    (
        "a1.backward",
        "            continue\n",
        "            break\n",
        "others may come after it",
    ),
    (
        "a1.long_chain",
        "    order, seen, todo = [], set(), [(last, False)]\n",
        "    import sys\n    sys.setrecursionlimit(10**6)\n    order, seen = [], set()\n"
        "    def visit(node):\n        if id(node) not in seen:\n            seen.add(id(node))\n"
        "            for parent in node.parents:\n                visit(parent)\n"
        "            order.append(node)\n    visit(last)\n    return order[::-1]\n",
        "sys.setrecursionlimit is called",
    ),
    (
        "a1.topological_order",
        "order, seen, todo = [], set(), [(last, False)]",
        "seen, todo = set(), [(last, False)]\n    order = globals().setdefault('kept', [])",
        "a call before this one",
    ),
    (
        "a1.add",
        "return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)",
        "return unbroadcast(dy, b.shape), unbroadcast(dy, a.shape)",
        "da has the shape of b",
    ),
    (
        "a1.numerical_gradient",
        "(f(up) - f(down)) / (2 * eps)",
        "(f(up) - f(x)) / eps",
        "on one side only",
    ),
    (
        "a1.numerical_gradient",
        "(f(up) - f(down)) / (2 * eps)",
        "(f(up) - f(down)) / 2 * eps",
        "without brackets",
    ),
    (
        "a1.numerical_gradient",
        "up, down = x.copy(), x.copy()",
        "up, down = x.copy(), x.copy()\n        x[i] += eps\n        x[i] -= 2 * eps\n      "
        "  x[i] += eps",
        "not quite as it was",
    ),
    (
        "a1.numerical_gradient",
        "(f(up) - f(down)) / (2 * eps)",
        "(f(up) - f(down)) / eps",
        "not by 2 eps",
    ),
    (
        "a1.numerical_gradient",
        "up, down = x.copy(), x.copy()",
        "up, down = x, x.copy()",
        "not as it was",
    ),
    (
        "a1.gradient_check",
        "np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max())",
        "not np.any(np.abs(gradient(x) - wanted) > tolerance * np.abs(wanted).max())",
        "nan",
    ),
    (
        "a1.gradient_check",
        "np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max())",
        "abs(gradient(x).sum() - wanted.sum()) <= tolerance * abs(wanted).max()",
        "Compare every number",
    ),
    ("a1.gradient_check", "<= tolerance * np.abs(wanted).max()", "<= tolerance", "with the size"),
    (
        "a1.gradient_check",
        "<= tolerance * np.abs(wanted).max()",
        "<= tolerance * wanted.max()",
        "without its sign",
    ),
    (
        "a1.gradient_check",
        "<= tolerance * np.abs(wanted).max()",
        "<= tolerance * np.abs(wanted) + 1e-8",
        "for all numbers alike",
    ),
    (
        "a1.gradient_check",
        "<= tolerance * np.abs(wanted).max()",
        "<= tolerance * np.abs(gradient(x)).max()",
        "infinite passes for right",
    ),
    (
        "a1.gradient_check",
        "np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max())",
        "np.allclose(gradient(x), wanted)",
        "for all numbers alike",
    ),
    (
        "a1.gradient_check",
        "np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max())",
        "np.abs(gradient(x) - wanted).mean() <= tolerance * np.abs(wanted).max()",
        "not their mean or norm",
    ),
    (
        "a1.gradient_check",
        "np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max())",
        "np.linalg.norm(gradient(x) - wanted) <= tolerance * np.linalg.norm(wanted)",
        "not their mean or norm",
    ),
    (
        "a1.gradient_check",
        "<= tolerance * np.abs(wanted).max()",
        "<= max(tolerance, 1e-4) * np.abs(wanted).max()",
        "use the argument `tolerance`",
    ),
    (
        "a1.gradient_check",
        "np.all(np.abs(gradient(x) - wanted) <= tolerance * np.abs(wanted).max())",
        "np.all(gradient(x) == wanted)",
        "a right gradient is wrong",
    ),
    (
        "a1.train",
        "parameter.value - lr * parameter.grad",
        "parameter.value + lr * parameter.grad",
        "*against* its gradient",
    ),
    (
        "a1.train",
        "losses = train(steps=400, lr=0.5)",
        "losses = [Node(0)] * 60",
        "and not its Node",
    ),
    (
        "a1.train",
        "losses = train(steps=400, lr=0.5)",
        "train(steps=400, lr=0.5)\nlosses = train(steps=400, lr=0.5)",
        "ran the training twice",
    ),
    (
        "a1.train",
        "            parameter.grad = None\n",
        "            pass\n",
        "set every grad to None",
    ),
]

# Right answers of another kind: they must get all points.
RIGHT = [
    (
        "a1.unbroadcast",
        "return dy.sum(axis=stretched, keepdims=True).reshape(shape)",
        "while dy.ndim > len(shape):\n        dy = dy.sum(axis=0)\n    for i, n in "
        "enumerate(shape):\n        if n == 1:\n            dy = dy.sum(axis=i, "
        "keepdims=True)\n    return dy",
    ),
    (
        "a1.matmul",
        "return dy @ b.T, a.T @ dy",
        "return np.einsum('nm,km->nk', dy, b), np.einsum('nk,nm->km', a, dy)",
    ),
    ("a1.relu", "return dy * (a > 0)", "return np.where(a > 0, dy, 0)"),
    ("a1.sum", "return np.full(a.shape, dy)", "return (dy * np.ones_like(a),)"),
]

"""What varies in A3, batch norm and ReLU."""

from .change import Changes

CHANGES: Changes = {
    ("ReLU at 0 in a kernel", value): [
        (
            "a3-background",
            "Take 0 as the derivative at $x = 0$",
            f"Take **{value}** as the derivative at $x = 0$",
        ),
        ("a3-relu-code", "return dy * (cache > 0)", f"return {solution}"),
    ]
    for value, solution in (
        ("1/4", "dy * np.heaviside(cache, 0.25).astype(dy.dtype)"),
        ("1/2", "dy * np.heaviside(cache, 0.5).astype(dy.dtype)"),
        ("3/4", "dy * np.heaviside(cache, 0.75).astype(dy.dtype)"),
        ("1", "dy * (cache >= 0)"),
    )
} | {
    ("batch norm's momentum", "of the past"): [
        (
            "a3-running",
            r"\text{running} \leftarrow (1 - m)\, \text{running} + m \cdot \text{of this batch}.",
            r"\text{running} \leftarrow m\, \text{running} + (1 - m) \cdot \text{of this batch}.",
        ),
        (
            "a3-running",
            "$m$ is called **momentum**. PyTorch and minires take 0.1. (Some other libraries call "
            "$1 - m$ the\nmomentum, and take 0.9 or 0.99.)",
            "$m$ is called **momentum**. Your `update_running` follows TensorFlow and others, "
            "where it is the share\nof the *old* average, here 0.9. PyTorch and minires call "
            "$1 - m$ the momentum, and take 0.1.",
        ),
        ("a3-running-code", "count, momentum=0.1)", "count, momentum=0.9)"),
        ("a3-running-code", "The share of the new batch.", "The share of the old average."),
        (
            "a3-running-code",
            "(1 - momentum) * running_mean + momentum * mean",
            "momentum * running_mean + (1 - momentum) * mean",
        ),
        (
            "a3-running-code",
            "(1 - momentum) * running_var + momentum * unbiased",
            "momentum * running_var + (1 - momentum) * unbiased",
        ),
        (
            "a3-layer-text",
            "and the number `self.momentum`.",
            "and the number `self.momentum`, which\nis the library's: the share of the new batch.",
        ),
        ("a3-layer-code", "            self.momentum,\n", "            1 - self.momentum,\n"),
    ]
}

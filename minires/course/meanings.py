"""What terse messages of NumPy and Python mean for the code that a student has written."""

import re

#: A pattern in a message, and what to do about it.
MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"Cannot interpret '-?\d+' as a data type"
        r"|'list' object cannot be interpreted as an integer",
        "Several axes go into a tuple, and so does a shape: x.sum(axis=(0, 1)), np.zeros((2, 3))",
    ),
    (r"unexpected keyword argument 'dim'", "The argument is called axis here, and in NumPy"),
    (
        r"unexpected keyword argument 'keepdim'",
        "The argument is called keepdims here, and in NumPy",
    ),
    (
        r"truth value of an array",
        "An `if` needs one answer: .all() or .any(). To choose for each number, use np.where",
    ),
    (
        r"'float' object cannot be interpreted as an integer|only integers, slices"
        r"|indices must be integers|expected a sequence of integers",
        "Sizes and indices are whole numbers: // rounds down to one, / always gives a float",
    ),
    (
        r"could not be broadcast",
        "Shapes are compared from the last axis on: two lengths are equal, or one of them is 1",
    ),
    (
        r"matmul: .*mismatch in its core dimension|not aligned",
        "In a @ b the last axis of a is as long as the last but one of b. Is a .T missing?",
    ),
    (
        r"unsupported operand type.*(builtin_function_or_method|method)'",
        "A method does nothing without its brackets: write x.mean(), not x.mean",
    ),
    (r"'tuple' object is not callable", "A shape is no function: write x.shape, or x.shape[0]"),
    (r"axes don't match array", "transpose needs every axis once"),
    (r"is read-only", "This array must not change: make a new one, or use a.copy()"),
    (r"'numpy.ndarray' object is not callable", "Elements are taken with square brackets: a[i]"),
    (r"NoneType", "A function without `return` gives None, and so does a cell not filled in yet"),
    (
        r"'(\w*function\w*|ufunc|method|numpy\._ArrayFunctionDispatcher)' object is not "
        r"subscriptable",
        "Functions are called with round brackets: f(x)",
    ),
)


def meaning(message: str) -> str:
    """What to do about an error with this message, as a sentence; "" if the message says it."""
    for pattern, what in MEANINGS:
        if re.search(pattern, message):
            return what
    return ""

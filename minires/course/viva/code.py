"""Questions about single lines of the student's code."""

from collections.abc import Iterator

from .facts import Facts, Question

#: Assignment -> rows of (cell, pattern to find in a line, question, answer).
LINES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "a1": (
        (
            "a1-unbroadcast",
            r"keepdims\s*=\s*True",
            "dy has shape (4, 3), and the array had shape (4, 1). What shape would this sum have "
            "without keepdims?",
            "(4,): the axis that was added up would be gone.",
        ),
        (
            "a1-unbroadcast",
            r"\bsum\b",
            "Why a sum here, and not a mean?",
            "Each copy made by broadcasting is another path to the loss, and the chain rule adds "
            "up the paths.",
        ),
        (
            "a1-rules-code",
            r"\bb\.T\b|\ba\.T\b",
            "Take a of shape (2, 5) and b of shape (5, 3). Which shapes meet in this line?",
            "dy is (2, 3): dy b^T gives (2, 5), a^T dy gives (5, 3).",
        ),
        (
            "a1-order-code",
            r"\bpop\(",
            "What would go wrong with recursion in a network of 2,000 operations?",
            "Python stops at a depth of 1,000 calls; a list of the nodes still to visit has no "
            "such limit.",
        ),
        (
            "a1-walk-code",
            r"grad.*\+|is None",
            "A node is used twice. Follow this line at its first and at its second visit.",
            "First the gradient is set, then the second part is added to it, in a new array.",
        ),
        (
            "a1-numerical-code",
            r"2\s*\*\s*eps",
            "How large would the error be with (f(x + eps) - f(x)) / eps instead?",
            "It would be about as large as eps, instead of eps squared.",
        ),
    ),
    "a2": (
        (
            "a2-size-code",
            r"//",
            "By hand: 8 pixels, a filter of 3, stride 2, padding 1.",
            "(8 + 2 - 3) // 2 + 1 = 4.",
        ),
        (
            "a2-im2col-code",
            r"for .* in range",
            "How often does this loop run for 1,000 images and filters of 3 x 3?",
            "If it runs over KH and KW, once for each place of the filter, nine times in all. A "
            "loop over images or windows would be slow.",
        ),
        (
            "a2-im2col-code",
            r"sliding_window_view|as_strided",
            "Does this line copy anything? Where is the copy made?",
            "No, it is a view. The reshape copies, because the rows of a matrix must lie one "
            "after the other.",
        ),
        (
            "a2-col2im-code",
            r"\+=|np\.add\.at",
            "What would be lost if this line assigned instead of adding?",
            "All but the last window's part of each pixel; a pixel lies in up to nine windows.",
        ),
        (
            "a2-backward-code",
            r"\.T\b",
            "What are the shapes of both factors here, and over what does the product sum?",
            "Over all windows (N H' W') for dw, or over the O filters for the gradient of the "
            "columns.",
        ),
        (
            "a2-gradcheck-code",
            r"standard_normal|normal\(",
            "Why is r random, and not 1 everywhere?",
            "With ones all places of dy are alike: a backward that mixes them up would pass.",
        ),
    ),
    "a3": (
        (
            "a3-forward-code",
            r"mean\(|\.var\(",
            "For images of shape (8, 16, 16, 4): how many numbers go into each mean?",
            "8 x 16 x 16 = 2,048 for each of the 4 channels.",
        ),
        (
            "a3-forward-code",
            r"\beps\b",
            "What does this line give for a channel that is constant?",
            "x - mean is 0 and eps keeps the root above 0, so x_hat is 0 and y is the bias.",
        ),
        (
            "a3-running-code",
            r"count",
            "Why M - 1 here, while the batch itself is divided by M?",
            "The numbers of a batch lie closer to their own mean than to the true one, and the "
            "running average should estimate the variance over all images.",
        ),
        (
            "a3-layer-code",
            r"self\.training",
            "What would you see if this condition were the other way round?",
            "Evaluation would depend on the batch, and training would normalise by averages that "
            "never change.",
        ),
        (
            "a3-backward-code",
            r"count|mean\(",
            "What is the sum of dx over a channel in training, and why?",
            "0: adding the same number to a whole channel changes nothing, because the mean is "
            "subtracted.",
        ),
    ),
    "a4": (
        (
            "a4-he-code",
            r"sqrt|\*\* ?0?\.5",
            "Which standard deviation does this give for weights of shape (3, 3, 16, 32)?",
            "sqrt(2 / 144) = 0.118: the fan-in is 3 x 3 x 16.",
        ),
        (
            "a4-basic-code",
            r"bias\s*=\s*False",
            "Why is a bias useless here?",
            "Batch norm subtracts the mean of the channel, and the bias with it.",
        ),
        (
            "a4-basic-code",
            r"shortcut\(|\+ s\b|y \+",
            "What changes if the last ReLU comes before this addition?",
            "F could only add, never subtract: the signal grows from block to block.",
        ),
        (
            "a4-nothing-code",
            r"\.data",
            "Which parameters of this block have a gradient in the very first step?",
            "In F, only those of the last batch norm: everything before it is multiplied by a "
            "weight of 0.",
        ),
        (
            "a4-twins-code",
            r"seed|load|copy|data",
            "How does this line make the two nets start equal, and what would make them differ?",
            "The same numbers are drawn in the same order (or copied). An extra draw in between, "
            "as for option B, would shift all later numbers.",
        ),
        (
            "a4-train-code",
            r"zero_grad",
            "What happens without this line?",
            "Gradients of all steps add up: the steps grow, and they follow gradients of earlier "
            "weights.",
        ),
    ),
    "a5": (
        (
            "a5-paired",
            r"&|intersection|\bin\b|\bif\b",
            "One network has no run with seed 2. What does this line do with seed 2 of the other?",
            "It leaves that seed out: a difference needs both runs.",
        ),
        (
            "a5-spread-code",
            r"ddof|- 1|std|sqrt",
            "For 18.5, 19.1 and 19.7: what are m and s?",
            "m = 19.1 and s = 0.6; with n instead of n - 1, s would be 0.49.",
        ),
        (
            "a5-final-code",
            r"epoch",
            "The rows come in any order. Why does this still find the last epoch?",
            "It compares the numbers of the epochs, so the order of the rows does not matter.",
        ),
        (
            "a5-twins-code",
            r"array_equal|==|allclose",
            "Would allclose be enough here, instead of exact equality? What would it miss?",
            "Twins start from exactly the same numbers. A small difference is a sign that "
            "something else differs too, such as the order of random draws.",
        ),
        (
            "a5-curves-code",
            r"mean|/ len",
            "What would you see in the figure without this mean?",
            "A line for each seed, or one that jumps between seeds.",
        ),
    ),
    "a6": (
        (
            "a6-norm-code",
            r"float64",
            "How large can a number be if float32 must still hold its square?",
            "About 1.8e19; its square is near 3.4e38, the largest float32.",
        ),
        (
            "a6-growth-code",
            r"exp\(",
            "What does this give if all norms are equal? And if each norm is twice the next?",
            "1 for equal norms; 2 where each norm is twice the next.",
        ),
        (
            "a6-hooks-code",
            r"def .*\(|lambda",
            "Why must the hook of each block come from a function of its own here, and not "
            "straight from the loop?",
            "A function made in a loop sees the loop's last value; an inner function or a default "
            "argument keeps its own.",
        ),
        (
            "a6-recorder-code",
            r"copy\(",
            "What would the figure show without this copy?",
            "A flat line: without the copy the kept arrays are the net's own, which training "
            "changes in place.",
        ),
        (
            "a6-measure-code",
            r"seed",
            "What must depend on the seed here, and what must not?",
            "Initial weights, order of images and mirroring; not the data set, the net's size or "
            "the steps.",
        ),
    ),
}


def questions(facts: Facts) -> Iterator[Question]:
    """At most one question for each cell: about the first row of `LINES` that fits a line in it."""
    asked = set()
    for cell, pattern, text, answer in LINES.get(facts.assignment, ()):
        line = facts.line(cell, pattern)
        if line and cell not in asked:
            asked.add(cell)
            if cell in facts.failed:
                answer = (
                    f"A test of this task failed: the line may be wrong. In a right one: {answer}"
                )
            yield Question(text, answer, line)

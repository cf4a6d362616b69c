"""Questions about single lines of the student's code: what to look for, and what to ask."""

from collections.abc import Iterator

from .facts import Facts, Question

#: Assignment -> (cell, what to look for in a line, question, answer).
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
            "Each copy made by broadcasting is another way to the loss; the chain rule adds them.",
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
            "Python stops at a depth of 1,000 calls; a list of what is still to do has no limit.",
        ),
        (
            "a1-walk-code",
            r"grad.*\+|is None",
            "A node is used twice. Follow this line at its first and at its second visit.",
            "First the gradient is set, then the second part is added to it, in a new array.",
        ),
        (
            "a1-gradcheck-code",
            r"2\s*\*\s*eps",
            "What would happen to the error if only f(x + eps) - f(x) was divided by eps?",
            "It would be of the size of eps instead of eps squared.",
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
            "How often is this loop run for 1,000 images and filters of 3 x 3?",
            "Once for each place of the filter, nine in all, if it is over KH or KW; a loop over "
            "images or windows would be slow.",
        ),
        (
            "a2-im2col-code",
            r"sliding_window_view|as_strided",
            "Does this line copy anything? Where is the copy made?",
            "No, it is a view. Reshape copies, as the numbers of a matrix must lie in order.",
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
            "Say the shapes of both factors here, and which sum the product is.",
            "A sum over all windows (N H' W') for dw, or over the O filters for the columns.",
        ),
        (
            "a2-gradcheck-code",
            r"standard_normal|normal\(",
            "Why is r drawn at random, and not 1 everywhere?",
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
            "A channel is constant. What does this line make of it?",
            "x - mean is 0 and eps keeps the root above 0, so x_hat is 0 and y is the bias.",
        ),
        (
            "a3-running-code",
            r"count",
            "Why M - 1 here, while the batch itself is divided by M?",
            "A sample lies closer to its own mean than to the true one; the average is to estimate "
            "the variance of all images.",
        ),
        (
            "a3-layer-code",
            r"self\.training",
            "What would you see if this condition was turned round?",
            "Evaluation would depend on the batch, and training would normalise by averages that "
            "never move.",
        ),
        (
            "a3-backward-code",
            r"count|mean\(",
            "What is the sum of dx over a channel in training, and why?",
            "0: adding one number to all of a channel changes nothing, as the mean is subtracted.",
        ),
    ),
    "a4": (
        (
            "a4-he-code",
            r"sqrt|\*\* ?0?\.5",
            "Which standard deviation gives this for weights of shape (3, 3, 16, 32)?",
            "sqrt(2 / 144) = 0.118: the fan-in is 3 x 3 x 16.",
        ),
        (
            "a4-basic-code",
            r"bias\s*=\s*False",
            "Why is a bias of no use here?",
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
            "In the branch, only those of its last batch norm: what comes before is multiplied by "
            "a weight of 0.",
        ),
        (
            "a4-twins-code",
            r"seed|load|copy|data",
            "How does this line make the two nets equal, and what would make them differ?",
            "The same numbers are drawn in the same order (or copied). Another draw in between, as "
            "by option B, would shift all later ones.",
        ),
        (
            "a4-train-code",
            r"zero_grad",
            "What happens without this line?",
            "Gradients of all steps add up: the steps get larger and point to where the loss was.",
        ),
    ),
    "a5": (
        (
            "a5-paired",
            r"&|intersection|\bin\b|\bif\b",
            "A run with seed 2 was cut off for one network. What does this line do with the other?",
            "It leaves the seed out: a difference needs both.",
        ),
        (
            "a5-spread-code",
            r"ddof|- 1|std|sqrt",
            "For 18.5, 19.1 and 19.7: what are m and s?",
            "19.1 and 0.6; divided by n it would be 0.49.",
        ),
        (
            "a5-final-code",
            r"epoch",
            "The rows come in any order. Why does this still find the last epoch?",
            "It goes by the number of the epoch, not by the place of the row.",
        ),
        (
            "a5-twins-code",
            r"array_equal|==|allclose",
            "Would allclose do here, instead of equal numbers? What would it miss?",
            "Twins start from the same numbers exactly; a small difference says that something "
            "else differs too, such as the order of random draws.",
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
            "a6-norms-code",
            r"float64",
            "How large may a number be so that float32 still holds its square?",
            "About 1.8e19; its square is near 3.4e38, the largest float32.",
        ),
        (
            "a6-factors-code",
            r"exp\(",
            "What does this give if all norms are the same, and if each is twice the next?",
            "1 for a growth or the norm itself for a mean; a growth of 2.",
        ),
        (
            "a6-hooks-code",
            r"def .*\(|lambda",
            "Why does each block need a function of its own here, and not one made in the loop?",
            "A function made in a loop sees the loop's last value; an inner function or a default "
            "argument keeps its own.",
        ),
        (
            "a6-recorder-code",
            r"copy\(",
            "What would the figure show without this copy?",
            "A flat line: the kept arrays are the net's own, which training changes in place.",
        ),
        (
            "a6-measure-code",
            r"seed",
            "What has to depend on the seed here, and what must not?",
            "Initial weights, order of images and mirroring; not the data set, the net's size or "
            "the steps.",
        ),
    ),
}


def questions(facts: Facts) -> Iterator[Question]:
    """One for each cell in which a line of the table is found."""
    asked = set()
    for cell, pattern, text, answer in LINES.get(facts.assignment, ()):
        line = facts.line(cell, pattern)
        if line and cell not in asked:
            asked.add(cell)
            yield Question(text, answer, line)

"""What varies in A5, the degradation experiment."""

from .change import Changes

_OBSERVATIONS = """*Seeds that disagree:* with ten seeds some
plain-56 train as well as plain-20; then the verdict is "undecided", and one would say "often"
instead of "always". *A learning rate, warm-up or initialisation* with which plain-56 trains as well
as plain-20: then degradation belongs to this recipe, and shortcuts are one remedy of several.
*Longer training* in which plain-56 catches up: then it is slower, and not worse. *A residual
network with another start or other parameters:* if resnet-56 without its equal start loses its
lead, something besides the addition is the cause. *The own run:* if "shortcuts" came out as
undecided there, one can say only that it was not seen at this size."""
_REMARK = (
    "A good remark that resnet-56 is still worse than resnet-20 in the recorded run, so that\n"
    '"cure" says too much, counts as one of the two.'
)

CHANGES: Changes = {
    ("exactly the margin", "is one"): [
        (
            "a5-verdict",
            '| `"higher"` | every difference is more than the margin above 0 |',
            '| `"higher"` | every difference is **at least** the margin above 0 |',
        ),
        (
            "a5-verdict",
            '| `"lower"` | every difference is more than the margin below 0 |',
            '| `"lower"` | every difference is **at least** the margin below 0 |',
        ),
        (
            "a5-verdict",
            '| `"small"` | no difference is more than the margin away from 0, on either side |',
            '| `"small"` | every difference is less than the margin away from 0, on either side |',
        ),
        ("a5-verdict-code", "np.all(differences > margin)", "np.all(differences >= margin)"),
        ("a5-verdict-code", "np.all(differences < -margin)", "np.all(differences <= -margin)"),
        (
            "a5-verdict-code",
            "np.all(np.abs(differences) <= margin)",
            "np.all(np.abs(differences) < margin)",
        ),
    ],
    ("dashed line", "training"): [
        (
            "a5-curves",
            'the training error solid (`"-"`), the test error dashed (`"--"`)',
            'the **training** error dashed (`"--"`), the test error solid (`"-"`)',
        ),
        (
            "a5-curves-code",
            '(("train_error", "-"), ("test_error", "--"))',
            '(("train_error", "--"), ("test_error", "-"))',
        ),
    ],
    ("the sentence of 7.4", "deeper"): [
        ("a5-words-mind", '"Shortcuts cure degradation."', '"With shortcuts, deeper is better."'),
        (
            "a5-mind",
            _OBSERVATIONS,
            """*Short training:* in the recorded run
resnet-56 ends 7 points behind resnet-20; then one would say "deeper is better once it is trained
long enough". *Seeds that disagree:* with ten seeds at full length some resnet-56 end behind
resnet-20; then one would say "usually". *Still deeper:* He et al. report more test error for 1202
layers than for 110; then the sentence holds up to some depth only. *Another size:* on few or tiny
images a deeper network may overfit; then it is better at fitting, and not on new images. *The own
run:* if "depth with shortcuts" came out as small or undecided there, one can say only that it was
not seen at this size.""",
        ),
        (
            "a5-mind",
            _REMARK,
            "That resnet-56 is worse than resnet-20 in the recorded run counts as one of the\ntwo.",
        ),
    ],
    ("the sentence of 7.4", "plain"): [
        (
            "a5-words-mind",
            '"Shortcuts cure degradation."',
            '"Deep plain networks cannot be trained."',
        ),
        (
            "a5-mind",
            _OBSERVATIONS,
            """*It learns something:* in the paper
plain-56 ends at 5.9 % training error; then one would say "they train worse", and not "they cannot
be trained". *A learning rate, warm-up or initialisation* with which plain-56 trains as well as
plain-20: then the sentence is about this recipe. *Longer training* in which plain-56 catches up:
then it is slower. *Seeds that disagree:* with ten seeds some plain-56 train as well as plain-20;
then one would say "often". *The own run:* if "degradation" came out as small or undecided there,
one can say only that it was not seen at this depth.""",
        ),
        (
            "a5-mind",
            _REMARK,
            'That the paper\'s plain-56 did learn, so that "cannot" says too much, counts as one\n'
            "of the two.",
        ),
    ],
}

"""The gallery of claims: a card for each, with the verdict read anew from the recorded numbers."""

from html import escape

from minires.experiments import provenance
from minires.experiments.claims.frame.claim import Claim
from minires.experiments.claims.frame.verdict import CONTRADICTED, SUPPORTED, UNDECIDED
from minires.experiments.records import read_config

from .links import to_source
from .places import ROOT
from .recorded_claims import DECIDED, RECORDED, folder, recorded

PAGE = "claims.md"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED)


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    found = recorded()
    config = read_config(ROOT / RECORDED)
    counts = {verdict: sum(one[1] == verdict for one in found) for verdict in VERDICTS}
    buttons = "".join(
        f'<button type="button" data-show="{verdict}" aria-pressed="false">{verdict} '
        f"({counts[verdict]})</button>"
        for verdict in VERDICTS
    )
    filters = (
        '<div class="filters" role="group" aria-label="Show claims">'
        f'<button type="button" data-show="" aria-pressed="true">all ({len(found)})</button>'
        f'{buttons}<input type="search" aria-label="Words in the claim" '
        'placeholder="words in the claim"><span class="count" role="status" aria-live="polite">'
        "</span></div>"
    )
    machine = " ".join([f"{config['caption']}.", *provenance.in_sentences(config)])
    parts = [
        "# Claims gallery",
        "Popular claims about deep nets, tested. A program worked out each verdict from the "
        "recorded numbers when this page was made: *supported* and *contradicted* need every "
        "seed beyond a margin; everything else is *undecided*. [The text](guide/claims.md) tells "
        "the story, and [the verdicts](guide/verdicts.md) say how far each one reaches.",
        f"{machine}",
        f"```{{raw}} html\n{filters}\n```",
        "`````{container} gallery",
        *(_card(*one) for one in found),
        "`````",
    ]
    return {PAGE: "\n\n".join(parts) + "\n"}


def _card(claim: Claim, outcome: str, reason: str, seeds: int) -> str:
    """One claim: a badge, the sentence, the figure, the sides and the numbers."""
    sides = "\n".join(f"- {side}: {expected}" for side, expected in claim.predictions.items())
    source = f"minires/experiments/claims/{claim.name.replace('-', '_')}.py"
    picture = f"{folder(claim)}/{claim.name}.png"
    has_picture = (ROOT / picture).exists()
    shown = ""
    if has_picture:
        words = f"Figure of the claim {claim.name}"
        light, dark = f"files/{picture}", f"files/{picture.removesuffix('.png')}-dark.png"
        shown = f"![{words}]({light}){{.only-light}} ![{words}]({dark}){{.only-dark}}"
    is_decided = folder(claim) == DECIDED
    kind, option = ("deciding", "--decide") if is_decided else ("exploratory", "--seeds")
    links = " · ".join(
        [
            f"[the text](guide/verdicts.md#{claim.name})",
            to_source(source, PAGE, "how it is measured"),
            to_source(f"{folder(claim)}/{claim.name}.csv", PAGE, "the recorded table"),
        ]
    )
    return "\n\n".join(
        [
            f"````{{container}} claim claim-{outcome}",
            f'```{{raw}} html\n<p class="badges"><span class="badge {outcome}">{outcome}</span> '
            f'<span class="name">{claim.name}</span>, {seeds} {kind} seeds</p>\n```',
            f"**{escape(claim.statement, quote=False)}**",
            f"{claim.source}",
            sides,
            shown,
            f"```{{raw}} html\n<details><summary>The numbers</summary><p>"
            f"{escape(reason)}.</p></details>\n```",
            links,
            f"```text\nminires claims {claim.name} --dataset cifar10 {option} {seeds}\n```",
            "````",
        ]
    )

"""The gallery of claims: a card for each claim, with the verdict on its recorded numbers."""

from html import escape

from minires.experiments import provenance
from minires.experiments.claims.frame.report import sentence
from minires.experiments.claims.frame.verdict import CONTRADICTED, SUPPORTED, UNDECIDED
from minires.experiments.records import read_config

from .links import to_source
from .places import ROOT
from .recorded_claims import RECORDED, Recorded, recorded

PAGE = "claims.md"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED)


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    found = recorded()
    config = read_config(ROOT / RECORDED)
    counts = {verdict: sum(one.verdict.outcome == verdict for one in found) for verdict in VERDICTS}
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
    about_the_run = " ".join([f"{config['caption']}.", *provenance.in_sentences(config)])
    parts = [
        "# Claims gallery",
        "Popular claims about deep nets, tested. A program worked out each verdict from the "
        "recorded numbers when this page was made: *supported* and *contradicted* need every "
        "seed beyond a margin; everything else is *undecided*. [The text](guide/claims.md) tells "
        "the story, and [the verdicts](guide/verdicts.md) say how far each one reaches.",
        about_the_run,
        f"```{{raw}} html\n{filters}\n```",
        "`````{container} gallery",
        *map(_card, found),
        "`````",
    ]
    return {PAGE: "\n\n".join(parts) + "\n"}


def _card(one: Recorded) -> str:
    """The card of a claim: a badge, the claim, what each side predicts, the figure, the verdict."""
    claim, (outcome, _, brief) = one.claim, one.verdict
    sides = "\n".join(f"- {side}: {expected}" for side, expected in claim.predictions.items())
    source = f"minires/experiments/claims/{claim.name.replace('-', '_')}.py"
    shown = ""
    if (ROOT / one.picture).exists():
        words = f"Figure of the claim {claim.name}"
        light, dark = (
            f"files/{one.picture.removesuffix('.png')}{look}.png" for look in ("", "-dark")
        )
        shown = f"![{words}]({light}){{.only-light}} ![{words}]({dark}){{.only-dark}}"
    kind = "deciding" if one.is_decided else "exploratory"
    numbers = "".join(f"<li>{escape(part)}</li>" for part in one.verdict.numbers)
    links = " · ".join(
        [
            f"[the text](guide/verdicts.md#{claim.name})",
            to_source(source, PAGE, "how it is measured"),
            to_source(f"{one.folder}/{claim.name}.csv", PAGE, "the recorded table"),
        ]
    )
    return "\n\n".join(
        [
            f"````{{container}} claim claim-{outcome}",
            f'```{{raw}} html\n<p class="badges"><span class="badge {outcome}">{outcome}</span> '
            f'<span class="name">{claim.name}</span>, {len(one.seeds)} {kind} seeds</p>\n```',
            f"**{escape(claim.statement, quote=False)}**",
            claim.source,
            sides,
            shown,
            f"```{{raw}} html\n<p>{escape(sentence(brief))}</p>"
            f"<details><summary>All numbers</summary><ul>{numbers}</ul></details>\n```",
            links,
            f"```text\nminires claims {claim.name} --dataset cifar10 {one.option}\n```",
            "````",
        ]
    )

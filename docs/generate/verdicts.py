"""The verdicts as the pages tell them: under each claim of docs/verdicts.md, and the list and the
strip of all of them in docs/claims.md. ``python -m docs.generate.verdicts`` works them out from the
records and writes them into the pages, between their marks.
"""

from collections import Counter

from minires import plot
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import registration
from minires.experiments.claims.frame.claim import Claim
from minires.experiments.claims.frame.report import sentence
from minires.experiments.claims.frame.verdict import CONTRADICTED, SUPPORTED, UNDECIDED, Verdict
from minires.experiments.records import read_config
from minires.types import Figure

from .marked import filled
from .places import ROOT
from .recorded_claims import RECORDED, Recorded, in_folder, recorded

PROGRAM = "docs.generate.verdicts"
EACH, ALL = "docs/verdicts.md", "docs/claims.md"
STRIP = "docs/pictures/verdicts"
PREDICTED = "predicted"  # and still to be decided
OUTCOMES = (SUPPORTED, CONTRADICTED, UNDECIDED)


def section(claim: Claim) -> str:
    """The heading of a claim, and what stands under it before its handwritten text."""
    one = next((one for one in recorded() if one.claim is claim), None)
    head = f"### {claim.name}\n**{claim.statement}** ({claim.source})"
    return "\n\n".join([head, *(_still_to_decide(claim) if one is None else _verdict(one)), ""])[
        :-1
    ]


def _still_to_decide(claim):
    return [
        f"> **{PREDICTED}**: {registration.prediction(claim)}. The deciding seeds are still to be "
        "run.",
        f"`minires claims {claim.name} --dataset cifar10 --decide {claim.deciding_seeds}` · "
        f"{_source(claim)}",
    ]


def _verdict(one):
    before = in_folder(one.claim.name, RECORDED) if one.is_decided else None
    return [
        f"![{one.claim.statement}](../{one.picture})",
        f"> **{one.verdict.outcome}**: {one.verdict.brief}.",
        _standing(one, before),
        "<details><summary>All numbers, and the command that measures them again</summary>",
        f"{sentence(f'seeds {registration.named(one.seeds)}')[:-1]}:",
        _numbers(one.verdict),
        _links(one),
        *(_earlier(before) if before else []),
        "</details>",
    ]


def _standing(one, before):
    words = sentence(one.standing)
    if before:
        seeds = registration.named(before.seeds)
        words += f" With exploratory seeds {seeds}: {before.verdict.outcome}."
    return words


def _earlier(before):
    return [
        f"Exploratory seeds {registration.named(before.seeds)} ([figure](../{before.picture})):",
        _numbers(before.verdict),
        _links(before),
    ]


def _numbers(verdict: Verdict) -> str:
    return "\n".join(f"- {part}" for part in verdict.numbers)


def _links(one: Recorded) -> str:
    return (
        f"`minires claims {one.claim.name} --dataset cifar10 {one.option}` · "
        f"[numbers](../{one.folder}/{one.claim.name}.csv) · {_source(one.claim)}"
    )


def _source(claim):
    return f"[source](../minires/experiments/claims/{claim.name.replace('-', '_')}.py)"


def overview() -> str:
    """The strip of all verdicts, how many there are, and the list."""
    known = {one.claim.name: one for one in recorded()}
    outcomes = Counter(one.verdict.outcome for one in known.values())
    counts = ", ".join(f"{outcomes[one]} {one}" for one in OUTCOMES)
    open_ones = len(CLAIMS) - len(known)
    rest = f", {open_ones} predicted and still to be decided" if open_ones else ""
    decided = sum(one.is_decided for one in known.values())
    fresh = "all" if decided == len(known) else f"{decided} of them"
    picture = STRIP.removeprefix("docs/")
    lines = [
        "<picture>",
        f'  <source media="(prefers-color-scheme: dark)" srcset="{picture}-dark.png">',
        f'  <img alt="All {len(CLAIMS)} claims with their verdicts: {counts}{rest}" '
        f'src="{picture}.png">',
        "</picture>",
        "",
        f"{len(known)} of the {len(CLAIMS)} claims have a verdict, "
        f"{fresh} by fresh seeds: {counts}{rest}.",
        "",
        "| claim | verdict | seeds |",
        "| --- | --- | --- |",
    ]
    for name, claim in CLAIMS.items():
        if name in known:
            one = known[name]
            kind = "fresh" if one.is_decided else "exploratory"
            outcome, seeds = one.verdict.outcome, f"{len(one.seeds)} {kind}"
        else:
            outcome, seeds = PREDICTED, "none yet"
        lines.append(f"| [{name}](verdicts.md#{name}): {claim.statement} | {outcome} | {seeds} |")
    return "\n".join(lines)


def strip() -> Figure:
    """The verdicts of all claims at a glance."""
    known = {one.claim.name: one for one in recorded()}
    rows = []
    for name in CLAIMS:
        one = known.get(name)
        seeds = "none" if one is None else "deciding" if one.is_decided else "exploratory"
        rows.append((name, one.verdict.outcome if one else PREDICTED, seeds))
    return plot.verdicts(rows, read_config(ROOT / RECORDED)["caption"])


def pages() -> dict[str, str]:
    """The two pages as they should be: path -> text."""
    parts = {
        EACH: {f"verdict {name}": section(claim) for name, claim in CLAIMS.items()},
        ALL: {"all verdicts": overview()},
    }
    return {
        path: filled((ROOT / path).read_text(encoding="utf-8"), those, PROGRAM)
        for path, those in parts.items()
    }


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    for look in (plot.LIGHT, plot.DARK):
        with plot.use_theme(look):
            plot.save(strip(), ROOT / f"{STRIP}{look.suffix}.png")

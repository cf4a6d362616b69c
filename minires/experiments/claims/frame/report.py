"""The report on all claims: as Markdown that links to the figures, and as a single HTML page that
contains them.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ....serialization.files import read_bytes, replace_text
from ... import html_page, provenance
from ...seeds import as_text
from . import registration
from .claim import Claim
from .verdict import CONTRADICTED, SUPPORTED, UNDECIDED, Verdict

OVERVIEW = "verdicts.png"  # the figure that shows all verdicts at a glance
COLOURS = {SUPPORTED: "#1b7f4d", CONTRADICTED: "#b3261e", UNDECIDED: "#6b6b6b"}


class Finding(NamedTuple):
    """A claim, its verdict, and how far the verdict can be trusted."""

    claim: Claim
    verdict: Verdict
    seeds: list[int]
    standing: str  # a sentence of `registration.standing`


def write(findings: Sequence[Finding], out: Path, config: dict[str, Any]) -> None:
    """Write ``report.md`` and ``report.html`` to the folder `out`, where the figures are."""
    replace_text(out / "report.md", markdown(findings, config))
    replace_text(out / "report.html", html(findings, out, config))


def lines(findings: Sequence[Finding]) -> list[str]:
    """The report as lines for the terminal: each claim with its verdict, then its numbers, one line
    for each criterion.
    """
    found = []
    for claim, verdict, _, standing in findings:
        found += [
            f"{claim.name}: {verdict.outcome}; {standing}",
            *(f"    {part}" for part in verdict.numbers),
        ]
    return found


def markdown(findings: Sequence[Finding], config: dict[str, Any]) -> str:
    """The report as Markdown, with links to the figures."""
    parts = [
        f"# {_title(config)}",
        _setting(config),
        f"![All verdicts at a glance]({OVERVIEW})",
        "| claim | verdict | seeds |\n| --- | --- | --- |\n"
        + "\n".join(
            f"| [{finding.claim.name}](#{finding.claim.name}): {finding.claim.statement} | "
            f"{finding.verdict.outcome} | {len(finding.seeds)} |"
            for finding in findings
        ),
    ]
    for claim, verdict, seeds, standing in findings:
        parts += [
            f"## {claim.name}",
            f"**{claim.statement}** ({claim.source})",
            "\n".join(f"- {side}: {expected}" for side, expected in claim.predictions.items()),
            f"Predicted: {registration.prediction(claim)}.",
            f"**{verdict.outcome}**: {verdict.brief}.",
            sentence(standing),
            folded(verdict),
            f"![{claim.statement}]({claim.name}.png)",
            *([f"![{claim.statement} Step by step]({claim.name}.gif)"] if claim.animate else []),
            f"Numbers: [{claim.name}.csv]({claim.name}.csv). Command: "
            f"`{_command(claim, config, seeds)}`",
        ]
    return "\n\n".join(parts) + "\n"


def html(findings: Sequence[Finding], out: Path, config: dict[str, Any]) -> str:
    """The report as an HTML page that contains its figures, read from the folder `out`."""
    rows = "".join(
        f'<tr><td><a href="#{claim.name}">{claim.name}</a></td>'
        f"<td>{escape(claim.statement)}</td><td>{_badge(verdict)}</td></tr>"
        for claim, verdict, *_ in findings
    )
    body = [
        f"<h1>{escape(_title(config))}</h1>",
        f'<p class="small">{escape(_setting(config))}</p>',
        html_page.picture(
            read_bytes(out / OVERVIEW, "a figure"), "All verdicts at a glance", "png"
        ),
        f"<table>{rows}</table>",
    ]
    for claim, verdict, seeds, standing in findings:
        pictures = "".join(
            html_page.picture(
                read_bytes(out / f"{claim.name}.{kind}", "a figure"), claim.statement, kind
            )
            for kind in ("png", *["gif"] * bool(claim.animate))
        )
        sides = "".join(
            f"<li>{escape(side)}: {escape(expected)}</li>"
            for side, expected in claim.predictions.items()
        )
        body += [
            f'<h2 id="{claim.name}">{escape(claim.statement)}</h2>',
            f'<p class="small">{escape(claim.source)}</p><ul>{sides}</ul>',
            f"<p>Predicted: {escape(registration.prediction(claim))}.</p>",
            f"<p>{_badge(verdict)} {escape(sentence(verdict.brief))} "
            f"{escape(sentence(standing))}</p>",
            f"<details><summary>All numbers</summary><p>{escape(verdict.reason)}.</p></details>",
            pictures,
            f'<p class="small">Numbers: {claim.name}.csv. Command: '
            f"<code>{escape(_command(claim, config, seeds))}</code></p>",
        ]
    return html_page.page(_title(config), body)


def folded(verdict: Verdict) -> str:
    """All numbers of a verdict as Markdown, folded: one line for each prediction."""
    parts = "\n".join(f"- {part}" for part in verdict.numbers)
    return f"<details><summary>All numbers</summary>\n\n{parts}\n\n</details>"


def sentence(words: str) -> str:
    """The words as a sentence, with a capital letter and a full stop."""
    return f"{words[0].upper()}{words[1:]}."


def _title(config: dict[str, Any]) -> str:
    return f"Why does depth hurt? Claims put to the test on {config['dataset_name']}"


def _setting(config: dict[str, Any]) -> str:
    return " ".join(
        [f"{config['caption']}, preset {config['preset']}.", *provenance.in_sentences(config)]
    )


def _command(claim: Claim, config: dict[str, Any], seeds: list[int]) -> str:
    dataset = "" if config["dataset"] == "synthetic" else f" --dataset {config['dataset']}"
    return f"minires claims {claim.name} --preset {config['preset']}{dataset}" + (
        f" --seeds {as_text(seeds)}" if seeds != [0] else ""
    )


def _badge(verdict: Verdict) -> str:
    return (
        '<span class="verdict" style="background: '
        f'{COLOURS[verdict.outcome]}">{verdict.outcome}</span>'
    )

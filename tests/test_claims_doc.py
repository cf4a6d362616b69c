"""docs/claims.md tells what the recorded run says: verdicts and numbers are worked out again from its tables."""

import re
from math import exp, log
from pathlib import Path
from statistics import mean, median

import pytest

from minires.experiments.claims import CLAIMS
from minires.experiments.records import read_config, read_table

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "data" / "recorded" / "claims"
DOCUMENT = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
TEXT = " ".join(DOCUMENT.split())
SECTIONS = dict(re.findall(r"\n### ([a-z-]+)\n(.*?)(?=\n##|\Z)", DOCUMENT, flags=re.DOTALL))
ROWS = {name: read_table(RECORDED / f"{name}.csv", claim.columns, claim.text) for name, claim in CLAIMS.items()}
SEEDS = (0, 1, 2)


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_has_its_verdict_its_figure_and_its_command(name):
    claim, rows, section = CLAIMS[name], ROWS[name], SECTIONS[name]
    assert {row["seed"] for row in rows} == set(SEEDS)
    verdict = claim.judge(rows)
    assert f"**{claim.statement}** ({claim.source})" in section
    assert f"> **{verdict.outcome}**: {verdict.reason}.\n" in section
    assert f"](../data/recorded/claims/{name}.png)" in section and f"`minires claims {name} --dataset cifar10 --seeds 3`" in section
    assert f"| [{name}](#{name}): {claim.statement} | {verdict.outcome} |" in DOCUMENT


def test_in_the_order_of_the_report():
    assert list(SECTIONS) == list(CLAIMS)


def test_linked_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", DOCUMENT):
        assert link.startswith("https://") or (ROOT / "docs" / link).exists(), link


def test_the_setting_is_that_of_the_run():
    config = read_config(RECORDED)
    environment = config["environment"]
    assert config["caption"] in TEXT and config["preset"] == "quick"
    for word in (environment["processor"], f"Python {environment['python']}", f"NumPy {environment['numpy']}", f"{environment['cores']} cores"):
        assert word in TEXT, word


def test_what_is_recorded_is_small_and_without_weights():
    files = [path for path in RECORDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10e6
    assert {path.suffix for path in files} <= {".csv", ".png", ".gif", ".json", ".md"}


def error(claim, net, variant="usual"):
    """The mean training error over the seeds, as the document writes it."""
    return f"{mean(row['train_error'] for row in ROWS[claim] if (row['net'], row['variant']) == (net, variant)):.1f} %"


def first_over_last(net):
    """Weight gradient of the first layer over the last convolution's at initialisation: geometric mean over the seeds."""
    def norm(seed, end):
        found = {row["depth"]: row["gradient_norm"] for row in ROWS["vanishing-at-initialisation"] if (row["net"], row["seed"]) == (net, seed)}
        return found[end(found)]

    return exp(mean(log(norm(seed, min) / norm(seed, max)) for seed in SEEDS))


def lost(net):
    """What dropping a block costs of the lead over chance, in percent: mean over the seeds of the median of the blocks."""
    return 100 * mean(median(row["lost"] for row in ROWS["lesions"] if (row["net"], row["lesion"], row["seed"]) == (net, "dropped", seed)) for seed in SEEDS)


def share(what):
    return 100 * mean(row["value"] for row in ROWS["trajectory"] if row["what"] == what)


def test_the_numbers_in_the_text():
    few, usual = "1,024 images", "usual"
    for sentence in (
            f"plain-56 ends at {error('degradation', 'plain-56')} training error, plain-20 at {error('degradation', 'plain-20')}",
            f"{error('degradation', 'plain-56', few)} against {error('degradation', 'plain-20', few)}",
            f"learns all but {error('degradation', 'residual-56', few)} of them",
            f"({error('degradation', 'residual-56', usual)} against {error('degradation', 'residual-20', usual)})",
            f"it goes from {error('copy', 'copy')} to {error('copy', 'copy, trained on')} training error",
            f"bring plain-56 from {error('degradation', 'plain-56')} down to {error('longer', 'plain-56', 'three times longer')}",
            f"in plain-56 is {first_over_last('plain-56'):,.0f} times the last convolution's",
            f"In residual-56 the factor is {first_over_last('residual-56'):.0f}.",
            f"it loses {lost('residual-56'):.0f} % of what it knows", f"plain-56 loses {lost('plain-56'):.0f} %",
            f"Here they hold {share('explained'):.0f} %", f"would put {share('explained, random walk'):.0f} % into two directions"):
        assert sentence in TEXT, sentence

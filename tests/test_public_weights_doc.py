"""docs/claims.md on nets that somebody else trained: its numbers are those of the recorded run."""

from pathlib import Path
from statistics import median

from minires.experiments import diagnosis_report
from minires.experiments.records import read_config

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "results" / "public-weights"
TEXT = " ".join((ROOT / "docs" / "claims.md").read_text(encoding="utf-8").split())
SHALLOW, DEEP = "resnet20-12fca82f", "resnet56-4bfd9763"
FOUND = diagnosis_report.results(RECORDED)["nets"]
TABLES = diagnosis_report.tables(RECORDED)


def lesions(net, **also):
    return [
        row
        for row in TABLES["lesions"]
        if row["net"] == net and all(row[name] == value for name, value in also.items())
    ]


def half(net):
    """Median error with about half of the blocks left out at random."""
    number = FOUND[net]["blocks"]
    counts = sorted({row["count"] for row in lesions(net, lesion="random")})
    count = min(counts, key=lambda count: abs(count - number / 2))
    return median(row["error"] for row in lesions(net, lesion="random", count=count))


def test_the_table_is_that_of_the_report():
    for row in diagnosis_report.rows(diagnosis_report.results(RECORDED)):
        assert f"| {' | '.join(row)} |" in TEXT


def test_the_numbers_in_the_text():
    shallow, deep = FOUND[SHALLOW], FOUND[DEEP]
    fewer = (
        median(row["error"] for row in lesions(DEEP, lesion="dropped", changes_shape=0)),
        median(row["error"] for row in lesions(SHALLOW, lesion="dropped", changes_shape=0)),
    )
    halving = [row["error"] for row in lesions(DEEP, lesion="dropped", changes_shape=1)]
    for sentence in (
        f"{shallow['error']:.1f} and {deep['error']:.1f} % error on these 1,000 images",
        f"from {deep['error']:.1f} to {deep['dropped_error']:.1f} %",
        f"from {shallow['error']:.1f} to {shallow['dropped_error']:.1f} %",
        f"{fewer[0]:.1f} and {fewer[1]:.1f} %",
        f"to {min(halving):.1f} and {max(halving):.1f} %",
        f"{half(DEEP):.0f} % error",
        f"{deep['response']:.3f} against {shallow['response']:.3f}, a ratio of "
        f"{deep['response'] / shallow['response']:.2f}",
        f"{deep['path_length']:.1f} ± {deep['path_length_standard_error']:.1f} of its 27",
        f"{shallow['path_length']:.1f} ± {shallow['path_length_standard_error']:.1f} of its 9",
        f"{deep['gradient_ratio']:.0f} times the smallest, in resnet-20 "
        f"{shallow['gradient_ratio']:.0f} times",
        f"from {deep['first_rank']:.0f} to {deep['last_rank']:.0f} in resnet-56, from "
        f"{shallow['first_rank']:.0f} to {shallow['last_rank']:.0f} in resnet-20",
    ):
        assert sentence in TEXT, sentence


def test_the_record_is_small_and_without_weights_or_images_of_the_data_set():
    files = [path for path in RECORDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2e6
    assert {path.suffix for path in files} <= {".csv", ".png", ".json"}
    command = read_config(RECORDED)["environment"]["command"]
    assert f"`{command.replace(' --out public-weights', '')}`" in TEXT

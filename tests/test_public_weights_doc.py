"""docs/paper_size.md, on nets that other people trained: its numbers are those of the records."""

import json
from pathlib import Path
from statistics import median

from minires.experiments import diagnosis
from minires.experiments.records import read_config

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "results" / "public-weights"
TEXT = " ".join((ROOT / "docs" / "paper_size.md").read_text(encoding="utf-8").split())
SHALLOW, DEEP = "resnet20-12fca82f", "resnet56-4bfd9763"
FOUND = diagnosis.results(RECORDED)["nets"]
TABLES = diagnosis.tables(RECORDED)


def lesions(net, **also):
    return [
        row
        for row in TABLES["lesions"]
        if row["net"] == net and all(row[name] == value for name, value in also.items())
    ]


def half(net):
    """The number of blocks that is about half of them, and the median error when that many are left
    out."""
    number = FOUND[net]["blocks"]
    counts = sorted({row["count"] for row in lesions(net, lesion="random")})
    count = min(counts, key=lambda count: abs(count - number / 2))
    return count, median(row["error"] for row in lesions(net, lesion="random", count=count))


def test_the_table_is_that_of_the_report():
    for row in diagnosis.rows(diagnosis.results(RECORDED)):
        assert f"| {' | '.join(row)} |" in TEXT


def test_the_numbers_in_the_text():
    shallow, deep = FOUND[SHALLOW], FOUND[DEEP]
    same_shape = [
        median(row["error"] for row in lesions(net, lesion="dropped", changes_shape=0))
        for net in (DEEP, SHALLOW)
    ]
    halving = [
        row["error"]
        for net in (DEEP, SHALLOW)
        for row in lesions(net, lesion="dropped", changes_shape=1)
    ]
    count, error = half(DEEP)
    for sentence in (
        f"{shallow['error']:.1f} and {deep['error']:.1f} % error on these 1,000 images",
        f"from {deep['error']:.1f} to {deep['dropped_error']:.1f} % (median of its 27 blocks)",
        f"resnet-20 from {shallow['error']:.1f} to {shallow['dropped_error']:.1f} % (of 9)",
        f"leave {same_shape[0]:.1f} and {same_shape[1]:.1f} %",
        "to {:.1f} and {:.1f} % in resnet-56, to {:.1f} and {:.1f} % in resnet-20".format(*halving),
        f"leaves {deep['swapped_error']:.1f} % in resnet-56",
        f"without {count} of its 27 blocks, drawn at random, it has {error:.0f} % error",
        f"{deep['response']:.3f} against {shallow['response']:.3f}, a ratio of "
        f"{deep['response'] / shallow['response']:.2f}",
        f"{deep['path_length']:.1f} ± {deep['path_length_standard_error']:.1f} of its 27",
        f"{shallow['path_length']:.1f} ± {shallow['path_length_standard_error']:.1f} of its 9",
        f"{deep['gradient_ratio']:.1f} times the smallest, in resnet-20 "
        f"{shallow['gradient_ratio']:.1f} times",
        f"from {deep['first_rank']:.0f} to {deep['last_rank']:.0f} in resnet-56, from "
        f"{shallow['first_rank']:.0f} to {shallow['last_rank']:.0f} in resnet-20",
        f"{max(row['rank'] for row in TABLES['ranks'] if row['net'] == DEEP):.0f} and "
        f"{max(row['rank'] for row in TABLES['ranks'] if row['net'] == SHALLOW):.0f} in between",
    ):
        assert sentence in TEXT, sentence


def test_the_record_is_small_and_without_weights_or_images_of_the_data_set():
    files = [path for path in RECORDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2e6
    assert {path.suffix for path in files} <= {".csv", ".png", ".json"}
    command = read_config(RECORDED)["environment"]["command"]
    assert f"`{command.replace(' --out public-weights', '')}`" in TEXT


def test_files_that_keras_wrote():
    """docs/public_weights.md: the same logits as in Keras."""
    files = json.loads((RECORDED / "keras.json").read_text())["files"]
    assert max(one["largest_difference"] for one in files) < 1e-4
    text = " ".join((ROOT / "docs" / "public_weights.md").read_text(encoding="utf-8").split())
    assert len(files) == 9 and "in nine files of all its formats" in text
    assert "logits differ by less than 0.0001](../results/public-weights/keras.json)" in text

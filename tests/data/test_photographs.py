"""Photographs in folders: found, decoded once, cropped at random, and the same batches with any
number of processes."""

import json
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from minires import data
from minires.data import cache, transforms
from minires.data.images import decode
from minires.errors import CheckpointError, ConfigError, DataError

from . import photo_folders
from .loading import loader

Image = pytest.importorskip("PIL.Image")
CLASSES = ("heron", "otter", "wren")
CROPS = {"crop_scale": 0.2, "flip": True}


def draw(path, number, size=(40, 30)):
    """A picture of (width, height) pixels in a colour of its own."""
    rng = np.random.default_rng(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    small = rng.integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(small).resize(size, Image.Resampling.BILINEAR).save(path)


@pytest.fixture
def folder(tmp_path):
    """Three classes of 5 pictures, no two of one size."""
    for label, name in enumerate(CLASSES):
        for i in range(5):
            draw(
                tmp_path / "birds" / name / f"{i}.{'jpg' if i % 2 else 'png'}",
                10 * label + i,
                (40 + 3 * i, 30 + 2 * label),
            )
    return tmp_path / "birds"


load = partial(photo_folders.load, size=16)


def test_a_part_of_each_class_is_held_out(folder):
    train, test = load(folder)
    assert train.classes == CLASSES and train.name == "birds" and (len(train), len(test)) == (12, 3)
    assert np.bincount(train.labels).tolist() == [4, 4, 4] and np.bincount(
        test.labels
    ).tolist() == [1, 1, 1]
    assert not set(train.indices) & set(test.indices)
    assert "12 photographs, seen at 16x16, 3 classes" in repr(train)
    other = load(folder, seed=1)[1]
    assert set(other.indices) != set(test.indices) and np.array_equal(
        load(folder)[1].indices, test.indices
    )


def test_a_picture_and_its_label_belong_together(folder):
    train, test = load(folder)
    files = sorted(path for path in folder.rglob("*.*"))
    for some in (train, test):
        for place, label in zip(some.indices, some.labels):
            assert files[place].parent.name == CLASSES[label]
            height, width = decode(files[place]).shape[:2]
            assert min(some.pictures[place].shape[:2]) == min(height, width, 18)  # 16 * 8 / 7


def test_folders_for_training_and_testing(folder, tmp_path):
    root = tmp_path / "parted"
    for part, names in (("train", ("0.png", "1.jpg", "2.png")), ("val", ("3.jpg",))):
        for name in CLASSES:
            for file in names:
                (root / part / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / name / file, root / part / name / file)
    train, test = load(root)
    assert (len(train), len(test)) == (9, 3) and train.classes == test.classes == CLASSES
    shutil.rmtree(root / "val" / "wren")
    with pytest.raises(
        DataError, match=r"train/ and val/ hold different classes.*only in train/: wren"
    ):
        load(root)


def test_evaluation_is_torchvisions_preparation_of_each_picture(folder):
    """The cache holds every pixel of pictures that are no larger than needed, so their result is
    the same to the bit."""
    train, test = load(folder, size=32)  # 37 pixels wanted, none has more than 34
    files = sorted(path for path in folder.rglob("*.*"))
    ((images, labels),) = loader(train).eval_loader(test, 500)
    expected = [transforms.ImageTransform(37, 32)(decode(files[place])) for place in test.indices]
    assert [tuple(size) for size in train.pictures.sizes] == [
        decode(file).shape[:2] for file in files
    ]
    assert (
        images.dtype == np.float32
        and np.allclose(images, expected, atol=1e-6)
        and np.array_equal(labels, test.labels)
    )


def test_batches_are_the_same_with_any_number_of_processes(folder):
    train, test = load(folder)
    many = load(folder, workers=2)[0]
    one, two = loader(train, **CROPS), loader(many, **CROPS)
    for _ in range(7):
        (images, labels), (others, their_labels) = next(one), next(two)
        assert (
            np.array_equal(images, others)
            and np.array_equal(labels, their_labels)
            and images.shape == (4, 16, 16, 3)
        )
    here, there = (list(batches.eval_loader(test, 2)) for batches in (one, two))
    assert len(here) == len(there) == 2 and all(
        np.array_equal(a, b) for (a, _), (b, _) in zip(here, there)
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_a_stream_goes_on_where_it_stopped_although_batches_were_prepared_ahead(folder, workers):
    train, _ = load(folder, workers=workers)
    batches = loader(train, **CROPS)
    for _ in range(5):
        next(batches)
    state = batches.state_dict()
    json.dumps({**state, "permutation": None})
    expected = [next(batches) for _ in range(6)]
    for again in (loader(train, **CROPS), batches):
        again.load_state_dict(state)
        for (images, labels), (other, other_labels) in zip(
            expected, [next(again) for _ in range(6)]
        ):
            assert np.array_equal(images, other) and np.array_equal(labels, other_labels)


def test_an_epoch_has_every_photograph_once(folder):
    train, _ = load(folder)
    plain = loader(train)
    seen = np.concatenate([next(plain)[0] for _ in range(3)])
    middle = np.concatenate([images for images, _ in plain.eval_loader(train, 500)])
    assert {image.tobytes() for image in seen} == {image.tobytes() for image in middle} and len(
        seen
    ) == 12


def test_flipped_images_are_mirrored_left_to_right(folder):
    train, _ = load(folder)
    batches = loader(train, 12, flip=True)
    images, labels = next(batches)
    middle = {image.tobytes() for images, _ in batches.eval_loader(train, 500) for image in images}
    mirrored = [image.tobytes() not in middle for image in images]
    assert 0 < sum(mirrored) < 12
    assert all(
        image[:, ::-1].tobytes() in middle for image, turned in zip(images, mirrored) if turned
    )


def test_random_crops_are_inside_the_picture_and_of_the_sizes_wanted():
    rng, areas = np.random.default_rng(0), []
    for height, width in ((300, 400), (256, 256), (1000, 300)):
        for _ in range(500):
            top, left, h, w = transforms.random_box(height, width, 0.3, rng)
            assert 0 <= top <= top + h <= height and 0 <= left <= left + w <= width
            assert (
                0.74 < w / h < 1.35
                and h * w > 0.29 * height * width
                or (height, width) == (1000, 300)
            )
            areas.append(h * w / (height * width))
    assert min(areas) < 0.35 and max(areas) > 0.95
    assert transforms.random_box(10, 10_000, 0.5, rng) == (
        0,
        (10_000 - 13) // 2,
        10,
        13,
    )  # no such crop exists: the middle is taken
    assert all(0 < side for side in transforms.random_box(1, 1, 0.01, rng)[2:])


def test_a_crop_is_resized_as_by_pillow(folder):
    pixels = decode(folder / "otter" / "0.png")
    expected = (
        Image.fromarray(pixels).crop((5, 3, 25, 23)).resize((16, 16), Image.Resampling.BILINEAR)
    )
    assert np.array_equal(transforms.crop_box(pixels, (3, 5, 20, 20), 16), np.asarray(expected))


def test_pictures_are_decoded_once_and_again_when_a_file_changes(folder, monkeypatch):
    calls = []
    monkeypatch.setattr(
        cache, "decode_quietly", lambda path: calls.append(path.name) or decode(path)
    )
    load(folder)
    assert len(calls) == 15
    load(folder, seed=3)
    assert len(calls) == 15  # another choice of test pictures decodes nothing
    draw(folder / "wren" / "0.png", 99, (50, 50))
    os.utime(folder / "wren" / "0.png", ns=(1, 1))
    train, test = load(folder)
    assert len(calls) == 30 and len(train.pictures) == 15
    load(folder, size=20)
    assert len(calls) == 45
    load(folder)
    assert len(calls) == 45  # one cache for each size
    assert sorted(
        path.name.rpartition("-")[2] for path in (folder.parent / "cache").glob("[!.]*")
    ) == [
        "18",
        "23",
    ]  # 8/7 of 16 and of 20


def test_a_truncated_cache_is_made_again(folder):
    train, _ = load(folder)
    for name in ("index.json", "pixels.bin"):
        file = train.pictures.folder / name
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        assert len(load(folder)[0]) == 12 and file.read_bytes() == content


def test_the_unfinished_cache_of_a_killed_run_is_removed(folder):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    load(folder)
    (cache_folder,) = (folder.parent / "cache").glob("[!.]*")
    left, of_another = (
        cache_folder.with_name(f"{cache_folder.name}.{number}.part")
        for number in (dead.pid, os.getpid())
    )
    left.mkdir()
    of_another.mkdir()
    load(folder)
    assert not left.exists() and of_another.exists()


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="started fast, by a fork"
)
def test_processes_that_make_one_cache_at_once(folder):
    """One of them makes it, and the others wait."""
    processes = multiprocessing.get_context("fork")
    started = [processes.Process(target=load, args=(folder,)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 4
    names = [path.name for path in (folder.parent / "cache").glob("*") if path.name[0] != "."]
    assert len(names) == 1 and len(load(folder)[0]) == 12


def test_a_cache_that_is_replaced_while_in_use_is_noticed(folder):
    """A process that opens it later than the main process must not cut other pictures."""
    train, _ = load(folder)
    sent = pickle.dumps(train.pictures)
    os.utime(folder / "wren" / "0.png", ns=(1, 1))
    load(folder)
    cache._open.cache_clear()
    with pytest.raises(DataError, match="made anew while it was in use"):
        pickle.loads(sent)


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_that_cannot_be_read_are_named(folder, workers):
    for i in range(7):
        (folder / "otter" / f"broken{i}.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    with pytest.raises(
        DataError,
        match=r"7 of 22 cannot be read.*broken0.jpg.*broken4.jpg.* and 2 more; mend them, take "
        r"them out .* with --skip-damaged",
    ):
        load(folder, workers=workers)


def test_a_cache_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cache of pictures cannot be written.*--cache"):
        load(folder, cache=tmp_path / "file")


def test_invalid_folders(folder, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load(tmp_path / "nothing")
    with pytest.raises(DataError, match="not a folder"):
        load(folder / "wren" / "0.png")
    with pytest.raises(DataError, match="0 folders and 5 loose pictures"):
        load(folder / "wren")
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="a class without pictures.*got none in empty/"):
        load(folder)
    draw(folder / "empty" / "one.png", 1)
    with pytest.raises(DataError, match="too few pictures: expected two or more"):
        load(folder)
    shutil.copytree(folder, tmp_path / "odd" / "val")
    with pytest.raises(DataError, match="val/ without train/"):
        load(tmp_path / "odd")


def test_a_class_may_be_called_train(folder):
    (folder / "wren").rename(folder / "train")
    assert load(folder)[0].classes == ("heron", "otter", "train")


def test_pictures_in_a_format_that_is_not_read_are_mentioned(folder):
    for path in (folder / "wren").iterdir():
        path.write_text("none")
        path.rename(path.with_suffix(".TXT"))
    with pytest.raises(
        DataError, match=r"none in wren/ \(5 .txt only\); convert the files that are there"
    ):
        load(folder)


def test_the_transform_of_another_net(folder):
    """Scaled and normalised as for a net that was not trained on ImageNet."""
    transform = data.ImageTransform(resize=16, crop=16, mean=(0.5, 0.4, 0.3), std=(1, 1, 1))
    _, test = load(folder, transform=transform)
    files = sorted(path for path in folder.rglob("*.*"))
    ((images, _),) = data.eval_loader(test, 500)
    expected = [test.transform(decode(files[place])) for place in test.indices]
    assert np.allclose(images, expected, atol=1e-6)
    assert test.transform.as_dict() == {
        "resize": 16,
        "crop": 16,
        "mean": [0.5, 0.4, 0.3],
        "std": [1, 1, 1],
    }


def test_photographs_have_no_mean_image(folder):
    with pytest.raises(
        ConfigError, match="mean: expected none for these examples, got a mean image"
    ):
        data.eval_loader(load(folder)[1], 4, np.zeros((16, 16, 3), np.float32))


@pytest.mark.skipif(os.name != "posix", reason="asks the system for processes by their number")
def test_workers_end_with_the_main_program_however_it_ends():
    program = (
        "from minires.data import workers\nimport os, sys, time\n"
        "if __name__ == '__main__':\n    print(workers.submit(1, os.getpid).result(), "
        "flush=True)\n    time.sleep(60)\n"
    )
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "program.py").write_text(program)
        main = subprocess.Popen(
            [sys.executable, str(Path(place) / "program.py")], stdout=subprocess.PIPE, text=True
        )
        worker = int(main.stdout.readline())
        main.kill()
        main.wait()
        deadline = time.monotonic() + 20
        while _is_alive(worker) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _is_alive(worker)


def _is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def test_hidden_folders_and_other_files_are_passed_over(folder):
    (folder / ".thumbnails").mkdir()
    (folder / "wren" / "notes.txt").write_text("seen at dawn")
    (folder / "wren" / ".hidden.png").write_text("")
    assert len(load(folder)[0]) == 12


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"size": 0}, "size"),
        ({"val_fraction": 1.0}, "val_fraction"),
        ({"workers": -1}, "workers"),
        ({"workers": 1.5}, "workers"),
    ],
)
def test_invalid_settings(folder, settings, words):
    with pytest.raises(ConfigError, match=words):
        load(folder, **settings)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"crop_padding": 4}, "crop_padding is for images of one size"),
        ({"crop_scale": 1.5}, "crop_scale: expected a number above 0 and at most 1"),
        ({"batch_size": 13}, "batch_size of at most 12"),
        ({"batch_size": 0}, "batch_size: expected a whole number of at least 1"),
    ],
)
def test_settings_that_do_not_go_with_photographs(folder, settings, words):
    with pytest.raises(ConfigError, match=words):
        loader(load(folder)[0], **settings)


def test_small_images_have_no_random_crops():
    train, _ = data.synthetic(20, 10)
    with pytest.raises(ConfigError, match="crop_scale is for photographs"):
        loader(train, crop_scale=0.5)


@pytest.mark.parametrize("n", [0, 13, 1.5, True])
def test_take_more_than_there_is(folder, n):
    train, _ = load(folder)
    with pytest.raises(ConfigError, match="1 to 12"):
        train.take(n)


def test_a_state_of_another_set(folder):
    train, _ = load(folder)
    state = loader(train).state_dict()
    with pytest.raises(CheckpointError, match="a permutation of 6 images"):
        loader(train.take(6)).load_state_dict(state)


def test_a_process_that_ends_is_reported(folder):
    from minires.data import workers

    with pytest.raises(
        DataError, match="a process that prepares images ended.*__main__.*workers=0"
    ):
        workers.result(workers.submit(1, os._exit, 1))
    assert workers.result(workers.submit(1, abs, -2)) == 2  # and the next call gets new processes


@pytest.mark.slow  # starts processes, each of which imports minires
def test_a_program_without_a_main_guard_ends_with_an_error(folder, tmp_path):
    """Its worker processes used to run it again and wait for ever for the cache that it was
    making."""
    (tmp_path / "program.py").write_text(
        "import minires as mr\n"
        f"mr.data.image_folder({str(folder)!r}, size=16, workers=2, cache={str(tmp_path / 'c')!r})"
    )
    words = [sys.executable, str(tmp_path / "program.py")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert 'does your program lack the line  if __name__ == "__main__":' in ended.stderr


@pytest.mark.slow  # starts a program, whose worker imports minires
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals of POSIX")
def test_ctrl_c_is_blocked_in_a_worker_from_its_beginning(tmp_path):
    """Python used to unblock it when it started the first worker of a program."""
    (tmp_path / "program.py").write_text(
        "import signal\n"
        "from minires.data import workers\n"
        'if __name__ == "__main__":\n'
        "    arguments = signal.SIG_BLOCK, []\n"
        "    print(workers.result(workers.submit(1, signal.pthread_sigmask, *arguments)))\n"
    )
    words = [sys.executable, str(tmp_path / "program.py")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert "SIGINT" in ended.stdout, ended.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to itself")
def test_ctrl_c_while_work_is_handed_out_is_not_lost(monkeypatch):
    """Ctrl-C used to be ignored there, which with small pictures is most of the time."""
    from minires.data import workers

    class Pool:
        def submit(self, *_):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(workers, "_pool", lambda _: Pool())
    with pytest.raises(KeyboardInterrupt):
        workers.submit(1, abs, -1)
        time.sleep(5)


def test_results_come_in_order_and_few_are_ahead():
    from minires.data import workers

    handed_out = []

    def tasks():
        for i in range(20):
            handed_out.append(i)
            yield (-i,)

    results = workers.in_order(2, abs, tasks())
    assert next(results) == 0 and len(handed_out) <= 2 * workers.AHEAD + 1
    assert list(results) == list(range(1, 20))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_endless_devices_among_the_pictures_are_not_read(folder):
    before = sum(map(len, load(folder)))
    os.mkfifo(folder / "heron" / "pipe.png")
    (folder / "heron" / "endless.png").symlink_to("/dev/zero")
    (folder / "heron" / "broken.png").symlink_to("nowhere")
    (folder / "heron" / "loop").symlink_to(folder)
    assert sum(map(len, load(folder))) == before


@pytest.mark.parametrize(
    "name, value",
    [
        ("names", 3),
        ("names", ["a.png"]),
        ("sizes", [[-1, -5]] * 15),
        ("sizes", [[2**70, 1]] * 15),
        ("sizes", [[1]] * 15),
        ("sizes", 0.5),
        ("sizes", []),
    ],
)
def test_a_damaged_index_of_decoded_pictures_is_made_again(folder, name, value):
    load(folder)
    (index,) = (folder.parent / "cache").rglob("index.json")
    whole = json.loads(index.read_text())
    index.write_text(json.dumps(whole | {name: value}))
    train, test = load(folder)
    assert len(train) + len(test) == 15 and json.loads(index.read_text()) == whole

"""``minires predict`` as a user meets it: its answers are PyTorch's, and each mistake gets one
line."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import minires as mr
from minires.cli import main
from minires.data.class_names import imagenet_classes
from minires.data.transforms import MEAN, STD
from minires.training import RunConfig, Trainer
from minires.training.inference import predict

from ..data.pictures import drawing
from ..opened import openings
from ..prediction import NAMES, net, write_photos
from ..slow import slow_but

Image = pytest.importorskip("PIL.Image", reason="Pillow, which decodes pictures, is not installed")
COMMAND = [sys.executable, "-m", "minires", "predict"]
SMALL = ["--model", "resnet-8", "--net", "width=4"]


@pytest.fixture
def photos(tmp_path):
    return write_photos(tmp_path / "photos")


@pytest.fixture
def weights(tmp_path):
    mr.save(net(), tmp_path / "net.safetensors", classes=NAMES)
    return tmp_path / "net.safetensors"


def in_pytorch(torch, net, files, resize, crop):
    """Softmax for each file, prepared by torchvision; without torchvision, by the same steps with
    Pillow."""
    images = []
    for file in files:
        image = Image.open(file).convert("RGB")
        try:
            from torchvision import transforms
        except ImportError:
            width, height = image.size
            short, long = sorted(image.size)
            longer = int(resize * long / short)
            image = image.resize(
                (resize, longer) if width <= height else (longer, resize), Image.Resampling.BILINEAR
            )
            left, top = round((image.width - crop) / 2.0), round((image.height - crop) / 2.0)
            image = image.crop((left, top, left + crop, top + crop))
            pixels = torch.tensor(np.asarray(image) / 255.0)
            normalised = (pixels - torch.tensor(MEAN)) / torch.tensor(STD)
            images.append(normalised.permute(2, 0, 1).float())
        else:
            prepare = transforms.Compose(
                [
                    transforms.Resize(resize),
                    transforms.CenterCrop(crop),
                    transforms.ToTensor(),
                    transforms.Normalize(MEAN, STD),
                ]
            )
            images.append(prepare(image))
    with torch.no_grad():
        return torch.softmax(net(torch.stack(images)), dim=1).numpy()


@pytest.mark.parametrize(
    "depth, suffix", [(18, ".pth"), (18, ".safetensors"), (50, ".safetensors")]
)
def test_the_same_top_5_as_pytorch(torch, depth, suffix, tmp_path, capsys):
    """PyTorch's weights under torchvision's names, pictures in files: the same probabilities."""
    from safetensors.torch import save_file

    from benchmarks.pytorch_imagenet import Net

    files = []
    for i, (height, width, kind) in enumerate(
        [(90, 120, "png"), (131, 75, "jpg"), (64, 64, "png"), (99, 301, "jpg"), (333, 87, "jpg")]
    ):
        files.append(str(tmp_path / f"{i}.{kind}"))
        Image.fromarray(drawing(height, width, seed=i)).save(files[-1])
    torch.manual_seed(0)
    theirs = Net(depth, num_classes=1000)
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # from here on, the statistics of the pictures
            module.weight.data.uniform_(0.5, 1)
            module.bias.data.uniform_(-0.2, 0.2)
    # otherwise all classes have about the same probability
    theirs.fc.weight.data *= 5 if depth == 50 else 8
    in_pytorch(torch, theirs.train(), files, 73, 64)
    write = save_file if suffix == ".safetensors" else torch.save
    write(theirs.eval().state_dict(), tmp_path / f"weights{suffix}")
    words = [
        "--model",
        f"resnet{depth}",
        "--weights",
        str(tmp_path / f"weights{suffix}"),
        "--resize",
        "73",
        "--crop",
        "64",
        "--json",
        "--batch-size",
        "2",
    ]
    assert main(["predict", *files, *words]) == 0
    made = json.loads(capsys.readouterr().out)
    names = imagenet_classes()
    probabilities = in_pytorch(torch, theirs, files, 73, 64)
    # The first classes stand out, and differ by more than rounding, so their order can be compared.
    assert probabilities.max(axis=1).min() > 0.05
    assert np.diff(np.sort(probabilities)[:, -6:]).min() > 5e-4
    for entry, file, expected in zip(made, files, probabilities, strict=True):
        best = np.argsort(-expected)[:5]
        assert entry["path"] == file and [guess["index"] for guess in entry["top"]] == best.tolist()
        assert [guess["class"] for guess in entry["top"]] == [names[i] for i in best]
        found = np.array([guess["probability"] for guess in entry["top"]])
        assert abs(found - expected[best]).max() < 1e-4
    assert len({entry["top"][0]["probability"] for entry in made}) == 5


def test_a_folder_on_a_terminal(photos, weights, capsys):
    assert main(["predict", str(photos), *SMALL, "--weights", str(weights), "--top", "2"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    names = ("a.png", "b.JPG", "c.gif", "d.bmp", "e.webp")
    assert lines[::3] == [str(photos / name) for name in names] and len(lines) == 15
    note = f"minires: note: {photos}: left out: 1 .txt, 1 hidden file\n"
    assert "".join(sorted(printed.err)) == "".join(sorted(note))  # in either order
    assert printed.err.startswith(note[:40]) and lines[1].split(" %  ")[1] in NAMES
    assert float(lines[1].split(" %")[0]) >= float(lines[2].split(" %")[0])


def test_json_is_all_that_is_printed(photos, weights, capsys):
    words = [str(photos), str(photos / "notes.txt"), *SMALL, "--weights", str(weights), "--json"]
    assert main(["predict", *words]) == 1
    printed = capsys.readouterr()
    made = json.loads(printed.out)
    assert len(made) == 6 and set(made[0]) == {"path", "top"}
    assert set(made[0]["top"][0]) == {"class", "probability", "index"}
    assert made[5]["path"].endswith("notes.txt") and "not a picture" in made[5]["error"]
    assert "not a picture" in printed.err


def test_files_that_cannot_be_read_are_reported_and_the_others_predicted(photos, weights, capsys):
    (photos / "broken.png").write_bytes((photos / "a.png").read_bytes()[:200])
    assert (
        main(
            [
                "predict",
                str(photos / "nothing.png"),
                str(photos / "broken.png"),
                str(photos / "a.png"),
                *SMALL,
                "--weights",
                str(weights),
            ]
        )
        == 1
    )
    printed = capsys.readouterr()
    assert printed.out.startswith(str(photos / "a.png"))
    assert printed.err.count("minires: error: ") == 2
    assert "no such file" in printed.err and "a damaged picture" in printed.err
    assert "2 of 3 pictures could not be read" in printed.err


def test_a_note_for_an_animation(photos, weights, capsys):
    first, second = (Image.fromarray(drawing(seed=i)) for i in range(2))
    first.save(photos / "c.gif", save_all=True, append_images=[second])
    assert main(["predict", str(photos / "c.gif"), *SMALL, "--weights", str(weights)]) == 0
    assert capsys.readouterr().err == (
        f"minires: note: {photos / 'c.gif'}: holds several pictures, an animation or pages; "
        "the first is taken\n"
    )


def test_names_of_classes(photos, weights, tmp_path, capsys):
    """They come from a file that is named, or else from the file of weights; without either they
    are numbers."""
    (tmp_path / "names.txt").write_text("one\ntwo\nthree\nfour\n")
    command = ["predict", str(photos / "a.png"), *SMALL, "--weights"]
    assert main([*command, str(weights), "--classes", str(tmp_path / "names.txt")]) == 0
    assert "three" in capsys.readouterr().out
    assert main([*command, str(weights)]) == 0
    assert "cat" in capsys.readouterr().out
    mr.save(net(), tmp_path / "plain.safetensors")
    assert main([*command, str(tmp_path / "plain.safetensors")]) == 0
    assert "class 2" in capsys.readouterr().out
    (tmp_path / "names.txt").write_text("one\ntwo\n")
    assert main([*command, str(weights), "--classes", str(tmp_path / "names.txt")]) == 1
    complaint = capsys.readouterr().err
    assert "names.txt: class names: expected 4, one for each output of the net, got 2" in complaint


def test_mean_and_std_of_another_training_set(photos, weights, capsys):
    seen = []
    for words in ([], ["--mean", "0", "0", "0", "--std", "1", "1", "1"]):
        assert (
            main(
                [
                    "predict",
                    str(photos / "a.png"),
                    *SMALL,
                    "--weights",
                    str(weights),
                    "--json",
                    *words,
                ]
            )
            == 0
        )
        seen.append(json.loads(capsys.readouterr().out)[0]["top"])
    assert seen[0] != seen[1]
    (one,) = predict(
        net(),
        [photos / "a.png"],
        progress=False,
        transform={"resize": 32, "crop": 32, "mean": (0, 0, 0), "std": (1, 1, 1)},
    )
    assert np.allclose(
        [guess["probability"] for guess in seen[1]], [guess.probability for guess in one.top]
    )


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["--top", "0"], "a whole number of at least 1"),
        (["--topp", "3"], "did you mean --top?"),
        (["--wieghts", "x"], "did you mean --weights?"),
        (["--net", "width"], "expected NAME=VALUE"),
        (["--mean", "0.5"], "expected 3 arguments"),
        (["--mean", "0", "nan", "0"], "expected a number, got 'nan'"),
        (["--crop", "big"], "a whole number of at least 1"),
    ],
)
def test_wrong_arguments(words, complaint, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["predict", "a.png", "--model", "resnet-8", *words])
    assert stop.value.code == 2 and complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [[], ["a.png"], ["a.png", "--model", "resnet50"], ["--model", "resnet50", "--weights", "x"]],
)
def test_missing_arguments(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["predict", *words])
    assert stop.value.code == 2 and "required" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["--model", "resnet51"], "did you mean 'resnet50'?"),
        (
            ["--model", "resnet-14"],
            "a net with 1 + 1 + 1 basic blocks in its stages, but this one has 2 + 2 + 2 "
            "basic blocks",
        ),
        (
            ["--net", "width=8"],
            "net.safetensors: the weights come from a net of another width: its first "
            "convolution has 4 "
            "channels, this net's has 8",
        ),
        (["--net", "widht=8"], "did you mean 'width'?"),
        (["--net", "num_classes=3", "width=4"], "a net for 4 classes"),
        (
            ["--weights", "nothing.pth"],
            "nothing.pth: no such file: expected a file of weights: .safetensors, .pth, .npz, .h5 "
            "or .keras",
        ),
        (["--weights", "photos"], "a folder"),
        (["--weights", "photos/a.png"], "got a picture; name the file of weights"),
        (["--classes", "nothing.txt"], "nothing.txt: no such file: expected class names"),
        (["--device", "cuda"], "for an NVIDIA GPU say 'gpu'"),
        (["--resize", "16"], "add --crop 16"),
        (["--std", "1", "0", "1"], "three numbers above 0"),
    ],
)
def test_each_error_is_one_line(words, complaint, photos, weights, capsys, monkeypatch):
    monkeypatch.chdir(photos.parent)
    assert main(["predict", "photos/a.png", *SMALL, "--weights", str(weights), *words]) == 1
    printed = capsys.readouterr()
    assert complaint in printed.err and printed.err.startswith("minires: error: ")
    assert printed.err.count("\n") == 1 and printed.out == ""


def test_settings_of_the_net_add_up(photos, tmp_path):
    mr.save(mr.models.resnet(8, width=4, num_classes=4, shortcut="B"), tmp_path / "net.safetensors")
    assert (
        main(
            [
                "predict",
                str(photos / "a.png"),
                "--model",
                "resnet-8",
                "--net",
                "width=4",
                "--net",
                "shortcut=B",
                "--weights",
                str(tmp_path / "net.safetensors"),
            ]
        )
        == 0
    )


def test_a_folder_without_pictures(photos, weights, capsys):
    for path in photos.iterdir():
        if path.is_file() and path.name != "notes.txt":
            path.unlink()
    assert main(["predict", str(photos), *SMALL, "--weights", str(weights)]) == 1
    complaint = capsys.readouterr().err
    assert "a folder without pictures" in complaint and "got 1 .txt" in complaint


def test_folders_within_a_folder(photos, weights, capsys):
    (photos / "c.gif").rename(photos / "inside" / "c.gif")
    assert main(["predict", str(photos), *SMALL, "--weights", str(weights), "--top", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()[::2]
    inner = str(photos / "inside" / "c.gif")
    assert printed == [str(photos / name) for name in ("a.png", "b.JPG", "d.bmp", "e.webp")] + [
        inner
    ]


def test_damaged_pictures_can_be_skipped(photos, weights, capsys):
    """One line at the end names them. The exit status is 0 unless nothing could be read."""
    (photos / "broken.png").write_bytes((photos / "a.png").read_bytes()[:200])
    words = ["predict", str(photos), *SMALL, "--weights", str(weights), "--skip-damaged"]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert printed.out.count(" %  ") == 20 and "error" not in printed.err
    path = photos / "broken.png"
    assert f"note: left out: 1 damaged of 6 pictures: {path}: a damaged picture" in printed.err
    assert main([*words, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert [one["path"] for one in made if "error" in one] == [str(path)]
    for name in ("a.png", "b.JPG", "c.gif", "d.bmp", "e.webp"):
        (photos / name).unlink()
    assert main(words) == 1


def test_without_pillow_it_says_so_once(photos, weights, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert main(["predict", str(photos), *SMALL, "--weights", str(weights)]) == 1
    assert capsys.readouterr().err.count('pip install "minires[images]"') == 1


def test_the_net_of_a_run_of_the_experiment(photos, tmp_path, capsys):
    """A checkpoint, as `minires degradation` leaves it, is a file of weights too."""
    train, test = mr.data.synthetic(32, 16)
    config = RunConfig(iterations=2, batch_size=16)
    Trainer(
        net(10),
        train.resize(8),
        test.resize(8),
        config,
        path=tmp_path / "run.safetensors",
        progress=False,
    ).run()
    assert (
        main(
            [
                "predict",
                str(photos / "a.png"),
                *SMALL,
                "--weights",
                str(tmp_path / "run.safetensors"),
            ]
        )
        == 0
    )
    assert "class" in capsys.readouterr().out


def test_a_file_of_weights_says_how_to_prepare_pictures(photos, tmp_path, capsys):
    """Flags override it. A crop of another size changes the resizing too."""
    stored = {"resize": 40, "crop": 20, "mean": [0.5, 0.4, 0.3], "std": [1, 1, 1]}
    mr.save(net(), tmp_path / "net.safetensors", transform=stored)
    for words, changed in (
        ([], {}),
        (["--crop", "16"], {"crop": 16, "resize": 32}),
        (["--resize", "20", "--mean", "0", "0", "0"], {"resize": 20, "mean": (0, 0, 0)}),
    ):
        assert (
            main(
                [
                    "predict",
                    str(photos / "a.png"),
                    *SMALL,
                    "--weights",
                    str(tmp_path / "net.safetensors"),
                    "--json",
                    *words,
                ]
            )
            == 0
        )
        found = json.loads(capsys.readouterr().out)[0]["top"]
        (expected,) = predict(net(), [photos / "a.png"], progress=False, transform=stored | changed)
        assert np.allclose(
            [guess["probability"] for guess in found],
            [guess.probability for guess in expected.top],
            atol=1e-6,
        ), words


# With drawn images 2,000 pictures are written and read, which takes seconds.
@pytest.mark.parametrize("kind", slow_but(["photographs"], ["drawn", "photographs"]))
def test_a_net_trained_here_sees_pictures_as_it_did_in_training(kind, tmp_path, capsys):
    """`minires train` writes class names and the transform into the file of weights. With them, the
    test set's own pictures, as files, get the predictions that they got in the evaluation during
    training. (Drawn images are checked with the mean colour instead of the mean image.)"""
    out, files = tmp_path / "run", []
    words = [
        "train",
        "--model",
        "resnet-8",
        "--net",
        "width=4",
        "--iterations",
        "4",
        "--batch-size",
        "8",
        "--image-size",
        "16",
        "--out",
        str(out),
    ]
    if kind == "drawn":
        assert main([*words, "--train-size", "64", "--test-size", "10"]) == 0
        dataset = mr.data.synthetic(64)[1].resize(16).take(10)
        for i, image in enumerate(dataset.images):
            files.append(tmp_path / f"{i}.png")
            Image.fromarray(image).save(files[-1])
        mean = mr.data.synthetic(64)[0].resize(16).pixel_mean().mean(axis=(0, 1))
        images = dataset.images / np.float32(255) - mean
    else:
        for i in range(24):
            folder = tmp_path / "photos" / ("train" if i < 16 else "val") / "ab"[i % 2]
            folder.mkdir(parents=True, exist_ok=True)
            files.append(folder / f"{i:02}.png")
            Image.fromarray(drawing(30 + i, 70 - i, seed=i)).save(files[-1])
        files = files[16::2] + files[17::2]
        assert (
            main(
                [
                    *words,
                    "--dataset",
                    "folder",
                    "--data",
                    str(tmp_path / "photos"),
                    "--workers",
                    "0",
                    "--cache",
                    str(tmp_path / "cache"),
                ]
            )
            == 0
        )
        _, test = mr.data.image_folder(
            tmp_path / "photos", 16, workers=0, cache=tmp_path / "cache", progress=False
        )
        images = np.concatenate([images for images, _ in mr.data.eval_loader(test, 8)])
    capsys.readouterr()
    assert (
        main(
            [
                "predict",
                *map(str, files),
                "--model",
                "resnet-8",
                "--net",
                "width=4",
                "--weights",
                str(out / "weights.safetensors"),
                "--json",
                "--top",
                "10",
            ]
        )
        == 0
    )
    model = mr.models.resnet(8, width=4, num_classes=10 if kind == "drawn" else 2)
    mr.load(model, out / "weights.safetensors")
    inputs = mr.Tensor(np.ascontiguousarray(images, np.float32))
    logits = model.eval()(inputs).data.astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for entry, row in zip(json.loads(capsys.readouterr().out), expected, strict=True):
        assert all(abs(guess["probability"] - row[guess["index"]]) < 1e-4 for guess in entry["top"])
        classes = mr.data.synthetic(64)[0].classes if kind == "drawn" else "ab"
        assert {guess["class"] for guess in entry["top"]} == set(classes)


def test_letters_of_other_alphabets_and_of_none(photos, weights):
    """On an ASCII terminal, with a name that is not text at all."""
    odd = os.fsencode(photos) + b"/\xc3\xb6\xff.png"
    os.rename(photos / "a.png", odd)
    done = subprocess.run(
        [*COMMAND, odd, *SMALL, "--weights", str(weights)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\xf6" in done.stdout and done.stdout.count(b"\n") == 5


def test_ctrl_c(photos, weights):
    """In the middle of many pictures: 130, one line, no traceback."""
    many = [str(photos / "b.JPG")] * 20_000
    process = subprocess.Popen(
        [*COMMAND, *many, *SMALL, "--weights", str(weights)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and errors.strip() == "minires: interrupted"
    assert time.monotonic() - started < 20


def test_into_a_reader_that_stops(photos, weights):
    """``minires predict ... | head -1``"""
    many = [str(photos / "b.JPG")] * 2_000
    process = subprocess.Popen(
        [*COMMAND, *many, *SMALL, "--weights", str(weights)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 141 and process.stderr.read() == ""


@pytest.mark.parametrize(
    "words",
    [["--model", "residual_mlp-4", "--net", "width=8"], ["--model", "plain-8", "--net", "width=2"]],
    ids=["mlp", "plain"],
)
def test_the_net_need_not_be_named_for_a_file_of_train(words, tmp_path, capsys):
    """A different net that the weights would also fit is refused."""
    Image.fromarray(drawing(20, 20)).save(tmp_path / "a.png")
    assert (
        main(
            [
                "train",
                *words,
                "--image-size",
                "8",
                "--train-size",
                "40",
                "--test-size",
                "10",
                "--batch-size",
                "20",
                "--iterations",
                "1",
                "--out",
                str(tmp_path / "run"),
            ]
        )
        == 0
    )
    file = ["--weights", str(tmp_path / "run" / "weights.safetensors")]
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "a.png"), *file]) == 0
    assert capsys.readouterr().out.count("%") == 5
    assert main(["predict", str(tmp_path / "a.png"), *file, "--model", "resnet-8"]) == 1
    complaint = capsys.readouterr().err
    assert f"the weights were saved from {words[1]}, but resnet-8 was requested" in complaint


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("seed", -1, "seed in the metadata: expected a whole number of at least 0, got -1"),
        ("bogus", 1, "unknown setting of resnet-8: expected one of .*, got 'bogus'"),
    ],
)
def test_a_wrong_value_in_a_file_is_not_blamed_on_the_flags(name, value, words, tmp_path, capsys):
    Image.fromarray(drawing(20, 20)).save(tmp_path / "a.png")
    path = tmp_path / "net.safetensors"
    built = {"model": "resnet-8", "net": {"width": 2, name: value}}
    mr.save(mr.models.resnet(8, width=2), path, built=built)
    assert main(["predict", str(tmp_path / "a.png"), "--weights", str(path)]) == 1
    error = capsys.readouterr().err
    assert re.search(f"error: {re.escape(str(path))}: {words}", error), error


def test_weights_that_do_not_name_their_net(tmp_path, capsys):
    mr.save(mr.models.resnet(8, width=2), tmp_path / "net.safetensors")
    assert main(["predict", "a.png", "--weights", str(tmp_path / "net.safetensors")]) == 1
    assert capsys.readouterr().err.endswith(
        "net.safetensors: the file does not say which net its weights belong to; "
        "name the net with --model\n"
    )


@pytest.mark.parametrize("kind", ["minires", "torch", "pth"])
def test_the_file_of_weights_is_opened_once(kind, photos, tmp_path, capsys):
    path = tmp_path / "net.safetensors"
    mr.save(
        net(),
        path,
        "minires" if kind == "minires" else "torch",
        classes=NAMES,
        transform={"crop": 16},
        built={"model": "resnet-8", "net": {"width": 4}},
    )
    if kind == "pth":
        torch = pytest.importorskip("torch")
        from safetensors.torch import load_file

        torch.save(load_file(path), tmp_path / "net.pth")
        path = tmp_path / "net.pth"
    with openings(path) as opened:
        assert main(["predict", str(photos), *SMALL, "--weights", str(path)]) == 0
    assert len(opened) == 1 and capsys.readouterr().out.count("%") == 20

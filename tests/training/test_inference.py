"""From image files to named classes, with any batches, and clear errors for files that cannot be
read."""

import json
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

import minires as mr
from minires import backend
from minires.autograd import is_recording
from minires.data.images import SeveralPictures, decode
from minires.data.transforms import ImageTransform
from minires.errors import ConfigError, DeviceError, DivergenceError, ShapeError
from minires.training import inference
from minires.training.inference import Guess, predict

from ..data.pictures import drawing
from ..prediction import NAMES, net, write_photos

Image = pytest.importorskip("PIL.Image", reason="Pillow, which decodes pictures, is not installed")
TO_32, TO_16 = {"resize": 32, "crop": 32}, {"resize": 16, "crop": 16}


@pytest.fixture
def photos(tmp_path):
    return write_photos(tmp_path / "photos")


def paths(folder):
    return sorted(folder.glob("?.*"))


def test_predictions(photos):
    model = net()
    made = predict(model, paths(photos), top=3, classes=NAMES, progress=False, transform=TO_32)
    assert [one.path for one in made] == [str(path) for path in paths(photos)]
    assert all(one.error is None for one in made)
    for one, path in zip(made, paths(photos)):
        image = ImageTransform(32, 32)(decode(path))
        logits = model.eval()(mr.Tensor(image[None])).data[0].astype(np.float64)
        expected = np.exp(logits) / np.exp(logits).sum()
        assert [guess.index for guess in one.top] == list(np.argsort(-expected)[:3])
        assert all(
            guess.name == NAMES[guess.index]
            and abs(guess.probability - expected[guess.index]) < 1e-5
            for guess in one.top
        )
    assert len({one.top[0].probability for one in made}) == 5  # each picture has its own prediction


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_batches_change_nothing(photos, batch_size):
    """Nor do unreadable files: the others keep their names and places."""
    wanted = [photos / "nothing.png", *paths(photos), photos / "notes.txt"]
    alone = [predict(net(), [path], progress=False, transform=TO_32)[0] for path in wanted]
    together = predict(net(), wanted, batch_size=batch_size, progress=False, transform=TO_32)
    assert [one.path for one in together] == [str(path) for path in wanted]
    for one, other in zip(together, alone):
        assert one.error == other.error
        assert [guess.index for guess in one.top] == [guess.index for guess in other.top]
        assert np.allclose(
            [guess.probability for guess in one.top],
            [guess.probability for guess in other.top],
            atol=1e-6,
        )
    assert "no such file" in together[0].error and "not a picture" in together[-1].error
    assert together[0].top == []


def test_one_batch_in_memory(photos, monkeypatch):
    """The second batch is read only when the first has gone through the net."""
    seen = []
    model = net()
    model.register_forward_hook(lambda module, inputs, output: seen.append(("net", len(inputs[0]))))
    monkeypatch.setattr(inference, "decode", lambda path: (seen.append("file"), decode(path))[1])
    predict(model, paths(photos), batch_size=2, progress=False, transform=TO_32)
    assert seen == ["file", "file", ("net", 2), "file", "file", ("net", 2), "file", ("net", 1)]


def test_the_net_is_used_in_evaluation_mode_and_left_as_it_was(photos):
    model = net().train()
    model.bn1.running_mean.data[...] = 1
    before = {name: array.copy() for name, array in model.state_dict().items()}
    made = predict(model, paths(photos), progress=False, transform=TO_32)
    assert model.training and model.bn1.training
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())
    assert made == predict(model.eval(), paths(photos), progress=False, transform=TO_32)
    assert not model.training


def test_names_and_number_of_classes(photos):
    (one,) = predict(net(), [photos / "a.png"], top=9, progress=False, transform=TO_32)
    assert len(one.top) == 4
    assert {guess.name for guess in one.top} == {"class 0", "class 1", "class 2", "class 3"}
    assert abs(sum(guess.probability for guess in one.top) - 1) < 1e-6
    assert isinstance(one.top[0], Guess)
    json.dumps(one)  # plain numbers, not NumPy's


def test_no_pictures():
    assert predict(net(), []) == []


@pytest.mark.parametrize("path", ["cat.jpg", b"cat.jpg", Path("cat.jpg")])
def test_a_single_path_is_no_list(path):
    with pytest.raises(ConfigError, match="predict: paths: expected a list of paths, .* is one"):
        predict(net(), path)


@pytest.mark.parametrize("flip", [False, True])
def test_a_net_without_parameters(photos, flip):
    model = mr.nn.Sequential(mr.nn.GlobalAvgPool2d(), mr.nn.Flatten())
    made = predict(model, paths(photos)[:1], progress=False, transform=TO_32, flip=flip)
    assert len(made[0].top) == 3  # the mean of each colour is taken for a logit


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"top": 0}, "top: expected a whole number of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size: expected"),
        ({"top": 2.5}, "top: expected"),
        ({"classes": ["a"]}, "expected 4, one for each output of the net, got 1"),
        ({"transform": {"crop": 0}}, "crop: expected"),
        ({"transform": {"corp": 8}}, "unknown setting of the transform.*did you mean 'crop'?"),
    ],
)
def test_impossible_settings(photos, settings, words):
    with pytest.raises(ConfigError, match=words):
        predict(net(), paths(photos), progress=False, **{"transform": TO_32, **settings})


def test_outputs_that_are_not_finite(photos):
    model = net()
    model.fc.weight.data[0, 0] = np.nan
    with pytest.raises(DivergenceError, match="finite.*do the weights belong to this net"):
        predict(model, paths(photos), progress=False, transform=TO_32)


def test_a_size_that_the_net_does_not_take(photos):
    with pytest.raises(ShapeError, match="image_size=8"):
        predict(
            mr.models.residual_mlp(4, width=4, image_size=16),
            paths(photos),
            progress=False,
            transform={"resize": 8, "crop": 8},
        )


def test_a_strip_is_a_picture_too(tmp_path):
    Image.fromarray(np.zeros((1, 60_000, 3), np.uint8)).save(tmp_path / "strip.png")
    Image.fromarray(drawing()).save(tmp_path / "a.png")
    strip, good = predict(
        net(),
        [tmp_path / "strip.png", tmp_path / "a.png"],
        progress=False,
        transform={"resize": 64, "crop": 32},
    )
    assert strip.error is good.error is None and len(strip.top) == len(good.top)


def test_on_a_gpu(gpu, photos):
    """The predictions are those of the CPU, and the net stays on the GPU."""
    model = net()
    expected = predict(model, paths(photos), progress=False, transform=TO_16)
    made = predict(model.to("gpu"), paths(photos), batch_size=3, progress=False, transform=TO_16)
    assert model.fc.weight.device == "gpu"
    for one, other in zip(made, expected):
        assert [guess.index for guess in one.top] == [guess.index for guess in other.top]
        assert np.allclose(
            [guess.probability for guess in one.top],
            [guess.probability for guess in other.top],
            atol=1e-5,
        )


def test_a_gpu_too_small(photos, monkeypatch):
    class Full(Exception):
        pass

    def run_out(*_):
        raise Full

    model = net()
    model.forward = run_out
    monkeypatch.setattr(backend, "out_of_memory_errors", lambda: (Full,))
    with pytest.raises(DeviceError, match="2 pictures at a time; take a smaller batch size"):
        predict(model, paths(photos), batch_size=2, progress=False, transform=TO_16)


def test_between_two_pictures_the_net_is_as_it_was(photos):
    model = net().train()
    results = inference.predictions(model, paths(photos), batch_size=1, progress=False)
    next(results)
    assert model.training and model.bn1.training and is_recording()


def test_flip_is_the_mean_over_a_picture_and_its_mirror_image(photos, tmp_path):
    model, found = net(), paths(photos)
    mirrored = []  # mirrored after the crop: the middle of an odd number of pixels has two sides
    for i, path in enumerate(found):
        mirrored.append(tmp_path / f"{i}.png")
        Image.fromarray(ImageTransform(32, 32).cut(decode(path))[:, ::-1]).save(mirrored[-1])
    settings = {"top": 4, "progress": False, "transform": TO_32}

    def by_class(guess):
        return guess.index

    def probabilities(files, **more):
        made = predict(model, files, **settings, **more)
        return np.array(
            [[guess.probability for guess in sorted(one.top, key=by_class)] for one in made]
        )

    one, other = probabilities(found), probabilities(mirrored)
    both = probabilities(found, flip=True)
    np.testing.assert_allclose(both, (one + other) / 2, atol=1e-5)
    assert np.abs(both - one).max() > 1e-3


@pytest.mark.slow  # starts processes
def test_processes_that_read_ahead_change_nothing(photos):
    """Nor do they lose errors of pictures, or the note about an animation."""
    frames = [Image.fromarray(drawing(20, 20, seed=seed)) for seed in (1, 2)]
    frames[0].save(photos / "f.gif", save_all=True, append_images=frames[1:])
    wanted = [*paths(photos), photos / "nothing.png", photos / "notes.txt"]

    def predictions(workers):
        with pytest.warns(SeveralPictures, match="f.gif: holds several pictures"):
            return predict(
                net(), wanted, workers=workers, batch_size=3, progress=False, transform=TO_32
            )

    assert predictions(2) == predictions(0)


def test_pictures_are_read_while_the_net_computes(photos, monkeypatch):
    """After the first batch, those of the next two have been handed out."""
    handed_out = []

    def submit(workers, function, *arguments):
        handed_out.append(arguments[0])
        done = Future()
        done.set_result(function(*arguments))
        return done

    monkeypatch.setattr(inference.processes, "submit", submit)
    many = paths(photos) * 4
    made = inference.predictions(
        net(), many, batch_size=2, workers=2, progress=False, transform=TO_32
    )
    next(made)
    assert handed_out == [str(path) for path in many[: 2 + inference.BATCHES_AHEAD * 2]]
    made.close()

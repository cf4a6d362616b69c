"""Files of weights written by earlier versions of minires: they load into today's nets, which compute the same.

The files in tests/fixtures/old were saved with their nets' weights and running statistics set to random numbers, so that every output
depends on them. ``weights-expected.json`` holds the outputs that the version which saved them computed.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import minires as mr
from minires.serialization.weights import open_weights

FOLDER = Path(__file__).parents[1] / "fixtures" / "old"
EXPECTED = json.loads((FOLDER / "weights-expected.json").read_text())
IMAGES = np.linspace(-1, 1, 2 * 8 * 8 * 3, dtype=np.float32).reshape(2, 8, 8, 3)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_old_file_gives_the_old_outputs(name):
    file = open_weights(FOLDER / name)
    net = mr.models.build(file.built["model"], num_classes=file.num_classes, seed=1, **file.built["net"])
    mr.load(net, file)
    with mr.no_grad():
        outputs = net.eval()(mr.Tensor(IMAGES)).data
    assert np.allclose(outputs, EXPECTED[name], rtol=1e-4, atol=1e-6)
    assert np.ptp(EXPECTED[name], axis=0).min() > 1e-3                          # no output is the same for both images


@pytest.mark.parametrize("name", EXPECTED)
def test_an_old_file_says_what_it_said(name):
    file = open_weights(FOLDER / name)
    assert file.classes == ["cat", "dog", "犬"] and file.num_classes == 3 and file.from_torch == ("torch" in name)
    assert file.transform == {"resize": 8, "crop": 8, "mean": [0.5, 0.4, 0.3], "std": [1, 1, 1]}
    assert file.built == ({"model": "residual_mlp-4", "net": {"width": 3, "image_size": 8}} if "mlp" in name
                          else {"model": "resnet-8", "net": {"width": 2, "survival_prob": 0.5}})

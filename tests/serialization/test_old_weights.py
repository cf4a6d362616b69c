"""Files of weights from earlier versions of minires load, and today's nets compute the same outputs
from them.

An earlier version saved the files in tests/fixtures/old. Weights and running statistics are random
numbers, so that every output depends on them. ``weights-expected.json`` holds the outputs which
that version computed for the images below.
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
    name_of_net, settings = file.resolve_net(net={"num_classes": file.num_classes, "seed": 1})
    net = mr.models.build(name_of_net, **settings)
    mr.load(net, file)
    with mr.no_grad():
        outputs = net.eval()(mr.Tensor(IMAGES)).data
    assert np.allclose(outputs, EXPECTED[name], rtol=1e-4, atol=1e-6)
    assert np.ptp(EXPECTED[name], axis=0).min() > 1e-3  # every output depends on the image


@pytest.mark.parametrize("name", EXPECTED)
def test_the_notes_in_an_old_file_are_read(name):
    file = open_weights(FOLDER / name)
    assert file.classes == ["cat", "dog", "犬"] and file.num_classes == 3
    assert file.from_torch == ("torch" in name)
    assert file.transform == {"resize": 8, "crop": 8, "mean": [0.5, 0.4, 0.3], "std": [1, 1, 1]}
    if "mlp" in name:
        assert file.built == {"model": "residual_mlp-4", "net": {"width": 3, "image_size": 8}}
    else:
        assert file.built == {"model": "resnet-8", "net": {"width": 2, "survival_prob": 0.5}}

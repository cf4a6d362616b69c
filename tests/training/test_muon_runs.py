"""A run with Muon: which weights it moves, and which settings exclude each other."""

import numpy as np
import pytest

from minires import data, models, optim
from minires.errors import CheckpointError, ConfigError
from minires.optim import Muon
from minires.serialization import safetensors
from minires.training import RunConfig, Trainer
from minires.training.from_config import optimizer_for


def config(**more):
    return RunConfig(**{"iterations": 3, "batch_size": 8, "optimizer": "muon", **more})


def test_the_last_layer_and_all_vectors_move_by_sgd_at_the_whole_rate():
    model = models.resnet(8, width=2)
    optimizer = optimizer_for(model, config(lr=0.1, muon_lr_scale=0.3, weight_decay=0.01))
    assert isinstance(optimizer, Muon) and optimizer.lr == 0.1 and optimizer.momentum == 0.9
    assert not optimizer.nesterov and set(optimizer.decays) == {0.01}
    names = [name for name, _ in model.named_parameters()]
    for name, parameter, by_sgd, scale in zip(
        names, optimizer.params, optimizer.settings()["by_sgd"], optimizer.lr_scales
    ):
        assert by_sgd == ("conv" not in name), name
        assert scale == (1.0 if by_sgd else 0.3), name
    assert sum(not one for one in optimizer.settings()["by_sgd"]) == 7


def test_sgd_stays_the_default():
    assert isinstance(optimizer_for(models.resnet(8, width=2), RunConfig()), optim.SGD)


def test_a_net_of_which_only_the_head_is_trained():
    model = models.resnet(8, width=2)
    models.freeze_before(model, "fc")
    with pytest.raises(ConfigError, match="sgd where none of them is trained"):
        optimizer_for(model, config())


def test_muon_trains_a_net_with_a_frozen_head():
    model = models.resnet(8, width=2)
    for parameter in model.fc.parameters():
        parameter.requires_grad = False
    optimizer = optimizer_for(model, config())
    assert not any(parameter is model.fc.weight for parameter in optimizer.params)


def test_an_unknown_optimizer():
    with pytest.raises(ConfigError, match="did you mean 'muon'"):
        RunConfig(optimizer="muno")


def test_a_run_moves_filters_by_lr_whatever_their_gradients_and_goes_on_to_the_bit(tmp_path):
    train, test = data.synthetic(32, 8, size=8)

    def trainer(callbacks=()):
        model = models.plain(8, width=4)
        more = {"callbacks": callbacks, "progress": False}
        return Trainer(
            model, train, test, config(lr=0.1), path=tmp_path / "net.safetensors", **more
        )

    class Stop:
        def after_step(self, trainer):
            if trainer.iteration == 2:
                trainer.save(tmp_path / "net.safetensors")
                raise InterruptedError

    whole, stopped, going_on = trainer(), trainer([Stop()]), trainer()
    whole.run()
    with pytest.raises(InterruptedError):
        stopped.run()
    going_on.load(tmp_path / "net.safetensors")
    going_on.run()
    for one, other in zip(whole.model.parameters(), going_on.model.parameters()):
        assert np.array_equal(one.data, other.data)
    before = models.plain(8, width=4).layer1[0].conv1.weight.data
    moved = np.linalg.norm(whole.model.layer1[0].conv1.weight.data - before)
    # Three steps of 0.02, each with four singular values of about 1.
    assert 0.02 < moved < 3 * 0.02 * 4**0.5 * 1.21


def trainer_of(one):
    sets = data.synthetic(32, 8, size=8)
    return Trainer(models.plain(8, width=2), *sets, one, progress=False)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"optimizer": "sgd"}, "optimizer muon -> sgd"),
        ({"muon_lr_scale": 0.9}, "muon_lr_scale 0.2 -> 0.9"),
    ],
)
def test_a_checkpoint_says_which_optimizer_wrote_it(tmp_path, changed, words):
    trainer_of(config()).save(tmp_path / "x")
    with pytest.raises(CheckpointError, match=words):
        trainer_of(config(**changed)).load(tmp_path / "x")


def test_a_checkpoint_that_does_not_say_it_may_be_of_any_optimizer(tmp_path):
    """Earlier versions trained with Muon before they wrote it into the recipe."""
    trainer_of(config()).save(tmp_path / "x")
    arrays, state = safetensors.read(tmp_path / "x")
    del state["recipe"]["optimizer"], state["recipe"]["muon_lr_scale"]
    safetensors.write(tmp_path / "x", arrays, state)
    trainer_of(config(muon_lr_scale=0.3)).load(tmp_path / "x")
    trainer_of(config(optimizer="sgd")).load(tmp_path / "x")

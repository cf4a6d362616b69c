"""Nets by name."""

import inspect

import numpy as np
import pytest

from minires import models
from minires.errors import ConfigError
from minires.models import registry


@pytest.mark.parametrize(
    "name, same",
    [
        ("resnet-8", lambda: models.resnet(8)),
        ("plain-8", lambda: models.plain(8)),
        ("repvgg-8", lambda: models.repvgg(8)),
        ("diracnet-8", lambda: models.diracnet(8)),
        ("fading_resnet-8", lambda: models.fading_resnet(8)),
        ("highway-8", lambda: models.highway(8)),
        ("densenet-10", lambda: models.densenet(10)),
        ("residual_mlp-4", lambda: models.residual_mlp(4)),
        ("plain_mlp-6", lambda: models.plain_mlp(6)),
        ("resnet18", models.resnet18),
        ("plain18", models.plain18),
    ],
)
def test_it_is_the_net_that_the_function_builds(name, same):
    built, expected = models.build(name).state_dict(), same().state_dict()
    assert list(built) == list(expected) and all(
        np.array_equal(built[key], expected[key]) for key in expected
    )


def test_settings_are_passed_on():
    net = models.build("resnet-8", width=4, shortcut="B", num_classes=3, seed=1)
    assert (
        net.settings["width"] == 4 and net.fc.weight.shape == (16, 3) and net.config.shortcut == "B"
    )
    assert models.build("resnext50_32x4d", num_classes=2).layer1[0].conv2.groups == 32


def test_every_function_that_builds_a_net_has_a_name():
    functions = {name for name in models.__all__ if inspect.isfunction(getattr(models, name))} - {
        "as_plain",
        "build",
        "deepen",
        "extract_features",
        "freeze_before",
        "replace_head",
    }
    assert functions == {*registry.OF_ANY_DEPTH, *registry.OF_ONE_DEPTH}


@pytest.mark.parametrize("family", registry.OF_ANY_DEPTH)
def test_the_examples_of_a_family_exist_and_its_rule_is_the_one_that_errors_name(family):
    for name in registry.examples(family):
        assert name in registry.names() and registry.settings_of(name)
    models.build(registry.examples(family)[0])
    with pytest.raises(ConfigError) as error:
        models.build(f"{family}-21")
    assert registry.depth_rule(family) in str(error.value)


def test_functions_show_the_settings_they_pass_on():
    assert list(inspect.signature(models.resnet34).parameters) == [
        "num_classes",
        "shortcut",
        "pre_activation",
        "seed",
        "stem",
        "eps",
        "momentum",
    ]
    assert "width_per_group" in registry.settings_of(
        "resnet152"
    ) and "width_per_group" not in registry.settings_of("wide_resnet50_2")
    assert "image_size" in registry.settings_of("residual_mlp-20")


@pytest.mark.parametrize(
    "name, settings, words",
    [
        ("resnet55", {}, "did you mean 'resnet50'"),
        ("resnet", {}, "of which depth.*resnet-20"),
        ("densenet", {}, "of which depth.*densenet-40, densenet-100"),
        ("resnet-21", {}, "the nearest is 20"),
        ("resnet-x", {}, "unknown net"),
        ("resnet-20", {"widht": 4}, "unknown setting.*did you mean 'width'"),
        ("wide_resnet50_2", {"width_per_group": 64}, "unknown setting"),
        ("", {}, "unknown net"),
        ("densnet-40", {}, "unknown net.*did you mean 'densenet-40'"),
        ("resnet18", {"groups": 2}, "unknown setting"),
    ],
)
def test_unknown_nets_and_settings(name, settings, words):
    with pytest.raises(ConfigError, match=words):
        models.build(name, **settings)


@pytest.mark.parametrize(
    "name, meant",
    [
        ("residual-56", "resnet-56"),
        ("resnet56", "resnet-56"),
        ("plain_20", "plain-20"),
        ("RepVGG56", "repvgg-56"),
        ("fading_resnet56", "fading_resnet-56"),
        ("resnet51", "resnet50"),
    ],
)
def test_old_and_misspelt_names(name, meant):
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        models.build(name)


def test_a_name_that_looks_like_resnet18_gets_a_hint():
    with pytest.raises(AttributeError, match=r"for 20 layers: models.resnet\(20\)"):
        models.resnet20
    with pytest.raises(AttributeError, match="no attribute 'resnet19'$"):
        models.resnet19
    assert not hasattr(models, "resnet_of_nobody")

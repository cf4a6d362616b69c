"""The head of a net by its name: the last layer, which turns features into logits."""

from collections.abc import Container, Iterable, Mapping

from ..types import Array

#: What `models` call it: "fc", and in a VGG, as in torchvision's, the last part of the classifier.
HEADS = ("fc", "classifier.6")


def head_among(layers: Container[str]) -> str | None:
    """The name of the head among the names of a net's layers; None if none of them is a head."""
    return next((name for name in HEADS if name in layers), None)


def head_arrays(names: Iterable[str]) -> list[str]:
    """The names of the head's arrays among `names`, those of all arrays of a net."""
    layer_of = {name: name.rpartition(".")[0] for name in names}
    head = head_among(layer_of.values())
    return [name for name, layer in layer_of.items() if layer == head]


def num_classes(arrays: Mapping[str, Array]) -> int | None:
    """How many outputs the net with these arrays has; None if they hold no head."""
    weights = [arrays[name] for name in head_arrays(arrays) if arrays[name].ndim == 2]
    return weights[0].shape[1] if weights else None

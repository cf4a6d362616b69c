"""The variants of the table in docs/nets.md: what is published about each, and its row as counted
here.

``python -m tests.models.variants`` prints the table.
"""

from functools import cache

from minires import models
from minires.diagnostics.parts import main_path

HEAD = ("name", "layers", "parameters", "multiply-adds", "checked against")
IMAGENET, CIFAR = 224, 32
PYTORCH = "PyTorch (logits, gradients)"
COUNT = "torchvision (parameters, multiply-adds)"

# Name -> layers, parameters, multiply-adds in millions as published, and where: for nets for large
# images torchvision's documentation (weights' num_params and GFLOPS, which round to 10 million) or,
# with the stride where the paper has it, He et al. 2015, table 1; for small ones the count of the
# layers in section 4.2. Plain nets have the parameters of their twins, without those of shortcuts.
KNOWN = {
    "resnet18": (18, 11_689_512, 1810),
    "resnet34": (34, 21_797_672, 3660),
    "resnet50": (50, 25_557_032, 4090),
    "resnet101": (101, 44_549_160, 7800),
    "resnet152": (152, 60_192_808, 11510),
    "resnext50_32x4d": (50, 25_028_904, 4230),
    "resnext101_32x8d": (101, 88_791_336, 16410),
    "wide_resnet50_2": (50, 68_883_240, 11400),
    "wide_resnet101_2": (101, 126_886_696, 22750),
    "plain18": (18, 11_689_512 - 173_824, 1790),
    "plain34": (34, 21_797_672 - 173_824, 3640),
    "vgg16": (16, 138_357_544, 15_470),
    "vgg16_bn": (16, 138_365_992, 15_470),
    "vgg19": (19, 143_667_240, 19_630),
    "vgg19_bn": (19, 143_678_248, 19_630),
    "resnet-20": (20, 269_722, 40.55),
    "resnet-32": (32, 464_154, 68.86),
    "resnet-44": (44, 658_586, 97.17),
    "resnet-56": (56, 853_018, 125.49),
    "resnet-110": (110, 1_727_962, 252.89),
    "resnet-1202": (1202, 19_421_274, 2829),
    "plain-20": (20, 269_722, 40.55),
    "plain-56": (56, 853_018, 125.49),
}
# other settings of a net: what is added to its name -> net, settings, layers, parameters,
# multiply-adds in millions
ONCE_MORE = {
    'resnet50, stride_on="1x1"': ("resnet50", {"stride_on": "1x1"}, 50, 25_557_032, 3860),
}
MILLION = {"resnet-1202"}  # published in whole millions


def settings_of(name):
    """The name of the net, and its settings."""
    return ONCE_MORE[name][:2] if name in ONCE_MORE else (name, {})


def known(name):
    """(layers, parameters, millions of multiply-adds) as published."""
    return ONCE_MORE[name][2:] if name in ONCE_MORE else KNOWN[name]


@cache
def counted(name):
    """(layers, parameters, multiply-adds) of the net, for one image."""
    net, settings = settings_of(name)
    size = CIFAR if "-" in net else IMAGENET
    model = models.build(net, **settings)
    return (
        len(main_path(model)),
        model.num_parameters(),
        model.summary((1, size, size, 3)).multiply_adds,
    )


def checked_against(name):
    """What other tests compare this net, or its builder, with."""
    from .test_imagenet import NETS as IN_PYTORCH

    if name.startswith("vgg"):
        return f"{COUNT}; PyTorch (logits: the same builder, 6 layers)"
    if "-" in name:
        return "He et al. 2015 (layers); PyTorch (logits, gradients: the same builder, 14 layers)"
    parts = [
        "He et al. 2015 (multiply-adds)"
        if name in ONCE_MORE
        else "its twin (parameters, multiply-adds)"
        if name.startswith("plain")
        else COUNT
    ]
    return "; ".join(parts + ([PYTORCH] if name in IN_PYTORCH else []))


def row(name):
    """The row of the table, as it is in docs/nets.md."""
    layers, parameters, multiply_adds = counted(name)
    size = (
        f"{multiply_adds / 1e9:.2f} G" if multiply_adds >= 1e9 else f"{multiply_adds / 1e6:.2f} M"
    )
    title, _, more = name.partition(",")
    return (
        f"| `{title}`{',' + more if more else ''} | {layers:,} | {parameters:,} | {size} | "
        f"{checked_against(name)} |"
    )


NAMES = (*KNOWN, *ONCE_MORE)

if __name__ == "__main__":
    print("| " + " | ".join(HEAD) + " |\n| --- | ---: | ---: | ---: | --- |")
    print("\n".join(map(row, NAMES)))

"""The page of nets: the table of variants, and what their options mean."""

from .links import to_source
from .places import read

PAGE = "nets.md"


def table() -> str:
    """The README's table of variants, which the tests hold to torchvision's counts and He et al."""
    text = read("README.md")
    start = text.index("| name | layers | parameters | multiply-adds |")
    return text[start:].split("\n\n")[0]


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    source = {
        name: to_source(f"minires/models/{name}.py", PAGE)
        for name in ("cifar", "imagenet", "mlp", "blocks", "shortcuts", "deepening", "transfer")
    }
    text = f"""# Nets

| what you want | in Python | on the command line |
| --- | --- | --- |
| a residual net for 32x32 images, 6n + 2 layers | `mr.models.resnet(20)` | `--model resnet-20` |
| the same without shortcuts | `mr.models.plain(20)` | `--model plain-20` |
| torchvision's nets, for 224x224 | `mr.models.resnet50()` | `--model resnet50` |
| linear layers only, 2n + 2 | `mr.models.residual_mlp(20)` | `--model residual_mlp-20` |
| any of them by name | `mr.models.build("resnet-56", width=8)` | `--model resnet-56 --net width=8` |

Plain and residual nets of one seed start from the same weights and differ in the shortcuts alone.

## Variants

{table()}

Multiply-adds are of one image: 224x224 for nets whose names have no hyphen, else 32x32.

## Options of the nets for small images

| option | values | what it is | source |
| --- | --- | --- | --- |
| `width` | 16 | channels of the first stage; the next have two and four times as many | He et al. 2015, section 4.2 |
| `shortcut` | `"A"`, `"B"`, `"C"` | where the shape changes: zeros for the new channels; a 1x1 convolution there; one everywhere | He et al. 2015, section 3.3 |
| `zeros` | `"after"`, `"around"` | where shortcut A puts its zeros: after the old channels, or half on each side, as many public nets have it | |
| `pre_activation` | `True` | batch norm and ReLU before each convolution | He et al. 2016 |
| `batch_norm` | `False` | none; then start with an `init` made for it | |
| `init` | `"fixup"`, `"skipinit"` | initial weights that make each block begin as the identity | Zhang et al. 2019, De and Smith 2020 |
| `shortcut_scale` | 1.0 | multiplies every shortcut | He et al. 2016, section 3.1 |
| `survival_prob` | 1.0 | stochastic depth: blocks are left out at random in training | Huang et al. 2016 |

All arguments: {{py:func}}`minires.models.resnet`, {{py:func}}`minires.models.resnet50`.

## Read them

- {source["cifar"]}: the nets of the paper, from one builder
- {source["blocks"]}, {source["shortcuts"]}: `y = relu(F(x) + shortcut)`, as straight lines
- {source["imagenet"]}: ResNet-18 to 152, ResNeXt, wide nets
- {source["mlp"]}: the same comparison with linear layers
- {source["deepening"]}, {source["transfer"]}: a deeper copy of a plain net; new last layers

How to add a variant of a block: [a first change](guide/first_change.md).
"""
    return {PAGE: text}

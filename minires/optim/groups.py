"""Which parameters of a net get which settings of an optimiser."""

from typing import Any

from ..nn import Module


def parameter_groups(
    model: Module,
    weight_decay: float,
    *,
    decay_batch_norm: bool = True,
    scalar_lr_scale: float = 1.0,
) -> list[dict[str, Any]]:
    """A net's parameters for an optimiser, each with the settings that its kind gets.

    They come in the order of ``model.parameters()``, without frozen ones.

    Parameters
    ----------
    model : nn.Module
    weight_decay : float
    decay_batch_norm : bool
        False decays matrices and filters only, not batch norm's parameters and biases. The paper
        decays all; many later recipes do not.
    scalar_lr_scale : float
        Multiplies the learning rate of parameters of shape (1,): the biases and multipliers of
        Fixup (and the bias of a layer with a single output). Its authors train them at a tenth of
        the rate, because each adds up the gradients of a whole map (Zhang et al. 2019,
        arXiv:1901.09321).

    Returns
    -------
    list of dict
    """
    groups = []
    for p in model.parameters():
        if p.requires_grad:
            decay = weight_decay if decay_batch_norm or p.ndim > 1 else 0.0
            scale = scalar_lr_scale if p.shape == (1,) else 1.0
            groups.append({"params": [p], "weight_decay": decay, "lr_scale": scale})
    return groups

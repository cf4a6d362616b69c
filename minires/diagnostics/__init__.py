"""What a net, fresh or trained, can be asked."""

from .gradients import LayerGradient, gradient_norms

__all__ = ["LayerGradient", "gradient_norms"]

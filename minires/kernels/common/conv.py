"""What every convolution by matrix products does with its weights."""


def swap_in_out_channels(w, groups):
    """Weights (KH, KW, C / groups, O) with input and output exchanged: (KH, KW, O / groups, C). Twice: as they were."""
    kh, kw, c, o = w.shape
    return w.reshape(kh, kw, c, groups, o // groups).transpose(0, 1, 4, 3, 2).reshape(kh, kw, o // groups, groups * c)

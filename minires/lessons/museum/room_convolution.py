"""Exhibits about convolution, forward and backward."""

from . import probes, training
from .exhibit import Exhibit

ROOM = "Convolution"
MATRIX = "return columns.reshape(N * H_out * W_out, KH * KW * C)"
PRODUCT = "y = columns @ w.reshape(KH * KW * C, O)"
ADD = "padded[:, rows, cols] += windows[:, :, :, a, b]"
DCOLUMNS = "dcolumns = rows @ w.reshape(KH * KW * C, O).T"
DW = "dw = columns.T @ rows"
Y = "one channel of the output for a drawn ring"
DX = "the gradient dx of one channel of a drawn ring"
DX_2 = "the gradient dx of one channel, under stride 2"
DW_MAP = "the gradient dw: a row for each filter, a column for each of its 27 weights"

EXHIBITS = (
    Exhibit(
        "flipped-filter",
        ROOM,
        "The filter is flipped, but only forward",
        "a2.forward",
        ((PRODUCT, "y = columns @ w[::-1, ::-1].reshape(KH * KW * C, O)"),),
        probes.conv_y,
        Y,
        "Flipping a filter is what mathematics calls convolution. What happens to the output?",
        ("nothing", "other numbers, because the filters are not symmetric", "it is upside down"),
        "other numbers, because the filters are not symmetric",
        "An edge filter that responded to *dark on the left* now responds to *dark on the right*.",
        training.on_drawn_images,
        training.WORSE,
        "A flip alone would be harmless: the network would learn flipped filters. Here backward "
        "does not flip, so every gradient belongs to another weight.",
        "the filter is flipped",
    ),
    Exhibit(
        "padding-on-one-side",
        ROOM,
        "All zeros on one side",
        "a2.im2col",
        (
            (
                "    padded = pad(x, padding)\n    columns",
                "    padded = np.pad(x, ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0)))\n"
                "    columns",
            ),
        ),
        probes.conv_y,
        Y,
        "The shape is right: there are as many rows and columns of zeros as before. What has "
        "changed in the output?",
        ("only its border", "nothing", "all of it has moved by a pixel"),
        "all of it has moved by a pixel",
        "Every window begins one pixel further down and to the right. The image is the same, seen "
        "one pixel off.",
        training.on_drawn_images,
        training.WORSE,
        "`col2im` still takes the padding off on both sides, so gradients arrive one pixel away "
        "from the pixels they belong to.",
        "on one side only",
    ),
    Exhibit(
        "axes-of-a-window",
        ROOM,
        "Rows and columns of a window are exchanged",
        "a2.im2col",
        (
            (
                MATRIX,
                MATRIX.replace("columns.", "columns.transpose(0, 1, 2, 4, 3, 5).", 1),
            ),
        ),
        probes.conv_y,
        Y,
        "The windows are written out column by column, the filters row by row. For which filters "
        "does that make no difference?",
        ("for none", "for filters that are their own mirror image along the diagonal", "for all"),
        "for filters that are their own mirror image along the diagonal",
        "Weight (a, b) meets pixel (b, a). For a filter with w(a, b) = w(b, a), such as a blur, "
        "that changes nothing; for an edge filter it does.",
        training.on_drawn_images,
        training.WORSE,
        "With a `reshape` the numbers are all there and the shape fits. Only their order is wrong.",
        "(KW, KH, C)",
    ),
    Exhibit(
        "rows-of-the-output",
        ROOM,
        "The windows come in another order",
        "a2.im2col",
        (
            (
                MATRIX,
                MATRIX.replace("columns.", "columns.transpose(0, 2, 1, 3, 4, 5).", 1),
            ),
        ),
        probes.conv_y,
        Y,
        "Windows are listed column by column instead of row by row. What does the output look "
        "like?",
        ("mirrored along its diagonal", "the same", "like noise"),
        "mirrored along its diagonal",
        "Each number is right, but in the wrong place: pixel (i, j) of the output holds the "
        "result of window (j, i).",
        training.on_drawn_images,
        training.AS_WELL,
        "The images are square. With other shapes the code would have stopped with an error, and "
        "you would have found it in a minute. Test with sizes that all differ.",
        "(images, columns, rows)",
    ),
    Exhibit(
        "overlapping-windows",
        ROOM,
        "Windows overwrite each other",
        "a2.col2im",
        ((ADD, ADD.replace("+=", "=")),),
        probes.conv_dx,
        DX,
        "On the way back every window brings a gradient for each of its pixels. The code has `=` "
        "where `+=` belongs. Where is `dx` wrong?",
        ("everywhere", "only at the border", "nowhere: each pixel lies in one window"),
        "everywhere",
        "A pixel in the middle lies in nine windows, and keeps the gradient of the last one. At "
        "the edge there are six, in a corner four. (Without padding a corner lies in one window, "
        "and is right: notebook 05.)",
        training.on_drawn_images,
        training.WORSE,
        "One ninth of the truth is still a direction that goes downhill, more or less. That is why "
        "a falling loss proves nothing.",
        "overlapping windows overwrite",
    ),
    Exhibit(
        "padding-not-cut",
        ROOM,
        "The border is cut off on the wrong side",
        "a2.col2im",
        (
            (
                "return padded[:, padding : padding + H, padding : padding + W]",
                "return padded[:, :H, :W]",
            ),
        ),
        probes.conv_dx,
        DX,
        "`dx` has to lose its border of zeros. What does this code do to it?",
        ("it moves by a pixel", "it becomes too large", "its border is wrong, the rest is right"),
        "it moves by a pixel",
        "The first row and column belong to the padding. They stay, and the last ones of the image "
        "are lost, so that every gradient sits one pixel too far down and to the right.",
        training.on_drawn_images,
        training.WORSE,
        "Shapes agree, sums nearly agree. Compare number by number.",
        "on one side only",
    ),
    Exhibit(
        "stride-forgotten",
        ROOM,
        "The stride is forgotten on the way back",
        "a2.col2im",
        (
            (
                "            rows, cols = slice(a, a + stride * H_out, stride), slice(b, b + "
                "stride "
                "* W_out, stride)\n            " + ADD,
                "            padded[:, a : a + H_out, b : b + W_out] += windows[:, :, :, a, b]",
            ),
        ),
        probes.conv_dx_stride_2,
        DX_2,
        "With stride 2 there are a quarter as many windows. Where do their gradients end up?",
        ("spread over the image", "squeezed into the top left corner", "all on one pixel"),
        "squeezed into the top left corner",
        "Window (i, j) begins at pixel (2i, 2j), but the code adds its gradient at (i, j). The "
        "bottom and the right of the image get nothing.",
        training.on_drawn_images,
        training.WORSE,
        "Only two layers of this network have a stride, and with stride 1 the code is right. A "
        "test with stride 1 alone would have passed.",
        "the stride is left out",
    ),
    Exhibit(
        "mean-over-the-batch",
        ROOM,
        "The mean over the batch, once too often",
        "a2.dw",
        ((DW, "dw = columns.T @ rows / dy.shape[0]"),),
        probes.conv_dw,
        DW_MAP,
        "The loss is a mean over the batch already. What does one more division do to `dw`?",
        (
            "its direction is right, its size is not",
            "it points the other way",
            "some filters are right",
        ),
        "its direction is right, its size is not",
        "Everything is divided by the number of images, two in the picture, sixty in the training.",
        training.on_drawn_images,
        training.WORSE,
        "It looks like a learning rate that is too small for the convolutions, and somebody will "
        "raise it. Then the other layers blow up.",
        "the mean over the batch",
    ),
    Exhibit(
        "one-image-only",
        ROOM,
        "Only the last image counts",
        "a2.dw",
        (
            (
                DW,
                "dw = columns[-(len(columns) // len(dy)):].T @ rows[-(len(columns) // len(dy)):]",
            ),
        ),
        probes.conv_dw,
        DW_MAP,
        "The gradient of the filters is a sum over all images. Here it is that of the last image "
        "alone. Which weights get a wrong gradient?",
        ("all of them", "the weights of the last filter", "none, if the images are alike"),
        "all of them",
        "Every weight was used for every image.",
        training.on_drawn_images,
        training.WORSE,
        "It is training with a batch of one, as far as the convolutions are concerned: noisy, but "
        "not hopeless.",
        "only one image",
    ),
    Exhibit(
        "flipped-twice",
        ROOM,
        "Flipped once too often",
        "a2.dx",
        ((DCOLUMNS, "dcolumns = rows @ w[::-1, ::-1].reshape(KH * KW * C, O).T"),),
        probes.conv_dx,
        DX,
        "Books say: `dx` is a convolution with the *flipped* filter. Does the flip belong here?",
        (
            "no: `col2im` puts each number back where it came from, which is the flip",
            "yes",
            "it makes no difference",
        ),
        "no: `col2im` puts each number back where it came from, which is the flip",
        "With the columns of im2col, backward is a plain matrix product. Adding the columns up in "
        "the image does the flip that the formula speaks about.",
        training.on_drawn_images,
        training.WORSE,
        "The last layers have right gradients, `dw` is right everywhere, and the network learns "
        "with what it gets.",
        "flipped once too often",
    ),
    Exhibit(
        "not-transposed",
        ROOM,
        "A transpose that no shape misses",
        "a2.dx",
        (
            (
                DCOLUMNS,
                "dcolumns = rows @ (w.transpose(0, 1, 3, 2) if C == O else w)"
                ".reshape(KH * KW * C, O).T",
            ),
        ),
        probes.conv_dx,
        DX,
        "The input and output channels of `w` are exchanged. When does Python complain?",
        (
            "never, if a layer has as many channels coming in as going out",
            "always",
            "only for a batch of one image",
        ),
        "never, if a layer has as many channels coming in as going out",
        "The matrix is square then, and its transpose has the same shape. Most layers of a "
        "residual network are like that.",
        training.on_drawn_images,
        training.WORSE,
        "Test gradients with sizes that are all different: then a forgotten transpose is an error "
        "message.",
        "w is not transposed",
    ),
    Exhibit(
        "rows-of-dy",
        ROOM,
        "Gradients meet the wrong windows",
        "a2.dw",
        ((DW, "dw = columns.T @ dy.transpose(0, 2, 1, 3).reshape(-1, O)"),),
        probes.conv_dw,
        DW_MAP,
        "`dy` is read column by column, the windows row by row. Is `dw` still of about the right "
        "size?",
        ("yes, and still wrong", "no, it is far too large", "no, it is zero"),
        "yes, and still wrong",
        "It is still a sum of just as many products of numbers of the same size. Nothing about it "
        "looks odd.",
        training.on_drawn_images,
        training.WORSE,
        "A wrong gradient need not be large, small or nan.",
        "the rows of dy are in another order",
    ),
)

"""Figures as files: images, drawings and animations."""

import io
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from ..names import expanded
from ..serialization.files import write_bytes
from ..types import Figure
from . import fonts, print_sizes

SomePath = TypeVar("SomePath", bound=str | Path)

#: Kind of drawing -> settings and metadata that give the same bytes each time, and leave text text.
AS_DRAWINGS: dict[str, tuple[Any, Any]] = {
    "pdf": ({"pdf.fonttype": 42}, {"CreationDate": None}),
    "svg": ({"svg.fonttype": "none", "svg.hashsalt": "minires"}, {"Date": None}),
}
_also: ContextVar[tuple[str, ...]] = ContextVar("also", default=())


@contextmanager
def also_as(*kinds: str) -> Iterator[None]:
    """Within: beside each image, `save` also writes drawings of these kinds, "pdf" or "svg"."""
    token = _also.set(kinds)
    try:
        yield
    finally:
        _also.reset(token)


def save(figure: Figure, path: SomePath) -> SomePath:
    """Write a figure to `path` as an image of 150 dots per inch, and return the path.

    Within `also_as` drawings are written beside it. Within `use_width` the name of the width is
    added to the file's name, and the image has 300 dots per inch.

    Raises
    ------
    CheckpointError
        If the file cannot be written. A picture that was there before is kept.
    """
    width, dots = print_sizes.print_width(), 150
    if width:
        path = type(path)(Path(path).with_stem(f"{Path(path).stem}{width.suffix}"))
        dots = print_sizes.DOTS
    write_bytes(expanded(path), picture(figure, Path(path).suffix[1:] or "png", dots))
    for kind in _also.get():
        write_bytes(expanded(path).with_suffix(f".{kind}"), picture(figure, kind))
    return path


def picture(figure: Figure, kind: str = "png", dots_per_inch: int = 150) -> bytes:
    """The bytes of a file with the figure: an image such as "png", or a drawing, "pdf" or "svg"."""
    import matplotlib as mpl

    image = io.BytesIO()
    settings, metadata = AS_DRAWINGS.get(kind, ({}, {}))
    with _letters_may_be_missing(), mpl.rc_context(settings):
        # "auto" is the figure's own background, whatever Matplotlib's settings outside say.
        figure.savefig(
            image, format=kind, dpi=dots_per_inch, facecolor="auto", metadata=metadata or None
        )
    return image.getvalue()


def on_screen(
    figure: Figure, dots_per_inch: float | None = None, *, tight: bool = False
) -> tuple[bytes, dict[str, int]]:
    """A picture that stays sharp on screens of high resolution.

    Parameters
    ----------
    figure : Figure
    dots_per_inch : float, optional
        Of a usual screen. Default: those of the figure.
    tight : bool
        Cut close to what is drawn, instead of the size of the figure.

    Returns
    -------
    bytes, dict
        A PNG with twice as many pixels to a side as it is to be shown with; the width and height to
        show it with, in pixels.
    """
    image = io.BytesIO()
    dots = 2 * (dots_per_inch or figure.dpi)
    box = "tight" if tight else None
    with _letters_may_be_missing():
        figure.savefig(image, format="png", dpi=dots, facecolor="auto", bbox_inches=box)
    png = image.getvalue()
    width, height = struct.unpack(">II", png[16:24])  # of the header: PNG specification, 11.2.2
    return png, {"width": (width + 1) // 2, "height": (height + 1) // 2}


def animate(
    figure: Figure,
    draw_frame: Callable[[Any], None],
    frames: Sequence[Any],
    path: SomePath,
    per_second: int = 8,
) -> SomePath:
    """Write an animation to `path` as a GIF, and return the path.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    draw_frame : callable
        ``draw_frame(frame)`` changes the figure so that it shows that frame.
    frames : list
        The last frame is shown for two more seconds before the animation begins again.
    path : str or Path
    per_second : int
        Frames per second.

    Raises
    ------
    CheckpointError
        If the file cannot be written. A picture that was there before is kept.
    """
    from matplotlib.animation import FuncAnimation, PillowWriter

    frames = [*frames, *[frames[-1]] * (2 * per_second)]
    # Draw it once first, so that the layout is final and nothing moves during the animation.
    figure.canvas.draw()
    with TemporaryDirectory() as folder:
        written = Path(folder) / "animation.gif"
        FuncAnimation(figure, draw_frame, frames).save(written, PillowWriter(per_second), dpi=80)
        write_bytes(expanded(path), written.read_bytes())
    return path


@contextmanager
def _letters_may_be_missing() -> Iterator[None]:
    """Within: letters that are drawn as boxes cause one warning together, and not one each."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield
    texts = [str(one.message) for one in given]
    boxes = [text for text in texts if text.startswith("Glyph ")]
    for one in given:
        if str(one.message) not in boxes:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if boxes:
        letters = [chr(int(text.split()[1])) for text in dict.fromkeys(boxes)]
        fonts.warn("boxes stand for letters in the figure", frozenset(letters))

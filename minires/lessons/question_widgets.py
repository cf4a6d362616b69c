"""Buttons for a guess, or a field for a number, in a live notebook."""

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .html_pieces import QUESTION, inline

if TYPE_CHECKING:
    from .prediction import Prediction


def bundle_of(prediction: "Prediction") -> dict[str, Any]:
    """A question as widgets, in the form that IPython displays.

    Once there is a guess, plain HTML replaces the widgets, so that a saved notebook holds none.
    """
    import ipywidgets as widgets

    wide = widgets.Layout(width="auto", max_width="44em")
    # Widgets set lines 28 pixels apart, whatever they hold.
    style = f"{QUESTION}; line-height: 1.5"
    title = widgets.HTML(f'<div style="{style}"><b>Predict.</b> {inline(prediction.question)}')
    rows: list[Any] = [title]
    if prediction.choices is not None:
        for choice in prediction.choices:
            button = widgets.Button(description=choice.replace("`", ""), layout=wide, tooltip="")
            button.on_click(lambda _, choice=choice: prediction.make_guess(choice))
            rows.append(button)
    else:
        # Text, because a field for numbers holds one from the start, and it may be the answer.
        field = widgets.Text(
            description=prediction.unit,
            placeholder="a number",
            layout=widgets.Layout(width="14em"),
        )
        button = widgets.Button(description="That is my guess", button_style="primary")
        note = widgets.HTML()

        def take(_: Any) -> None:
            try:
                prediction.make_guess(field.value)
            except ConfigError:
                note.value = "Write a number, such as 3.5, into the field."

        button.on_click(take)
        rows += [widgets.HBox([field, button]), note]
    # Written out, because ipywidgets 7, which Colab has, offers no method that returns it.
    view = {"version_major": 2, "version_minor": 0, "model_id": widgets.VBox(rows).model_id}
    return {"application/vnd.jupyter.widget-view+json": view}

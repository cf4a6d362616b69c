"""Buttons for a guess, or a field for a number, in a live notebook."""

from typing import TYPE_CHECKING, Any

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
        field = widgets.FloatText(
            description=prediction.unit, layout=widgets.Layout(width="14em"), value=0
        )
        button = widgets.Button(description="That is my guess", button_style="primary")
        button.on_click(lambda _: prediction.make_guess(field.value))
        rows.append(widgets.HBox([field, button]))
    # Written out, because ipywidgets 7, which Colab has, offers no method that returns it.
    view = {"version_major": 2, "version_minor": 0, "model_id": widgets.VBox(rows).model_id}
    return {"application/vnd.jupyter.widget-view+json": view}

"""Names in files of earlier versions, and what these things are called today."""

NET_SETTINGS = {"survival": "survival_prob"}


def with_current_names(settings, names=NET_SETTINGS):
    """The dict `settings` with today's names; `names` maps old ones to new ones."""
    return {names.get(name, name): value for name, value in settings.items()}

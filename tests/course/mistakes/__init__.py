"""Planted mistakes: what students get wrong, as changes to the reference solutions, and what the
checks must say.

A mistake is ``(task, old, new, message)``: in the source of the assignment `old` is replaced by
`new`, and the check of `task` must fail with a text that contains `message`. `new` may be a list of
pairs, if the mistake takes several replacements.
"""

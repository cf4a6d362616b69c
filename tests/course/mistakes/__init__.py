"""Planted mistakes: typical mistakes of students, as changes to the reference solutions, with what
the checks must say.

A mistake is ``(task, old, new, message)``. In the source of the assignment `old` is replaced by
`new`, and the check of `task` must fail with a text that contains `message`. `new` may be a list of
pairs, where the mistake takes several replacements.
"""

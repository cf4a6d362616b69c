"""A variant of each assignment for each student, so that copied answers show.

`course.choices` lists what can vary. A keyed hash of the student's id draws one option of each
choice, so the grader knows a variant from the id alone and nobody has to keep a list. `texts` holds
what changes in an assignment, `personal` writes a student's notebook, and `foreign` finds answers
that belong to somebody else's variant.
"""

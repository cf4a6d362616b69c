"""A variant of each assignment for each student: copied answers show.

What can vary is in `course.choices`. A keyed hash of the student's id draws one option of each
choice, so that nobody has to keep a list, and the grader knows a variant from the id alone. `texts`
says what changes in an assignment, `personal` writes a student's notebook, and `foreign` says whose
variant an answer belongs to.
"""

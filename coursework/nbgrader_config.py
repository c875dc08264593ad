"""Settings of nbgrader, for its own commands and for release.py alike.

Run nbgrader's commands in this folder. Students get what `release.py` writes, which is what
`nbgrader generate_assignment` makes, in the book's form of a notebook.
"""

c = get_config()  # nbgrader puts the function here

c.CourseDirectory.course_id = "lossviz"

# What stands in the place of answers. Tests of a release rely on this error.
c.ClearSolutions.code_stub = {"python": "# Your code here\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "*Write your answer here.*"

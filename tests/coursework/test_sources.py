"""The problem sets as lecturers see them: form, marks, and tests that tell right from wrong."""

from __future__ import annotations

import hashlib
import re

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

import leaks
import notebooks
import release
from problem_cells import automatic, failed, is_by_hand, question, run, settings

SETS = release.problem_sets()
each_set = pytest.mark.parametrize("name", SETS)
TOTAL = 50
STUDENTS = ["example", "s1234567", "Zoë", "anna.b@host", "42"]


@pytest.fixture(scope="module")
def sources():
    return {name: release.read_source(name) for name in SETS}


def table(notebook):
    """Return the opening's table: question -> (marks, minutes, how it is marked)."""
    rows = re.findall(
        r"^\| (\d+) \| .* \| (\d+) \| (\d+) \| (.*) \|$", notebook.cells[0].source, re.M
    )
    return {number: (int(marks), int(minutes), how) for number, marks, minutes, how in rows}


def graded(notebook):
    return [cell for cell in notebook.cells if settings(cell).get("grade")]


def test_there_are_problem_sets():
    assert SETS


# --- form -------------------------------------------------------------------------------------


@each_set
def test_metadata_is_valid_by_nbgraders_own_schema(sources, name):
    nbformat.validate(sources[name])
    MetadataValidator().validate_nb(sources[name])
    for cell in sources[name].cells:
        assert settings(cell)["schema_version"] == 3
        assert settings(cell)["cell_type"] == cell.cell_type


@each_set
def test_ids_are_unique_and_say_which_question_a_cell_belongs_to(sources, name):
    ids = [cell.id for cell in sources[name].cells]
    assert len(set(ids)) == len(ids)
    assert ids == [settings(cell)["grade_id"] for cell in sources[name].cells]
    assert {question(cell) for cell in graded(sources[name])} == set(table(sources[name]))


@each_set
def test_was_executed_and_is_in_the_normal_form(sources, name):
    path = release.SOURCE / name / f"{name}.ipynb"
    assert notebooks.check(path)
    code = [cell for cell in sources[name].cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert [output for output in outputs if output.output_type == "error"] == []


@each_set
def test_what_students_see_of_a_cell_is_at_most_15_lines(sources, name):
    for cell in release.student_version(sources[name]).cells:
        if "remove-cell" in cell.metadata.get("tags", []):
            continue  # not on the page
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 15, cell.source


# --- marks ------------------------------------------------------------------------------------


@each_set
def test_marks_and_minutes_add_up(sources, name):
    rows, intro = table(sources[name]), sources[name].cells[0].source
    for number, (marks, _, how) in rows.items():
        cells = [cell for cell in graded(sources[name]) if question(cell) == number]
        assert sum(settings(cell)["points"] for cell in cells) == marks
        assert all(is_by_hand(cell) == (how == "hand") for cell in cells)
    assert sum(marks for marks, _, _ in rows.values()) == TOTAL
    assert f"There are {TOTAL} marks" in intro
    assert f"It takes about {sum(minutes for _, minutes, _ in rows.values())} minutes." in intro


@each_set
def test_a_questions_heading_repeats_its_marks_and_its_parts_add_up(sources, name):
    texts = [cell.source for cell in sources[name].cells if cell.cell_type == "markdown"]
    whole = "\n".join(texts)
    for number, (marks, minutes, _) in table(sources[name]).items():
        section = whole.split(f"\n## Question {number}: ")[-1].split("\n## ")[0]
        head, _, body = section.partition("\n")
        assert re.search(rf"\b{marks} marks, {minutes} minutes\b", head), head
        parts = [int(points) for points in re.findall(r"\*\*[^*]*\((\d+) marks?\b[^*]*\*\*", body)]
        assert not parts or sum(parts) == marks, (number, parts)


@each_set
def test_has_an_essay_a_figure_and_a_stretch_question(sources, name):
    by_hand = [cell for cell in graded(sources[name]) if is_by_hand(cell)]
    assert {cell.cell_type for cell in by_hand} == {"markdown", "code"}
    assert sources[name].cells[0].source.count("(stretch)") == 1


@each_set
def test_each_hand_marked_answer_has_a_scheme_that_adds_up(sources, name):
    for cell in graded(sources[name]):
        if is_by_hand(cell):
            scheme = re.search(r"(?s)BEGIN MARK SCHEME ===\n(.*)\n.*END MARK SCHEME", cell.source)[
                1
            ]
            marks = [int(points) for points in re.findall(r"^(?:# )?(\d+): ", scheme, re.M)]
            assert sum(marks) == settings(cell)["points"], cell.id


@each_set
def test_each_automatic_mark_rests_on_hidden_tests_unless_any_guess_counts(sources, name):
    for cell in automatic(sources[name]):
        guess = cell.id.endswith("guess")
        assert ("BEGIN HIDDEN TESTS" in cell.source) != guess, cell.id
        assert not guess or settings(cell)["points"] == 1


# --- right answers and wrong ones -------------------------------------------------------------


@pytest.mark.parametrize("student", STUDENTS)
@each_set
def test_the_solutions_get_all_marks_whoever_the_student_is(sources, name, student):
    assert [error for _, error in run(sources[name], student) if error] == []


@each_set
def test_own_numbers_come_from_a_hash_of_the_students_id(sources, name):
    cells = {cell.id: cell.source for cell in sources[name].cells}
    for student in STUDENTS:
        namespace = {"STUDENT_ID": student, "hashlib": hashlib}
        exec(cells["personal"], namespace)
        digest = hashlib.sha256(f"{student}/{name}/anything".encode()).digest()
        wanted = 3 + int.from_bytes(digest[:8], "big") % 9
        assert namespace["personal"]("anything", 3, 11) == wanted


@each_set
def test_secrets_are_found_in_every_region(sources, name):
    hidden = leaks.secrets(sources[name])
    for cell in sources[name].cells:
        if leaks.MARKS.search(cell.source) and cell.id not in ("student-id",):
            assert leaks.found(cell.source, hidden), cell.id


# Per set and test: an answer that a student might give and that must not get the mark.
WRONG = {
    "ps1": {
        "q1-guess": ("q1-guess-answer", "guess = 'yes'"),
        "q1-slope": (
            "q1-slope-answer",
            "def slope(z, beta):\n"
            "    gate = 1 / (1 + np.exp(-z))\n"  # forgets beta: right where beta is 1
            "    return gate + z * gate * (1 - gate)",
        ),
        "q1-peak": ("q1-peak-answer", "peak_at, peak = 2.3994, 1.0998"),
        "q2-edge": ("q2-edge-answer", "edge = np.arctanh(0.5)"),
        "q2-share": (
            "q2-share-answer",
            "def saturated(z, level):\n    return np.mean(np.tanh(z) >= level)",  # one side only
        ),
        "q2-spread": ("q2-spread-answer", "spread = edge"),
        "q3-dead": (
            "q3-dead-answer",
            "def dead(inputs, weights, biases):\n"
            "    return (inputs @ weights.T + biases < 0).all(axis=0)",  # the border is missing
        ),
        "q3-chance": ("q3-chance-answer", "chance = 0.5**samples * 0.9"),
        "q3-point": ("q3-point-answer", "point = [1, 1, 1, 1, -20, 0, 1, 1, 0]"),
        "q4-loss": ("q4-loss-answer", "fold_loss = 0.5"),
        "q4-folds": ("q4-folds-answer", "folds = [1, 1, 1, 1, 0, -1, 4, -8, -2]"),
        "q7-parity": (
            "q7-parity-answer",
            "def parity_weights(n):\n    return np.array([2.0, -4, *[0] * (n - 2)])[:n], -1.0",
        ),
    },
    "ps2": {
        "q1-step": (
            "q1-step-answer",
            "def step(point, gradient, draws, max_step):\n"
            "    return point - np.sign(gradient) * draws * max_step",  # stays where it is 0
        ),
        "q1-walk": (
            "q1-walk-answer",
            "def walk(landscape, start, draws, max_step):\n"  # the gradient of the start only
            "    slopes = landscape.gradient(start).numpy()\n"
            "    moves = [-np.sign(slopes) * row * max_step for row in draws]\n"
            "    return np.cumsum([start, *moves], axis=0)",
        ),
        "q1-guess": ("q1-guess-answer", "guess = 0.35"),
        "q1-own": ("q1-own-answer", "last_loss = np.log(2) / 2"),
        "q2-classify": (
            "q2-classify-answer",
            "def classify(eigenvalues, rtol):\n"  # an absolute tolerance
            "    values = np.asarray(eigenvalues)\n"
            "    if (abs(values) <= rtol).any():\n"
            "        return 'singular'\n"
            "    low, high = values.min(), values.max()\n"
            "    return 'convex' if low > 0 else 'concave' if high < 0 else 'saddle'",
        ),
        "q2-signs": ("q2-signs-answer", "positive, negative = 9, 0"),
        "q2-turning": ("q2-turning-answer", "turning = 1e-8"),
        "q3-levels": (
            "q3-levels-answer",
            "def levels(targets):\n"  # right for XOR only
            "    return [0, np.log(2) / 2, 0.75 * np.log(3) - 0.5 * np.log(2), np.log(2)]",
        ),
        "q3-largest": ("q3-largest-answer", "largest = np.log(2)"),
        "q3-found": ("q3-found-answer", "found = [False] * 4"),
        "q6-leave": ("q6-leave-answer", "def leave_origin(size):\n    return np.full(9, size)"),
    },
    "ps3": {
        "q1-line": (
            "q1-line-answer",
            "def line(landscape, centre, direction, alphas):\n"  # of length 1 first
            "    unit = direction / np.linalg.norm(direction)\n"
            "    return landscape.loss(np.asarray(centre) + np.outer(alphas, unit)).numpy()",
        ),
        "q1-filter": (
            "q1-filter-answer",
            "def scale_filters(weights, direction):\n"  # as a whole
            "    return direction * np.linalg.norm(weights) / np.linalg.norm(direction)",
        ),
        "q1-guess": ("q1-guess-answer", "guess = 'steeper'"),
        "q1-own": ("q1-own-answer", "raw_change, normalised_change = 25.0, 1.0"),
        "q2-along": (
            "q2-along-answer",
            "def curvature_along(hessian, directions):\n"  # the lengths stay
            "    rows = np.asarray(directions, dtype=float)\n"
            "    return np.einsum('ri,ij,rj->r', rows, np.asarray(hessian), rows)",
        ),
        "q2-expected": ("q2-expected-answer", "expected = (high - low) / 2"),
        "q2-share": ("q2-share-answer", "upwards = round(2000 * up / (up + down))"),
        "q2-disguise": (
            "q2-disguise-answer",
            "def disguise(n):\n    return [1.0] * (n // 2) + [-0.9] * (n - n // 2)",
        ),
        "q3-read": (
            "q3-read-answer",
            "def curvature_range(losses, norms):\n"  # twice too large
            "    kept = np.asarray(losses) > 0\n"
            "    slopes = np.asarray(norms)[kept] ** 2 / np.asarray(losses)[kept]\n"
            "    return slopes.min(), slopes.max()",
        ),
        "q3-own": ("q3-own-answer", "steepest = curvature_range(losses, norms)[0]"),
        "q3-twin": ("q3-twin-answer", "def twin(x):\n    return (x**2 - 1) ** 2 / 4"),
        "q6-round": (
            "q6-round-answer",
            "def round_the_wall(weights):\n"  # straight through it
            "    order = [4, 5, 2, 3, 0, 1, 8, 7, 6, 11, 10, 9, 12]\n"
            "    return np.array([weights, np.asarray(weights)[order]])",
        ),
    },
}
CASES = [(name, test) for name, cases in WRONG.items() for test in cases]


@pytest.mark.parametrize(("name", "test"), CASES)
def test_a_wrong_answer_fails_its_own_test(sources, name, test):
    answer, text = WRONG[name][test]
    assert failed(sources[name], test=test) == []
    assert failed(sources[name], test=test, answers={answer: text}) == [test]


@each_set
def test_every_automatic_mark_has_a_wrong_answer(sources, name):
    assert WRONG[name].keys() == {cell.id for cell in automatic(sources[name])}


@each_set
def test_anothers_numbers_get_no_marks(sources, name):
    """Answers worked out for other ids fail wherever the numbers are one's own."""
    personal = {cell.id for cell in automatic(sources[name]) if "sha256" in cell.source}
    assert len(personal) >= 3
    caught = [set(failed(sources[name], answers=copied(sources[name], s))) for s in STUDENTS[1:]]
    assert set().union(*caught) == personal  # one of them may share a number by chance


def copied(notebook, other):
    """Return answers and given numbers as another student sees them; tests see one's own id."""
    return {
        cell.id: f"STUDENT_ID, _id = {other!r}, STUDENT_ID\n{cell.source}\nSTUDENT_ID = _id"
        for cell in notebook.cells
        if cell.id.endswith("-answer") or "personal(" in cell.source
        if cell.cell_type == "code" and not is_by_hand(cell) and cell.id != "personal"
    }

"""The tool that executes and normalises notebooks."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import notebooks


def untidy():
    cell = new_code_cell(
        "print(1)",
        id="a",
        execution_count=7,
        metadata={"execution": {"iopub.status.idle": "2024"}, "tags": ["hide-input"]},
        outputs=[
            new_output("stream", name="stdout", text="1\n"),
            new_output("stream", name="stdout", text="2\n"),
            new_output("execute_result", data={"text/plain": "3"}, execution_count=7),
        ],
    )
    metadata = {"language_info": {"name": "python", "version": "3.11.2"}, "papermill": {}}
    return new_notebook(cells=[new_markdown_cell("# A", id="b"), cell], metadata=metadata)


def test_the_normal_form_holds_nothing_that_varies():
    normal = notebooks.normalise(untidy())
    assert normal.metadata == {"kernelspec": notebooks.KERNEL, "language_info": {"name": "python"}}
    cell = normal.cells[1]
    assert (cell.id, cell.execution_count) == ("a", 1)
    assert cell.metadata == {"tags": ["hide-input"]}
    assert [output.get("text") for output in cell.outputs] == ["1\n2\n", None]
    assert cell.outputs[1].execution_count == 1


def test_normalising_twice_is_normalising_once_and_leaves_the_argument():
    given = untidy()
    once = notebooks.normalise(given)
    assert notebooks.normalise(once) == once
    assert given == untidy()


def test_a_cell_that_was_not_run_stays_visibly_so():
    normal = notebooks.normalise(new_notebook(cells=[new_code_cell("1", id="a")]))
    assert normal.cells[0].execution_count is None


def test_check_tells_the_normal_from_the_untidy(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    nbformat.write(untidy(), path)
    assert notebooks.main(["--check", str(path)]) == 1
    assert "a.ipynb" in capsys.readouterr().err
    notebooks.write(path, notebooks.normalise(untidy()))
    assert notebooks.main(["--check", str(path)]) == 0


@pytest.mark.parametrize(("source", "code"), [("print(6 * 7)", 0), ("1 / 0", 1)])
def test_a_notebook_is_replaced_whole_or_not_at_all(tmp_path, source, code):
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source, id="a")]), path)
    before = path.read_bytes()
    assert notebooks.main([str(path)]) == code
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]
    if code:
        assert path.read_bytes() == before
    else:
        assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "42\n"
        assert notebooks.check(path)

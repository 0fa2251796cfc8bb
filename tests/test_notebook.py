"""A notebook holds a kata, and its last cell grades the answer in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sample_suite import GRADER, SOLUTION, Make

from dojo.cli import main
from dojo.mistakes import find_mistakes, reference
from dojo.notebook import MARK, NotGraded, grade
from dojo.practice.notebooks import NotebookError, build, write
from dojo.practice.page import code, verdict_html
from dojo.suite import Entry, Suite
from dojo.translations import words
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.workspace import progress

ID = "basics/scaled_sum"
RIGHT = reference(SOLUTION)
WRONG = find_mistakes(SOLUTION)[1]
EVIL = "</pre><script>alert('owned')</script>"


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    return make_suite()


@pytest.fixture
def entry(suite: Suite) -> Entry:
    return suite.entries[0]


def built(entry: Entry, language: Any = "en") -> dict[str, Any]:
    return build(entry, words(entry, language))


# --- what is written ------------------------------------------------------------------------------


def test_notebook_is_valid_and_holds_statement_stub_examples_and_grade(entry: Entry) -> None:
    notebook = built(entry)

    nbformat.validate(nbformat.from_dict(notebook))
    statement, answer, examples, last = (cell["source"] for cell in notebook["cells"])
    assert statement.startswith("# Scaled sum\n\nAdd and scale. *warmup, 5 minutes*\n")
    assert answer.startswith(f"{MARK} {ID}\n\nimport torch\n")
    assert "raise NotImplementedError" in answer
    assert ">>> scaled_sum(" in examples
    assert f'from dojo.notebook import grade\n\ngrade("{ID}")' == last


def test_notebook_holds_nothing_of_the_solution(entry: Entry) -> None:
    text = json.dumps(built(entry), ensure_ascii=False)

    assert "total" in RIGHT
    assert "total" not in text
    assert "✗" not in text
    assert WRONG.why not in text


def test_notebook_speaks_chinese(entry: Entry) -> None:
    statement = built(entry, "zh")["cells"][0]["source"]

    assert "相加再缩放。 *热身，5 分钟*" in statement
    assert "请保留它" in statement


@pytest.mark.parametrize("id", ["attention/self_attention", "basics/softmax"])
def test_equations_of_real_katas_are_latex(id: str) -> None:
    entry = Entry(id, Path(__file__).resolve().parents[1])

    statement = built(entry)["cells"][0]["source"]

    assert statement.count("$$") == 2
    assert r"\operatorname{softmax}" in statement


def test_nothing_is_overwritten_unless_forced_and_then_it_is_kept(
    entry: Entry, tmp_path: Path
) -> None:
    said, folder = words(entry), tmp_path / "out"
    (first,) = write([(entry, said)], folder)
    first.path.write_text("mine", encoding="utf-8")

    with pytest.raises(NotebookError, match="exists, so nothing was written: --force overwrites"):
        write([(entry, said)], folder)
    assert "mine" == first.path.read_text()
    again = [write([(entry, said)], folder, force=True)[0] for _ in range(2)]

    assert "mine" == again[0].backup.read_text()  # type: ignore[union-attr]
    assert 3 == len({first.path, *(written.backup for written in again)})
    assert json.loads(first.path.read_text()) == built(entry)


def test_command_writes_notebooks_below_the_folder(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments, status in ((["scaled_sum"], 0), (["scaled_sum"], 2), (["basics/"], 2)):
        monkeypatch.setattr(sys, "argv", ["dojo", "notebook", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert status == (ended.value.code or 0)

    out, err = capsys.readouterr()
    assert out.startswith("wrote notebooks/basics/scaled_sum.ipynb\n")
    assert 2 == err.count("--force")


# --- the verdict ----------------------------------------------------------------------------------


def test_everything_in_the_verdict_is_escaped(entry: Entry) -> None:
    case = CaseResult(
        case=f"a[x={EVIL}]",
        title=EVIL,
        verdict=Verdict.WRONG,
        why=EVIL,
        summary=EVIL,
        details=(EVIL,),
    )
    whole = KataResult(kata=ID, verdict=Verdict.NO_ANSWER, summary=EVIL, details=(EVIL,))
    result = KataResult(kata=ID, verdict=Verdict.WRONG, cases=(case,), printed=EVIL)

    for shown in (verdict_html(entry, r, words(entry), EVIL) for r in (whole, result)):
        assert "<script" not in shown
        assert shown.count("&lt;script&gt;") >= 3
        assert shown.count("<pre") == shown.count("</pre>")


def test_backticks_are_code_where_they_come_in_pairs() -> None:
    assert "a <code>&lt;b&gt;</code> c" == code("a `<b>` c")
    assert "a ` b" == code("a ` b")


# --- executed -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, list[Any]]:
    """A notebook after it has been run, with answers of every kind, in one kernel."""
    nbclient = pytest.importorskip("nbclient", reason="the extra `instructor` is not installed")
    root = tmp_path_factory.mktemp("suite")
    for tree, text in (("solutions", SOLUTION), ("graders", GRADER), ("katas", None)):
        (root / tree / "basics").mkdir(parents=True)
        if text:
            (root / tree / f"{ID}.py").write_text(text, encoding="utf-8")
    suite = Suite(root)
    notebook = nbformat.from_dict(built(suite.entries[0]))
    _, stub, _, last = notebook.cells
    cells = [last, stub, last]  # graded before anything was run, and as it is
    for source in (WRONG.source, f"print({EVIL!r})\nraise KeyError({EVIL!r})", RIGHT):
        cells += [nbformat.v4.new_code_cell(f"{MARK} {ID}\n\n{source}"), last]
    grade_by_name = nbformat.v4.new_code_cell('grade("scaled_sum")')
    unknown = nbformat.v4.new_code_cell(f"{MARK} nonsense"), "grade('nonsense')"
    cells += [grade_by_name, unknown[0], nbformat.v4.new_code_cell(unknown[1])]
    loaded = "import sys\nsorted(name for name in sys.modules if name.startswith('dojo.'))"
    cells.append(nbformat.v4.new_code_cell(loaded))
    notebook.cells = [nbformat.v4.new_code_cell(cell.source) for cell in cells]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DOJO_ROOT", raising=False)
        patch.setenv("LC_ALL", "C.UTF-8")
        client = nbclient.NotebookClient(
            notebook,
            timeout=120,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(root)}},
        )
        client.execute()
    return suite, [cell.outputs for cell in notebook.cells]


def shown(outputs: Any) -> tuple[str, str]:
    (result,) = [output for output in outputs if output.output_type == "execute_result"]
    return result.data["text/plain"], result.data["text/html"]


def error(outputs: Any) -> str:
    (result,) = [output for output in outputs if output.output_type == "error"]
    return "\n".join(result.traceback)


def test_cell_that_was_not_run_is_asked_for_in_one_line(executed: Any) -> None:
    _, cells = executed

    assert f"dojo: run the cell that begins with `{MARK} {ID}` first: it holds your answer" == (
        error(cells[0])
    )


def test_stub_is_not_started(executed: Any) -> None:
    text, html = shown(executed[1][2])

    assert text.startswith(f"· {ID} – not started\n")
    assert "not started" in html


def test_wrong_answer_is_told_which_mistake_it_is(executed: Any) -> None:
    text, html = shown(executed[1][4])

    assert text.startswith(f"✗ {ID} – wrong, 1 of 4 cases pass\n")
    assert f"This looks like: {WRONG.why}" in text
    assert WRONG.why in html


def test_hostile_answer_stays_text(executed: Any) -> None:
    text, html = shown(executed[1][6])

    assert "raises KeyError" in text
    assert EVIL in text
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_right_answer_passes_by_id_and_by_name(executed: Any) -> None:
    _, cells = executed

    for outputs in (cells[8], cells[9]):
        text, html = shown(outputs)
        assert text.startswith(f"✓ {ID} – all 4 cases pass\n")
        assert "all 4 cases pass" in html


def test_unknown_kata_is_named_with_advice(executed: Any) -> None:
    assert "dojo: no kata is called 'nonsense': `dojo list` shows all" == error(executed[1][11])


def test_what_a_notebook_graded_is_in_the_record(executed: Any) -> None:
    suite, _ = executed
    record = progress(suite.root)

    attempts = record.attempts(ID)

    assert [Verdict.WRONG, Verdict.RAISED, Verdict.PASSED] == [a.verdict for a in attempts]
    assert [WRONG.why] == list({f.why for f in record.failures(attempts[0].id) if f.why})
    assert {ID} == record.solved()
    assert RIGHT in (record.answer(attempts[-1].digest) or b"").decode()


def test_kernel_that_runs_the_answer_compares_nothing(executed: Any) -> None:
    (result,) = executed[1][12]
    loaded = result.data["text/plain"]

    assert "'dojo.notebook'" in loaded
    for judge in ("grade", "reference", "compare", "engine", "mistakes"):
        assert f"'dojo.{judge}'" not in loaded


def test_place_that_is_no_notebook_is_told_what_to_do() -> None:
    with pytest.raises(NotGraded, match="this is no notebook: write the answer in katas/"):
        grade("scaled_sum")

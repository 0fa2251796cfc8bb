"""Katas are found and read from their files alone."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from dojo import Kata
from dojo.suite import CaseSpec, GraderError, NoSuite, Suite, UnknownKata

META = {
    "minutes": "10",
    "level": '"core"',
    "asked": '"Write it."',
    "asked_zh": '"写。"',
    "hints": '("First", "Then")',
    "follow_ups": '{"Why?": "Because."}',
    "source": '"Nobody 2020, eq. 1"',
}
CASE = '''
@case(B=2)
def output(kata, draw, B):
    """matches the equation"""
'''


def grader(cases: str = CASE, **meta: str) -> str:
    given = ", ".join(f"{name}={value}" for name, value in {**META, **meta}.items() if value)
    return f"from dojo import Kata, case\n\nkata = Kata({given})\n{cases}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for tree in ("katas", "solutions", "graders"):
        (tmp_path / tree).mkdir()
    return tmp_path


def add(root: Path, id: str, text: str | None = None, **meta: str) -> None:
    for tree in ("katas", "solutions", "graders"):
        path = root / tree / f"{id}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'"""The {path.stem}.\n\nMore of it.\n"""\n', encoding="utf-8")
    (root / "graders" / f"{id}.py").write_text(text or grader(**meta), encoding="utf-8")


def ids(entries: tuple[object, ...]) -> list[str]:
    return [entry.id for entry in entries]  # type: ignore[attr-defined]


@pytest.fixture
def five(root: Path) -> Suite:
    for id in (
        "bandits/ucb1",
        "attention/self_attention",
        "attention/cross_attention",
        "losses/cross_entropy",
        "metrics/cross_entropy",
    ):
        add(root, id)
    return Suite(root)


class TestEntry:
    def test_knows_its_three_files(self, five):
        (entry,) = five.find("ucb1")
        assert ("bandits", "ucb1") == (entry.topic, entry.name)
        assert five.root / "katas/bandits/ucb1.py" == entry.stub
        assert five.root / "solutions/bandits/ucb1.py" == entry.solution
        assert five.root / "graders/bandits/ucb1.py" == entry.grader

    def test_title_is_the_first_line_of_the_statement(self, five):
        (entry,) = five.find("ucb1")
        assert "The ucb1.\n\nMore of it." == entry.statement
        assert "The ucb1" == entry.title

    def test_a_solution_without_statement_is_refused(self, five):
        (entry,) = five.find("ucb1")
        entry.solution.write_text("x = 1\n")
        with pytest.raises(GraderError, match=r"solutions/bandits/ucb1\.py:1: the statement"):
            _ = entry.title

    def test_metadata_is_the_literal_in_the_grader(self, root):
        add(root, "a/b", needs='("a/c",)', forbids='("torch.nn.Linear",)')
        (entry,) = Suite(root).entries
        expected = Kata(
            minutes=10,
            level="core",
            asked="Write it.",
            asked_zh="写。",
            hints=("First", "Then"),
            follow_ups={"Why?": "Because."},
            source="Nobody 2020, eq. 1",
            needs=("a/c",),
            forbids=("torch.nn.Linear",),
        )
        assert expected == entry.meta

    def test_cases_come_as_written_from_top_to_bottom(self, root):
        cases = '''
class Arms:
    pass

@case(B=2, shape=(3, -4), mode="sum", eps=1e-3)
@case(B=1, shape=(), mode="mean", eps=0.5)
def output(kata, draw, B, shape, mode, eps=0.1):
    """matches the equation"""

def helper(kata):
    """Not a case."""

@case()
def nothing(kata, draw):
    """needs no size"""

@case(n=0, raises=ValueError)
@case(n=1, raises=np.linalg.LinAlgError, budget={"calls": 2})
def refuses(kata, draw, *, n):
    """refuses"""
'''
        add(root, "a/b", "import numpy as np\n" + grader(cases))
        (entry,) = Suite(root).entries
        assert [
            "output[B=2,shape=(3,-4),mode=sum,eps=0.001]",
            "output[B=1,shape=(),mode=mean,eps=0.5]",
            "nothing",
            "refuses[n=0]",
            "refuses[n=1]",
        ] == [case.id for case in entry.cases]
        assert (None, None, None, "ValueError", "np.linalg.LinAlgError") == tuple(
            case.raises for case in entry.cases
        )
        expected = CaseSpec(
            "refuses", "refuses", {"n": 1}, "np.linalg.LinAlgError", {"calls": 2.0}, 22
        )
        assert expected == entry.cases[-1]

    def test_what_has_been_read_is_kept(self, five):
        (entry,) = five.find("ucb1")
        assert entry.cases is entry.cases
        assert entry.meta is entry.meta

    def test_nothing_of_a_kata_runs_and_nothing_heavy_is_imported(self, root):
        add(root, "a/b", "import torch\nopen('ran', 'w')\n" + grader())
        for tree in ("katas", "solutions"):
            (root / tree / "a/b.py").write_text('"""T."""\nraise SystemExit(9)\n')
        code = """
            import json, sys
            from dojo.suite import Suite
            (entry,) = Suite.locate().entries
            entry.meta, entry.cases, entry.title
            heavy = {"torch", "numpy", "black", "pytest", "rich", "typer"}
            print(json.dumps(sorted(heavy & sys.modules.keys())))
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=root / "katas",
            capture_output=True,
            text=True,
            check=True,
        )
        assert [] == json.loads(done.stdout)
        assert not list(root.rglob("ran"))


REFUSED = {
    "syntax": ("kata = Kata(\n", 1, "not valid Python"),
    "repeated keyword": (grader(asked='"a", asked="b"'), 3, "not valid Python"),
    "null byte": ("\0", 1, "is not"),
    "not utf-8": ("kata = 'é'".encode("latin-1"), 1, "not valid Python"),
    "no kata": (CASE, 1, "one `kata = Kata"),
    "two katas": (grader() + "kata = Kata()\n", 8, "one `kata = Kata"),
    "positional": (grader(asked='"a", **more'), 3, "every value needs its name"),
    "unknown keyword": (grader(forbid="()"), 3, "no 'forbid': it takes forbids"),
    "missing keyword": (grader(source="", hints=""), 3, "lacks hints and source"),
    "computed": (grader(minutes="5 * 5"), 3, "minutes is computed"),
    "formatted": (grader(asked='f"{1}"'), 3, "asked is computed"),
    "minutes": (grader(minutes="True"), 3, "minutes must be a whole number"),
    "level": (grader(level='"easy"'), 3, "level must be one of 'warmup', 'core' or 'hard'"),
    "empty text": (grader(asked_zh='" "'), 3, "asked_zh must be a sentence"),
    "no comma": (grader(hints='("one")'), 3, "hints must be a tuple"),
    "follow-ups": (grader(follow_ups='{"Why?": ""}'), 3, "follow_ups must be"),
    "need": (grader(needs='("self_attention",)'), 3, "needs must be a tuple of ids"),
    "forbidden name": (grader(forbids='("softmax",)'), 3, "forbids must be a tuple"),
    "no case": (grader(""), 1, "there is no case"),
    "bare decorator": (grader(CASE.replace("(B=2)", "")), 5, "no decorator but @case"),
    "other decorator": (grader("@cache" + CASE), 4, "no decorator but @case"),
    "module's decorator": (grader(CASE.replace("@", "@dojo.")), 5, "no decorator but @case"),
    "positional size": (grader(CASE.replace("B=2", "2")), 5, "every value needs its name"),
    "computed size": (grader(CASE.replace("2", "one()")), 5, "B is computed"),
    "dtype of torch": (
        grader(CASE.replace("B=2", "B=torch.float64")),
        5,
        'B is computed: write a literal, such as B="float64", since it is read',
    ),
    "list": (grader(CASE.replace("2", "[1]")), 5, "B must be a number"),
    "no title": (grader(CASE.replace('"matches the equation"', '""')), 6, "needs a title"),
    "full stop": (grader(CASE.replace("equation", "equation.")), 6, "needs a title"),
    "two lines": (grader(CASE.replace("the ", "\n")), 6, "needs a title"),
    "no docstring": (grader(CASE.replace('"""', "'", 1).replace('"""', "'.x")), 6, "a title"),
    "twin case": (grader("@case(B=2)" + CASE), 5, "output[B=2] is there already, in line 4"),
    "twin function": (grader(CASE + CASE.replace("2", "3")), 10, "output is there already"),
    "unknown size": (grader(CASE.replace("B=2", "B=2, T=3")), 5, "output takes no T"),
    "missing size": (grader(CASE.replace("B=2", "")), 5, "output lacks B"),
    "first parameters": (grader(CASE.replace("kata, draw", "draw, kata")), 6, "`draw` first"),
    "budget": (grader(CASE.replace("2", "2, budget={'calls': 0.5}")), 5, "budget must map"),
    "empty budget": (grader(CASE.replace("2", "2, budget={}")), 5, "budget must map"),
    "not an error": (grader(CASE.replace("2", "2, raises=int")), 5, "raises must name"),
    "no such error": (grader(CASE.replace("2", "2, raises=ValueEror")), 5, "raises must name"),
    "error as text": (grader(CASE.replace("2", "2, raises='E'")), 5, "raises must name"),
    "nested": (grader("if True:" + CASE.replace("\n", "\n    ")), 6, "output is nested"),
    "class": (grader("@case()\nclass A:\n    pass\n"), 5, "on a plain function"),
    "async": (grader(CASE.replace("def", "async def")), 6, "on a plain function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_grader_that_breaks_a_rule_is_refused_with_its_line(root, name):
    text, line, message = REFUSED[name]
    add(root, "a/b")
    (root / "graders/a/b.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    (entry,) = Suite(root).entries
    with pytest.raises(GraderError) as caught:
        _ = entry.meta, entry.cases
    assert message in caught.value.message
    assert line == caught.value.line
    assert str(caught.value).startswith(f"graders/a/b.py:{line}: ")


def test_a_missing_grader_is_refused(root):
    add(root, "a/b")
    (root / "graders/a/b.py").unlink()
    (entry,) = Suite(root).entries
    with pytest.raises(GraderError, match=r"graders/a/b\.py:1: cannot be read \(no such file"):
        _ = entry.meta


class TestOrder:
    def test_is_by_topic_then_level_then_name(self, root):
        add(root, "zoo/a")
        add(root, "bandits/b", level='"warmup"')
        add(root, "bandits/a", level='"hard"')
        add(root, "attention/z")
        add(root, "attention/y")
        expected = ["attention/y", "attention/z", "bandits/b", "bandits/a", "zoo/a"]
        assert expected == ids(Suite(root).entries)
        assert ["attention", "bandits", "zoo"] == list(Suite(root).topics())
        assert ["bandits/b", "bandits/a"] == ids(Suite(root).topics()["bandits"])

    def test_a_need_comes_first_even_from_a_later_topic(self, root):
        add(root, "attention/a", needs='("bandits/a", "no/where")')
        add(root, "attention/b")
        add(root, "bandits/a", needs='("bandits/z",)')
        add(root, "bandits/z", level='"hard"')
        expected = ["attention/b", "bandits/z", "bandits/a", "attention/a"]
        assert expected == ids(Suite(root).entries)
        assert () == Suite(root).cycle()

    def test_a_cycle_hides_nothing_and_is_named(self, root):
        add(root, "a/a", needs='("a/b",)')
        add(root, "a/b", needs='("a/c",)')
        add(root, "a/c", needs='("a/b",)')
        assert ["a/a", "a/b", "a/c"] == ids(Suite(root).entries)
        assert {"a/b", "a/c"} == set(Suite(root).cycle())

    def test_a_kata_that_needs_itself_is_a_cycle(self, root):
        add(root, "a/a", needs='("a/a",)')
        assert ("a/a",) == Suite(root).cycle()

    def test_a_broken_grader_hides_no_kata(self, root):
        add(root, "a/a", "kata = (")
        add(root, "a/b")
        assert ["a/b", "a/a"] == ids(Suite(root).entries)


class TestFind:
    @pytest.mark.parametrize(
        "text",
        [
            "self_attention",
            "attention/self_attention",
            "attention/self_attention.py",
            "self-attention",
            "Self_Attention",
            "SelfAttention",
            "attention\\self_attention.py",
            "./katas/attention/self_attention.py",
            "solutions/attention/self_attention",
            "graders/attention/self_attention.py",
        ],
    )
    def test_takes_every_way_to_write_an_id(self, five, text, monkeypatch, tmp_path_factory):
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        assert ["attention/self_attention"] == ids(five.find(text))

    def test_takes_paths(self, five, monkeypatch):
        expected = ["attention/self_attention"]
        for tree in ("katas", "solutions", "graders"):
            path = five.root / tree / "attention"
            assert expected == ids(five.find(str(path / "self_attention.py")))
            monkeypatch.chdir(path)
            assert expected == ids(five.find("self_attention.py"))
            assert expected == ids(five.find("./self_attention"))
            assert expected == ids(five.find("../attention/self_attention.py"))
            assert ["bandits/ucb1"] == ids(five.find("bandits/ucb1"))

    def test_takes_paths_through_a_link(self, five, tmp_path_factory):
        link = tmp_path_factory.mktemp("link") / "clone"
        link.symlink_to(five.root)
        assert ["bandits/ucb1"] == ids(five.find(str(link / "katas/bandits/ucb1.py")))
        assert ["bandits/ucb1"] == ids(Suite(link).find(str(five.root / "katas/bandits/ucb1.py")))

    @pytest.mark.parametrize("text", ["attention", "attention/", "Attention", "katas/attention"])
    def test_takes_a_whole_topic(self, five, text):
        expected = ["attention/cross_attention", "attention/self_attention"]
        assert expected == ids(five.find(text))

    def test_takes_a_whole_tree(self, five):
        assert five.entries == five.find("katas")

    def test_a_name_in_two_topics_lists_both(self, five):
        with pytest.raises(UnknownKata, match=r"not one kata: write .* or ") as caught:
            five.find("cross_entropy")
        expected = ("losses/cross_entropy", "metrics/cross_entropy")
        assert expected == caught.value.suggestions
        assert ["losses/cross_entropy"] == ids(five.find("losses/cross_entropy"))

    def test_a_topic_called_like_a_kata_lists_both(self, five):
        add(five.root, "ucb1/thompson")
        suite = Suite(five.root)
        with pytest.raises(UnknownKata) as caught:
            suite.find("ucb1")
        assert ("ucb1/", "bandits/ucb1") == caught.value.suggestions
        assert ["ucb1/thompson"] == ids(suite.find("ucb1/"))

    @pytest.mark.parametrize(
        ("text", "nearest"),
        [
            ("self_atention", "attention/self_attention"),
            ("attention/self_atention", "attention/self_attention"),
            ("atention/self_attention", "attention/self_attention"),
            ("ucb", "bandits/ucb1"),
            ("band", "bandits/"),
            ("katas/bandits/ucb2.py", "bandits/ucb1"),
        ],
    )
    def test_a_misspelt_name_suggests(self, five, text, nearest):
        with pytest.raises(UnknownKata, match="did you mean") as caught:
            five.find(text)
        assert nearest == caught.value.suggestions[0]

    @pytest.mark.parametrize("text", ["", " ", "qqqqqq", "/", "..", "a\0b", "*", "é"])
    def test_a_name_like_none_points_to_the_list(self, five, text):
        with pytest.raises(UnknownKata, match="dojo list") as caught:
            five.find(text)
        assert () == caught.value.suggestions


class TestLocate:
    def test_goes_upwards(self, five, monkeypatch):
        monkeypatch.delenv("DOJO_ROOT", raising=False)
        monkeypatch.chdir(five.root / "katas/attention")
        assert five.root.resolve() == Suite.locate().root
        assert five.root.resolve() == Suite.locate(five.root / "graders").root

    def test_believes_the_variable(self, five, monkeypatch, tmp_path_factory):
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        monkeypatch.setenv("DOJO_ROOT", str(five.root))
        assert five.root.resolve() == Suite.locate().root

    def test_says_what_is_missing(self, monkeypatch, tmp_path):
        monkeypatch.delenv("DOJO_ROOT", raising=False)
        with pytest.raises(NoSuite, match="katas, solutions and graders"):
            Suite.locate(tmp_path)
        monkeypatch.setenv("DOJO_ROOT", str(tmp_path))
        with pytest.raises(NoSuite, match="DOJO_ROOT is"):
            Suite.locate()


def test_strays_are_files_without_a_kata(five):
    for name in ("katas/loose.py", "graders/bandits/ucb2.py", "solutions/bandits/Bad-Name.py"):
        (five.root / name).write_text("")
    (five.root / "katas/bandits/__pycache__").mkdir()
    (five.root / "katas/bandits/__pycache__/ucb1.py").write_text("")
    expected = {"katas/loose.py", "graders/bandits/ucb2.py", "solutions/bandits/Bad-Name.py"}
    assert expected == {path.relative_to(five.root).as_posix() for path in five.strays()}
    assert 5 == len(five.entries)


def test_two_hundred_katas_are_listed_in_a_fraction_of_a_second(root):
    cases = "".join(CASE.replace("output", f"case_{n}") + "    pass\n" * 6 for n in range(8))
    for n in range(200):
        add(root, f"topic_{n % 20}/kata_{n}", grader(cases))
    start = time.process_time()
    suite = Suite(root)
    assert 200 == len([entry.title for entry in suite.entries if entry.cases])
    assert time.process_time() - start < 1.5  # Several times what a slow machine needs.

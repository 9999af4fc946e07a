"""Is every promise of docs/safety.md held by a test that exists?"""

from __future__ import annotations

import ast
import re

import pytest

from embedded.process import REPOSITORY

PAGE = (REPOSITORY / "docs/safety.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and "promise" not in line]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def defined_in(path: str) -> set[str]:
    tree = ast.parse((REPOSITORY / path).read_text())
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}


@pytest.mark.parametrize(("promise", "held_by"), ROWS, ids=[r[0] for r in ROWS])
def test_a_promise_names_tests_and_nothing_else(promise: str, held_by: str) -> None:
    assert promise
    assert all(re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", one) for one in held_by.split("<br>"))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[n for _, n in NAMED])
def test_a_test_that_holds_a_promise_is_there(path: str, name: str) -> None:
    assert name in defined_in(path)


@pytest.mark.parametrize("name", ["aside", "caution"])
def test_the_tests_of_the_deployed_stack_are_run(name: str) -> None:
    """They lie in files of their own, which pytest does not collect."""
    assert f"from tests.end_to_end.{name} import *" in (REPOSITORY / "tests/end_to_end/test_deployed.py").read_text()

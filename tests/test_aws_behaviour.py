"""The table of AWS's behaviours names what is there, and leaves out no test of the strict EC2 and DNS."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from embedded.process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = REPOSITORY / "docs" / "aws-behaviour.md"
HEADER = ["behaviour", "AWS page or public issue", "rule", "test"]
BOTH_WAYS = "not documented; tried both ways"
PACKAGES = {"vpce": REPOSITORY / "layers" / "vpce" / "vpce", "": REPOSITORY / "embedded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    behaviour: str
    source: str
    rules: tuple[str, ...]
    tests: tuple[str, ...]


def rows() -> list[Row]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|") and not line.startswith("|--")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert all(len(row) == len(HEADER) for row in cells)
    return [
        Row(behaviour=behaviour, source=source, rules=_names(rules), tests=_names(tests))
        for behaviour, source, rules, tests in cells
        if [behaviour, source, rules, tests] != HEADER
    ]


def _names(cell: str) -> tuple[str, ...]:
    found = tuple(re.findall(r"`([^`]+)`", cell))
    assert "<br>".join(f"`{name}`" for name in found) == cell
    return found


@cache
def functions_in(file: Path) -> frozenset[str]:
    return frozenset(n.name for n in _tree(file).body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _defined(body: list[ast.stmt]) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The names that a module or class defines, each with what it holds."""
    for node in body:
        match node:
            case ast.ClassDef():
                yield node.name, node.body
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, []
            case ast.Assign(targets=targets):
                yield from ((target.id, []) for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, []
            case _:
                pass


def exists(rule: str) -> bool:
    """``package.module.name``, ``strict_….name``, or ``file:text``."""
    if ":" in rule:
        path, text = rule.split(":", 1)
        file = REPOSITORY / path
        return file.is_file() and text in file.read_text()
    parts = rule.split(".")
    folder = PACKAGES["vpce" if parts[0] == "vpce" else ""]
    if parts[0] == "vpce":
        parts = parts[1:]
    while parts and (folder / parts[0]).is_dir():
        folder, parts = folder / parts[0], parts[1:]
    if not parts or not (folder / f"{parts[0]}.py").is_file():
        return False
    body = _tree(folder / f"{parts[0]}.py").body
    for name in parts[1:]:
        held = dict(_defined(body))
        if name not in held:
            return False
        body = held[name]
    return True


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.behaviour)
def test_what_a_row_names_is_there(row: Row) -> None:
    assert row.behaviour
    assert row.source
    assert row.rules
    assert row.tests
    for rule in row.rules:
        assert exists(rule), rule
    for test in row.tests:
        name, _, function = test.partition("::")
        [file] = REPOSITORY.glob(f"tests/**/{name}")
        assert function in functions_in(file), test


def test_what_is_not_documented_is_tried_both_ways_by_name() -> None:
    both = [row for row in rows() if BOTH_WAYS in row.source]
    assert both
    assert [row.behaviour for row in both if len(row.tests) < len(("one way", "the other"))] == []


def test_every_test_of_the_strict_ec2_is_in_the_table() -> None:
    named = {test for row in rows() for test in row.tests}
    files = sorted((REPOSITORY / "tests" / "embedded").glob("test_strict_*.py"))
    assert files
    assert sorted({f"{file.name}::{test}" for file in files for test in functions_in(file)} - named) == []


def test_everything_that_is_tried_both_ways_is_in_the_table() -> None:
    named = {test for row in rows() for test in row.tests}
    file = REPOSITORY / "tests" / "aws" / "test_both_ways.py"
    assert sorted({f"{file.name}::{test}" for test in functions_in(file)} - named) == []


def test_every_check_of_the_strict_ec2_is_in_the_table() -> None:
    named = {rule for row in rows() for rule in row.rules}
    module = "strict_ec2_rules"
    checks = [n for n, _ in _defined(_tree(REPOSITORY / "embedded" / f"{module}.py").body) if n.startswith("check_")]
    assert checks
    assert sorted({f"{module}.{check}" for check in checks} - named) == []


def test_every_link_of_the_table_has_its_address() -> None:
    text = TABLE.read_text()
    addresses = re.findall(r"^\[([^\]]+)\]: https://\S+$", text, re.MULTILINE)
    used = re.findall(r"\[([^\]]+)\](?![:(])", "".join(row.source for row in rows()))
    assert len(addresses) == len(set(addresses))
    assert set(used) == set(addresses)


@pytest.mark.parametrize(
    "rule",
    ["strict_ec2_rules.check_nothing", "vpce.core.plan.Nobody", "vpce.core.plan._Towards.nothing", "vpce.nowhere.it"],
)
def test_a_rule_that_is_gone_is_seen(rule: str) -> None:
    assert not exists(rule)

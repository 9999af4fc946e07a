"""Who may import whom: the core nothing but the standard library, and every layer only those below it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "vpce"

IMPURE = {
    "asyncio", "builtins", "concurrent", "configparser", "ctypes", "fileinput", "ftplib", "glob", "http",
    "importlib", "io", "logging", "multiprocessing", "os", "pathlib", "platform", "random", "secrets", "select",
    "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "syslog", "tempfile", "threading",
    "time", "urllib", "uuid", "warnings", "zoneinfo",
}  # fmt: skip
"""Clocks, logs, the environment, files, the network, chance: what makes a function answer differently tomorrow."""
IMPURE_METHODS = {"now", "utcnow", "today"}
"""Of datetime, whose values the core may compare."""
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}

AWS = ("boto3", "botocore", "mypy_boto3_cloudwatch", "mypy_boto3_ec2", "mypy_boto3_logs", "mypy_boto3_pricing",
       "mypy_boto3_route53", "mypy_boto3_route53profiles", "mypy_boto3_route53resolver", "mypy_boto3_s3",
       "mypy_boto3_securityhub", "mypy_boto3_service_quotas", "mypy_boto3_sns", "mypy_boto3_sqs", "mypy_boto3_ssm",
       "mypy_boto3_sts")  # fmt: skip
USE_CASES = (
    "vpce.audit",
    "vpce.catalogue",
    "vpce.discover",
    "vpce.documents",
    "vpce.hub",
    "vpce.notify",
    "vpce.ownership",
    "vpce.pricing",
    "vpce.query_logging",
    "vpce.recommend",
    "vpce.reconcile",
)
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "vpce": (),
    "vpce.core": ("vpce.core",),
    "vpce.aws": ("vpce.core", "vpce.aws", *AWS),
    "vpce.config": ("vpce.core",),
    **dict.fromkeys(USE_CASES, ("vpce.core", "vpce.aws", "vpce.config", *USE_CASES, *AWS)),
    "vpce.cli": ("vpce",),
    "functions": ("vpce.core", "vpce.aws", "vpce.config", *USE_CASES, "aws_lambda_powertools"),
}
"""Beside the standard library. The longest name that fits a module decides."""


def module_of(file: Path) -> str:
    base = PACKAGE if file.is_relative_to(PACKAGE) else ROOT
    return ".".join(file.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(f): f for d in (PACKAGE / "vpce", ROOT / "functions") for f in sorted(d.rglob("*.py"))}


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports(module: ast.Module) -> Iterator[str]:
    """Wherever they stand: also those for types only, and those inside functions."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, names=names, level=0):
                yield from (f"{name}.{alias.name}" for alias in names)
            case ast.ImportFrom():
                yield "a relative import"


def allowed(module: str) -> tuple[str, ...]:
    return MAY_IMPORT[max((layer for layer in MAY_IMPORT if is_in(module, [layer])), key=len)]


def is_in(module: str, packages: Iterable[str]) -> bool:
    return any(module == p or module.startswith(f"{p}.") for p in packages)


def forbidden(module: str, source: ast.Module) -> list[str]:
    return [
        name
        for name in imports(source)
        if name.split(".")[0] not in sys.stdlib_module_names and not is_in(name, allowed(module))
    ]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_the_layers_below_it(module: str) -> None:
    assert forbidden(module, tree(MODULES[module])) == []


@pytest.mark.parametrize("module", [m for m in MODULES if is_in(m, ["vpce.core"])])
def test_the_core_has_no_clock_no_log_no_environment_and_no_files(module: str) -> None:
    """The same VPC must have the same plan on every run."""
    source = tree(MODULES[module])
    calls = [n.func for n in ast.walk(source) if isinstance(n, ast.Call)]

    assert [name for name in imports(source) if name.split(".")[0] in IMPURE] == []
    assert {f.id for f in calls if isinstance(f, ast.Name)} & IMPURE_CALLS == set()
    assert {f.attr for f in calls if isinstance(f, ast.Attribute)} & IMPURE_METHODS == set()


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("vpce")])
def test_what_ships_knows_nothing_of_tests_and_of_the_embedded_aws(module: str) -> None:
    names = [name.split(".")[0] for name in imports(tree(MODULES[module]))]

    assert {"embedded", "tests", "functions", "moto", "pytest", "benchmarks"} & {*names} == set()


@pytest.mark.parametrize("module", [m for m in MODULES if m != "vpce.cli.common"])
def test_only_the_functions_and_the_options_of_commands_read_the_environment(module: str) -> None:
    """Settings are arguments everywhere else."""
    names = {name.split(".")[0] for name in imports(tree(MODULES[module]))}

    assert "os" not in names or is_in(module, ["functions"])


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_asked_of_aws_while_a_module_is_imported(module: str) -> None:
    """A client made at import is there before anybody could say which."""
    top = [n for n in tree(MODULES[module]).body if isinstance(n, ast.Expr | ast.Assign | ast.AnnAssign)]
    called = {
        n.func.attr if isinstance(n.func, ast.Attribute) else getattr(n.func, "id", "")
        for statement in top
        for n in ast.walk(statement)
        if isinstance(n, ast.Call)
    }

    assert {"client", "resource", "Session"} & called == set()


def test_every_layer_is_there() -> None:
    """A guard on this test: a moved module must not slip through."""
    assert all(any(is_in(module, [layer]) for module in MODULES) for layer in MAY_IMPORT)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("vpce.core.plan", "import boto3"),
        ("vpce.core.plan", "from vpce.aws.pace import Pace"),
        ("vpce.core.plan", "from . import model"),
        ("vpce.aws.observe", "from vpce.reconcile import reconcile"),
        ("vpce.aws.observe", "import vpce.config"),
        ("vpce.config", "import boto3"),
        ("vpce.reconcile", "def f():\n    from vpce.cli import main"),
        ("vpce.notify", "import aws_lambda_powertools"),
        ("functions.reconcile.app", "import embedded.server"),
        ("functions.reconcile.app", "from vpce import cli"),
        ("functions.reconcile.app", "from vpce.cli.work import until_rest"),
    ],
)
def test_an_import_that_points_up_is_seen(module: str, line: str) -> None:
    assert forbidden(module, ast.parse(line))

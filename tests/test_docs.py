"""What the documents promise is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks.example import PAGE, with_texts
from benchmarks.money_table import break_even_table
from benchmarks.running_cost import text as running_cost
from embedded.process import REPOSITORY
from vpce.aws.parameters import shipped_profiles
from vpce.core.profile import read_profiles

if TYPE_CHECKING:
    import pytest

README = (REPOSITORY / "README.md").read_text()


def test_the_readme_lists_every_profile_as_it_is() -> None:
    rows = ["| profile | gateway | interface | optional |", "|---|---|---|---|"]
    for name, profile in read_profiles(shipped_profiles()).tables.items():
        required = [s for s in profile.interface if s not in profile.optional]
        lists = (sorted(profile.gateway), required, sorted(profile.optional))
        rows.append(f"| `{name}` | " + " | ".join(", ".join(one) for one in lists) + " |")

    assert "\n".join(rows) in README


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    for document in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"`make ([a-z ]+)`", (REPOSITORY / document).read_text()):
            assert all(re.search(rf"^{one}:", makefile, re.MULTILINE) for one in target.split())


def test_every_parameter_of_the_template_is_explained() -> None:
    template = (REPOSITORY / "template.yaml").read_text()
    block = template.split("\nParameters:\n")[1].split("\nMetadata:\n")[0]

    for name in re.findall(r"^  ([A-Za-z]+):$", block, re.MULTILINE):
        assert f"`{name}`" in README


def test_every_file_that_a_document_names_exists() -> None:
    for document in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_readme_shows_a_journey_as_the_command_prints_it() -> None:
    golden = (REPOSITORY / "tests/golden/journey_a_closed_group.txt").read_text()

    assert f"$ vpce explain vpc-0123456789abcdef0 sqs\n{golden}```" in README


def test_the_worked_example_is_what_the_commands_print(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "")  # the example sets its own
    page = PAGE.read_text(encoding="utf-8")
    assert with_texts(page) == page, "python -m benchmarks.example --write"


def test_the_readme_says_what_it_costs_as_it_is_computed() -> None:
    assert f"## What it costs\n\n{running_cost()}\n" in README
    assert f"\n{break_even_table()}\n" in README


def test_the_page_on_discovery_shows_what_the_command_prints() -> None:
    golden = (REPOSITORY / "tests/golden/discover.txt").read_text()

    assert f"\n{golden}```" in (REPOSITORY / "docs/discovery.md").read_text()

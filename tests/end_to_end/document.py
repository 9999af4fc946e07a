"""docs/reliability.md: the table of faults, written by `make faults`, and the command that puts dead letters back."""

from __future__ import annotations

import itertools

from embedded.process import REPOSITORY

DOCUMENT = REPOSITORY / "docs/reliability.md"
HEAD = "| fault | times injected | outcome | what was lost |\n|---|---|---|---|"


def table_in(document: str) -> list[str]:
    """The rows of the table of faults."""
    rows = document.split(HEAD)[1].splitlines()[1:]
    return list(itertools.takewhile(lambda row: row.startswith("|"), rows))


def with_table(document: str, rows: list[str]) -> str:
    before, after = document.split(HEAD)
    rest = itertools.dropwhile(lambda row: row.startswith("|"), after.splitlines()[1:])
    return "\n".join([before + HEAD, *rows, *rest]) + "\n"


def command_in(document: str) -> str:
    """The command that puts dead letters back."""
    return document.split("```bash\n")[1].split("\n```", maxsplit=1)[0]

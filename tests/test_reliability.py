"""docs/reliability.md says what was proven, no less and no more."""

from __future__ import annotations

from tests.end_to_end.document import DOCUMENT, table_in, with_table
from tests.end_to_end.faults import CASES


def test_the_table_of_faults_has_a_row_for_every_case_and_each_was_survived() -> None:
    assert table_in(DOCUMENT.read_text()) == [c.row for c in CASES], "make faults"


def test_there_are_many_kinds_of_faults_and_no_two_share_a_name() -> None:
    assert len({c.name for c in CASES}) == len(CASES) >= 20


def test_the_document_names_the_command_that_writes_it() -> None:
    assert "\nmake faults\n" in DOCUMENT.read_text()


def test_writing_the_table_leaves_the_rest_as_it_is() -> None:
    document = DOCUMENT.read_text()

    assert with_table(document, table_in(document)) == document
    assert table_in(with_table(document, ["| a | 1 | b | c |"])) == ["| a | 1 | b | c |"]

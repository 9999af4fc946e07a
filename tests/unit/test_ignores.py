"""Does an ignore reach what it names, until its day, and does every mistake in one come to light?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PLACE, a_finding
from vpce.core.checks import Check
from vpce.core.findings import Finding, Severity, State
from vpce.core.ignores import EXPIRED, UNKNOWN, IgnoresFile, ignored_by_tag, wrong_in_tag

if TYPE_CHECKING:
    from vpce.core.ignores import Ignores

HOME = replace(PLACE, region="eu-central-1")
MINE = a_finding()
KNOWN = [MINE.check, "open-policy", UNKNOWN, EXPIRED]
FILE = IgnoresFile(
    home=HOME,
    source="s3://reports/ignores.toml",
    checks={
        i: Check(
            id=i, title=f"title of {i}", severity=Severity.LOW, why="why", needs=frozenset(), rule=lambda _: iter(())
        )
        for i in KNOWN
    },
)
LISTED = "docs/checks.md lists them"
TODAY = "2026-11-02T06:00:00.000Z"


def read(text: str, *, today: str = TODAY) -> Ignores:
    return FILE.read(text.encode(), today=today)


def an_ignore(*lines: str, check: str = MINE.check, until: str = "2026-12-31") -> str:
    return "\n".join(["[[ignore]]", f'check = "{check}"', 'reason = "moves in March"', f"until = {until}", *lines, ""])


def told(ignores: Ignores) -> list[tuple[str, str]]:
    return [(f.check, f.what) for f in ignores.findings]


# ---- the tag ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "is_ignored"),
    [
        ("off", True),
        (" Off ", True),
        ("broken-private-dns", True),
        ("open-policy broken-private-dns", True),
        ("open-policy,broken-private-dns", True),
        ("open-policy + broken-private-dns", True),
        ("open-policy;broken-private-dns", True),
        ("BROKEN-private-dns", True),
        ("open-policy", False),
        ("broken-private", False),
        ("off broken", False),
        ("", False),
        ("*", False),
    ],
)
def test_a_tag_ignores_the_checks_that_it_names(value: str, *, is_ignored: bool) -> None:
    finding = ignored_by_tag(MINE, {"endpoint-audit": value})

    assert (finding.state is State.IGNORED) == is_ignored
    assert finding.ignored == (f"tag endpoint-audit = {value}" if is_ignored else "")


def test_without_the_tag_nothing_is_ignored_and_nothing_is_wrong() -> None:
    assert ignored_by_tag(MINE, {"Name": "off"}) == MINE
    assert list(wrong_in_tag({"Name": "off"}, KNOWN)) == []


def test_no_tag_hides_that_a_tag_is_wrong() -> None:
    finding = replace(MINE, check=UNKNOWN)

    assert ignored_by_tag(finding, {"endpoint-audit": "unknown-ignore opne-policy"}) == finding


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("off", []),
        ("open-policy broken-private-dns", []),
        (
            "opne-policy",
            [f"endpoint-audit = 'opne-policy': no check 'opne-policy' (did you mean 'open-policy'?); {LISTED}"],
        ),
        ("of open-policy", [f"endpoint-audit = 'of open-policy': no check 'of' (did you mean 'off'?); {LISTED}"]),
        ("", ["endpoint-audit is empty; its value is 'off', or ids of checks"]),
        (
            "off open-policy",
            ["endpoint-audit = 'off open-policy': 'off' stands alone; it cannot be joined with a check"],
        ),
        ("expired-ignore", ["endpoint-audit = 'expired-ignore': expired-ignore cannot be ignored"]),
    ],
)
def test_a_tag_that_ignores_nothing_says_why(value: str, said: list[str]) -> None:
    assert list(wrong_in_tag({"endpoint-audit": value}, KNOWN)) == said


@given(st.text(max_size=30))
def test_every_tag_ignores_or_is_told(value: str) -> None:
    tags = {"endpoint-audit": value}
    ignored = [c for c in KNOWN if ignored_by_tag(replace(MINE, check=c), tags).state is State.IGNORED]

    assert ignored or list(wrong_in_tag(tags, KNOWN))


# ---- the file: what it reaches ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "is_ignored"),
    [
        ([], True),
        ([f'vpc = "{MINE.vpc}"'], True),
        (['vpc = "vpc-2"'], False),
        ([f'account = "{PLACE.account}"', f'region = "{PLACE.region}"'], True),
        ([f'account = "{PLACE.account}"', 'region = "us-east-1"'], False),
        ([f'resource = "{MINE.resource}"'], True),
        (['resource = "vpce-1"'], False),
        ([f'id = "{MINE.id}"'], True),
        (['id = "0"'], False),
    ],
)
def test_an_ignore_reaches_what_fits_all_that_it_names(lines: list[str], *, is_ignored: bool) -> None:
    finding = read(an_ignore(*lines)).judge(MINE)

    assert (finding.state is State.IGNORED) == is_ignored
    assert finding.ignored == ("moves in March (ignores.toml, until 2026-12-31)" if is_ignored else "")


def test_a_star_is_every_check_but_those_about_ignores() -> None:
    ignores = read(an_ignore(check="*"))

    assert {c for c in KNOWN if ignores.judge(replace(MINE, check=c)).state is State.IGNORED} == {*KNOWN[:2]}


def test_an_ignore_of_another_check_reaches_nothing() -> None:
    assert read(an_ignore(check="open-policy")).judge(MINE) == MINE


def test_what_a_tag_ignores_keeps_its_reason() -> None:
    by_tag = replace(MINE, state=State.IGNORED, ignored="tag")

    assert read(an_ignore()).judge(by_tag) == by_tag


def test_an_ignore_that_reaches_nothing_is_nobodys_problem() -> None:
    assert read(an_ignore('vpc = "vpc-gone"')).findings == ()


@pytest.mark.parametrize("body", [None, b"", b"# nothing yet\n", b"\xef\xbb\xbf# with a byte order mark\n"])
def test_no_file_and_an_empty_one_ignore_nothing(body: bytes | None) -> None:
    ignores = FILE.read(body, today=TODAY)

    assert (ignores.judge(MINE), ignores.findings, ignores.unread) == (MINE, (), ())


# ---- the file: its end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "is_ignored"), [("2026-12-30", True), ("2026-12-31T23:59:59Z", True), ("2027-01-01T00:00:00Z", False)]
)
def test_an_ignore_counts_to_the_end_of_its_last_day(today: str, *, is_ignored: bool) -> None:
    ignores = read(an_ignore(), today=today)

    assert (ignores.judge(MINE).state is State.IGNORED) == is_ignored
    assert bool(ignores.findings) != is_ignored


def test_an_ignore_that_is_over_is_a_finding_of_the_installation() -> None:
    (finding,) = read(an_ignore('vpc = "vpc-1"', until="2026-11-01")).findings

    assert finding == Finding(
        check="expired-ignore",
        severity=Severity.LOW,
        title="title of expired-ignore",
        why="why",
        place=HOME,
        vpc="",
        vpc_name="",
        resource="ignores.toml [[ignore]] check=broken-private-dns vpc=vpc-1",
        what="ignores.toml [[ignore]] check=broken-private-dns vpc=vpc-1 is over: "
        "moves in March (ignores.toml, until 2026-11-01)",
        fix="In s3://reports/ignores.toml, set a later 'until' if the reason still holds; "
        "else take it out and mend the problem.",
    )


def test_a_date_in_quotes_is_one_too() -> None:
    assert read(an_ignore(until='"2026-12-31"')).judge(MINE).ignored.endswith("until 2026-12-31)")


# ---- the file: mistakes -------------------------------------------------------------------------------------------

KEYS = "check, account, region, vpc, resource, id, reason, until"
NAME = "ignores.toml [[ignore]] check=broken-private-dns"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            an_ignore(check="opne-policy"),
            (
                "ignores.toml [[ignore]] check=opne-policy is of no use: "
                f"no check 'opne-policy' (did you mean 'open-policy'?); {LISTED}"
            ),
        ),
        (
            an_ignore(check="expired-ignore"),
            "ignores.toml [[ignore]] check=expired-ignore is of no use: expired-ignore cannot be ignored",
        ),
        (
            an_ignore('vcp = "vpc-1"'),
            f"{NAME} has an unknown key 'vcp' (did you mean 'vpc'?); known keys: {KEYS}",
        ),
        (an_ignore("account = 123456789012"), f"{NAME} account=123456789012 needs 'account': a text in quotes"),
        (an_ignore('vpc = " "'), f"{NAME} vpc=  needs 'vpc': a text in quotes"),
        (
            '[[ignore]]\nreason = "x"\nuntil = 2026-12-31\n',
            "ignores.toml [[ignore]] number 1 needs 'check': the id of a check, or '*' for all",
        ),
        (
            '[[ignore]]\ncheck = "broken-private-dns"\nuntil = 2026-12-31\n',
            f"{NAME} needs 'reason': a sentence for those who come after you",
        ),
        (
            '[[ignore]]\ncheck = "broken-private-dns"\nreason = "x"\n',
            f"{NAME} needs 'until': its last day, for instance until = 2027-03-31 (it has 'None')",
        ),
        (
            an_ignore(until='"next March"'),
            f"{NAME} needs 'until': its last day, for instance until = 2027-03-31 (it has 'next March')",
        ),
        (
            an_ignore(until='"2026-02-30"'),
            f"{NAME} needs 'until': its last day, for instance until = 2027-03-31 (it has '2026-02-30')",
        ),
        (
            an_ignore(until="2026-12-31T06:00:00Z"),
            f"{NAME} needs 'until': its last day, for instance until = 2027-03-31 (it has '2026-12-31 06:00:00+00:00')",
        ),
        (
            an_ignore(until="20261231"),
            f"{NAME} needs 'until': its last day, for instance until = 2027-03-31 (it has '20261231')",
        ),
        ("ignore = [7]\n", "ignores.toml [[ignore]] number 1 is no table; write [[ignore]] with its keys under it"),
        (
            '[ignore]\ncheck = "broken-private-dns"\n',
            "ignores.toml has one table [ignore]; write [[ignore]], in double brackets, above each",
        ),
        (
            '[[ignores]]\ncheck = "broken-private-dns"\n',
            "ignores.toml has an unknown key 'ignores' (did you mean 'ignore'?); ignores are tables named [[ignore]]",
        ),
    ],
)
def test_a_wrong_ignore_ignores_nothing_and_is_told(text: str, said: str) -> None:
    ignores = read(text)

    assert told(ignores) == [(UNKNOWN, said)]
    assert ignores.judge(MINE) == MINE
    assert [(f.place, f.vpc) for f in ignores.findings] == [(HOME, "")]


def test_a_wrong_ignore_spoils_only_itself() -> None:
    ignores = read(an_ignore(check="nothing-like-it") + an_ignore())

    assert len(ignores.findings) == 1
    assert ignores.judge(MINE).state is State.IGNORED


def test_an_ignore_is_the_same_wherever_in_the_file_it_stands() -> None:
    wrong, good = an_ignore(check="x"), an_ignore()

    assert [f.id for f in read(wrong + good).findings] == [f.id for f in read(good + wrong).findings]


def test_the_same_mistake_twice_is_one_finding() -> None:
    assert len(read(an_ignore(check="x") * 2).findings) == 1


@pytest.mark.parametrize(
    "body", [b"[[ignore]\n", b"until = 2026-02-30\n", b"\xff\xfe", b"a = " + b"[" * 5_000, b"a = " + b"9" * 5_000]
)
def test_a_file_that_is_no_toml_ignores_nothing_and_is_told_once(body: bytes) -> None:
    ignores = FILE.read(body, today=TODAY)

    ((check, what),) = told(ignores)
    assert check == UNKNOWN
    assert what.startswith("ignores.toml is no valid TOML: ")
    assert what.endswith("; no ignore of it counts")
    assert ignores.judge(MINE) == MINE


def test_a_file_that_cannot_be_read_hides_what_was_wrong_with_it() -> None:
    (expired,) = read(an_ignore(until="2020-01-01")).findings
    (hidden,) = FILE.unreadable("cannot be read: denied").unread

    assert hidden.hides(expired)
    assert not hidden.hides(replace(MINE, place=HOME))


@given(st.text(max_size=60))
def test_no_text_spoils_the_audit(text: str) -> None:
    ignores = read(text)

    assert ignores.judge(MINE).state is State.NEW
    assert all(f.check == UNKNOWN for f in ignores.findings)


@given(st.text(), st.text())
def test_no_value_of_an_ignore_spoils_the_audit(key: str, value: str) -> None:
    ignores = read(f"[[ignore]]\n{json.dumps(key)} = {json.dumps(value)}\n")

    assert len(ignores.findings) == 1

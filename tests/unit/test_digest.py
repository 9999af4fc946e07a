"""Is a digest short, whole and true, for one finding and for ten thousand, whatever names people give?"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PLACE, a_compared_report, a_finding, a_report
from vpce.core.compare import compare, memory_of
from vpce.core.digest import digest, in_full
from vpce.core.findings import Finding, Severity, Unread
from vpce.core.notice import SUBJECT_LIMIT
from vpce.core.report import PlaceReport, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[str, str], None]

NEXT = "2026-11-03T06:00:00.000Z-b"
LOCATION = "s3://reports/audits/2026-11-02T06:00:00.000Z-b/findings.json"
LINK = "https://eu-west-1.console.aws.amazon.com/s3/object/reports?region=eu-west-1&prefix=audits"
FLOOD = tuple(
    a_finding(
        check=f"check-{number % 20}",
        severity=Severity(number % 4),
        vpc=f"vpc-{number:017x}",
        vpc_name="x" * 256,
        resource=f"vpce-{number}",
    )
    for number in range(10_000)
)
LIES = "x\n  ! all is well\r\x1b[2J\u2028\u202egnp.exe\u2066\x85\x00<!channel>"


def told(*findings: Finding) -> str:
    return digest(compare(a_report(*findings), None)).text


def test_a_digest_tells_what_is_new_in_full_and_the_rest_in_few_lines(golden: Golden) -> None:
    message = digest(a_compared_report(), location=LOCATION, link=LINK)

    golden("digest.txt", f"Subject: {message.subject}\n\n{message.text}")
    golden("digest.json", json.dumps(message.document, indent=1, ensure_ascii=False) + "\n")
    golden("digest_brief.txt", message.brief + "\n")


def test_a_sign_of_life_is_short() -> None:
    same = compare(a_report(run=NEXT), memory_of(compare(a_report(), None)))

    assert digest(same).text == (
        "vpce audit of 2026-11-03 06:00: nothing new.\nIn all: no problem; looked at 3 VPCs in 1 place.\n\n"
    )
    assert digest(same).subject == "[vpce] audit: nothing new"


def test_what_security_hub_did_not_take_is_told() -> None:
    message = digest(compare(a_report(), None), not_in_hub=[f"Security Hub in eu-west-1: {LIES}"])

    assert "NOT IN SECURITY HUB\n  ! Security Hub in eu-west-1: x" in message.text
    assert "\n  ! all is well" not in message.text
    assert len(message.document["not_in_security_hub"]) == 1


def test_what_is_still_open_is_counted_and_not_told_again() -> None:
    first = compare(a_report(a_finding()), None)
    text = digest(compare(a_report(a_finding(), run=NEXT), memory_of(first))).text

    assert "nothing new, 1 still open" in text
    assert "STILL OPEN (1 high)\n  HIGH    broken-private-dns: 1 in 1 VPC\n" in text
    assert a_finding().fix not in text


def test_a_memory_that_could_not_be_read_is_told_first() -> None:
    text = digest(compare(a_report(a_finding()), None, trouble="it is no JSON")).text

    assert text.splitlines()[2] == (
        "! What the last audit left could not be read, so everything counts as new: it is no JSON"
    )


@pytest.mark.parametrize("severity", Severity)
def test_a_new_finding_is_told_whatever_its_severity(severity: Severity) -> None:
    assert f"\n  {severity.name:<6}  {a_finding().title}\n" in told(a_finding(severity=severity))


def test_a_finding_of_no_vpc_is_in_its_place() -> None:
    assert "    where  123456789012/eu-west-1\n" in told(a_finding(vpc=""))


def test_a_terminal_gets_everything() -> None:
    lost = Unread(place=replace(PLACE, region="us-east-1"), why="denied")
    text = in_full(a_report(*FLOOD[:500], unread=(lost,)))

    assert text.count("    where  ") == 500
    assert "  ! 123456789012/us-east-1: denied\n" in text
    assert text.splitlines()[0].startswith("vpce audit of 2026-11-02 06:00: 500 problems in 500 VPCs (125 high, ")


# ---- who is concerned ---------------------------------------------------------------------------------------------


def test_a_digest_names_the_worst_that_is_new_and_where_the_news_come_from() -> None:
    message = digest(a_compared_report())

    assert (message.severity, message.accounts) == ("high", (PLACE.account,))
    assert message.regions == ("eu-north-1", "eu-west-1", "eu-west-2", "us-east-1")
    assert message.resources[:2] == ("vpc-5", "vpc-100")


@pytest.mark.parametrize(
    ("report", "severity"),
    [
        (a_report(), "none"),
        (a_report(a_finding(severity=Severity.INFO)), "none"),
        (a_report(a_finding(severity=Severity.LOW)), "low"),
        (a_report(a_finding(severity=Severity.LOW), a_finding(severity=Severity.MEDIUM, vpc="vpc-2")), "medium"),
        (a_report(places=(), unread=(Unread(place=PLACE, why="denied"),)), "high"),
        (
            a_report(
                places=(PlaceReport(place=PLACE, vpcs=1, unread=(Unread(place=PLACE, why="denied", facet="routes"),)),)
            ),
            "medium",
        ),
    ],
)
def test_what_cannot_be_read_is_as_bad_as_what_it_may_hide(report: Report, severity: str) -> None:
    assert digest(compare(report, None)).severity == severity


def test_what_is_merely_open_or_resolved_is_not_severe() -> None:
    first = compare(a_report(a_finding(), a_finding(vpc="vpc-2")), None)

    assert digest(compare(a_report(a_finding(), run=NEXT), memory_of(first))).severity == "none"


# ---- how much -----------------------------------------------------------------------------------------------------


def test_ten_thousand_findings_are_told_in_a_text_that_people_can_read() -> None:
    message = digest(compare(a_report(*FLOOD), None))

    assert len(json.dumps(message.text)) < 60 * 1024
    assert len(message.brief) < 8_000
    assert message.subject == "[vpce] audit: 10000 new (2500 high, 2500 medium, 2500 low, 2500 info)"
    shown = message.text.count("    where  ")
    (left,) = re.findall(r"… and (\d+) more findings \(\d+ high, \d+ medium, 2500 low, 2500 info\)", message.text)
    assert shown + int(left) == 10_000
    assert shown > 30


def test_ten_thousand_resolved_ones_too() -> None:
    first = compare(a_report(*FLOOD), None)
    message = digest(compare(a_report(run=NEXT), memory_of(first)))

    assert len(json.dumps(message.text)) < 60 * 1024
    assert re.search(
        r"… and \d+ more findings \(\d+ high, 2500 medium, 2500 low, 2500 info\) in the report", message.text
    )


def test_a_thousand_places_that_cannot_be_read_too() -> None:
    lost = tuple(Unread(place=replace(PLACE, account=f"{n:012}"), why="denied " * 100) for n in range(1_000))
    message = digest(compare(a_report(unread=lost), None))

    assert len(json.dumps(message.text)) < 60 * 1024
    assert re.search(r"\n  … and \d+ more in the report\n", message.text)


def test_of_one_check_the_first_ten_are_told_in_full_and_the_next_by_name() -> None:
    text = told(*(a_finding(vpc=f"vpc-{number:02}") for number in range(30)))

    assert text.count("    where  ") == 10
    assert "do not resolve to it. (30 in 30 VPCs)\n" in text
    assert "    also   in vpc-10, vpc-11, vpc-12, vpc-13, vpc-14 and 15 more\n" in text
    assert "  … and 20 more findings (20 high) in the report\n" in text


def test_a_fix_is_never_cut_for_half_a_command_is_worse_than_none() -> None:
    long = a_finding(fix="aws " + "x" * 2_000)

    assert "    fix    too long for a message; the report has it\n" in told(long)
    assert "xxx" not in told(long)


@given(st.text(min_size=1), st.integers(1, 3_000))
def test_no_words_of_whatever_length_keep_a_digest_from_being_sent(text: str, times: int) -> None:
    long = text * times
    finding = a_finding(vpc_name=long[:256], what=long, why=long, title=long[:1_000], fix=long)
    message = digest(compare(a_report(finding, places=(PlaceReport(place=PLACE, vpcs=1, findings=(finding,)),)), None))

    assert len(json.dumps(message.text)) < 60 * 1024
    assert "    where  " in message.text


@given(st.integers(0, 10**9), st.integers(0, 40))
def test_the_subject_of_a_digest_is_one_whatever_the_numbers(number: int, unread: int) -> None:
    places = (PlaceReport(place=PLACE, vpcs=number, findings=FLOOD[:9]),)
    lost = tuple(Unread(place=replace(PLACE, region=f"r-{n}"), why="denied") for n in range(unread))
    subject = digest(compare(a_report(places=places, unread=lost), None)).subject

    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= SUBJECT_LIMIT


# ---- hostile names ------------------------------------------------------------------------------------------------


def test_no_name_fakes_a_line() -> None:
    lying = a_finding(vpc_name=LIES, what=LIES, why=LIES, title=LIES, resource=LIES, fix="x")
    honest = a_finding(vpc_name="x", what="x", why="x", title="x", resource="x", fix="x")
    lost = (Unread(place=PLACE, why=LIES, facet=LIES, vpcs=(LIES,), checks=(LIES,)),)

    def lines(finding: Finding, *unread: Unread) -> list[str]:
        place = PlaceReport(place=PLACE, vpcs=1, findings=(finding,), unread=unread)
        message = digest(compare(a_report(places=(place,)), None))
        return [*message.text.split("\n"), *message.brief.split("\n"), *in_full(a_report(places=(place,))).split("\n")]

    assert len(lines(lying)) == len(lines(honest))
    assert all(one.isprintable() for one in lines(lying, *lost))


def test_a_fix_of_several_lines_cannot_leave_its_column() -> None:
    text = told(a_finding(fix="aws ec2 x" + LIES))
    lines = text.split("\n")
    start = next(number for number, one in enumerate(lines) if one.startswith("    fix "))

    assert all(one.startswith(" " * 11) for one in lines[start + 1 : lines.index("", start)])
    assert all(one.isprintable() for one in lines)

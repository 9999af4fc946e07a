"""Does the report page say what the report says, and nothing that a name would have it say?"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.reports import HOSTILE, a_fleet_report, a_hostile_report, an_everyday_report
from tests.factories import NOW, PLACE, a_compared_report, a_finding, a_report
from vpce.core.evidence import Evidence
from vpce.core.findings import Severity, State, Unread
from vpce.core.notice import plain
from vpce.core.page import AT_ONCE, page
from vpce.core.report import Cell, Coverage, Past, PlaceReport, finding_document
from vpce.documents import CSV, JSON, PAGE, as_page, documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.core.report import Report

    Golden = Callable[[str, str], None]

STYLE, SCRIPT = ((files("vpce") / name).read_text() for name in ("page.css", "page.js"))
VOID = {"input", "link", "meta"}


class Elements(HTMLParser):
    """What a page consists of; fails where something is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def __getitem__(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def small(report: Report) -> str:
    return page(report, style="/* page.css */", script="// page.js")


def test_a_page_is_as_people_reviewed_it(golden: Golden) -> None:
    golden("page.html", small(an_everyday_report()))


def test_the_same_report_gives_the_same_page() -> None:
    assert as_page(an_everyday_report()) == as_page(an_everyday_report())


@pytest.mark.parametrize("report", [a_report(), a_compared_report(), an_everyday_report(), a_hostile_report()])
def test_a_page_is_well_formed_and_asks_nobody_for_anything(report: Report) -> None:
    elements = Elements(as_page(report))

    assert elements.seen["h1"] == elements.seen["main"] == elements.seen["script"] == elements.seen["style"] == 1
    assert all(n == 1 for n in Counter(elements["id"]).values())
    assert {*elements["src"], *elements["action"], *elements["style"]} == set()
    assert {href for href in elements["href"] if not href.startswith("#")} == {"data:,"}
    assert {href[1:] for href in elements["href"] if re.fullmatch("#[a-z]+", href)} <= {*elements["id"]}
    assert {*elements["aria-labelledby"]} <= {*elements["id"]}
    assert not [name for _, name, _ in elements.attributes if name.startswith("on")]
    assert ("html", "lang", "en") in elements.attributes


def test_a_browser_may_run_and_load_nothing_but_what_stands_in_the_page() -> None:
    (policy,) = (c for c in Elements(small(a_report()))["content"] if "default-src" in c)

    assert policy == (
        "default-src 'none'; style-src 'sha256-uZ1WduONBSBrMv2xhZjVUN/BCH6bgTxX9k5OqZmVryU='; "
        "script-src 'sha256-oVvNphgyrwer38ll6vUTyQSV+aaQTJobHjdxFO4HREg='; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'"
    )


def test_script_and_style_can_stand_in_a_page_and_stay_small() -> None:
    assert "</" not in SCRIPT
    assert "<" not in STYLE
    assert len(SCRIPT.splitlines()) < 250
    assert "http" not in SCRIPT + STYLE


# ---- what it says -------------------------------------------------------------------------------------------------


def test_a_page_has_everything_that_the_report_has() -> None:
    report = an_everyday_report()
    text = "".join(Elements(small(report)).texts)

    assert report.headline[1:] in text
    for finding in report.all_findings:
        said = finding_document(finding) | {"since": finding.since[:10] if finding.state is not State.NEW else ""}
        assert [one for one in said.values() if one not in text] == []
    assert all(f.what in text for f in report.resolved)
    assert all(u.why in text and str(u.place) in text for u in report.all_unread)
    assert all(row.vpc in text for row in report.coverage)


def test_what_logs_do_not_tell_is_said_of_each_vpc() -> None:
    told = Evidence(
        vpc="vpc-1",
        since=NOW,
        until=NOW,
        gaps=("its logs were not read: <denied>", "the VPC has no flow log"),
        better=("vpce discover vpc-1 --enable",),
    )
    report = a_report(
        places=(PlaceReport(place=PLACE, vpcs=2, evidence=(told, Evidence(vpc="", since=NOW, until=NOW))),)
    )
    html = as_page(report)

    assert "its logs were not read: &lt;denied&gt;; the VPC has no flow log" in html
    assert "<code>vpce discover vpc-1 --enable</code>" in html
    assert "What logs do not tell" not in as_page(a_report())


def test_what_is_copied_is_the_command_and_the_console_is_a_link() -> None:
    console = "https://eu-west-1.console.aws.amazon.com/vpcconsole/home?region=eu-west-1#VpcDetails:VpcId=vpc-1"
    html = as_page(
        a_report(a_finding(fix=f"aws ec2 x\nOr let vpce do it: aws ec2 y\nConsole: VPC > Your VPCs: {console}"))
    )

    assert "<pre>aws ec2 x\nOr let vpce do it: aws ec2 y</pre>" in html
    assert f'<a href="{console}" rel="noreferrer">VPC &gt; Your VPCs</a>' in html


@pytest.mark.parametrize("said", ["Console: a: javascript:alert(1)", 'Console: a: https://x" onclick="y', "Console: a"])
def test_only_pages_of_the_console_become_links(said: str) -> None:
    html = as_page(a_report(a_finding(fix=said)))

    assert '<a href="javascript' not in html
    assert 'onclick="' not in html


def test_what_nobody_ignores_comes_first_the_worst_before_all() -> None:
    rows = re.findall(r'<tr data-is="(\w+) (\w+) ', small(an_everyday_report()).split('id="coverage"')[0])
    order = [(state == State.IGNORED, -Severity[severity.upper()]) for severity, state in rows]

    assert len(rows) == 9
    assert order == sorted(order)


def test_a_first_report_has_no_history_and_says_so_by_nothing() -> None:
    text = small(a_report(a_finding(since="")))

    assert "<figure" not in text
    assert "Everything was read." in text
    assert "No VPC was looked at." in text


def test_a_memory_that_could_not_be_read_is_told_at_the_top() -> None:
    text = small(a_report(trouble="it is no JSON"))

    assert text.index("everything counts as new: it is no JSON") < text.index("<main>")


def test_places_that_left_the_audit_are_told() -> None:
    assert "No longer looked at" in small(a_compared_report())
    assert "123456789012/eu-north-1: 1 open finding, of which nobody knows" in small(a_compared_report())


def test_an_audit_in_which_something_was_not_read_is_marked_in_the_plot() -> None:
    """A low bar may mean that nobody looked."""
    past = Past(run="2026-11-01T06:00:00.000Z-a", counts={"high": 2, "low": 2}, vpcs=3, unread=0)
    history = (past, replace(past, unread=1, counts={}), replace(past, counts={"high": 8}))
    plot = small(a_report(history=history)).split("<svg")[1].split("</svg>")[0]

    assert plot.count("<text") == 1
    assert re.findall(r'x="(\d+)" y="([\d.]+)" width="16" height="([\d.]+)" class="(\w+)"', plot) == [
        ("0", "86.0", "24.0", "high"),
        ("0", "62.0", "24.0", "low"),
        ("40", "14.0", "96.0", "high"),
    ]


def test_an_audit_made_by_hand_may_have_any_name() -> None:
    assert "vpce audit of <time" in small(a_report(run="by hand"))
    assert ">by hand</time>" in small(a_report(run="by hand"))


def test_every_way_to_have_a_service_has_a_letter_and_a_colour_of_its_own() -> None:
    assert len({cell[0] for cell in Cell}) == len(Cell)
    for cell in Cell:
        assert f".{cell} {{ background: var(--{cell})" in STYLE
        assert f'<span class="{cell}">{cell}</span>' in small(an_everyday_report())


def test_only_what_is_missing_or_broken_is_a_gap() -> None:
    def row(*cells: Cell) -> str:
        coverage = Coverage(
            place=PLACE, vpc="vpc-1", vpc_name="", profile="", cells={str(n): c for n, c in enumerate(cells)}
        )
        text = small(a_report(places=(PlaceReport(place=PLACE, vpcs=1, coverage=(coverage,)),)))
        return text.split('<tr data-is="')[1].split('"')[0]

    assert row(Cell.OURS, Cell.FOREIGN, Cell.CENTRAL) == "123456789012 eu-west-1"
    assert row(Cell.OURS, Cell.MISSING) == row(Cell.BROKEN) == "123456789012 eu-west-1 gap"


def test_many_vpcs_of_what_was_not_read_are_folded_away() -> None:
    unread = Unread(place=PLACE, why="denied", facet="rules", vpcs=tuple(f"vpc-{n}" for n in range(7)))
    text = small(a_report(unread=(unread,)))

    assert "rules</b> of 7 VPCs: denied" in text
    assert "<summary>The 7 VPCs</summary>\nvpc-0, vpc-1, " in text


# ---- much, and hostile --------------------------------------------------------------------------------------------


def test_ten_thousand_findings_are_all_there_and_few_are_laid_out() -> None:
    text = small(a_fleet_report())
    at_first, rest = text.split('id="coverage"')[0].split("<template>")

    assert at_first.count("<tr data-is=") == AT_ONCE
    assert rest.count("<tr data-is=") == 10_000 - AT_ONCE
    assert len(text) < 1_200 * 10_000


def test_lists_end_somewhere_and_say_so() -> None:
    gone = tuple(a_finding(vpc=f"vpc-{n}", state=State.RESOLVED) for n in range(AT_ONCE + 7))

    assert "… and 7 more, in findings.json." in small(a_report(resolved=gone))


def test_names_are_texts_wherever_they_stand() -> None:
    harmless = [f"x{number}" for number in range(len(HOSTILE))]
    honest, hostile = (Elements(small(a_hostile_report(names))) for names in (harmless, HOSTILE))

    assert hostile.seen == honest.seen
    assert {name for _, name, _ in hostile.attributes} == {name for _, name, _ in honest.attributes}
    assert {plain(name) for name in HOSTILE} <= {text.strip("\n") for text in hostile.texts}


@given(st.text())
def test_no_name_of_a_vpc_changes_what_a_page_consists_of(name: str) -> None:
    finding = a_finding(vpc_name=f"x{name}", what=name, fix=f"x{name}", resource=name, title=name, why=name)
    text = small(a_report(finding, unread=(Unread(place=PLACE, why=name, facet=f"x{name}"),)))
    honest = small(a_report(a_finding(), unread=(Unread(place=PLACE, why="w", facet="x"),)))

    assert Elements(text).seen == Elements(honest).seen
    assert all(c.isprintable() or c == "\n" for c in unescape(text))
    text.encode()


# ---- colours ------------------------------------------------------------------------------------------------------

COLOURS = {name: pair for name, *pair in re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", STYLE)}
ON_PAPER = ("ink", "soft", "link", "high", "medium", "low", "info")
PAIRS = [
    *((ink, paper) for ink in ON_PAPER for paper in ("paper", "card")),
    *(("ink", cell.value) for cell in Cell),
]


def light(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("ink", "paper"), PAIRS)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(ink: str, paper: str, scheme: int) -> None:
    dark, bright = sorted(light(COLOURS[name][scheme]) for name in (ink, paper))

    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_every_colour_is_one_of_the_pairs() -> None:
    assert {*COLOURS} - {"rule"} == {name for pair in PAIRS for name in pair}
    assert {*re.findall(r"var\(--(\w+)\)", STYLE)} == {*COLOURS}
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", STYLE)) == 2 * len(COLOURS)


# ---- files --------------------------------------------------------------------------------------------------------


def test_a_report_is_kept_for_machines_for_spreadsheets_and_for_people() -> None:
    kept = documents(an_everyday_report())

    assert [(d.name, d.content_type.split(";")[0]) for d in kept] == [
        (JSON, "application/json"), (CSV, "text/csv"), (PAGE, "text/html"),
    ]  # fmt: skip
    assert kept[-1].body == as_page(an_everyday_report())


def test_hostile_names_are_kept_in_every_file() -> None:
    assert all(d.body.encode() for d in documents(a_hostile_report()))

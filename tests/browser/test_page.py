"""Does the report page work where people open it: in a browser, by eye, ear, keyboard and on paper?"""

from __future__ import annotations

import itertools
import time
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import REPORTS
from tests.browser.picture import PICTURE
from tests.browser.reports import HOSTILE
from vpce.core.notice import plain
from vpce.core.page import AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.chromium import Chromium

ROWS = "document.querySelector('#findings-table tbody').rows.length"
VPCS = "document.querySelector('#coverage-table tbody').rows.length"
SAID = "document.querySelector('output').textContent"
CONTRAST = 4.5
"""https://www.w3.org/TR/WCAG22/#contrast-minimum"""


def choose(browser: Chromium, name: str, value: str) -> None:
    """As typing and choosing do: set it, and say so."""
    browser.run(f"""{{
        const field = document.querySelector('[name={name}]');
        if (field.type === 'checkbox') field.checked = {value!r} !== ''; else field.value = {value!r};
        field.dispatchEvent(new Event('input', {{bubbles: true}}));
    }}""")


@pytest.mark.parametrize("name", REPORTS)
def test_it_opens_without_a_complaint(browser: Chromium, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name].as_uri())

    assert browser.run("document.querySelectorAll('h1').length") == 1
    assert browser.run(ROWS) > 0
    assert browser.complaints == []


def test_names_that_people_choose_are_shown_and_never_run(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"].as_uri())

    shown = browser.run("[...document.querySelectorAll('#findings-table tbody bdi')].map(e => e.textContent)")
    assert {plain(name) for name in HOSTILE} <= {*shown}
    assert browser.run("document.querySelectorAll('script').length") == 1
    assert browser.run("document.querySelectorAll('img, iframe, object, svg [onload], [onclick]').length") == 0
    assert browser.run("performance.getEntriesByType('resource').length") == 0
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_what_should_run_after_all_is_refused_by_the_page_itself(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    browser.run("""{
        const script = document.createElement('script');
        document.body.append(script);
        globalThis.refused = [];
        addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
        try { script.text = 'globalThis.ran = true'; } catch { }
        try { document.body.innerHTML += '<b>'; } catch { }
        fetch('https://example.com').catch(() => {});
        document.body.append(Object.assign(new Image(), {src: 'https://example.com/x.png'}));
    }""")
    browser.run("new Promise(done => setTimeout(done, 200))")

    assert browser.run("globalThis.ran") is None
    assert {"require-trusted-types-for", "connect-src", "img-src"} <= {*browser.run("refused")}
    browser.complaints.clear()


# ---- filters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "rows"),
    [
        ("severity", "high", 3),
        ("state", "new", 4),
        ("state", "ignored", 1),
        ("state", "", 9),
        ("check", "missing-gateway-endpoint", 2),
        ("region", "us-east-1", 3),
        ("account", "210987654321", 0),
        ("q", "PAYMENTS", 2),
        ("q", "payments us-east-1", 1),
        ("q", "nothing like it", 0),
    ],
)
def test_a_filter_shows_what_it_says_and_counts(
    browser: Chromium, pages: dict[str, Path], name: str, value: str, rows: int
) -> None:
    browser.open(pages["everyday"].as_uri())
    assert browser.run(SAID) == "8 of 9 findings, 2 of 2 savings, 12 of 12 VPCs"
    choose(browser, name, value)

    assert browser.run(ROWS) == rows
    assert browser.run(SAID).startswith(f"{rows} of 9 findings, ")


def test_search_account_and_region_filter_the_coverage_too(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    choose(browser, "account", "210987654321")
    assert browser.run(VPCS) == 2
    choose(browser, "q", "analytics-test")
    assert browser.run(VPCS) == 1
    choose(browser, "severity", "high")
    assert browser.run(VPCS) == 1


def test_vpcs_with_gaps_can_be_seen_alone(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    choose(browser, "gaps", "gap")

    assert browser.run(SAID) == "8 of 9 findings, 2 of 2 savings, 6 of 12 VPCs"


def test_an_address_keeps_the_filter_and_can_be_shared(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    for name, value in (("severity", "medium"), ("state", ""), ("q", "a&b=c <d>"), ("q", "sandbox"), ("gaps", "gap")):
        choose(browser, name, value)
    address = browser.run("location.href")
    browser.open(address)

    assert browser.run(SAID) == "2 of 9 findings, 0 of 2 savings, 1 of 12 VPCs"
    assert browser.run("[...document.querySelectorAll('[name=state], [name=q]')].map(e => e.value)") == ["sandbox", ""]


@pytest.mark.parametrize("part", ["#state=<script>", "#unread", "#nothing=1&check=gone", "#%", "#"])
def test_an_address_that_asks_for_what_is_not_there_filters_nothing(
    browser: Chromium, pages: dict[str, Path], part: str
) -> None:
    browser.open(pages["everyday"].as_uri() + part)

    assert browser.run(ROWS) == 8


def test_a_tile_shows_its_findings_and_clear_shows_all(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    browser.run(
        "new Promise(done => { addEventListener('hashchange', done); document.querySelector('.tile').click(); })"
    )
    assert browser.run(ROWS) == 3
    browser.run(
        "new Promise(done => { addEventListener('hashchange', done); document.querySelector('form a').click(); })"
    )
    assert browser.run(ROWS) == 8


def test_thousands_of_findings_and_vpcs_are_shown_some_at_a_time(browser: Chromium, pages: dict[str, Path]) -> None:
    """What is laid out at first does not grow with the fleet, and a filter looks through all of it."""
    browser.open(pages["fleet"].as_uri())
    assert browser.run(SAID) == "10,000 of 10,000 findings, 2,000 of 2,000 VPCs"
    assert (browser.run(ROWS), browser.run(VPCS)) == (AT_ONCE, AT_ONCE)

    browser.run("document.querySelector('#findings .more').click()")
    assert browser.run(ROWS) == 2 * AT_ONCE
    assert browser.run(f"document.activeElement === document.querySelectorAll('#findings tbody tr')[{AT_ONCE}]")

    choose(browser, "q", "team-1999")
    assert browser.run(SAID) == "5 of 10,000 findings, 1 of 2,000 VPCs"
    assert browser.run("document.querySelector('#findings .more').hidden")


def test_the_page_answers_in_a_fleet_as_in_a_small_account(browser: Chromium, pages: dict[str, Path]) -> None:
    """Layout and filter, with 1,000 times as many findings: as a ratio, since machines differ."""

    def seconds(name: str) -> float:
        browser.open(pages[name].as_uri())
        choose(browser, "q", "vpce")  # the texts are read once
        start = time.monotonic()
        for value in ("vpc", "vpce-0", "zz", ""):
            choose(browser, "q", value)
            browser.run("document.body.offsetHeight")
        return time.monotonic() - start

    assert seconds("fleet") < 100 * seconds("everyday")


# ---- what a row tells ---------------------------------------------------------------------------------------------


def test_a_finding_opens_by_keyboard_and_its_fix_is_copied(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.run("document.querySelector('#findings-table summary').focus()")
    browser.press("Enter", code=13, text="\r")
    assert browser.run("document.querySelector('#findings-table details').open")
    assert browser.run("document.querySelector('#findings-table dd').textContent.length") > 20

    browser.run("document.querySelector('#findings-table .copy').focus()")
    browser.press("Enter", code=13, text="\r")
    browser.run("new Promise(done => setTimeout(done, 200))")
    fix = browser.run("document.querySelector('#findings-table pre').textContent")
    assert fix.startswith("aws ec2 authorize-security-group-ingress --region eu-west-1 --group-id sg-0d5f8a1c7e93b2460")
    assert browser.run("document.querySelector('#findings-table .copy').textContent") == "Copied"
    assert browser.run("navigator.clipboard.readText()") == fix


def test_where_nothing_may_be_copied_the_fix_is_selected(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    browser.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    browser.run("document.querySelector('#findings-table details').open = true")
    browser.run("document.querySelector('#findings-table .copy').click()")

    assert browser.run("getSelection().toString()").startswith("aws ec2 ")
    assert browser.run("document.querySelector('#findings-table .copy').textContent") == "Selected; copy it"


# ---- eyes, ears, keyboards, paper ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["everyday", "hostile"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Chromium, pages: dict[str, Path], name: str, scheme: str) -> None:
    """Names, roles, landmarks, headings, contrast. https://github.com/dequelabs/axe-core"""
    browser.open(pages[name].as_uri())
    browser.likes(prefers_color_scheme=scheme)
    browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
    browser.run((files("axe_core_python") / "axe.min.js").read_text() + "; 1")
    found = browser.run("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]))")

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(browser: Chromium, pages: dict[str, Path], scheme: str) -> None:
    """As computed by the browser from what it paints, letters of the coverage included."""
    browser.open(pages["everyday"].as_uri())
    browser.likes(prefers_color_scheme=scheme)
    pairs = browser.run("""[...new Set([...document.querySelectorAll('body *')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
        .map(e => {
            let behind = e;
            while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
            const style = getComputedStyle(e);
            return (e.closest('svg') ? style.fill : style.color) + '|' + getComputedStyle(behind).backgroundColor;
        }))]""")
    colours = [[tuple(map(float, one[4:-1].split(","))) for one in pair.split("|")] for pair in pairs]

    assert len(colours) > 10
    assert [pair for pair, (ink, paper) in zip(pairs, colours, strict=True) if contrast(ink, paper) < CONTRAST] == []


def contrast(*colours: tuple[float, ...]) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def light(channel: float) -> float:
        part = channel / 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    dark, bright = sorted(
        0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue) for red, green, blue in colours
    )
    return (bright + 0.05) / (dark + 0.05)


def test_dark_is_dark_and_light_is_light(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    papers = []
    for scheme in ("light", "dark"):
        browser.likes(prefers_color_scheme=scheme)
        papers.append(browser.run("getComputedStyle(document.body).backgroundColor"))

    assert papers == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_whoever_listens_hears_what_everything_is(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    tree = [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in browser.call("Accessibility.getFullAXTree")["nodes"]
        if not node["ignored"]
    ]
    roles = {role for role, _ in tree}
    names = {(role, name) for role, name in tree}

    assert {"banner", "main", "contentinfo", "navigation", "search", "status", "image", "table"} <= roles
    nameless = {
        "button",
        "checkbox",
        "combobox",
        "image",
        "link",
        "navigation",
        "region",
        "search",
        "searchbox",
        "table",
    }
    assert [role for role, name in tree if role in nameless and not name] == []
    assert ("searchbox", "Search") in names
    assert ("combobox", "Severity") in names
    assert ("image", "Problems in the last 12 audits: 8 now, 17 at most.") in names
    assert {("columnheader", "sqs"), ("rowheader", "payments-prod vpc-0a41c9e27d5b8f301"), ("cell", "Ours")} <= names


def test_everything_is_reached_by_keyboard_the_findings_first(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    seen = []
    for _ in range(35):
        browser.press("Tab", code=9)
        seen.append(
            browser.run("""{
                const e = document.activeElement, style = getComputedStyle(e);
                [e.name || e.className || e.tagName.toLowerCase(), style.outlineStyle !== 'none'].join(' ')
            }""")
        )

    assert seen[0] == "skip true"
    order = [name for name, _ in itertools.groupby(one.removesuffix(" true") for one in seen)]
    wanted = [
        "skip",
        "tile",
        "summary",
        "q",
        "severity",
        "state",
        "check",
        "account",
        "region",
        "wide",
        "summary",
        "gaps",
    ]
    positions = iter(order)
    assert all(any(one.endswith(name) for one in positions) for name in wanted), order
    assert all(one.endswith(" true") for one in seen), seen


def test_paper_has_everything_that_is_filtered_in(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(f"{pages['town'].as_uri()}#state=")
    browser.run("""addEventListener('beforeprint', () => { globalThis.printed = [
        document.querySelector('#findings-table tbody').rows.length,
        document.querySelector('#coverage-table tbody').rows.length,
        document.querySelectorAll('details:not([open])').length,
    ]})""")

    assert browser.paper().startswith(b"%PDF")
    assert browser.run("printed") == [250, 250, 0]
    assert (browser.run(ROWS), browser.run(VPCS)) == (AT_ONCE, AT_ONCE)
    assert browser.run("document.querySelectorAll('#findings details[open]').length") == 0


def test_paper_is_light_and_without_controls(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["everyday"].as_uri())
    browser.call(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    try:
        assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert browser.run("getComputedStyle(document.querySelector('.wide')).overflow") == "visible"
        assert not browser.run(
            "[...document.querySelectorAll('form, nav, button, input, .skip')].some(e => e.checkVisibility())"
        )
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_without_a_script_the_worst_and_the_unread_are_there(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages["town"].as_uri())
        assert browser.run("document.querySelectorAll('noscript').length") == 2
        assert (
            browser.run("[...document.querySelectorAll('#findings tbody tr')].filter(e => e.checkVisibility()).length")
            == AT_ONCE
        )
        assert not browser.run("[...document.querySelectorAll('form, button, .gaps')].some(e => e.checkVisibility())")
        assert "The first 200 of 250; all are in findings.json." in browser.run(
            "document.querySelector('#findings').innerText"
        )
        browser.open(pages["everyday"].as_uri())
        assert "AccessDenied" in browser.run("document.querySelector('#unread').innerText")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_the_picture_in_the_readme_loads_fast() -> None:
    assert PICTURE.stat().st_size < 300_000


def test_a_telephone_shows_it_without_scrolling_sideways(browser: Chromium, pages: dict[str, Path]) -> None:
    """But for the tables, which scroll by themselves."""
    browser.open(pages["everyday"].as_uri())
    browser.is_wide(390)

    assert browser.run("document.documentElement.scrollWidth") <= 390
    browser.call("Emulation.clearDeviceMetricsOverride")

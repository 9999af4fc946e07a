"""The report as one page for people: whatever they open it with, nothing else is needed and nothing is asked for.

`page.css` and `page.js` stand in the page, and its policy lets no browser load or run anything else. Everything is in
the markup: the first rows of each table, and the others in a ``<template>``, which browsers read but do not lay out,
until the script shows those that match. Without a script the first rows are there, and everything but the tables whole.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from vpce.core.advice import in_all, money
from vpce.core.cost import spent
from vpce.core.findings import Severity, State
from vpce.core.notice import count, plain
from vpce.core.report import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vpce.core.advice import Advice
    from vpce.core.cost import Spending
    from vpce.core.evidence import Evidence
    from vpce.core.findings import Finding, Unread
    from vpce.core.model import Place
    from vpce.core.report import Coverage, Past, Report

AT_ONCE = 200
"""Rows of a table that are shown at first, and entries of a list that are shown at all."""
_FEW = 5
"""VPCs named in a sentence; more are folded away."""
_WORST_FIRST = sorted(Severity, reverse=True)
_COUNTS, _GAP = "counts", "gap"
"""What rows are filtered by beside their own words: new or open; something missing or broken."""
_BAR, _HEIGHT, _MARGIN = 20, 96, 14
"""Of the plot, in its own units."""


def page(report: Report, *, style: str, script: str) -> str:
    """The whole page; the same report gives the same bytes."""
    sections = [
        _findings(report),
        *_advice(report.advice),
        _resolved(report.resolved),
        *([_forgotten(report.forgotten)] if report.forgotten else []),
        _unread(report.all_unread),
        _coverage(report.coverage),
        *_spending(report.spending),
        *_logs(report.evidence),
    ]
    return Html("<!doctype html>\n") + _tag(
        "html",
        _head(report, style, script),
        _tag(
            "body",
            _tag("a", "Skip to the findings", href="#findings", class_="skip"),
            _tag("header", *_top(report)),
            _tag("main", *sections),
            _tag("footer", _tag("p", "Beside this page, the same for machines: findings.json and findings.csv.")),
            Html(f"<script>{script}</script>\n"),
        ),
        lang="en",
    )


# ---- markup -------------------------------------------------------------------------------------------------------


class Html(str):
    """Markup that was made here. Any other text is a text."""

    __slots__ = ()


_VOID = frozenset({"input", "link", "meta", "rect"})
_ENDS_ITS_LINE = frozenset(
    {"caption", "dl", "figure", "form", "h1", "h2", "head", "header", "label", "li", "link", "meta", "p", "rect",
     "section", "summary", "table", "tbody", "template", "thead", "title", "tr", "ul"}
)  # fmt: skip


def _tag(name: str, /, *children: str, **attributes: str) -> Html:
    """An element. Names that people choose may be markup, break lines and hide: here they are seen as they are."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"' for key, value in attributes.items())
    end = "\n" if name in _ENDS_ITS_LINE else ""
    if name in _VOID:
        return Html(f"<{name}{said}{'/' if name == 'rect' else ''}>{end}")
    return Html(f"<{name}{said}>{_all(children)}</{name}>{end}")


def _all(children: Iterable[str]) -> Html:
    return Html("".join(child if isinstance(child, Html) else _text(child) for child in children))


def _text(text: str) -> str:
    return escape(plain(text))


def _head(report: Report, style: str, script: str) -> Html:
    policy = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "img-src": "data:",  # the icon, which browsers would ask the bucket for
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    said = "; ".join(f"{directive} {source}" for directive, source in policy.items())
    return _tag(
        "head",
        _tag("meta", charset="utf-8"),
        # Quotes may stay as they are between double ones, and people read it.
        Html(f'<meta http-equiv="Content-Security-Policy" content="{said}">\n'),
        _tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _tag("meta", name="referrer", content="no-referrer"),
        _tag("title", f"vpce audit of {_when(report.run)}: {report.headline}"),
        _tag("link", rel="icon", href="data:,"),
        Html(f"<style>{style}</style>\n"),
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _section(name: str, heading: str, *children: str) -> Html:
    title = _tag("h2", heading, id=f"{name}-heading")
    return _tag("section", title, *children, id=name, aria_labelledby=f"{name}-heading")


def _some(items: Sequence[Html]) -> Html:
    """A list of the first, and how many more there are."""
    more = [_tag("li", f"… and {len(items) - AT_ONCE:,} more, in findings.json.")] if len(items) > AT_ONCE else []
    return _tag("ul", *items[:AT_ONCE], *more)


def _long_table(name: str, noun: str, caption: str, titles: Iterable[str], rows: Sequence[Html]) -> Html:
    """A table that may have thousands of rows, in a part of the page that scrolls by itself."""
    table = _tag(
        "table",
        _tag("caption", caption),
        _tag("thead", _titles(titles)),
        _tag("tbody", *rows[:AT_ONCE]),
        _tag("template", *rows[AT_ONCE:]),
        id=f"{name}-table",
        data_noun=noun,
    )
    without = (
        _tag("noscript", _tag("p", f"The first {AT_ONCE} of {len(rows):,}; all are in findings.json."))
        if len(rows) > AT_ONCE
        else Html()
    )
    more = Html('<button type="button" class="more" hidden></button>')
    return _all(
        [_tag("div", table, class_="wide", role="region", aria_label=f"Table of {noun}", tabindex="0"), without, more]
    )


# ---- the top: how things are, and how they were -------------------------------------------------------------------


def _top(report: Report) -> Iterator[Html]:
    time = _tag("time", _when(report.run), datetime=report.time)
    yield _tag("p", "vpce audit of ", time)
    yield _tag("h1", f"{report.headline[:1].upper()}{report.headline[1:]}")
    if report.trouble:
        said = "What the last audit left could not be read, so everything counts as new: "
        yield _tag("p", said, report.trouble, class_="trouble")
    yield _tag("ul", *_tiles(report), class_="tiles")
    if report.history:
        yield _history(report.history)
    savings = [("money", "Savings")] if report.advice else []
    links = [("findings", "Findings"), *savings, ("resolved", "Resolved"), ("unread", "Not read")]
    links += [("coverage", "Coverage"), *([("spending", "Spending")] if report.spending else [])]
    yield _tag(
        "nav", _tag("ul", *(_tag("li", _tag("a", said, href=f"#{to}")) for to, said in links)), aria_label="Page"
    )


def _tiles(report: Report) -> Iterator[Html]:
    found, new = (Counter(f.severity for f in which) for which in (report.findings, report.new))
    for severity in _WORST_FIRST:
        yield _tile(found[severity], severity.word, f"{new[severity]} new", f"severity={severity.word}", severity.word)
    yield _tile(len(report.resolved), "resolved", "since the audit before", "resolved")
    yield _tile(len(report.ignored), "ignored", "by tag or file", "state=ignored")
    yield _tile(len(report.all_unread), "not read", "places and parts", "unread", "high" if report.all_unread else "")


def _tile(number: int, what: str, more: str, to: str, look: str = "") -> Html:
    words = [_tag("b", f"{number:,}"), " ", _tag("span", what), " ", _tag("small", more)]
    return _tag("li", _tag("a", *words, href=f"#{to}", class_=f"{look if number else ''} tile".strip()))


def _history(history: Sequence[Past]) -> Html:
    totals = [sum(past.counts.values()) for past in history]
    top = max(*totals, 1)
    said = f"Problems in the last {count(len(history), 'audit')}: {totals[-1]:,} now, {max(totals):,} at most."
    bars = [bar for number, past in enumerate(history) for bar in _bars(number * _BAR, past, top)]
    plot = _tag(
        "svg",
        *bars,
        role="img",
        aria_labelledby="history",
        viewBox=f"0 0 {len(history) * _BAR} {_HEIGHT + _MARGIN}",
    )
    names = ["audit", *(s.word for s in _WORST_FIRST), "VPCs", "not read"]
    rows = (
        _tag("tr", _tag("th", _when(past.run), scope="row"), *_cells(*map(str, (*found, past.vpcs, past.unread))))
        for past in reversed(history)
        for found in [[past.counts.get(s.word, 0) for s in _WORST_FIRST]]
    )
    table = _tag("table", _tag("caption", "Problems by audit"), _tag("thead", _titles(names)), _tag("tbody", *rows))
    figures = _tag("details", _tag("summary", "The figures"), table)
    return _tag("figure", plot, _tag("figcaption", said, id="history"), figures)


def _bars(x: int, past: Past, top: int) -> Iterator[Html]:
    """One audit: worst at the bottom, where it can be compared; a mark where something was not read."""
    y = float(_HEIGHT + _MARGIN)
    for severity in _WORST_FIRST:
        if height := past.counts.get(severity.word, 0) * _HEIGHT / top:
            y -= height
            shape = {"x": str(x), "y": f"{y:.1f}", "width": str(_BAR - 4), "height": f"{height:.1f}"}
            yield _tag("rect", **shape, class_=severity.word)
    if past.unread:
        yield _tag("text", "?", x=str(x + _BAR // 2 - 2), y=f"{y - 3:.1f}")


def _when(run: str) -> str:
    """The minute of an audit; one that was made by hand may have any name."""
    return f"{run[:16].replace('T', ' ')} UTC" if run[10:11] == "T" else run


# ---- findings -----------------------------------------------------------------------------------------------------


def _findings(report: Report) -> Html:
    rows = [_finding(f) for f in (*report.findings, *report.ignored)]
    return _section(
        "findings",
        "Findings",
        _filters(report),
        _long_table(
            "findings",
            "findings",
            "Findings, worst first; open one for why it matters and how to mend it.",
            ["severity", "state", "VPC", "account and region", "finding"],
            rows,
        ),
    )


def _finding(finding: Finding) -> Html:
    counts = [] if finding.state is State.IGNORED else [_COUNTS]
    severity, place = finding.severity.word, finding.place
    is_old = finding.since and finding.state is not State.NEW
    since = [" since ", _tag("time", finding.since[:10], datetime=finding.since)] if is_old else []
    ignored = [_tag("p", "Ignored: ", finding.ignored)] if finding.ignored else []
    commands, pages = _by_kind(finding.fix)
    fix = _all([_lines(commands), _tag("button", "Copy", type="button", class_="copy")]) if commands else "none"
    facts = [("why", finding.why), ("fix", fix), *(("console", page) for page in pages)]
    facts += [("cost", finding.cost)] if finding.cost else []
    facts += [("resource", finding.resource), ("check", finding.check)]
    more = [part for name, said in (*facts, ("id", finding.id)) for part in (_tag("dt", name), _tag("dd", said))]
    details = _tag("details", _tag("summary", _tag("bdi", finding.what)), _tag("dl", *more))
    return _tag(
        "tr",
        *_cells(
            _tag("span", severity, class_=f"{severity} mark"),
            _all([finding.state.value, *since]),
            _vpc(finding.vpc, finding.vpc_name),
            _place(place),
            _all([_tag("p", finding.title), *ignored, details]),
        ),
        data_is=" ".join([severity, finding.state.value, *counts, finding.check, place.account, place.region]),
    )


def _by_kind(fix: str) -> tuple[str, list[Html]]:
    """What is to be copied, and links to pages of AWS's console."""
    lines = fix.split("\n")
    found = [re.fullmatch(r"Console: (.+): (https://[!-~]+)", line) for line in lines]
    commands = "\n".join(line for line, page in zip(lines, found, strict=True) if page is None)
    return commands, [_tag("a", page[1], href=page[2], rel="noreferrer") for page in found if page]


def _lines(text: str) -> Html:
    return _tag("pre", Html("\n".join(_text(one) for one in text.split("\n"))))


def _vpc(vpc: str, name: str) -> Html:
    return _all([_tag("bdi", name), " ", _tag("code", vpc)]) if name else _tag("code", vpc)


def _place(place: Place) -> Html:
    return _all([_tag("span", place.account), " ", _tag("span", place.region)])


def _cells(*contents: str) -> Iterator[Html]:
    return (_tag("td", content) for content in contents)


def _titles(names: Iterable[str]) -> Html:
    return _tag("tr", *(_tag("th", _tag("span", name), scope="col") for name in names))


def _filters(report: Report) -> Html:
    """What each filters is in ``data-for``."""
    findings = report.all_findings
    places = {p.place for p in report.places} | {u.place for u in report.all_unread} | {f.place for f in findings}
    checks = Counter(f.check for f in findings)
    both = "findings-table coverage-table money-table"
    states = {_COUNTS: "new and open", **{s.value: s.value for s in (State.NEW, State.OPEN, State.IGNORED)}, "": "all"}
    fields = [
        _tag("label", "Search ", Html(f'<input type="search" name="q" data-for="{both}" autocomplete="off">')),
        _select("severity", {"": "all", **{s.word: s.word for s in _WORST_FIRST}}, "findings-table"),
        _select("state", states, "findings-table"),
        _select(
            "check", {"": "all", **{c: f"{c} ({number:,})" for c, number in sorted(checks.items())}}, "findings-table"
        ),
        _select("account", {"": "all", **{a: a for a in sorted({p.account for p in places})}}, both),
        _select("region", {"": "all", **{r: r for r in sorted({p.region for p in places})}}, both),
        _tag("a", "Clear", href="#q="),
        _tag("output", ""),
    ]
    return _tag("form", *fields, id="filters", role="search", aria_label="Findings and coverage", autocomplete="off")


def _select(name: str, options: Mapping[str, str], filters: str) -> Html:
    made = (_tag("option", said, value=value) for value, said in options.items())
    return _tag("label", f"{name.capitalize()} ", _tag("select", *made, name=name, data_for=filters))


# ---- advice -------------------------------------------------------------------------------------------------------


def _advice(advice: Sequence[Advice]) -> Iterator[Html]:
    """Nothing where there is none."""
    if advice:
        total = in_all(advice) or "Nothing"
        yield _section(
            "money",
            "What endpoints are worth",
            _tag("p", f"{total}, by list prices, of what can be told in money."),
            _long_table(
                "money",
                "savings",
                "Advice, most money first; open one for why, and what could make it wrong.",
                ["US dollars a month", "VPC", "account and region", "advice"],
                [_one_advice(a) for a in advice],
            ),
        )


def _one_advice(advice: Advice) -> Html:
    facts = [("why", advice.why), ("unsure", advice.unsure), ("do", advice.fix), ("prices", advice.prices)]
    more = [part for name, said in facts if said for part in (_tag("dt", name), _tag("dd", said))]
    details = _tag("details", _tag("summary", _tag("bdi", f"{advice.do}: {advice.what}")), _tag("dl", *more))
    return _tag(
        "tr",
        *_cells(money(advice), _vpc(advice.vpc, advice.vpc_name), _place(advice.place), details),
        data_is=f"{advice.place.account} {advice.place.region}",
    )


# ---- what is over, and what nobody knows --------------------------------------------------------------------------


def _resolved(findings: Sequence[Finding]) -> Html:
    if not findings:
        return _section("resolved", "Resolved since the audit before", _tag("p", "Nothing."))
    return _section("resolved", "Resolved since the audit before", _some([_one_line(f) for f in findings]))


def _one_line(finding: Finding) -> Html:
    severity = finding.severity.word
    where = [_vpc(finding.vpc, finding.vpc_name), " in ", str(finding.place)] if finding.vpc else [str(finding.place)]
    return _tag("li", _tag("span", severity, class_=f"{severity} mark"), " ", *where, ": ", _tag("bdi", finding.what))


def _forgotten(findings: Sequence[Finding]) -> Html:
    places = sorted(Counter(f.place for f in findings).items())
    lines = [_tag("li", f"{place}: {count(number, 'open finding')}, of which nobody knows") for place, number in places]
    return _section("forgotten", "No longer looked at", _some(lines))


def _unread(unread: Sequence[Unread]) -> Html:
    if not unread:
        return _section("unread", "What could not be read", _tag("p", "Everything was read."))
    warning = _tag("p", "Nothing is known of these. What was open there stays open.")
    return _section("unread", "What could not be read", warning, _tag("ul", *(_one_unread(u) for u in unread)))


def _one_unread(unread: Unread) -> Html:
    where = f"{unread.place}, {unread.facet}" if unread.facet else str(unread.place)
    named, many = ", ".join(unread.vpcs), len(unread.vpcs) > _FEW
    vpcs = [f" of {named}"] if named and not many else [f" of {len(unread.vpcs):,} VPCs"] if named else []
    folded = [_tag("details", _tag("summary", f"The {len(unread.vpcs):,} VPCs"), named)] if many else []
    checks = [_tag("p", f"Not checked: {', '.join(sorted(unread.checks))}")] if unread.checks else []
    return _tag("li", _tag("b", where), *vpcs, ": ", unread.why, *checks, *folded)


# ---- coverage -----------------------------------------------------------------------------------------------------

_LEGEND = {
    Cell.OURS: "an endpoint of vpce's",
    Cell.FOREIGN: "somebody else's endpoint",
    Cell.CENTRAL: "an endpoint elsewhere, by a hosted zone or a Route 53 Profile",
    Cell.MISSING: "asked for, and not there",
    Cell.BROKEN: "there, and does not serve",
}


def _coverage(rows: Sequence[Coverage]) -> Html:
    if not rows:
        return _section("coverage", "Coverage", _tag("p", "No VPC was looked at."))
    services = sorted({s for row in rows for s in row.cells}, key=lambda s: (not s.endswith("(gateway)"), s))
    legend = [_all([_tag("dt", _tag("span", cell.value, class_=cell.value)), _tag("dd", f"{cell.value}: {said}")])
              for cell, said in _LEGEND.items()]  # fmt: skip
    gaps = Html(f'<input type="checkbox" name="gaps" value="{_GAP}" form="filters" data-for="coverage-table">')
    return _section(
        "coverage",
        "Coverage",
        _tag("dl", *legend, class_="legend"),
        _tag("label", gaps, " Only VPCs where something is missing or broken", class_="gaps"),
        _long_table(
            "coverage",
            "VPCs",
            "Coverage: how each VPC has each service; search, account and region filter this table too.",
            ["VPC", "account and region", "profile", *services],
            [_covered(row, services) for row in rows],
        ),
    )


def _covered(row: Coverage, services: Iterable[str]) -> Html:
    gap = [_GAP] if {Cell.MISSING, Cell.BROKEN} & {*row.cells.values()} else []
    cells = (row.cells.get(service) for service in services)
    return _tag(
        "tr",
        _tag("th", _vpc(row.vpc, row.vpc_name), scope="row"),
        *_cells(_place(row.place), row.profile),
        *(_tag("td", cell.value, class_=cell.value, title=cell.value) if cell else _tag("td") for cell in cells),
        data_is=" ".join([row.place.account, row.place.region, *gap]),
    )


# ---- spending -----------------------------------------------------------------------------------------------------


def _spending(places: Sequence[tuple[Place, Spending]]) -> Iterator[Html]:
    """Nothing where there is no interface endpoint."""
    total = spent(s for _, s in places)
    if total:
        lines = [_tag("li", _place(place), ": ", said) for place, s in places if (said := spent([s]))]
        yield _section("spending", "What interface endpoints cost", _tag("p", f"In all {total}."), _some(lines))


# ---- logs ---------------------------------------------------------------------------------------------------------


def _logs(evidence: Iterable[tuple[Place, Evidence]]) -> Iterator[Html]:
    """What logs do not tell of a VPC, and what would tell more; nothing where no audit reads them."""
    lines = [
        _tag("li", _vpc(one.vpc, ""), " in ", _place(place), ": ", "; ".join(one.gaps), _all(_commands(one.better)))
        for place, one in evidence
        if one.gaps or one.better
    ]
    if lines:
        yield _section("logs", "What logs do not tell", _some(lines))


def _commands(commands: Iterable[str]) -> Iterator[Html]:
    return (part for command in commands for part in (Html("<br>"), _tag("code", command)))

"""Which findings do people not want to be told of? Those that a VPC's tag or the file of ignores names, for a while.

    endpoint-audit = off                            every finding of this VPC
    endpoint-audit = open-policy default-security-group
                                                    these checks; spaces, commas and + separate them

    [[ignore]]                                      a table of ignores.toml, in the bucket of the reports
    check = "paid-s3-endpoint"                      a check's id, or "*"
    vpc = "vpc-0123456789abcdef0"                   as many of account, region, vpc, resource and id as are to fit
    reason = "moves to the gateway in March"
    until = 2027-03-31                              the last day on which it counts

An ignore that is wrong or over ignores nothing and is a finding, which no ignore reaches. A file that is no TOML could
have said anything, so nothing is ignored by it: to be told too much is the safe side.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vpce.core.findings import Finding, State, Unread
from vpce.core.profile import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vpce.core.checks import Check
    from vpce.core.model import Place

AUDIT_TAG = "endpoint-audit"
OFF = "off"
EVERY_CHECK = "*"
UNKNOWN, EXPIRED = "unknown-ignore", "expired-ignore"
FILE = "ignores.toml"

OWN = frozenset({UNKNOWN, EXPIRED})
"""What no ignore reaches: else a misspelt one could hide itself."""
_SELECTORS = ("account", "region", "vpc", "resource", "id")
_KEYS = ("check", *_SELECTORS, "reason", "until")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DAY = len("2027-03-31")
_SHOWN = 200
"""Characters of somebody's text in a resource's name."""


# ---- the tag ------------------------------------------------------------------------------------------------------


def ignored_by_tag(finding: Finding, tags: Mapping[str, str]) -> Finding:
    """The finding, ignored if a tag of its VPC says so."""
    words = _words(tags)
    if finding.check in OWN or (finding.check not in words and words != [OFF]):
        return finding
    return replace(finding, state=State.IGNORED, ignored=f"tag {AUDIT_TAG} = {tags[AUDIT_TAG]}")


def wrong_in_tag(tags: Mapping[str, str], known: Iterable[str]) -> Iterator[str]:
    """A sentence for each word of the tag that ignores nothing."""
    ids = sorted(set(known) - OWN)
    words = _words(tags)
    if AUDIT_TAG in tags and not words:
        yield f"{AUDIT_TAG} is empty; its value is '{OFF}', or ids of checks"
    for word in words:
        if word == OFF and words != [OFF]:
            yield f"{AUDIT_TAG} = {tags[AUDIT_TAG]!r}: '{OFF}' stands alone; it cannot be joined with a check"
        elif word != OFF and word not in ids:
            yield f"{AUDIT_TAG} = {tags[AUDIT_TAG]!r}: {_no_check(word, [*ids, OFF])}"


def _words(tags: Mapping[str, str]) -> list[str]:
    """Without doubles. EC2 takes any character in a tag, other services do not take commas.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
    """
    return list(dict.fromkeys(w for w in re.split(r"[\s,;+]+", tags.get(AUDIT_TAG, "").lower()) if w))


def _no_check(word: str, known: Iterable[str]) -> str:
    if word in OWN:
        return f"{word} cannot be ignored"
    return f"no check '{word}'{did_you_mean(word, known)}; docs/checks.md lists them"


# ---- the file -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One table of the file that counts today."""

    check: str
    where: Mapping[str, str]
    """Some of account, region, vpc, resource and id: all must fit."""
    why: str

    def covers(self, finding: Finding) -> bool:
        place = finding.place
        there = {
            "account": place.account, "region": place.region, "vpc": finding.vpc, "resource": finding.resource,
        }  # fmt: skip
        return all((finding.id if key == "id" else there[key]) == value for key, value in self.where.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignores:
    """What the file says today."""

    by_check: Mapping[str, tuple[Ignore, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    """What is wrong with the file itself; they belong to the installation's place, and to no VPC."""
    unread: tuple[Unread, ...] = ()
    """What could not be seen of the file: findings about it are not resolved by that."""

    def judge(self, finding: Finding) -> Finding:
        """The finding, ignored if the file says so."""
        if finding.state is State.IGNORED or finding.check in OWN:
            return finding
        candidates = (*self.by_check.get(finding.check, ()), *self.by_check.get(EVERY_CHECK, ()))
        found = next((i for i in candidates if i.covers(finding)), None)
        return replace(finding, state=State.IGNORED, ignored=found.why) if found else finding


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoresFile:
    """Where the file lies, and what findings about it are made of."""

    home: Place
    """The installation's own account and region."""
    source: str
    """For people: ``s3://…/ignores.toml``."""
    checks: Mapping[str, Check]

    def read(self, body: bytes | None, *, today: str) -> Ignores:
        """The ignores of a file's content; `today` is ISO 8601. No file, no ignores."""
        if body is None:
            return Ignores()
        try:
            document = tomllib.loads(body.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:  # also no UTF-8, figures too long, nesting too deep for Python
            return self.unreadable(f"is no valid TOML: {error}")
        findings = [self._wrong(FILE, why) for why in _outside(document)]
        by_check: dict[str, list[Ignore]] = {}
        tables = document.get("ignore", [])
        for number, table in enumerate(tables if isinstance(tables, list) else [], 1):
            name = _name(table, number)
            try:
                ignore, until = _ignore(table, self.checks)
            except ValueError as error:
                findings.append(self._wrong(name, str(error)))
                continue
            if until < today[:_DAY]:
                findings.append(self._expired(name, f"is over: {ignore.why}"))
            else:
                by_check.setdefault(ignore.check, []).append(ignore)
        return Ignores(
            by_check={check: tuple(ignores) for check, ignores in by_check.items()},
            findings=tuple({f.id: f for f in findings}.values()),
        )

    def unreadable(self, why: str) -> Ignores:
        """Nothing is ignored by a file that cannot be read, and what was wrong with it stays wrong."""
        unread = Unread(place=self.home, why=why, facet=FILE, vpcs=("",), checks=tuple(sorted(OWN)))
        return Ignores(findings=(self._wrong(FILE, f"{why}; no ignore of it counts"),), unread=(unread,))

    def _wrong(self, resource: str, why: str) -> Finding:
        return self._finding(UNKNOWN, resource, why, f"Mend it in {self.source}, or take it out.")

    def _expired(self, resource: str, why: str) -> Finding:
        fix = f"In {self.source}, set a later 'until' if the reason still holds; else take it out and mend the problem."
        return self._finding(EXPIRED, resource, why, fix)

    def _finding(self, check: str, resource: str, why: str, fix: str) -> Finding:
        words = self.checks[check]
        return Finding(
            check=check,
            severity=words.severity,
            title=words.title,
            why=words.why,
            place=self.home,
            vpc="",
            vpc_name="",
            resource=resource,
            what=f"{resource} {why}",
            fix=fix,
        )


def _outside(document: Mapping[str, Any]) -> Iterator[str]:
    """What the file has beside its tables."""
    for key, value in document.items():
        if key != "ignore":
            yield f"has an unknown key '{key}'{did_you_mean(key, ['ignore'])}; ignores are tables named [[ignore]]"
        elif not isinstance(value, list):
            yield "has one table [ignore]; write [[ignore]], in double brackets, above each"


def _name(table: Any, number: int) -> str:
    """The same for the same ignore, wherever in the file it stands."""
    words = [f"{k}={table[k]}" for k in ("check", *_SELECTORS) if k in table] if isinstance(table, dict) else []
    return f"{FILE} [[ignore]] {' '.join(words)[:_SHOWN] or f'number {number}'}"


def _ignore(table: Any, checks: Iterable[str]) -> tuple[Ignore, str]:
    """An ignore, and its last day.

    Raises:
        ValueError: it is wrong; the message goes on from the ignore's name.

    """
    if not isinstance(table, dict):
        raise ValueError("is no table; write [[ignore]] with its keys under it")
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"has an unknown key '{key}'{did_you_mean(key, _KEYS)}; known keys: {', '.join(_KEYS)}")
    check = _text(table, "check", "the id of a check, or '*' for all")
    known = sorted(set(checks) - OWN)
    if check not in (EVERY_CHECK, *known):
        raise ValueError(f"is of no use: {_no_check(check, known)}")
    where = {key: _text(table, key, "a text in quotes") for key in _SELECTORS if key in table}
    reason = _text(table, "reason", "a sentence for those who come after you")
    until = _date(table.get("until"))
    return Ignore(check=check, where=where, why=f"{reason} ({FILE}, until {until})"), until


def _text(table: Mapping[str, Any], key: str, meaning: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"needs '{key}': {meaning}")
    return value.strip()


def _date(value: Any) -> str:
    """TOML's own date, or one that somebody put in quotes; tomllib knows which days there are."""
    text = str(value)
    try:
        if _DATE.fullmatch(text):
            return str(tomllib.loads(f"date = {text}")["date"])
    except ValueError:
        pass
    raise ValueError(f"needs 'until': its last day, for instance until = 2027-03-31 (it has {text[:_SHOWN]!r})")

"""What to say: plans, notices of a reconcile run, and audit reports, as text for people and as JSON for machines.

The text is what arrives by e-mail; the JSON carries the same and ids. Both are golden files in the tests.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from vpce.core.checks import Finding, Severity, order_of
from vpce.core.model import Place
from vpce.core.plan import (
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    Keep,
    Leave,
    Shortfall,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Verdict,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vpce.core.plan import Outcome, Plan, Step

SUBJECT_LIMIT = 99
"""SNS: fewer than 100 characters, no line breaks. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One notification: the same for people and for machines."""

    subject: str
    text: str
    document: Mapping[str, Any]


# ---- a plan -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step in words."""

    sign: str
    """``+`` makes, ``~`` changes, ``-`` removes, ``!`` cannot, ``…`` later; blank changes nothing."""
    verb: str
    thing: str
    why: str

    def __str__(self) -> str:
        return f"  {self.sign} {self.verb:<7} {self.thing}: {self.why}"


def line(step: Step) -> Line:  # noqa: C901, PLR0911, PLR0912  one case per kind of step
    """What a step does, to what, and why."""
    match step:
        case EnableDnsSupport(why=why):
            return Line(sign="~", verb="enable", thing="DNS support of the VPC", why=why)
        case EnableDnsHostnames(why=why):
            return Line(sign="~", verb="enable", thing="DNS hostnames of the VPC", why=why)
        case CreateSecurityGroup(ingress=ingress, why=why):
            return Line(sign="+", verb="create", thing=f"security group, in: {_list(ingress)}", why=why)
        case UpdateSecurityGroup(group=group, authorize=authorize, revoke=revoke, why=why):
            rules = [*(f"+{r}" for r in sorted(authorize)), *(f"-{r}" for r in sorted(revoke))]
            return Line(sign="~", verb="update", thing=f"security group {group.id} ({', '.join(rules)})", why=why)
        case DeleteSecurityGroup(group=group, why=why):
            return Line(sign="-", verb="delete", thing=f"security group {group.id}", why=why)
        case CreateEndpoint(service=service, offer=offer, why=why):
            where = _list(step.route_tables or step.subnets)
            return Line(sign="+", verb="create", thing=f"{service} ({offer.kind.lower()}) in {where}", why=why)
        case UpdateEndpoint(service=service, endpoint=endpoint, why=why):
            return Line(sign="~", verb="update", thing=f"{service} {endpoint.id} ({_changes(step)})", why=why)
        case DeleteEndpoint(service=service, endpoint=endpoint, why=why):
            return Line(sign="-", verb="delete", thing=f"{service} ({endpoint.kind.lower()}) {endpoint.id}", why=why)
        case Wait(subject=subject, why=why):
            return Line(sign="…", verb="wait", thing=subject, why=why)
        case Shortfall(service=service, kind=kind, why=why, is_required=is_required):
            return Line(sign="!" if is_required else " ", verb="cannot", thing=f"{service} ({kind.lower()})", why=why)
        case Keep(service=service, endpoint=endpoint, why=why):
            return Line(sign=" ", verb="keep", thing=f"{service} ({endpoint.kind.lower()}) {endpoint.id}", why=why)
        case Leave(service=service, endpoint=endpoint, why=why):
            return Line(sign=" ", verb="leave", thing=f"{service} ({endpoint.kind.lower()}) {endpoint.id}", why=why)
        case _:
            assert_never(step)


def _changes(update: UpdateEndpoint) -> str:
    return ", ".join(
        [
            *(f"+{t}" for t in sorted(update.add_route_tables)),
            *(f"+{s}" for s in sorted(update.add_subnets)),
            *(f"-{s}" for s in sorted(update.remove_subnets)),
            *(["+our security group"] if update.add_our_security_group else []),
            *(["+private DNS"] if update.enable_private_dns else []),
        ]
    )


def _list(things: Iterable[Any]) -> str:
    return ", ".join(str(t) for t in sorted(things))


def explain(plan: Plan, *, quiet_steps: bool = True) -> str:
    """Every step and its reason; or, without the quiet steps, what would change and what cannot."""
    lines = [line(s) for s in plan.steps]
    shown = [str(one) for one in lines if quiet_steps or one.sign != " "]
    head = f"{plan.vpc.name} in {plan.vpc.place}\n  {plan.wish.why}"
    return "\n".join([head, *(shown or ["    nothing to do"]), f"  {summary(plan)}"])


def summary(plan: Plan) -> str:
    signs = Counter(line(a).sign for a in plan.actions)
    if not plan.actions:
        return "Nothing to change." if not plan.waits else "Nothing to change now; AWS is still at work."
    return f"{signs['+']} to create, {signs['~']} to update, {signs['-']} to delete."


def plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "vpc": plan.vpc.id,
        "account": plan.vpc.place.account,
        "region": plan.vpc.place.region,
        "profile": plan.wish.profile.name if plan.wish.profile else None,
        "why": plan.wish.why,
        "changes": len(plan.actions),
        "steps": [_step_document(s) for s in plan.steps],
    }


def _step_document(step: Step) -> dict[str, Any]:
    said = line(step)
    return {"step": type(step).__name__, "verb": said.verb, "thing": said.thing, "why": said.why}


# ---- a reconcile run ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What a run did with one VPC."""

    vpc: str
    vpc_name: str
    plan: Plan | None = None
    """None: its tags cannot be used, see `refusal`."""
    outcomes: tuple[Outcome, ...] = ()
    refusal: str = ""
    gave_up: bool = False
    """It was tried long enough; the audit comes by again."""
    is_named: bool = True
    """An event pointed at this VPC; otherwise it was looked at because an event named none."""

    def outcomes_that(self, *verdicts: Verdict) -> list[Outcome]:
        return [o for o in self.outcomes if o.verdict in verdicts]

    @property
    def is_unfinished(self) -> bool:
        """Worth another look soon."""
        return bool(self.outcomes_that(Verdict.RETRY, Verdict.DEFERRED)) or bool(self.plan and self.plan.waits)

    @property
    def got_on(self) -> bool:
        """Something was done, or only the invocation's end kept it from being done."""
        verdicts = {o.verdict for o in self.outcomes}
        return Verdict.DONE in verdicts or (
            Verdict.DEFERRED in verdicts and verdicts <= {Verdict.DEFERRED, Verdict.BLOCKED}
        )

    @property
    def has_changed(self) -> bool:
        return bool(self.outcomes_that(Verdict.DONE))

    @property
    def trouble(self) -> tuple[str, ...]:
        """What people must know, change or no change; the same trouble gives the same words."""
        failures = [f"{line(o.action).thing}: {o.message}" for o in self.outcomes_that(Verdict.FAILED)]
        shortfalls = [str(line(s)) for s in self.plan.shortfalls if s.is_required] if self.plan else []
        return (
            *([self.refusal] if self.refusal else []),
            *(["gave up"] if self.gave_up else []),
            *failures,
            *shortfalls,
        )


def notice(place: Place, runs: Iterable[Reconciled], reasons: Iterable[str]) -> Message | None:
    """What a run changed, could not change or cannot have; None when there is nothing to tell."""
    told = sorted((r for r in runs if r.has_changed or r.trouble), key=lambda r: r.vpc)
    if not told:
        return None
    done = sum(len(r.outcomes_that(Verdict.DONE)) for r in told)
    failed = sum(len(r.outcomes_that(Verdict.FAILED)) + bool(r.refusal) + r.gave_up for r in told)
    short = sum(s.is_required for r in told if r.plan for s in r.plan.shortfalls)
    nouns = ((done, "change"), (failed, "failure"), (short, "shortfall"))
    counts = ", ".join(_count(number, noun) for number, noun in nouns if number)
    where = told[0].vpc_name if len(told) == 1 else _count(len(told), "VPC")
    text = [f"vpce in account {place.account}, region {place.region}: {counts}.", ""]
    for run in told:
        text += [*_run_text(run), ""]
    text.append(f"Looked because: {'; '.join(sorted(set(reasons)))}")
    return Message(
        subject=_subject(f"[vpce] {place.region} {where}: {counts}"),
        text="\n".join(text),
        document={
            "type": "reconciled",
            "account": place.account,
            "region": place.region,
            "changes": done,
            "failures": failed,
            "shortfalls": short,
            "vpcs": [_run_document(r) for r in told],
        },
    )


def _run_text(run: Reconciled) -> Iterator[str]:
    yield run.vpc_name
    if run.refusal:
        yield f"  ! {run.refusal}"
        yield "    Nothing was changed in this VPC."
    if run.plan:
        yield f"  {run.plan.wish.why}"
    for outcome in run.outcomes_that(Verdict.DONE):
        said = line(outcome.action)
        yield f"  {said.sign} {_PAST.get(said.verb, said.verb)} {said.thing}: {said.why}"
    for outcome in run.outcomes_that(Verdict.FAILED):
        said = line(outcome.action)
        yield f"  ! could not {said.verb} {said.thing}"
        yield f"    {outcome.message}"
    for outcome in run.outcomes_that(Verdict.RETRY):
        said = line(outcome.action)
        again = "the audit comes by again" if run.gave_up else "it will be tried again"
        yield f"  … could not {said.verb} {said.thing} yet ({outcome.message}); {again}"
    if blocked := len(run.outcomes_that(Verdict.BLOCKED)):
        yield f"  … {_count(blocked, 'more change')} not tried without it"
    if later := len(run.outcomes_that(Verdict.DEFERRED)):
        yield f"  … {_count(later, 'more change')} to come, as fast as EC2 lets us"
    if run.gave_up:
        yield "  ! Gave up waiting for AWS; the audit comes by again."
    if run.plan:
        yield from (str(line(s)) for s in run.plan.waits)
        yield from (str(line(s)) for s in run.plan.shortfalls if s.is_required)


_PAST = {"create": "created", "update": "updated", "delete": "deleted", "enable": "enabled"}


def _run_document(run: Reconciled) -> dict[str, Any]:
    return {
        "vpc": run.vpc,
        "name": run.vpc_name,
        "profile": run.plan.wish.profile.name if run.plan and run.plan.wish.profile else None,
        "refusal": run.refusal or None,
        "gave_up": run.gave_up,
        "outcomes": [
            _step_document(o.action) | {"verdict": o.verdict.value, "message": o.message} for o in run.outcomes
        ],
        "shortfalls": [_step_document(s) for s in run.plan.shortfalls] if run.plan else [],
    }


def unreadable(place: Place, why: str, reasons: Iterable[str]) -> Message:
    """A whole place could not be looked at, for a reason that only people can mend."""
    return Message(
        subject=_subject(f"[vpce] {place.region}: could not look"),
        text=f"vpce in account {place.account}, region {place.region} could not look, and changed nothing.\n\n"
        f"  ! {why}\n\nLooked because: {'; '.join(sorted(set(reasons)))}",
        document={"type": "unread", "account": place.account, "region": place.region, "why": why},
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _subject(text: str) -> str:
    """Printable ASCII, one line, short enough for SNS."""
    printable = "".join(c if c.isprintable() else " " for c in text.encode("ascii", "replace").decode())
    plain = " ".join(printable.split())
    return plain if len(plain) <= SUBJECT_LIMIT else plain[: SUBJECT_LIMIT - 3] + "..."


# ---- an audit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unread:
    """A place that could not be looked at: a result of its own, never taken for clean."""

    place: Place
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReport:
    """What an audit saw in one place."""

    place: Place
    vpcs: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit saw everywhere."""

    run: str
    """Names the audit: its start and the state machine's execution."""
    places: tuple[PlaceReport, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def findings(self) -> list[Finding]:
        return sorted((f for p in self.places for f in p.findings), key=order_of)

    @property
    def vpcs(self) -> int:
        return sum(p.vpcs for p in self.places)

    @property
    def is_clean(self) -> bool:
        return not self.findings and not self.unread

    @property
    def headline(self) -> str:
        findings = self.findings
        counts = Counter(f.severity for f in findings)
        by_severity = ", ".join(f"{counts[s]} {s.word}" for s in sorted(Severity, reverse=True) if counts[s])
        sick = len({f.vpc for f in findings})
        looked = f"{_count(self.vpcs, 'VPC')} in {_count(len(self.places), 'place')}"
        found = (
            f"{_count(len(findings), 'problem')} in {_count(sick, 'VPC')} ({by_severity})" if findings else "no problem"
        )
        lost = f"; {_count(len(self.unread), 'place')} could not be read" if self.unread else ""
        return f"{found}{lost}; looked at {looked}"


def digest(report: Report, *, location: str = "") -> Message:
    """An audit's report as one message; `location` tells where the whole report lies."""
    text = [f"vpce audit of {report.run[:16].replace('T', ' ')}: {report.headline}.", ""]
    if report.unread:
        text.append("COULD NOT BE READ (nothing is known about these places)")
        text += [f"  ! {u.place}: {u.why}" for u in report.unread]
        text.append("")
    for severity in sorted(Severity, reverse=True):
        found = [f for f in report.findings if f.severity is severity]
        if found:
            text.append(severity.name)
            for finding in found:
                text += _finding_text(finding)
            text.append("")
    if location:
        text.append(f"Whole report: {location}")
    return Message(
        subject=_subject(f"[vpce] audit: {report.headline}"),
        text="\n".join(text).rstrip() + "\n",
        document=report_document(report) | ({"report": location} if location else {}),
    )


def _finding_text(finding: Finding) -> Iterator[str]:
    name = f"{finding.vpc} ({finding.vpc_name})" if finding.vpc_name else finding.vpc
    yield f"  {finding.title}"
    yield f"    where  {name} in {finding.place}"
    yield f"    what   {finding.what}"
    yield f"    why    {finding.why}"
    first, *rest = finding.fix.splitlines()
    yield f"    fix    {first}"
    yield from (f"           {more}" for more in rest)


def report_document(report: Report) -> dict[str, Any]:
    return {
        "type": "audit",
        "run": report.run,
        "headline": report.headline,
        "vpcs": report.vpcs,
        "places": [{"account": p.place.account, "region": p.place.region, "vpcs": p.vpcs} for p in report.places],
        "unread": [{"account": u.place.account, "region": u.place.region, "why": u.why} for u in report.unread],
        "findings": [finding_document(f) for f in report.findings],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "check": finding.check,
        "severity": finding.severity.word,
        "title": finding.title,
        "why": finding.why,
        "account": finding.place.account,
        "region": finding.place.region,
        "vpc": finding.vpc,
        "vpc_name": finding.vpc_name,
        "resource": finding.resource,
        "what": finding.what,
        "fix": finding.fix,
    }


def place_document(report: PlaceReport | Unread) -> dict[str, Any]:
    """What the audit of one place hands on; `read_place_document` reads it back."""
    head = {"account": report.place.account, "region": report.place.region}
    match report:
        case Unread(why=why):
            return head | {"unread": why}
        case PlaceReport(vpcs=vpcs, findings=findings):
            return head | {"vpcs": vpcs, "findings": [finding_document(f) for f in findings]}


def read_place_document(document: Mapping[str, Any]) -> PlaceReport | Unread:
    place = Place(account=document["account"], region=document["region"])
    if "unread" in document:
        return Unread(place=place, why=document["unread"])
    return PlaceReport(
        place=place,
        vpcs=document["vpcs"],
        findings=tuple(
            Finding(
                check=f["check"],
                severity=Severity[f["severity"].upper()],
                title=f["title"],
                why=f["why"],
                place=place,
                vpc=f["vpc"],
                vpc_name=f["vpc_name"],
                resource=f["resource"],
                what=f["what"],
                fix=f["fix"],
            )
            for f in document["findings"]
        ),
    )

"""What to say of plans and of what came of them, as text for people and as JSON for machines.

The text is what arrives by e-mail; the JSON carries the same and ids. Both are golden files in the tests.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, assert_never

from vpce.core.bill import bill_of_actions, cost_of_actions, cost_of_plan, plan_bill
from vpce.core.caution import warnings_of
from vpce.core.commands import aws, tag_it
from vpce.core.model import DELETIONS_TAG, PROFILE_TAG, RELEASED_TAG, Addresses, utc
from vpce.core.plan import (
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    Elsewhere,
    EnableDnsHostnames,
    EnableDnsSupport,
    Held,
    Keep,
    Leave,
    Leaving,
    MarkEndpoint,
    Release,
    Shortfall,
    Stay,
    UnmarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Verdict,
    Wait,
)
from vpce.core.profile import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from vpce.core.model import Endpoint, Place
    from vpce.core.plan import Action, Outcome, Plan, Step

SUBJECT_LIMIT = 99
"""SNS: fewer than 100 characters, no line breaks. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One notification: the same for people and for machines, and what subscribers can choose by."""

    subject: str
    text: str
    document: Mapping[str, Any]
    brief: str = ""
    """The text for a chat, where less is read; empty: as `text`."""
    next_steps: tuple[str, ...] = ()
    """Commands for a chat to show; never cut, since half a command is worse than none."""
    resources: tuple[str, ...] = ()
    severity: str = "none"
    """The worst that is new: high, medium, low, or none."""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


# ---- a plan -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step in words."""

    sign: str
    """``+`` makes, ``~`` changes, ``-`` removes, ``!`` cannot, ``…`` later; blank changes nothing."""
    verb: str
    thing: str
    why: str
    held: str = ""
    """Why it is not done now, and until when."""

    def __str__(self) -> str:
        return f"  {self.sign} {self.verb:<7} {self.thing}: {self.why}{f'  [held: {self.held}]' if self.held else ''}"


def line(step: Step) -> Line:  # noqa: C901, PLR0911, PLR0912  one case per kind of step
    """What a step does, to what, and why."""
    match step:
        case Release(resource=resource, until=until, why=why):
            return Line(sign="~", verb="release", thing=f"{resource} until {utc(until)}", why=why)
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
            what = f"{offer.kind.lower()}{'' if step.address_type is Addresses.IPV4 else ', dual-stack'}"
            return Line(sign="+", verb="create", thing=f"{service} ({what}) in {where}", why=why)
        case UpdateEndpoint(service=service, endpoint=endpoint, why=why):
            return Line(sign="~", verb="update", thing=f"{service} {endpoint.id} ({_changes(step)})", why=why)
        case DeleteEndpoint(service=service, endpoint=endpoint, why=why):
            return Line(sign="-", verb="delete", thing=_named(service, endpoint), why=why)
        case MarkEndpoint(service=service, endpoint=endpoint, delete_after=moment, why=why):
            return Line(sign="~", verb="mark", thing=f"{_named(service, endpoint)}, to go at {utc(moment)}", why=why)
        case UnmarkEndpoint(service=service, endpoint=endpoint, why=why):
            return Line(sign="~", verb="unmark", thing=_named(service, endpoint), why=why)
        case Leaving(service=service, endpoint=endpoint, at=moment, why=why):
            return Line(sign="…", verb="goes", thing=f"{_named(service, endpoint)}, at {utc(moment)}", why=why)
        case Held(action=action, why=why):
            return replace(line(action), held=why)
        case Wait(subject=subject, why=why):
            return Line(sign="…", verb="wait", thing=subject, why=why)
        case Stay(resource=resource, why=why, is_trouble=is_trouble):
            return Line(sign="!" if is_trouble else " ", verb="stay", thing=f"in the way of {resource}", why=why)
        case Shortfall(service=service, kind=kind, why=why, is_required=is_required):
            return Line(sign="!" if is_required else " ", verb="cannot", thing=f"{service} ({kind.lower()})", why=why)
        case Keep(service=service, endpoint=endpoint, why=why):
            return Line(sign=" ", verb="keep", thing=_named(service, endpoint), why=why)
        case Elsewhere(service=service, why=why):
            return Line(sign=" ", verb="leave", thing=f"{service} (interface) elsewhere", why=why)
        case Leave(service=service, endpoint=endpoint, why=why):
            return Line(sign=" ", verb="leave", thing=_named(service, endpoint), why=why)
        case _:
            assert_never(step)


def _named(service: str, endpoint: Endpoint) -> str:
    return f"{service} ({endpoint.kind.lower()}) {endpoint.id}"


def _changes(update: UpdateEndpoint) -> str:
    return ", ".join(
        [
            *(f"+{t}" for t in sorted(update.add_route_tables)),
            *(f"+{s}" for s in sorted(update.add_subnets)),
            *(f"-{s}" for s in sorted(update.remove_subnets)),
            *([_ADDRESSES[update.address_type]] if update.address_type else []),
            *(["+our security group"] if update.add_our_security_group else []),
            *(f"-{g}" for g in sorted(update.remove_security_groups)),
            *(["+private DNS"] if update.enable_private_dns else []),
            *(["policy"] if update.policy else []),
        ]
    )


_ADDRESSES = {Addresses.IPV4: "-IPv6", Addresses.DUALSTACK: "+IPv6"}


def _list(things: Iterable[Any]) -> str:
    return ", ".join(str(t) for t in sorted(things))


def explain(plan: Plan, *, quiet_steps: bool = True) -> str:
    """Every step and its reason; or, without the quiet steps, what would change and what cannot."""
    shown = list(_said(s for s in plan.steps if quiet_steps or line(s).sign != " "))
    head = [f"{plan.vpc.name} in {plan.vpc.place}", f"  {plan.wish.why}"]
    cost = [f"  {said}" for said in [cost_of_plan(plan)] if said]
    return joined([*head, *(shown or ["    nothing to do"]), *_warnings(plan), *cost, f"  {summary(plan)}"])


def _said(steps: Iterable[Step]) -> Iterator[str]:
    """Steps in words; a command that mends several stands under the first of them."""
    told: set[str] = set()
    for step in steps:
        yield str(line(step))
        if isinstance(step, Shortfall) and step.fix and step.fix not in told:
            told.add(step.fix)
            yield f"      {step.fix}"


def _warnings(plan: Plan) -> Iterator[str]:
    for text, services in warnings_of(plan).items():
        yield f"  ! beware  {_list(set(services))}: {text}"


def summary(plan: Plan) -> str:
    signs = Counter(line(a).sign for a in plan.actions)
    held = f" {len(plan.held)} held." if plan.held else ""
    if not plan.actions:
        return ("Nothing to change." if not plan.waits else "Nothing to change now; AWS is still at work.") + held
    return f"{signs['+']} to create, {signs['~']} to update, {signs['-']} to delete.{held}"


def plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "vpc": plan.vpc.id,
        "account": plan.vpc.place.account,
        "region": plan.vpc.place.region,
        "profile": plan.wish.profile.name if plan.wish.profile else None,
        "why": plan.wish.why,
        "mode": plan.wish.mode.value,
        "changes": len(plan.actions),
        "held": len(plan.held),
        "cost": plan_bill(plan),
        "warnings": [{"about": sorted(set(services)), "text": text} for text, services in warnings_of(plan).items()],
        "steps": [_step_document(s) | _policy_document(s) for s in plan.steps],
    }


def _policy_document(step: Step) -> dict[str, Any]:
    """For who wants to read it first. Not in notices: SNS takes no more than a dozen long ones."""
    match step:
        case CreateEndpoint(policy=policy) | UpdateEndpoint(policy=policy) if policy:
            return {"policy": json.loads(policy)}
        case _:
            return {}


def _step_document(step: Step) -> dict[str, Any]:
    said = line(step)
    document = {"step": type(step).__name__, "verb": said.verb, "thing": said.thing, "why": said.why}
    if isinstance(step, Held):
        until = step.until.isoformat() if step.until else None
        return document | {"step": type(step.action).__name__, "held": step.why, "until": until}
    if isinstance(step, Shortfall) and step.fix:
        return document | {"fix": step.fix}
    return document


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
    def marks(self) -> list[MarkEndpoint]:
        return [o.action for o in self.outcomes_that(Verdict.DONE) if isinstance(o.action, MarkEndpoint)]

    @property
    def done(self) -> list[Action]:
        return [o.action for o in self.outcomes_that(Verdict.DONE)]

    @property
    def has_changed(self) -> bool:
        return bool(self.done)

    @property
    def trouble(self) -> tuple[str, ...]:
        """What people must know, change or no change; the same trouble gives the same words."""
        failures = [f"{line(o.action).thing}: {o.message}" for o in self.outcomes_that(Verdict.FAILED)]
        shortfalls = [str(line(s)) for s in self.plan.shortfalls if s.is_required] if self.plan else []
        stays = [str(line(s)) for s in self.plan.stays if s.is_trouble] if self.plan else []
        held = [f"{line(h).thing}: {h.why}" for h in self.held]
        return (
            *([self.refusal] if self.refusal else []),
            *(["gave up"] if self.gave_up else []),
            *failures,
            *shortfalls,
            *stays,
            *held,
        )

    @property
    def held(self) -> tuple[Held, ...]:
        return self.plan.held if self.plan else ()

    @property
    def due(self) -> datetime | None:
        """The last time at which something of it should have gone that is held."""
        times = [h.action.due for h in self.held if isinstance(h.action, DeleteEndpoint) and h.action.due]
        return max(times, default=None)


def notice(place: Place, runs: Iterable[Reconciled], reasons: Iterable[str]) -> Message | None:
    """What a run changed, could not change or cannot have; None when there is nothing to tell."""
    told = sorted((r for r in runs if r.has_changed or r.trouble), key=lambda r: r.vpc)
    if not told:
        return None
    done = sum(len(r.outcomes_that(Verdict.DONE)) for r in told)
    failed = sum(len(r.outcomes_that(Verdict.FAILED)) + bool(r.refusal) + r.gave_up for r in told)
    short = sum(s.is_required for r in told if r.plan for s in r.plan.shortfalls)
    held = sum(len(r.held) for r in told)
    nouns = ((done, "change"), (failed, "failure"), (short, "shortfall"))
    counts = ", ".join(
        [*(count(number, noun) for number, noun in nouns if number), *([f"{held} held"] if held else [])]
    )
    where = told[0].vpc_name if len(told) == 1 else count(len(told), "VPC")
    text = [f"vpce in {place}: {counts}.", ""]
    for run in told:
        text += [*_run_text(run), ""]
    text.append(_because(reasons))
    return Message(
        subject=subject_of(f"[vpce] {place.region} {where}: {counts}"),
        text=joined(text),
        resources=tuple(r.vpc for r in told),
        next_steps=tuple(step for r in told for step in _next_steps(r)),
        severity=_severity(told, failed=failed, short=short),
        accounts=(place.account,),
        regions=(place.region,),
        document={
            "type": "reconciled",
            "account": place.account,
            "region": place.region,
            "changes": done,
            "failures": failed,
            "shortfalls": short,
            "held": held,
            "vpcs": [_run_document(r) for r in told],
        },
    )


def _severity(told: Iterable[Reconciled], *, failed: int, short: int) -> str:
    held = [h for r in told for h in r.held]
    if failed or any(h.is_unsafe for h in held):
        return "high"
    return "medium" if short else "low" if held else "none"


def _next_steps(run: Reconciled) -> Iterator[str]:
    for release in (o.action for o in run.outcomes_that(Verdict.DONE)):
        if run.plan and isinstance(release, Release):
            tag = ("--resources", release.resource, "--tags", f"Key={RELEASED_TAG}")
            yield aws(run.plan.vpc.place, "ec2 delete-tags", *tag)
    if run.plan and run.plan.wish.retire and run.marks:
        yield tag_it(run.plan.vpc, max(m.endpoint.made_for for m in run.marks) or "<its profile>")
    if run.plan and any(h.is_unsafe for h in run.held):
        yield tag_it(run.plan.vpc, "allowed", DELETIONS_TAG)
    if run.plan and run.held and run.plan.wish.mode is not Mode.SYNC:
        yield f"vpce apply {run.vpc} --region {run.plan.vpc.place.region}"
    if run.plan:
        yield from dict.fromkeys(s.fix for s in run.plan.shortfalls if s.is_required and s.fix)


def _run_text(run: Reconciled) -> Iterator[str]:
    yield run.vpc_name
    if run.refusal:
        yield f"  ! {run.refusal}"
        yield "    Nothing was changed in this VPC."
    if run.plan:
        yield f"  {run.plan.wish.why}"
    yield from _outcomes(run)
    if run.gave_up:
        yield "  ! Gave up waiting for AWS; the audit comes by again."
    if run.plan:
        yield from _held(run.plan)
        yield from (str(line(s)) for s in run.plan.waits)
        yield from _said(s for s in run.plan.shortfalls if s.is_required)
        yield from (str(line(s)) for s in run.plan.stays if s.is_trouble)


def _outcomes(run: Reconciled) -> Iterator[str]:
    for outcome in run.outcomes_that(Verdict.DONE):
        said = line(outcome.action)
        yield f"  {said.sign} {_PAST.get(said.verb, said.verb)} {said.thing}: {said.why}"
    if run.plan and (cost := cost_of_actions(run.plan, run.done)):
        yield f"    {cost}"
    if run.marks:
        yield f"    To keep what is marked, {_wanted_again(run)}."
    for outcome in run.outcomes_that(Verdict.FAILED):
        said = line(outcome.action)
        yield f"  ! could not {said.verb} {said.thing}"
        yield f"    {outcome.message}"
    for outcome in run.outcomes_that(Verdict.RETRY):
        said = line(outcome.action)
        again = "the audit comes by again" if run.gave_up else "it will be tried again"
        yield f"  … could not {said.verb} {said.thing} yet ({outcome.message}); {again}"
    if blocked := len(run.outcomes_that(Verdict.BLOCKED)):
        yield f"  … {count(blocked, 'more change')} not tried without it"
    if later := len(run.outcomes_that(Verdict.DEFERRED)):
        yield f"  … {count(later, 'more change')} to come, as fast as EC2 lets us"


def _wanted_again(run: Reconciled) -> str:
    if run.plan and run.plan.wish.retire:
        return f"put the tag {PROFILE_TAG} back"
    return "ask for it again by the VPC's tag or in its profile; or keep it as your own: vpce disown ENDPOINT"


def _held(plan: Plan) -> Iterator[str]:
    """What would be done, as a person wants to review it: by what holds it."""
    for why in dict.fromkeys(h.why for h in plan.held):
        yield f"  Held, {why}:"
        yield from (f"  {line(h.action)}" for h in plan.held if h.why == why)
    if plan.held:
        yield from (f"  {warning}" for warning in _warnings(plan))
        if cost := cost_of_actions(plan, [h.action for h in plan.held]):
            yield f"    {cost}"


_PAST = {
    "create": "created",
    "update": "updated",
    "mark": "marked",
    "unmark": "unmarked",
    "delete": "deleted",
    "enable": "enabled",
    "release": "stepped aside in",
}


def _run_document(run: Reconciled) -> dict[str, Any]:
    return {
        "vpc": run.vpc,
        "name": run.vpc_name,
        "profile": run.plan.wish.profile.name if run.plan and run.plan.wish.profile else None,
        "refusal": run.refusal or None,
        "gave_up": run.gave_up,
        "held": [_step_document(h) for h in run.held],
        "outcomes": [
            _step_document(o.action) | {"verdict": o.verdict.value, "message": o.message} for o in run.outcomes
        ],
        "shortfalls": [_step_document(s) for s in run.plan.shortfalls] if run.plan else [],
        "cost": bill_of_actions(run.plan, run.done) if run.plan else None,
    }


def unreadable(place: Place, why: str, reasons: Iterable[str]) -> Message:
    """A whole place could not be looked at, for a reason that only people can mend."""
    return Message(
        subject=subject_of(f"[vpce] {place.region}: could not look"),
        text=joined(
            [f"vpce in {place}: could not look, and changed nothing.", "", f"  ! {why}", "", _because(reasons)]
        ),
        severity="high",
        accounts=(place.account,),
        regions=(place.region,),
        document={"type": "unread", "account": place.account, "region": place.region, "why": why},
    )


def _because(reasons: Iterable[str]) -> str:
    return f"Looked because: {'; '.join(sorted(set(reasons)))}"


def joined(lines: Iterable[str]) -> str:
    """A text of these lines and no other: names that people choose may hold whatever turns a text into another.

    Line breaks would fake lines, controls act on terminals, and marks of direction show a name backwards.
    https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
    """
    return "\n".join(plain(one) for one in lines)


def plain(text: str) -> str:
    """One line, with nothing in it that cannot be seen."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)


def clipped(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def subject_of(text: str) -> str:
    """Printable ASCII, one line, short enough for SNS."""
    printable = "".join(c if c.isprintable() else " " for c in text.encode("ascii", "replace").decode())
    plain = " ".join(printable.split())
    return plain if len(plain) <= SUBJECT_LIMIT else plain[: SUBJECT_LIMIT - 3] + "..."

"""Everything that people, AWS and vpce may do to a few VPCs, in any order; and what must be true once it is quiet.

The steps of people are in machine_people, what a VPC is owed in machine_owed, what vpce may do in machine_judge: all
three know vpce by its documents only.
"""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.aws.conftest import PLACE, REGION
from tests.aws.machine_judge import Round, begun, guarded, judged, too_many, vpc_in
from tests.aws.machine_owed import CAREFUL, FEW, INSTALLATION, OURS, SHARE, Seen, is_ours, short, time_in
from tests.aws.machine_people import PICK, People, client_of_people, wire
from tests.aws.machine_wire import READS, backend
from vpce.audit import audit_place
from vpce.aws.catalog import read_catalog
from vpce.aws.pace import OutOfTimeError, Pace
from vpce.aws.parameters import shipped_profiles
from vpce.core.events import Look, look_again, where_to_look
from vpce.core.findings import Unread
from vpce.core.notice import explain, line, notice
from vpce.core.plan import Verdict
from vpce.core.profile import read_profiles
from vpce.core.report import PlaceReport
from vpce.reconcile import Run, Surroundings, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_ec2 import EC2Client

    from vpce.aws.apply import Unseen
    from vpce.core.model import Catalog
    from vpce.core.notice import Reconciled
    from vpce.core.profile import Profiles

FAILING = (
    *["Every change"] * 6,
    "Every read",
    "CreateVpcEndpoint",
    "ModifyVpcEndpoint",
    "DeleteVpcEndpoints",
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "RevokeSecurityGroupIngress",
    "DeleteSecurityGroup",
    "ModifyVpcAttribute",
    "CreateTags",
    "DeleteTags",
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeVpcEndpoints",
    "DescribeVpcAttribute",
)
FAULTS = {"throttled": ("RequestLimitExceeded", 503), "internal": ("InternalError", 500)} | {
    "denied": ("UnauthorizedOperation", 403),
    "lost": ("", 0),
}


class Violation(AssertionError):  # noqa: N818  it is read as a sentence: raise Violation
    """Something that must never be was."""


FIGURES: Counter[str] = Counter()
"""Examples that came to their end, steps, and calls of vpce, in this process."""


Call = tuple[str, tuple[tuple[str, Any], ...]]


@dataclass(kw_only=True)
class Fault:
    kind: str
    left: int


@functools.cache
def client_of_vpce() -> EC2Client:
    """Every machine of the process uses it; the one that plays hears its calls."""

    def before(model: Any, params: Mapping[str, Any], **_: Any) -> Any:
        return Machine.playing.before(model.name, params["body"]) if Machine.playing else None

    def after(request: Any, **_: Any) -> None:
        if Machine.playing:
            Machine.playing.after(request)

    return wire().client(before=before, after=after)


@functools.cache
def catalog() -> Catalog:
    return read_catalog(client_of_people(), REGION)


@functools.lru_cache(maxsize=8)
def _profiles(own: str) -> Profiles:
    return read_profiles(shipped_profiles(), own)


class Machine(People):
    """EC2 does at once what it is asked."""

    playing: Machine | None = None

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, Fault] = {}
        self.last: tuple[list[Look], str] | None = None
        self.generation = 0
        self.is_auditing = False
        self.round = Round(moment=self.moment)
        self.gone: set[str] = set()
        """What EC2 was asked to delete in this look, and the guard has a say in."""
        self.turns: dict[str, Any] = {}
        """VPC → what time had made of it when vpce looked."""
        self.wrong: list[str] = []
        self.call: Call = ("", ())
        self.about = ""
        self.failed: dict[Call, str] = {}
        """Changes that were refused or not answered in this look and did not succeed since → the VPC."""
        self.pace = self._pace()
        self.unseen: Unseen = {}
        Machine.playing = self

    def check_invariants(self, settings: Any, output: Any, runtimes: Any) -> None:
        """Hypothesis calls it after every step."""
        FIGURES["steps"] += 1
        super().check_invariants(settings, output, runtimes)

    def teardown(self) -> None:
        try:
            if self.vpcs:
                self.quiet()
                self._a_quiet_day()
                FIGURES["examples"] += 1
        finally:
            Machine.playing = None
            super().teardown()

    # -- between vpce and EC2 --

    def before(self, operation: str, body: Mapping[str, Any]) -> Any:
        FIGURES["calls"] += 1
        self.call = (operation, tuple(sorted(body.items())))
        if not operation.startswith(READS):
            if self.is_auditing:
                self.wrong.append(f"{operation}: an audit changes nothing")
            self.wrong += [f"{operation}: {w}" for w in judged(operation, body, self.round)]
            if operation == "DeleteVpcEndpoints":
                self.gone |= guarded(body, self.round)
            self.failed.pop(self.call, None)
            self.about = vpc_in(body)
        kind = self._fault(operation, is_lost=False)
        if not kind:
            return None
        code, status = FAULTS[kind]
        if operation == "DeleteVpcEndpoints" and kind == "internal":  # EC2 says so within an answer of success
            error = {"Code": code, "Message": code}
            refused = [{"ResourceId": v, "Error": error} for k, v in body.items() if k.startswith("VpcEndpointId")]
            return SimpleNamespace(status_code=200), {"Unsuccessful": refused}
        answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return SimpleNamespace(status_code=status), answer

    def after(self, request: Any) -> None:
        """EC2 did it, and the answer may never arrive."""
        if self._fault(self.call[0], is_lost=True):
            raise ReadTimeoutError(endpoint_url=request.url)

    def _fault(self, operation: str, *, is_lost: bool) -> str:
        """How this call fails, if it does; one failure is used up."""
        for name in (operation, "Every read" if operation.startswith(READS) else "Every change"):
            fault = self.faults.get(name)
            if fault is not None and fault.left and (fault.kind == "lost") is is_lost:
                fault.left -= 1
                if not operation.startswith(READS):
                    self.failed[self.call] = self.about
                return fault.kind
        return ""

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def _pace(self) -> Pace:
        return Pace(clock=lambda: self.now, sleep=self._sleep)

    # -- AWS --

    @rule(operation=st.sampled_from(FAILING), kind=st.sampled_from(sorted(FAULTS)), times=st.sampled_from((1, 6)))
    def fail(self, operation: str, kind: str, times: int) -> None:
        """What people did before is now carried out, or not."""
        self.faults[operation] = Fault(kind=kind, left=times)
        self._told(*self.vpcs)
        self.deliver()

    @rule(seconds=st.sampled_from((5, 25, 60, 700)))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(hours=st.sampled_from((1, 9, 25, 25)))
    def hours_pass(self, hours: int) -> None:
        """Vpce looks everywhere every hour; here once, after all of them."""
        self.deliver()
        self.now += hours * 3600
        self._told()
        self.deliver()

    @rule()
    def another_process(self) -> None:
        """It remembers nothing, but starts after what the last one made can be seen."""
        self.now += 60
        self.pace, self.unseen = self._pace(), {}

    # -- vpce --

    @rule(pick=PICK, everywhere=st.booleans(), budget=st.sampled_from((120, 120, 30, 16)))
    def look(self, pick: int, everywhere: bool, budget: int) -> None:  # noqa: FBT001
        self._told(*(() if everywhere else (self._of(pick),)))
        self.deliver(budget)

    @precondition(lambda self: self.last)
    @rule()
    def repeat_the_last_message(self) -> None:
        assert self.last is not None
        self._reconcile(self.last[0], generation=self.last[1])

    @rule()
    def audit(self) -> None:
        report, drifted = self._audited()
        if isinstance(report, PlaceReport) and drifted:
            self._told(*drifted)

    def _audited(self) -> tuple[PlaceReport | Unread, frozenset[str]]:
        self.is_auditing = True
        self._looked(self.vpcs)
        try:
            audited = audit_place(self._around(), now=self.moment.isoformat())
        except OutOfTimeError:
            return Unread(place=PLACE, why="out of time"), frozenset()
        finally:
            self.is_auditing = False
        self._no_wrong()
        return audited.report, audited.drifted

    def deliver(self, budget: float = 120) -> Run | None:
        """Up to ten messages, as one look; each goes through the words of the queue."""
        looks, self.queue = self.queue[:10], self.queue[10:]
        read = [where_to_look(look_again(k, message_id="1")) for k in looks]
        if [k for k in read if not isinstance(k, Look)]:
            raise Violation(f"our own message is not understood: {read}")
        self.generation += 1
        return self._reconcile([k for k in read if isinstance(k, Look)], generation=str(self.generation), budget=budget)

    def _around(self, budget: float = 120) -> Surroundings:
        own = "\n".join(p.in_toml(name) for name, p in self.book.items() if name in {"first", "second", "broken"})
        return Surroundings(
            place=PLACE,
            ec2=client_of_vpce(),
            installation=INSTALLATION,
            profiles=_profiles(own),
            pace=self.pace.budget(budget),
            default_profile="gateway",
            catalog_of=lambda *_: catalog(),
            unseen=self.unseen,
        )

    def _reconcile(self, looks: list[Look], *, generation: str, budget: float = 120) -> Run | None:
        if not looks:
            return None
        self.last = (looks, generation)
        moment = self.moment
        fresh = (k.new for k in looks if k.new and moment - datetime.fromisoformat(k.time) < timedelta(hours=1))
        self.round = begun(self.book, moment, frozenset[str]().union(*fresh))
        self.failed.clear()
        self.gone.clear()
        before = self._theirs()
        try:
            run = reconcile(self._around(budget), looks, generation=generation, now=moment)
        except (ClientError, BotoCoreError, OutOfTimeError):
            self.queue += [replace(k, since=k.since or moment.isoformat()) for k in looks]
            return None
        finally:
            self.wrong += too_many(self.gone, self.round)
            self._no_wrong()
        if run.errors:
            raise Violation(f"vpce's own code failed: {run.errors}") from next(iter(run.errors.values()))
        if (after := self._theirs()) != before:
            raise Violation(f"endpoints of others were touched:\n{before}\n{after}")
        self._looked(r.vpc for r in run.runs)
        self._well_said(run)
        self._nothing_lost(run)
        self.queue += run.again
        return run

    @staticmethod
    def _well_said(run: Run) -> None:
        """Whatever must be told finds words."""
        message = notice(PLACE, run.runs, ["test"])
        for one in run.runs:
            if one.plan is not None:
                explain(one.plan)
            if one.trouble and (message is None or one.vpc not in message.text):
                raise Violation(f"trouble that is not told: {one.trouble}")
            said = message.text if message else ""
            if silent := [h for h in one.held if h.why not in said or line(h.action).thing not in said]:
                raise Violation(f"held, and not told: {silent}")
            if any(o.verdict is Verdict.BLOCKED for o in one.outcomes) and not (
                one.outcomes_that(Verdict.FAILED, Verdict.RETRY, Verdict.DEFERRED)
            ):
                raise Violation(f"blocked by nothing: {one.outcomes}")

    def _nothing_lost(self, run: Run) -> None:
        """What is not done is tried again, or told."""
        told = {r.vpc for r in run.runs if r.trouble}.union(*(k.vpcs for k in run.again))
        undone = {
            r.vpc
            for r in run.runs
            if (r.plan and r.plan.waits) or any(o.verdict is not Verdict.DONE for o in r.outcomes)
        }
        if lost := {*undone, *filter(None, self.failed.values())} - told:
            raise Violation(f"nobody goes on with {lost}, and nobody is told: {self.failed} {run.runs}")

    @staticmethod
    def _theirs() -> dict[str, Any]:
        """Endpoints of others, as people left them; what is leaving may go at any moment."""
        ec2 = backend()
        there = {e.id: (e, ec2.tags.get(e.id, {})) for e in ec2.vpc_end_points.values() if not e.is_leaving}
        return {
            name: (e.route_table_ids, e.subnet_ids, sorted(e.security_group_ids), e.private_dns_enabled, dict(tags))
            for name, (e, tags) in there.items()
            if tags.get(OURS) != INSTALLATION
        }

    def _no_wrong(self) -> None:
        if self.wrong:
            wrong, self.wrong = self.wrong, []
            raise Violation("; ".join(wrong))

    # -- what must hold --

    @rule()
    def quiet(self) -> None:
        """Nothing fails any more, every message arrives, the audit comes by; then everything is as it should be."""
        self.faults.clear()
        self.now += 60
        # What has gone wrong for long may be given up, and is told; the audit brings it again.
        self._settle(may_give_up=any(k.since for k in self.queue))
        self._rests()

    def _a_quiet_day(self) -> None:
        """People say what they want, leave all to vpce, and the last mark that anybody made is over."""
        asked = begun(self.book, self.moment, frozenset()).asked
        for vpc in self.vpcs:
            self.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": key} for key in (*CAREFUL, "endpoint-zones")])
            tags = {"endpoint-deletions": "allowed"} | (
                {"endpoint-profile": "gateway"} if asked[vpc].is_refused else {}
            )
            self.ec2.create_tags(Resources=[vpc], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
        self._told(*self.vpcs)
        self._settle()
        self.now += 31 * 3600
        self._told()
        self._settle()
        self._rests(ever_after=timedelta(days=1000))

    def _settle(self, *, may_give_up: bool = False) -> None:
        for _ in range(60):
            if not self.queue:
                return
            run = self.deliver()
            if run is None:
                raise Violation("without faults a place could not be read")
            gave_up = [(r.trouble, r.outcomes) for r in run.runs if r.gave_up]
            if gave_up and not may_give_up:
                raise Violation(f"vpce gave up: {gave_up}")
            self.now += 30
        raise Violation(f"it does not come to rest: {self.queue}")

    def _turned(self, vpc: str) -> Any:
        """What time makes of a VPC: its window opens, and endpoints are due."""
        marks = [time_in(backend().tags.get(e.id, {})) for e in backend().vpc_end_points.values() if e.vpc_id == vpc]
        asked = begun(self.book, self.moment, frozenset()).asked[vpc]
        return asked.is_open(self.moment), sum(m is not None and m <= self.moment for m in marks)

    def _looked(self, vpcs: Iterable[str]) -> None:
        self.turns |= {vpc: self._turned(vpc) for vpc in vpcs}

    def _rests(self, *, ever_after: timedelta = timedelta()) -> None:
        """Nothing is left to do, but for what may wait; and, ever after, for nothing at all."""
        self.audit()
        self._settle()
        self.now += 120
        while turned := [vpc for vpc in self.vpcs if self.turns[vpc] != self._turned(vpc)]:
            self._told(*turned)
            self._settle()
            self.audit()
            self._settle()
            self.now += 120
        self._told(*self.vpcs)
        self._told()
        version = wire().version
        run = self.deliver()
        if run is None:
            raise Violation("without faults a place could not be read")
        for one in run.runs:
            if one.plan is not None and (one.plan.actions or one.plan.waits):
                raise Violation(f"a second run would change something: {one.plan.actions} {one.plan.waits}")
        if wire().version != version or run.again:
            raise Violation(f"a second run changed something, or asks for another: {run.again}")
        seen = self._seen(self.moment + ever_after)
        runs = {r.vpc: r for r in run.runs}
        owed = {v: list(seen[v].owed(runs[v], dns=functools.partial(self._dns, v))) for v in self.vpcs}
        going = sum("delete" in o.by and not seen[v].asked.is_allowed for v in self.vpcs for o in owed[v])
        is_guarded = going >= FEW and going * 100 > SHARE * sum(is_ours(e) for s in seen.values() for e in s.endpoints)
        for vpc in self.vpcs:
            asked, held = seen[vpc].asked, bool(runs[vpc].held)
            due = [o.what for o in owed[vpc] if not o.may_wait(asked, self.moment, is_guarded=is_guarded)]
            is_free = asked.mode == "sync" and asked.is_open(self.moment) and not is_guarded
            if due or (held if is_free else owed[vpc] and not held):
                raise Violation(f"{vpc} is owed: {due} {owed[vpc]}\n{asked} {self.book}\n{runs[vpc]}")
            self._no_duplicates(seen[vpc])
        self._audit_agrees(runs)

    def _seen(self, moment: datetime) -> dict[str, Seen]:
        # As vpce asks, so that the answers are there already.
        whole: Any = {"Filters": [], "MaxResults": 1000}
        answers: tuple[tuple[str, Any], ...] = (
            ("subnets", self.ec2.describe_subnets(**whole)["Subnets"]),
            ("tables", self.ec2.describe_route_tables(Filters=[], MaxResults=100)["RouteTables"]),
            ("endpoints", self.ec2.describe_vpc_endpoints(**whole)["VpcEndpoints"]),
            ("groups", self.ec2.describe_security_groups(**whole)["SecurityGroups"]),
        )
        return {
            vpc["VpcId"]: Seen(
                vpc=vpc,
                book=self.book,
                moment=moment,
                **{name: [t for t in things if t["VpcId"] == vpc["VpcId"]] for name, things in answers},
            )
            for vpc in self.ec2.describe_vpcs(**whole)["Vpcs"]
            if vpc["VpcId"] in self.vpcs
        }

    def _dns(self, vpc: str, name: str) -> bool:
        answer: Any = self.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)  # type: ignore[arg-type]
        return bool(answer[name[0].upper() + name[1:]]["Value"])

    def _no_duplicates(self, seen: Seen) -> None:
        ours = Counter((seen.id, short(e), e["VpcEndpointType"]) for e in seen.endpoints if is_ours(e))
        for key, number in ours.items():
            if number > 1 + self.adopted[key]:
                raise Violation(f"{number} endpoints of ours: {key}")
        if sum(is_ours(g) for g in seen.groups) > 1:
            raise Violation("two security groups of ours")

    def _audit_agrees(self, runs: Mapping[str, Reconciled]) -> None:
        """It finds what is held, and no other drift."""
        report, drifted = self._audited()
        if isinstance(report, Unread):
            raise Violation(f"without faults a place could not be read: {report}")
        unsafe = {v for v, r in runs.items() if any(h.is_unsafe for h in r.held)}
        if drifted - unsafe:
            raise Violation(f"after quiet the audit finds drift: {drifted} {report}")
        for vpc, run in runs.items():
            found = Counter(f.check for f in report.findings if f.vpc == vpc)
            if bool(run.refusal) is not bool(found["unknown-profile"]):
                raise Violation(f"audit and run disagree about the tags of {vpc}: {found}")
            follows = run.plan is not None and run.plan.wish.asks_for_something
            lacking = {(s.service, s.kind, s.zone) for s in run.plan.shortfalls if s.is_required} if run.plan else set()
            if follows and found["unfulfilled-profile"] != len(lacking):
                raise Violation(f"audit and run disagree about what {vpc} lacks: {report.findings} {lacking}")
            if not run.held and (found["unsettled-endpoint"] or found["drifted-from-profile"]):
                raise Violation(f"after quiet the audit finds work: {report.findings}")
            if run.held and not found.total():
                raise Violation(f"the audit does not find what is held: {run.held}")


class SlowMachine(Machine):
    """EC2 takes its time, so that people and vpce come upon endpoints that are not ready or not gone."""

    pending, deleting = 20.0, 50.0

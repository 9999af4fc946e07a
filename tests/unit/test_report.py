"""Do people read what happened and what is wrong, and machines the same?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    CATALOG,
    CIDR,
    FILE,
    IPV6,
    NARROW,
    NOTHING,
    NOW,
    PLACE,
    REMOVAL,
    RETIREMENT,
    WISHES,
    a_catalog,
    a_compared_report,
    a_finding,
    a_gateway,
    a_group,
    a_plan,
    a_report,
    a_rule,
    a_subnet,
    a_table,
    a_vpc,
    a_wish,
    an_interface,
    an_offer,
    service,
    vpcs,
)
from vpce.core.caution import careful
from vpce.core.cost import Spending
from vpce.core.dns import Taken
from vpce.core.findings import Finding, Severity, Unread
from vpce.core.model import Dns, Ingress, Place
from vpce.core.network import HostedZone, Quotas
from vpce.core.notice import (
    SUBJECT_LIMIT,
    Reconciled,
    explain,
    joined,
    line,
    notice,
    plan_document,
    summary,
    unreadable,
)
from vpce.core.plan import CreateEndpoint, Outcome, Verdict
from vpce.core.profile import Mode
from vpce.core.report import (
    PlaceReport,
    Report,
    place_document,
    read_place_document,
    report_document,
)
from vpce.core.window import read_window
from vpce.notify import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.core.model import Vpc
    from vpce.core.plan import Plan
    from vpce.core.profile import Wish

    Golden = Callable[[str, str], None]


def as_json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


OTHER = Place(account="210987654321", region="us-east-1")
NEW_VPC = a_vpc(
    tags={"Name": "payments"}, cidrs=(CIDR, IPV6), dns=Dns(support=False, hostnames=False), route_tables=(a_table(),)
)
EVERYTHING = a_wish(gateway=["dynamodb", "s3"], interface=["cassandra", "s3", "sqs"], optional=["ec2messages"])
GROWN_VPC = a_vpc(
    tags={"Name": "payments"},
    cidrs=(CIDR, "10.1.0.0/16"),
    subnets=(a_subnet("a"), a_subnet("b"), a_subnet("c", free_addresses=0)),
    route_tables=(a_table(), a_table("new")),
    endpoints=(
        a_gateway("dynamodb", is_ours=False),
        a_gateway("s3"),
        an_interface("sns", state="deleting"),
        an_interface("sqs", subnets=frozenset({"subnet-a"}), security_groups=frozenset(), private_dns=False),
        an_interface("ssm"),
        an_interface("ssmmessages", is_ours=False),
    ),
    security_groups=(a_group(a_rule(CIDR), a_rule("10.9.0.0/16")),),
)
CHANGED = a_wish(gateway=["dynamodb", "s3"], interface=["sns", "sqs", "ssmmessages"], optional=["ec2messages"])


# ---- plans --------------------------------------------------------------------------------------------------------


def test_a_new_vpc_is_explained(golden: Golden) -> None:
    golden("explain_new.txt", explain(a_plan(NEW_VPC, EVERYTHING)) + "\n")


def test_a_vpc_that_changed_is_explained(golden: Golden) -> None:
    golden("explain_changed.txt", explain(a_plan(GROWN_VPC, CHANGED)) + "\n")


def test_a_plan_shows_changes_and_what_cannot_be_had_and_no_quiet_steps(golden: Golden) -> None:
    golden("plan_changed.txt", explain(a_plan(GROWN_VPC, CHANGED), quiet_steps=False) + "\n")


def test_a_removal_is_explained(golden: Golden) -> None:
    golden("explain_none.txt", explain(a_plan(GROWN_VPC, REMOVAL)) + "\n")


def test_a_plan_is_a_document_too(golden: Golden) -> None:
    golden("plan_changed.json", as_json(plan_document(a_plan(GROWN_VPC, CHANGED))))


def test_a_vpc_with_nothing_to_do_says_so() -> None:
    assert explain(a_plan(a_vpc(), NOTHING)).splitlines() == [
        "vpc-0123456789abcdef0 in 123456789012/eu-west-1",
        "  the VPC has no tag endpoint-profile",
        "    nothing to do",
        "  Nothing to change.",
    ]


@pytest.mark.parametrize(
    ("vpc", "wish", "expected"),
    [
        (a_vpc(), a_wish(gateway=["s3"]), "1 to create, 0 to update, 0 to delete."),
        (a_vpc(endpoints=(a_gateway(),)), REMOVAL, "0 to create, 0 to update, 1 to delete."),
        (a_vpc(endpoints=(a_gateway(state="deleting"),)), REMOVAL, "Nothing to change now; AWS is still at work."),
        (a_vpc(), REMOVAL, "Nothing to change."),
    ],
)
def test_a_summary_counts(vpc: Vpc, wish: Wish, expected: str) -> None:
    assert expected == summary(a_plan(vpc, wish))


def test_a_policy_is_said_in_words_and_its_text_to_who_asks_for_the_plan_only() -> None:
    """A dozen long ones are more than SNS takes in one message."""
    plan = a_plan(a_vpc(endpoints=(a_gateway("s3"),)), a_wish(gateway=["dynamodb", "s3"], policy=FILE))

    words, document = explain(plan), plan_document(plan)
    told = notice(PLACE, [Reconciled(vpc="vpc-1", vpc_name="vpc-1", plan=plan, outcomes=outcomes_of(plan))], ["test"])

    assert "+ create  dynamodb (gateway) in rtb-main: profile test asks for it; endpoint policy 'ours.json'" in words
    assert "~ update  s3 vpce-s3-gateway (policy): its endpoint policy is not the profile's" in words
    assert [s["policy"] for s in document["steps"]] == [json.loads(NARROW)] * 2
    assert told is not None
    assert "sqs:*" not in json.dumps(told.document)


HEMMED_IN = a_vpc(
    tags={"Name": "payments"},
    subnets=(a_subnet("a", free_addresses=5), a_subnet("b", free_addresses=0), a_subnet("d")),
    endpoints=(an_interface("ssmmessages", is_ours=False),),
)
REFUSED_PLAN = a_plan(
    HEMMED_IN,
    a_wish(
        gateway=["dynamodb", "s3"],
        interface=["ecr.dkr", "execute-api", "sns", "sqs", "ssm"],
        optional=["cassandra"],
        policy=FILE,
    ),
    a_catalog(an_offer("execute-api"), an_offer("ecr.dkr", takes_policy=False)),
    taken={service("sqs"): Taken(zone=HostedZone(id="Z0SQS", name="sqs.eu-west-1.amazonaws.com"), is_served=False)},
    forwarded={service("execute-api"): "Resolver rule rslvr-1 forwards execute-api.eu-west-1.amazonaws.com"},
    quotas=Quotas(interface_endpoints_per_vpc=3, gateway_endpoints_per_region=20, gateway_endpoints=19),
)
"""Much of it cannot be had, and much of the rest may disturb."""


def test_what_aws_would_refuse_is_explained_with_what_to_beware_of(golden: Golden) -> None:
    golden("explain_refused.txt", explain(REFUSED_PLAN) + "\n")
    golden("plan_refused.json", as_json(plan_document(REFUSED_PLAN)))


def test_commands_that_mend_what_cannot_be_had_are_told_once_each() -> None:
    run = Reconciled(vpc="vpc-1", vpc_name="vpc-1", plan=REFUSED_PLAN)
    message = notice(PLACE, [run], ["test"])

    assert message is not None
    assert [step.split()[1:3] for step in message.next_steps] == [
        ["service-quotas", "request-service-quota-increase"],
        ["service-quotas", "request-service-quota-increase"],
        ["route53", "disassociate-vpc-from-hosted-zone"],
    ]
    assert all(message.text.count(step) == 1 for step in message.next_steps)


@given(vpcs(), WISHES | st.just(REMOVAL))
def test_every_plan_can_be_explained_and_is_json(vpc: Vpc, wish: Wish) -> None:
    plan = a_plan(vpc, wish, CATALOG)

    assert all(step.why in explain(plan) for step in plan.steps)
    assert json.loads(json.dumps(plan_document(plan))) == plan_document(plan)
    assert plan_document(plan)["changes"] == len(plan.actions)


# ---- notices ------------------------------------------------------------------------------------------------------


def outcomes_of(plan: Plan) -> tuple[Outcome, ...]:
    """Each verdict in turn; the last actions are done."""
    verdicts = [
        (Verdict.DONE, ""),
        (Verdict.FAILED, "You may not do that (UnauthorizedOperation); let the role of vpce call ModifyVpcEndpoint"),
        (Verdict.RETRY, "Request limit exceeded (RequestLimitExceeded)"),
        (Verdict.DEFERRED, ""),
        (Verdict.BLOCKED, "the security group comes first"),
    ]
    return tuple(
        Outcome(action=action, verdict=verdict, message=message)
        for number, action in enumerate(plan.actions)
        for verdict, message in [verdicts[min(number, len(verdicts) - 1)]]
    )


def reconciled(vpc: Vpc, wish: Wish, **changes: object) -> Reconciled:
    plan = a_plan(vpc, wish)
    run = Reconciled(vpc=vpc.id, vpc_name=vpc.name, plan=plan, outcomes=outcomes_of(plan))
    return replace(run, **changes)  # type: ignore[arg-type]


REFUSED = Reconciled(
    vpc="vpc-0fedcba9876543210",
    vpc_name="vpc-0fedcba9876543210 (legacy)",
    refusal="endpoint-profile = 'privat': no profile 'privat' (did you mean 'private'?); known profiles: private",
)
RUNS = (
    REFUSED,
    reconciled(NEW_VPC, EVERYTHING),
    reconciled(replace(GROWN_VPC, id="vpc-0aaaaaaaaaaaaaaaa"), CHANGED, gave_up=True),
    reconciled(a_vpc(id="vpc-0bbbbbbbbbbbbbbbb"), NOTHING),
)
REASONS = ["CreateVpc: a VPC was made", "a tag of the VPC changed", "CreateVpc: a VPC was made"]


def test_a_notice_tells_what_was_done_what_failed_and_what_is_to_come(golden: Golden) -> None:
    message = notice(PLACE, RUNS, REASONS)
    assert message is not None

    golden("notice.txt", f"Subject: {message.subject}\n\n{message.text}\n")
    golden("notice.json", as_json(message.document))


def test_what_is_watched_is_told_as_a_plan_to_review(golden: Golden) -> None:
    plan = careful(a_plan(GROWN_VPC, replace(CHANGED, mode=Mode.WATCH)), NOW)
    message = notice(PLACE, [Reconciled(vpc=GROWN_VPC.id, vpc_name=GROWN_VPC.name, plan=plan)], REASONS)
    assert message is not None

    golden("notice_watched.txt", f"Subject: {message.subject}\n\n{message.text}\n")
    golden("notice_watched.json", as_json(message.document))
    assert message.next_steps == (f"vpce apply {GROWN_VPC.id} --region eu-west-1",)
    assert message.severity == "medium"  # for what cannot be had


def test_marks_and_what_a_window_holds_are_told_with_times_and_with_how_to_keep_it(golden: Golden) -> None:
    wish = replace(RETIREMENT, window=read_window("sun:02:00-sun:05:00"))
    due = replace(GROWN_VPC, endpoints=(an_interface("sqs", delete_after=NOW), an_interface("ssm")))
    plan = careful(a_plan(due, wish), NOW)
    outcomes = tuple(Outcome(action=a, verdict=Verdict.DONE) for a in plan.actions)
    run = Reconciled(vpc=due.id, vpc_name=due.name, plan=plan, outcomes=outcomes)
    message = notice(PLACE, [run], REASONS)
    assert message is not None

    golden("notice_marked.txt", f"Subject: {message.subject}\n\n{message.text}\n")
    assert run.due == NOW


def test_what_is_held_when_its_time_is_just_over_is_told_though_no_event_named_the_vpc() -> None:
    """The hourly look finds it; the next one does not tell it again, also in a new process."""
    wish = replace(RETIREMENT, window=read_window("sun:02:00-sun:05:00"))
    plan = careful(a_plan(a_vpc(endpoints=(an_interface("sqs", delete_after=NOW),)), wish), NOW)
    run = Reconciled(vpc="vpc-1", vpc_name="vpc-1", plan=plan, is_named=False)

    assert Told().is_news(run, NOW + timedelta(minutes=50))
    assert not Told().is_news(run, NOW + timedelta(minutes=110))
    assert Told().is_news(replace(run, is_named=True), NOW + timedelta(minutes=110))


def test_a_notice_of_one_vpc_names_it_in_the_subject() -> None:
    message = notice(PLACE, [REFUSED], REASONS)
    assert message is not None

    assert message.subject == "[vpce] eu-west-1 vpc-0fedcba9876543210 (legacy): 1 failure"
    assert "Nothing was changed in this VPC." in message.text


@pytest.mark.parametrize(
    "run",
    [
        reconciled(a_vpc(), NOTHING),
        reconciled(a_vpc(endpoints=(a_gateway(state="deleting"),)), REMOVAL),
        reconciled(a_vpc(), a_wish(interface=["nothing"], optional=["nothing"])),
        Reconciled(
            vpc="vpc-1",
            vpc_name="vpc-1",
            plan=a_plan(a_vpc(), a_wish(gateway=["s3"])),
            outcomes=tuple(
                replace(o, verdict=Verdict.DEFERRED) for o in outcomes_of(a_plan(a_vpc(), a_wish(gateway=["s3"])))
            ),
        ),
    ],
)
def test_where_nothing_was_done_and_nothing_failed_nobody_is_told(run: Reconciled) -> None:
    assert notice(PLACE, [run], REASONS) is None


def test_a_run_that_gave_up_is_told() -> None:
    run = reconciled(a_vpc(endpoints=(a_gateway(state="deleting"),)), REMOVAL, gave_up=True)
    message = notice(PLACE, [run], REASONS)
    assert message is not None

    assert message.subject.endswith(": 1 failure")
    assert message.document["vpcs"][0]["gave_up"] is True


@pytest.mark.parametrize(
    ("verdicts", "unfinished", "got_on"),
    [
        ((Verdict.DONE,), False, True),
        ((Verdict.FAILED,), False, False),
        ((Verdict.RETRY,), True, False),
        ((Verdict.DEFERRED,), True, True),
        ((Verdict.DEFERRED, Verdict.BLOCKED), True, True),
        ((Verdict.RETRY, Verdict.DEFERRED), True, False),
        ((Verdict.RETRY, Verdict.BLOCKED), True, False),
        ((Verdict.DONE, Verdict.RETRY), True, True),
    ],
)
def test_verdicts_say_how_a_run_goes_on(verdicts: tuple[Verdict, ...], *, unfinished: bool, got_on: bool) -> None:
    plan = a_plan(a_vpc(), a_wish(gateway=["dynamodb", "s3"]))
    outcomes = tuple(Outcome(action=a, verdict=v) for a, v in zip(plan.actions, verdicts, strict=False))
    run = Reconciled(vpc="vpc-1", vpc_name="vpc-1", plan=plan, outcomes=outcomes)

    assert (unfinished, got_on) == (run.is_unfinished, run.got_on)


def test_a_run_that_aws_is_not_done_with_is_unfinished() -> None:
    assert reconciled(a_vpc(endpoints=(a_gateway(state="deleting"),)), REMOVAL).is_unfinished


def test_a_place_that_could_not_be_looked_at_is_told(golden: Golden) -> None:
    message = unreadable(PLACE, "ec2:DescribeVpcs is denied; give it to the role", REASONS)

    golden("unreadable.txt", f"Subject: {message.subject}\n\n{message.text}\n")
    assert message.document["type"] == "unread"


# ---- audits -------------------------------------------------------------------------------------------------------


def test_a_report_with_an_unread_place_is_not_clean() -> None:
    """I could not look is a result, never silence."""
    report = Report(run="today", places=(), unread=(Unread(place=OTHER, why="denied"),))

    assert not report.is_clean
    assert report.headline == "no problem; 1 place could not be read; looked at 0 VPCs in 0 places"


@pytest.mark.parametrize("severity", Severity)
def test_a_headline_counts_by_severity(severity: Severity) -> None:
    report = a_report(a_finding(severity=severity))

    assert report.headline == f"1 problem in 1 VPC (1 {severity.word}); looked at 3 VPCs in 1 place"
    assert report.is_clean == (severity is Severity.INFO)


def test_a_problem_of_no_vpc_is_in_none() -> None:
    assert a_report(a_finding(vpc="")).headline == "1 problem (1 high); looked at 3 VPCs in 1 place"


@pytest.mark.parametrize(
    ("run", "time"),
    [
        ("2026-11-02T06:00:00.123Z-0b9f-Z", "2026-11-02T06:00:00.123Z"),
        ("2026-11-02T06:00:00Z", "2026-11-02T06:00:00Z"),
        ("by hand", "by hand"),
    ],
)
def test_a_run_tells_its_time(run: str, time: str) -> None:
    assert a_report(run=run).time == time


def test_the_document_of_a_report_has_everything_that_the_text_has() -> None:
    report = a_compared_report()
    document = report_document(report)

    assert json.loads(json.dumps(document)) == document
    assert [f.id for f in report.all_findings] == [f["id"] for f in document["findings"]]
    assert [f.id for f in report.resolved] == [f["id"] for f in document["resolved"]]
    assert [f.id for f in report.forgotten] == [f["id"] for f in document["forgotten"]]
    assert [u.why for u in report.all_unread] == [u["why"] for u in document["unread"]]
    assert [p.run for p in report.history] == [p["run"] for p in document["history"]]


WORDS = st.text(max_size=20)
PLACES = st.builds(Place, account=WORDS, region=WORDS)
FINDINGS = st.builds(
    Finding,
    check=WORDS,
    severity=st.sampled_from(Severity),
    title=WORDS,
    why=WORDS,
    place=st.just(PLACE),
    vpc=WORDS,
    vpc_name=WORDS,
    resource=WORDS,
    what=WORDS,
    fix=WORDS,
    monthly=WORDS,
    price_date=WORDS,
)
AMOUNTS = st.none() | st.decimals(min_value=0, max_value=10**9, places=2)
SPENDINGS = st.builds(
    Spending, ours=st.integers(0), others=st.integers(0), ours_month=AMOUNTS, others_month=AMOUNTS, date=WORDS
)
PLACE_REPORTS = st.builds(
    PlaceReport,
    place=st.just(PLACE),
    vpcs=st.integers(0),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    spending=st.none() | SPENDINGS,
)


@given(PLACE_REPORTS | st.builds(Unread, place=PLACES, why=WORDS))
def test_what_the_audit_of_a_place_hands_on_is_read_back_as_it_was(report: PlaceReport | Unread) -> None:
    assert report == read_place_document(json.loads(json.dumps(place_document(report))))


def test_what_a_version_without_prices_left_is_still_read() -> None:
    document = place_document(a_report(a_finding(monthly="16.06", price_date="2026-01-02")).places[0])
    del document["spending"]
    for finding in document["findings"]:
        del finding["monthly"], finding["price_date"]

    report = read_place_document(document)

    assert isinstance(report, PlaceReport)
    assert report.spending is None
    assert [(f.monthly, f.cost) for f in report.findings] == [("", "")]


# ---- subjects -----------------------------------------------------------------------------------------------------


def is_a_subject(text: str) -> bool:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    return text.isascii() and text.isprintable() and 0 < len(text) <= SUBJECT_LIMIT


@given(st.text())
def test_no_name_of_a_vpc_spoils_a_subject(name: str) -> None:
    """SNS refuses the whole message, and the work would be tried again for ever."""
    vpc = a_vpc(tags={"Name": name})
    message = notice(PLACE, [reconciled(vpc, a_wish(gateway=["s3"]))], [name])
    assert message is not None

    assert is_a_subject(message.subject)


@pytest.mark.parametrize("name", ["two\nlines", "\r\n", "tab\there", "bell\x07", "esc\x1b[31m", "\x7f", "\x00", "ÄÖ☃"])
def test_a_hostile_name_does_not_spoil_a_subject(name: str) -> None:
    message = notice(PLACE, [reconciled(a_vpc(tags={"Name": name}), a_wish(gateway=["s3"]))], [])
    assert message is not None

    assert is_a_subject(message.subject)


def test_a_long_subject_is_cut_and_shows_it() -> None:
    message = notice(PLACE, [reconciled(a_vpc(tags={"Name": "x" * 256}), a_wish(gateway=["s3"]))], [])
    assert message is not None

    assert len(message.subject) == SUBJECT_LIMIT
    assert message.subject.endswith("...")


# ---- hostile names ------------------------------------------------------------------------------------------------

LIES = "x\n  ! all is well\r\x1b[2J\u2028\u202egnp.exe\u2066\x85\x00"


def test_no_name_of_a_vpc_fakes_a_line_of_a_notice() -> None:
    message = notice(PLACE, [reconciled(a_vpc(tags={"Name": LIES}), a_wish(gateway=["s3"]))], [LIES])
    honest = notice(PLACE, [reconciled(a_vpc(tags={"Name": "x"}), a_wish(gateway=["s3"]))], ["x"])
    assert message is not None
    assert honest is not None

    assert len(message.text.splitlines()) == len(honest.text.splitlines())
    assert all(one.isprintable() for one in message.text.splitlines())


def test_no_name_of_a_vpc_fakes_a_line_at_a_terminal() -> None:
    said = explain(a_plan(a_vpc(tags={"Name": LIES}), a_wish(gateway=["s3"])))

    assert len(said.split("\n")) == len(explain(a_plan(a_vpc(), a_wish(gateway=["s3"]))).split("\n"))
    assert all(one.isprintable() for one in said.split("\n"))


@given(st.text(), st.text())
def test_a_text_has_as_many_lines_as_it_was_given(one: str, another: str) -> None:
    text = joined([one, another])

    assert len(text.split("\n")) == 2
    assert len(text.splitlines()) <= 2
    assert all(part.isprintable() for part in text.split("\n"))


# ---- lines --------------------------------------------------------------------------------------------------------


def test_rules_are_listed_in_order() -> None:
    """Sets have none of their own; people compare one run with the next."""
    rules = {a_rule(CIDR, 9142), a_rule(IPV6, 443), a_rule(CIDR, 443), Ingress(first=1, last=2, source="sg-1")}
    vpc = a_vpc(cidrs=(IPV6, CIDR), security_groups=(a_group(*rules),))
    said = [str(line(s)) for s in a_plan(vpc, a_wish(interface=["cassandra", "sqs"])).steps]

    assert said == [str(line(s)) for s in a_plan(vpc, a_wish(interface=["sqs", "cassandra"])).steps]


def test_a_created_endpoint_says_where() -> None:
    (create,) = (s for s in a_plan(NEW_VPC, a_wish(gateway=["s3"])).steps if isinstance(s, CreateEndpoint))

    assert str(line(create)) == "  + create  s3 (gateway) in rtb-main: profile test asks for it"

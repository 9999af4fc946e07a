"""docs/checks.md is what the checks and their sick and healthy VPCs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.test_checks import SICK, WELL
from vpce.core.checks import CHECKS
from vpce.core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vpce.core.checks import Check

TOPICS = {
    "profile": "What the tags ask for",
    "gateways": "Gateway endpoints and routes",
    "names": "Names",
    "endpoints": "Endpoints",
    "access": "The way to an endpoint, and its policy",
    "room": "Room for more",
}
HEAD = """# Checks

What the audit looks for. Each finding says what was found where, why it matters, and what to paste; its id is the same
on every run, so that it is new once, then open, then resolved.

A check that needs a part of the network which could not be read is not done, and the message says so; what it found
before stays open. To silence one, name its id in the VPC's tag `endpoint-audit` (`off` for all), or write it into
`ignores.toml` in the bucket of the reports:

```toml
[[ignore]]
check = "paid-s3-endpoint"           # or "*"
vpc = "vpc-0123456789abcdef0"        # also account, region, resource, and id (of one finding); all given must fit
reason = "moves to the gateway in March"
until = 2027-03-31                   # the last day
```

An endpoint that waits for the day when another way fails is told as `idle-endpoint`, unless it or its VPC has the tag
`endpoint-idle = expected`.

Not looked at: VPCs that another account shares with yours (their owner has the endpoints), default VPCs without a tag
as to missing gateway endpoints, and endpoints that an AWS service such as GuardDuty keeps for itself, but for their
state.
"""


def page() -> str:
    lines = [HEAD]
    for topic, heading in TOPICS.items():
        lines += [f"## {heading}", ""]
        of_topic = [c for c in CHECKS.values() if c.rule.__module__ == f"vpce.core.checks.{topic}"]
        for check in sorted(of_topic, key=lambda c: (-c.severity, c.id)):
            lines += [*_section(check), ""]
    return "\n".join(lines)


def _section(check: Check) -> Iterator[str]:
    yield f"### {check.id}"
    yield ""
    yield f"**{check.severity.word}** {check.title} {check.why}"
    yield ""
    found = [why for why, _, _ in SICK.get(check.id, [])]
    well = [why for why, _ in WELL.get(check.id, [])]
    if found:
        yield f"- found: {'; '.join(found)}"
    if well:
        yield f"- not found: {'; '.join(well)}"
    if check.needs:
        yield f"- needs to read: {', '.join(sorted(check.needs))}"


def test_the_page_of_checks_is_fresh(golden: Callable[[str, str], None]) -> None:
    golden("../../docs/checks.md", page())


def test_every_check_has_a_topic() -> None:
    assert {c.rule.__module__.rpartition(".")[2] for c in CHECKS.values()} == set(TOPICS)


def test_information_is_the_only_severity_that_no_message_is_sent_for() -> None:
    assert [c.id for c in CHECKS.values() if c.severity is Severity.INFO] == ["open-policy"]

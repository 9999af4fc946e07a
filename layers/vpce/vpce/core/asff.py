"""A finding in AWS's Security Finding Format, cut and cleaned to what Security Hub takes.

The same problem keeps its id, so an import updates it; what was resolved, or is ignored by people, is archived.
Limits: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vpce.core.findings import Severity, State

if TYPE_CHECKING:
    from vpce.core.findings import Finding

_TITLE, _DESCRIPTION, _RECOMMENDATION, _FIELD, _TAG = 256, 1024, 512, 2048, 256
_LABEL = {
    Severity.INFO: "INFORMATIONAL",
    Severity.LOW: "LOW",
    Severity.MEDIUM: "MEDIUM",
    Severity.HIGH: "HIGH",
}


def asff(
    finding: Finding, *, at: str, is_over: bool, installation: str, partition: str, link: str = ""
) -> dict[str, Any]:
    """The finding for Security Hub of its own account and region.

    Severity and types are given as the provider's, so that an import does not overwrite what people set.
    https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html

    Args:
        finding: what was found.
        at: when the audit was started, RFC 3339; later than that of the import before.
        is_over: it is no longer there, or nobody looks after it any more.
        installation: the stack's name; two installations do not update each other's findings.
        partition: of AWS, as in ARNs.
        link: where the whole report is; the fix may be too long for Security Hub.

    """
    place = finding.place
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"vpce/{installation}/{finding.id}",
        # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html
        "ProductArn": f"arn:{partition}:securityhub:{place.region}:{place.account}:product/{place.account}/default",
        "ProductName": "vpce",
        "GeneratorId": f"vpce/{finding.check}",
        "AwsAccountId": place.account,
        "CreatedAt": finding.since or at,
        "UpdatedAt": at,
        "Title": _text(finding.title, _TITLE),
        "Description": _text(f"{finding.what}\n{finding.why}", _DESCRIPTION),
        "Remediation": {
            "Recommendation": {"Text": _text(finding.fix, _RECOMMENDATION)} | ({"Url": link} if link else {})
        },
        "FindingProviderFields": {
            "Severity": {"Label": _LABEL[finding.severity], "Original": finding.severity.word},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices/Network Reachability"],
        },
        "Resources": [_resource(finding, partition)],
        "RecordState": "ARCHIVED" if is_over or finding.state is State.IGNORED else "ACTIVE",
        "ProductFields": {
            f"vpce/{name}": text
            for name, value in (
                ("check", finding.check),
                ("cost", finding.cost),
                ("ignored", finding.ignored),
                ("installation", installation),
                ("resource", finding.resource),
                ("state", finding.state.value),
            )
            if (text := _text(value, _FIELD))
        },
    }


def _resource(finding: Finding, partition: str) -> dict[str, Any]:
    place = finding.place
    where = {"Partition": partition, "Region": place.region}
    if not finding.vpc:
        return where | {"Type": "AwsAccount", "Id": f"AWS::::Account:{place.account}"}
    name = _text(finding.vpc_name, _TAG)
    return (
        where
        | {"Type": "AwsEc2Vpc", "Id": f"arn:{partition}:ec2:{place.region}:{place.account}:vpc/{finding.vpc}"}
        | ({"Tags": {"Name": name}} if name else {})
    )


def _text(text: str, limit: int) -> str:
    """One line, without control characters and what else does not print."""
    lines = ("".join(c if c.isprintable() else " " for c in line) for line in text.splitlines())
    plain = "; ".join(words for line in lines if (words := " ".join(line.split())))
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"

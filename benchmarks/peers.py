"""What do Cloud Custodian and Prowler find in the same fleet? Writes the tables of docs/comparison.md.

    python -m benchmarks.peers [--seed 1] [--vpcs 300]

The fleet of benchmarks/fleet.py is built in this process and served over HTTP; the peers run in their own virtual
environments, account by account, as an operator would run them: Custodian with benchmarks/custodian.yml and one
policy for each profile, Prowler with its own checks that look at VPC endpoints. What they name is held against the
truth by check and VPC: neither tells vpce's finer resources.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from moto.server import ThreadedMotoServer

import benchmarks.defects  # noqa: F401  they register themselves
from benchmarks.designs import PROFILES
from benchmarks.fleet import REGIONS, TWISTS, aws, build, credentials_of, lots_of, truths_of
from benchmarks.judge import heard
from embedded import strict_ec2
from vpce.audit import audit_place
from vpce.core.checks import CHECKS
from vpce.core.findings import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.fleet import Site, Truth
    from vpce.core.model import Place

ROOT = Path(__file__).resolve().parent.parent
POLICIES = ROOT / "benchmarks" / "custodian.yml"
PAGE = ROOT / "docs" / "comparison.md"
BEGIN, END = "<!-- made by make peers -->", "<!-- end -->"
WITHOUT = frozenset(
    {
        # EC2 refuses such policies nowadays, and both peers stop at one.
        "a_policy_is_no_policy",
        # Ignores are vpce's own words: the peers would be blamed for what they do not know to be quiet about.
        "everything_is_ignored",
        "some_checks_are_ignored",
        "off_is_joined_with_a_check",
        "the_file_ignores_the_vpc",
    }
)
"""What does not happen in the fleet that is compared."""
ALSO: Mapping[str, tuple[str, ...]] = {
    "drifted-from-profile": ("unfulfilled-profile",),
    "duplicate-endpoint": ("unwanted-endpoint",),
    "uncovered-route-table": ("missing-gateway-endpoint",),
}
"""Policies about a check → others that they are right about, whatever vpce calls it."""

PROWLER: Mapping[str, str] = {
    "vpc_endpoint_connections_trust_boundaries": "open-policy",
    "vpc_endpoint_multi_az_enabled": "zone-without-interface",
}
"""Prowler's checks → the check of vpce that is nearest."""
OTHERS: Mapping[str, str] = {
    "vpc_endpoint_for_ec2_enabled": "wants an endpoint for EC2's API in every VPC",
    "ec2_securitygroup_default_restrict_traffic": "wants every default security group empty, endpoints or not",
    "vpc_endpoint_services_allowed_principals_trust_boundaries": "looks at endpoint services that people offer",
    "vpc_subnet_different_az": "wants subnets in several zones",
}
"""Near endpoints, and about nothing that vpce would call a defect of them."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Alarm:
    """A peer said: this check, here."""

    check: str
    place: Place
    vpc: str


@dataclass(kw_only=True)
class Said:
    """What one of them had to say."""

    alarms: set[Alarm] = field(default_factory=set)
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    """Of its own checks or policies."""


# ---- vpce ------------------------------------------------------------------------------------------------------------


def ask_vpce(sites: Iterable[Site]) -> Said:
    said, started = Said(), time.monotonic()
    for site in sites:
        with strict_ec2.behave(gateway_quota=site.gateway_quota):
            report = audit_place(site.around(), now=site.now.isoformat()).report
        if isinstance(report, Unread):
            raise RuntimeError(f"{site.place}: {report.why}")
        for finding in heard(site, report.findings):
            said.alarms.add(Alarm(check=finding.check, place=finding.place, vpc=finding.vpc))
    said.seconds = time.monotonic() - started
    return said


# ---- Cloud Custodian -------------------------------------------------------------------------------------------------


def profile_policies() -> list[dict[str, Any]]:
    """What can be said of profiles: a service's endpoint is not there, or one of ours is that nobody asks for."""
    ours = "length((Tags || `[]`)[?Key=='vpce:managed-by']) > `0`"
    policies: list[dict[str, Any]] = []
    for name, profile in sorted(PROFILES.items()):
        asks = {"type": "value", "key": "tag:endpoint-profile", "op": "regex", "value": f"(?i)^ *{name} *$"}
        listed = json.dumps([f"com.amazonaws.{{region}}.{s}" for s in (*profile.interface, *profile.gateway)])
        full = [f"com.amazonaws.{{region}}.{s}" for s in profile.interface if s not in profile.optional]
        surplus = f"({ours}) && !contains(`{listed}`, ServiceName)"
        missing = [{"not": [{"type": "vpc-endpoint", "key": "ServiceName", "value": service}]} for service in full]
        if missing:
            policies.append(_policy(f"drifted-from-profile-{name}", [asks, {"or": missing}]))
        unwanted = {"type": "vpc-endpoint", "key": surplus, "value": True}
        policies.append(_policy(f"unwanted-endpoint-{name}", [asks, unwanted]))
    removed = {"type": "value", "key": "tag:endpoint-profile", "op": "regex", "value": "(?i)^ *none *$"}
    there = {"type": "vpc-endpoint", "key": ours, "value": True}
    return [*policies, _policy("drifted-from-profile-none", [removed, there])]


def _policy(name: str, filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "resource": "aws.vpc", "filters": [{"OwnerId": "{account_id}"}, *filters]}


def ask_custodian(url: str, sites: Sequence[Site], folder: Path) -> Said:
    file = folder / "policies.yml"
    document = yaml.safe_load(POLICIES.read_text())
    file.write_text(yaml.safe_dump({"policies": [*document["policies"], *profile_policies()]}))
    said, started = Said(), time.monotonic()
    for account in sorted({s.place.account for s in sites}):
        out = folder / account
        _run(
            ".venv-custodian/bin/custodian",
            ["run", "--cache-period", "0", "-s", str(out), *(f"--region={r}" for r in REGIONS), str(file)],
            url,
            account,
        )
        for result in sorted(out.glob("**/resources.json")):
            policy = result.parent.name
            resources = json.loads(result.read_text())
            said.counts[policy] = said.counts.get(policy, 0) + len(resources)
            check = max((c for c in CHECKS if policy.startswith(c)), key=len)
            said.alarms |= _alarms(check, account, resources, sites)
    said.seconds = time.monotonic() - started
    return said


def _alarms(check: str, account: str, resources: Iterable[Mapping[str, Any]], sites: Sequence[Site]) -> set[Alarm]:
    return {
        Alarm(check=check, place=site.place, vpc=vpc)
        for resource in resources
        for site, vpc in _where(account, json.dumps(resource, default=str), resource.get("VpcId", ""), sites)
    }


_BY_RESOURCE = frozenset({"shadowed-name", "forwarded-name"})
"""Checks whose truths name a zone or a rule."""


def _where(account: str, text: str, vpc_id: str, sites: Sequence[Site]) -> Iterator[tuple[Site, str]]:
    """The VPC that a resource is in; for a zone or rule, which says nothing of VPCs, each one whose truth names it."""
    own = [s for s in sites if s.place.account == account]
    for site in own:
        ids = {v["VpcId"] for v in site.client("ec2").describe_vpcs()["Vpcs"]} if vpc_id else set()
        if vpc_id in ids:
            yield site, vpc_id
    if not vpc_id:
        named = [(s, t.vpc) for s in own for t in truths_of(s) if t.check in _BY_RESOURCE and t.about[0] in text]
        yield from named or [(own[0], text)]


# ---- Prowler ---------------------------------------------------------------------------------------------------------


def ask_prowler(url: str, sites: Sequence[Site], folder: Path) -> Said:
    said, started = Said(), time.monotonic()
    places = {(s.place.account, s.place.region): s for s in sites}
    for account in sorted({s.place.account for s in sites}):
        out = folder / f"prowler-{account}"
        _run(
            ".venv-prowler/bin/prowler",
            [
                *("aws", "--checks", *PROWLER, *OTHERS, "--region", *REGIONS, "--output-formats", "json-ocsf"),
                *("--output-directory", str(out), "--output-filename", "found", "--ignore-exit-code-3"),
                *("--no-banner", "--scan-unused-services"),
            ],
            url,
            account,
        )
        for found in json.loads((out / "found.ocsf.json").read_text()):
            if found["status_code"] != "FAIL":
                continue
            check = found["metadata"]["event_code"]
            said.counts[check] = said.counts.get(check, 0) + 1
            site = places[account, found["cloud"]["region"]]
            if check in PROWLER:
                vpc = _vpc_of(found["status_detail"])
                said.alarms.add(Alarm(check=PROWLER[check], place=site.place, vpc=vpc))
    said.seconds = time.monotonic() - started
    return said


def _vpc_of(text: str) -> str:
    ids = re.findall(r"\bvpc-[0-9a-f]{8,}", text)
    return str(ids[0])


# ---- running them ----------------------------------------------------------------------------------------------------


def _run(program: str, arguments: Sequence[str], url: str, account: str) -> None:
    known = credentials_of(account)
    environment = {
        "AWS_ACCESS_KEY_ID": known["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": known["SecretAccessKey"],
        "AWS_SESSION_TOKEN": known["SessionToken"],
        "AWS_DEFAULT_REGION": REGIONS[0],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [ROOT / program, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if os.environ.get("PEERS_VERBOSE"):
        print(done.stdout, done.stderr, file=sys.stderr)
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


# ---- what came of it -------------------------------------------------------------------------------------------------

VPCE, CUSTODIAN = "vpce", "Cloud Custodian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    seed: int
    vpcs: int
    sites: Sequence[Site]
    truths: Sequence[Truth]
    said: Mapping[str, Said]


def compare(seed: int, vpcs: int) -> Compared:
    """Build the fleet once, and ask everybody."""
    with aws(time.time) as shared, tempfile.TemporaryDirectory(prefix="peers-") as folder:
        laid = lots_of(seed, vpcs, without=WITHOUT)
        sites = [build(seed, place, lots, shared) for place, lots in laid.items()]
        logging.disable(logging.ERROR)  # the server has a line for each call, and one for what moto does not have
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            url = f"http://{host}:{port}"
            said = {
                VPCE: ask_vpce(sites),
                CUSTODIAN: ask_custodian(url, sites, Path(folder)),
                "Prowler": ask_prowler(url, sites, Path(folder)),
            }
        finally:
            server.stop()
        truths = [t for s in sites for t in truths_of(s)]
        return Compared(seed=seed, vpcs=vpcs, sites=sites, truths=truths, said=said)


CANNOT: Mapping[str, str] = {
    "unknown-ignore": "it has no ignores of its own; a filter or a tag does that",
    "expired-ignore": "it has no ignores of its own; a filter or a tag does that",
    "blocked-name": "it has no resource for DNS Firewall",
    "unused-nat-gateway": "no filter of NAT gateways knows the routes to them",
}
"""Checks that no policy of Custodian's stands for → why."""
UNTRIED: Mapping[str, str] = {
    "idle-endpoint": "a filter of metrics tells; it looks back from today, and the fleet's clock stands still",
}
"""Checks that a policy of Custodian's could stand for, and that this benchmark does not try → why."""
HALF: Mapping[str, str] = {
    "uncovered-route-table": "counts a table's endpoint routes, whatever they lead to",
    "zone-without-interface": "those in one zone only",
    "shadowed-name": "empty zones of AWS's names, on whatever VPC",
    "forwarded-name": "rules for services' names, on whatever VPC",
    "closed-security-group": "groups without any rule for the port; a VPC's CIDRs are out of a filter's sight",
    "closed-network-acl": "entries without their order",
    "blocking-policy": "policies that allow nothing; what a workload needs is out of sight",
    "drifted-from-profile": "endpoints that are missing; also where central ones serve; not zones, groups, rules",
    "unfulfilled-profile": "services without an endpoint; why there is none takes a plan",
    "quota-headroom": "interface endpoints of a VPC; not a region's gateways against its quota",
    "broken-private-dns": "also alarms where a zone of one's own has the names",
}
"""What Custodian's policies are a part of."""
PROWLER_HALF: Mapping[str, str] = {
    "open-policy": "asks for trusted accounts, so more than this",
    "zone-without-interface": "those with one subnet only",
}


def document(compared: Compared) -> str:
    """The tables between the markers of docs/comparison.md."""
    accounts = len({s.place.account for s in compared.sites})
    intro = (
        f"`make peers SEED={compared.seed} VPCS={compared.vpcs}`: {compared.vpcs} VPCs in {accounts} accounts and "
        f"{len(REGIONS)} regions. Found: VPCs with that defect that were named for it. False: VPCs that were named for "
        "it and do not have it. Left out: policies that are none (`unreadable-policy`), at which both peers stop and "
        "which EC2 refuses nowadays; and what vpce's own ignores would hide."
    )
    versions = f"{CUSTODIAN} {_version('custodian', 'c7n')} | Prowler {_version('prowler', 'prowler')}"
    lines = [intro, "", f"| check | VPCs | {VPCE} | {versions} |", "|---|---:|---|---|---|"]
    known = {_alarm(t) for t in compared.truths}
    for check in sorted(CHECKS):
        truths = {_alarm(t) for t in compared.truths if t.check == check}
        if not truths:
            continue
        cells = [_cell(who, check, truths, said, known) for who, said in compared.said.items()]
        lines.append(f"| `{check}` | {len(truths) or ''} | {' | '.join(cells)} |")
    lines += ["", *_folded("Defect by defect: found of how many", _by_defect(compared))]
    lines += ["", *_folded("Near misses: named for a defect that is none, of how many", _by_near_miss(compared))]
    counts = compared.said["Prowler"].counts
    others = "; ".join(f"`{c}` ({w}) {counts.get(c, 0)} times" for c, w in OTHERS.items())
    lines += ["", f"Prowler's other checks near endpoints failed as follows: {others}."]
    return "\n".join(lines)


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]


def _by_near_miss(compared: Compared) -> Iterator[str]:
    yield f"| check | near miss | {' | '.join(compared.said)} |"
    yield f"|---|---|{'---|' * len(compared.said)}"
    known = {_alarm(t) for t in compared.truths}
    for twist in sorted((t for t in TWISTS.values() if t.is_near_miss), key=lambda t: (t.check, t.words)):
        vpcs = [v for s in compared.sites for v in s.vpcs if twist.name in v.happened]
        there = {Alarm(check=twist.check, place=v.site.place, vpc=v.id) for v in vpcs} - known
        if there:
            cells = [
                "not told by VPC"
                if who == CUSTODIAN and twist.check in _BY_RESOURCE
                else _rate(who, twist.check, there & said.alarms, there)
                for who, said in compared.said.items()
            ]
            yield f"| `{twist.check}` | {twist.words} | {' | '.join(cells)} |"


def _by_defect(compared: Compared) -> Iterator[str]:
    yield f"| check | defect | {' | '.join(compared.said)} |"
    yield f"|---|---|{'---|' * len(compared.said)}"
    causes = sorted({(t.check, t.cause) for t in compared.truths})
    for check, cause in causes:
        there = {_alarm(t) for t in compared.truths if (t.check, t.cause) == (check, cause)}
        cells = [_rate(who, check, _found(there, said), there) for who, said in compared.said.items()]
        yield f"| `{check}` | {cause} | {' | '.join(cells)} |"


def _rate(who: str, check: str, named: set[Alarm], there: set[Alarm]) -> str:
    return "not tried" if who == CUSTODIAN and check in UNTRIED else f"{len(named)} of {len(there)}"


def _alarm(truth: Truth) -> Alarm:
    return Alarm(check=truth.check, place=truth.place, vpc=truth.vpc)


def _cell(who: str, check: str, truths: set[Alarm], said: Said, known: set[Alarm]) -> str:
    half: Mapping[str, str] = {}
    if who == CUSTODIAN:
        if check in CANNOT:
            return f"cannot be expressed: {CANNOT[check]}"
        if check in UNTRIED:
            return f"not tried: {UNTRIED[check]}"
        half = HALF
    elif who != VPCE:
        if check not in PROWLER.values():
            return "no check"
        half = PROWLER_HALF
    hint = f" ({half[check]})" if check in half else ""
    right = (check, *ALSO.get(check, ()))
    false = [a for a in said.alarms if a.check == check and not any(replace(a, check=c) in known for c in right)]
    return f"{len(_found(truths, said))} found, {len(false)} false{hint}"


def _found(truths: set[Alarm], said: Said) -> set[Alarm]:
    """By the policy that stands for the check, or by one that is right about it."""
    others = {replace(a, check=c) for a in said.alarms for c in ALSO.get(a.check, ())}
    return truths & (said.alarms | others)


def _version(environment: str, package: str) -> str:
    """As it is pinned."""
    pins = (ROOT / "requirements" / f"{environment}.in").read_text()
    found = re.search(rf"^{package}==(\S+)", pins, re.MULTILINE)
    return found[1] if found else ""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vpcs", type=int, default=300)
    given = parser.parse_args(arguments)
    compared = compare(given.seed, given.vpcs)
    for who, said in compared.said.items():
        print(f"{who}: {said.seconds:.0f} seconds", file=sys.stderr)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{document(compared)}\n{END}{after}")
    print(f"written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What happens to VPCs? Defects, with the findings that they must cause, and near misses, which must cause none.

What a twist spoils is a part of the VPC that nothing else may touch, so that each finding has one cause:

    tags         what the VPC asks for                     names        who answers for names: attributes, zones, rules
    gateways     gateway endpoints                         policies     of endpoints
    tables       route tables, and routes of people's      groups       security groups
    interfaces   which interface endpoints there are       acls         network ACLs
    zones        which zones they are in                   addresses    of subnets
    traffic      of interface endpoints
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.designs import PROFILES, profile_of, zone_of
from benchmarks.fleet import ALWAYS, HUB, NOT_IN_ZONE_C, NOT_OFFERED, Built, Truth, defect, everything, near_miss
from embedded import strict_ec2
from vpce.core.checks import CHECKS
from vpce.core.profile import ports_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALL = "tags gateways tables interfaces zones names policies groups acls addresses traffic"


def found(check: str, *about: str) -> Truth:
    return Truth(check=check, about=about)


# ---- of every VPC, whatever happens ---------------------------------------------------------------------------------


def _nobody_has_thought_of_policies(vpc: Built) -> Iterator[Truth]:
    """Whoever says nothing gets the policy that lets everybody do everything."""
    out_of_service = {"failed", "rejected", "expired", "deleting"}
    endpoints = [e for e in vpc.endpoints if not e["RequesterManaged"] and e["State"].lower() not in out_of_service]
    if any(_statements(e) == everything()["Statement"] for e in endpoints):
        yield found("open-policy", vpc.id)


def _statements(endpoint: Any) -> Any:
    try:
        return json.loads(endpoint["PolicyDocument"]).get("Statement")
    except ValueError:
        return None


def _the_region_lacks_a_service(vpc: Built) -> Iterator[Truth]:
    """Required services only, and only where the tags can be understood."""
    is_understood = not any(t.check == "unknown-profile" for t in vpc.truths)
    profile = PROFILES.get(vpc.tags.get("endpoint-profile", "").strip().lower())
    if profile and is_understood and vpc.design != "shared_with_us":
        missing = NOT_OFFERED.get(vpc.region, frozenset()) & frozenset(profile.interface) - profile.optional
        for name in sorted(missing):
            yield found("unfulfilled-profile", f"{name} (Interface)")


ALWAYS.extend((_nobody_has_thought_of_policies, _the_region_lacks_a_service))


# ---- what the tags ask for ------------------------------------------------------------------------------------------


@defect("unknown-profile", needs="untagged", lacks="alone", spoils="tags gateways tables")
def the_profile_is_misspelt(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_profile=vpc.rng.choice(["lamda", "ecs_fargate", "gateway+eks2", "privat"]))
    yield found("unknown-profile", vpc.id)


@defect("unknown-profile", needs="untagged", lacks="alone", spoils="tags gateways tables")
def the_profile_is_empty(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_profile=vpc.rng.choice(["", " ", "lambda+"]))
    yield found("unknown-profile", vpc.id)


@defect("unknown-profile", needs="tagged interfaces", lacks="mixed", spoils=ALL)
def the_zones_are_a_word(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_zones=vpc.rng.choice(["two", "0", "-1", "a,b"]))
    yield found("unknown-profile", vpc.id)


@defect("unknown-profile", needs="tagged", spoils=ALL)
def none_is_joined_with_a_profile(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_profile="none+gateway")
    yield found("unknown-profile", vpc.id)


@near_miss("unknown-profile", needs="tagged", spoils="tags")
def the_tag_is_in_capitals_with_spaces(vpc: Built) -> None:
    vpc.tag(endpoint_profile=f" {vpc.tags['endpoint-profile'].upper()} ")


@defect("vanished-tag", needs="tagged", spoils="tags gateways tables zones interfaces")
def the_tag_is_gone(vpc: Built) -> Iterator[Truth]:
    vpc.ec2.delete_tags(Resources=[vpc.id], Tags=[{"Key": "endpoint-profile"}])
    yield found("vanished-tag", vpc.id)


@near_miss("vanished-tag", needs="born", spoils="tags")
def a_vpc_with_the_default_profile_has_a_name(vpc: Built) -> None:
    vpc.tag(Name="never-had-a-profile")


@defect("unwanted-endpoint", needs="tagged interfaces", lacks="mixed", spoils=ALL)
def the_profile_shrank(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_profile="gateway")
    for endpoint in vpc.interfaces:
        yield found("unwanted-endpoint", endpoint["VpcEndpointId"])


@defect("unwanted-endpoint", needs="tagged sqs", spoils="tags interfaces zones names")
def ours_is_there_twice(vpc: Built) -> Iterator[Truth]:
    first = next(e for e in vpc.interfaces if e["ServiceName"] == vpc.service("sqs"))
    tags = [{"ResourceType": "vpc-endpoint", "Tags": first["Tags"]}]
    groups = [g["GroupId"] for g in first["Groups"]]
    second = vpc.by_hand("sqs", PrivateDnsEnabled=False, SecurityGroupIds=groups, TagSpecifications=tags)
    yield found("unwanted-endpoint", second)


@defect("unfulfilled-profile", needs="tagged interfaces room", spoils="tags tables interfaces zones addresses")
def a_new_zone_has_no_address_left(vpc: Built) -> Iterator[Truth]:
    full = vpc.subnet("c", 200, size=28)
    vpc.workload(full, count=11)
    for name in set(_wanted(vpc)) - NOT_IN_ZONE_C:
        yield found("unfulfilled-profile", f"{name} (Interface) {vpc.zone('c')}")
    for endpoint in _offered_in_zone_c(vpc, vpc.interfaces):
        if endpoint not in _ours(vpc):
            yield found("zone-without-interface", endpoint["VpcEndpointId"])


@defect("unfulfilled-profile", needs="tagged interfaces", lacks="mixed", spoils=ALL)
def ours_has_failed(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.rng.choice([e for e in vpc.interfaces if not e["ServiceName"].endswith("ec2messages")])
    vpc.force_state(endpoint["VpcEndpointId"], "failed")
    yield found("unfulfilled-profile", f"{endpoint['ServiceName'].split(f'{vpc.region}.')[1]} (Interface)")
    yield found("unavailable-endpoint", endpoint["VpcEndpointId"])


@defect("unfulfilled-profile", needs="foreign-gateway", spoils="tags tables gateways zones")
def somebody_s_gateway_misses_a_table(vpc: Built) -> Iterator[Truth]:
    table = vpc.table(vpc.subnet("a", 153))
    yield found("unfulfilled-profile", "s3 (Gateway)")
    for gateway in vpc.gateways:
        yield found("uncovered-route-table", gateway["VpcEndpointId"], table)


@defect(
    "drifted-from-profile", needs="tagged interfaces", lacks="mixed", spoils="tags interfaces zones names policies acls"
)
def ours_was_deleted(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()
    vpc.delete(endpoint["VpcEndpointId"])
    yield found("drifted-from-profile", f"{_short(vpc, endpoint)} (Interface)")


@defect("drifted-from-profile", needs="tagged interfaces", spoils="tags zones interfaces acls")
def ours_left_a_zone(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.rng.choice(_ours(vpc))
    if len(endpoint["SubnetIds"]) == 1:
        vpc.tag(endpoint_zones="all")
        for each in _ours(vpc):
            yield found("drifted-from-profile", each["VpcEndpointId"])
        return
    vpc.modify(endpoint["VpcEndpointId"], RemoveSubnetIds=[min(endpoint["SubnetIds"])])
    yield found("drifted-from-profile", endpoint["VpcEndpointId"])


@defect("drifted-from-profile", needs="tagged interfaces room", spoils="tags zones tables interfaces acls addresses")
def a_zone_was_added(vpc: Built) -> Iterator[Truth]:
    vpc.subnets["c"] = vpc.subnet("c", 50)
    for endpoint in _offered_in_zone_c(vpc, _ours(vpc)):
        yield found("drifted-from-profile", endpoint["VpcEndpointId"])


@defect("drifted-from-profile", needs="tagged interfaces", spoils="tags groups")
def our_group_was_swapped(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.rng.choice(_ours(vpc))
    ours = endpoint["Groups"][0]["GroupId"]
    open_to_all = vpc.group(vpc.cidr, *_ipv6(vpc))
    vpc.modify(endpoint["VpcEndpointId"], AddSecurityGroupIds=[open_to_all], RemoveSecurityGroupIds=[ours])
    yield found("drifted-from-profile", endpoint["VpcEndpointId"])


@defect("drifted-from-profile", needs="tagged interfaces", spoils="tags groups")
def our_group_has_a_rule_of_an_old_cidr(vpc: Built) -> Iterator[Truth]:
    group = _our_group(vpc)
    rule = {"CidrIp": "10.250.0.0/16", "Description": "vpce: a CIDR of this VPC"}
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [rule]}
    vpc.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    yield found("drifted-from-profile", group)


@near_miss("drifted-from-profile", needs="tagged interfaces", spoils="groups")
def our_group_has_a_rule_of_people_s(vpc: Built) -> None:
    vpc.let_in(_our_group(vpc), "10.250.0.0/16")


@defect("drifted-from-profile", needs="tagged interfaces", lacks="mixed one-zone", spoils=ALL)
def none_is_asked_and_not_done(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_profile="none")
    for endpoint in vpc.endpoints:
        yield found("drifted-from-profile", endpoint["VpcEndpointId"])
    yield found("unsettled-endpoint", _our_group(vpc))  # it goes when they are gone


@defect("drifted-from-profile", needs="tagged", lacks="foreign-gateway", spoils="tags tables gateways")
def a_table_without_subnets_came(vpc: Built) -> Iterator[Truth]:
    vpc.table()
    for gateway in vpc.gateways:
        yield found("drifted-from-profile", gateway["VpcEndpointId"])


# ---- ignores --------------------------------------------------------------------------------------------------------


@defect("unknown-ignore", lacks="shared", spoils="ignores")
def an_ignore_is_misspelt(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_audit=vpc.rng.choice(["open-polcy", "everything"]))
    yield found("unknown-ignore", "endpoint-audit")


@defect("unknown-ignore", lacks="shared", spoils="ignores")
def off_is_joined_with_a_check(vpc: Built) -> Iterator[Truth]:
    vpc.tag(endpoint_audit="off+open-policy")
    vpc.ignored.add("open-policy")
    yield found("unknown-ignore", "endpoint-audit")


@near_miss("unknown-ignore", lacks="shared", spoils="ignores")
def everything_is_ignored(vpc: Built) -> None:
    vpc.tag(endpoint_audit="off")
    vpc.ignored |= CHECKS.keys()


@near_miss("unknown-ignore", lacks="shared", spoils="ignores")
def some_checks_are_ignored(vpc: Built) -> None:
    chosen = vpc.rng.sample(sorted(CHECKS.keys() - {"unknown-ignore", "expired-ignore"}), 12)
    vpc.tag(endpoint_audit=" ".join(chosen))
    vpc.ignored |= set(chosen)


@near_miss("expired-ignore", lacks="shared", spoils="ignores")
def the_file_ignores_the_vpc(vpc: Built) -> None:
    vpc.site.ignores += f'[[ignore]]\ncheck = "*"\nvpc = "{vpc.id}"\nreason = "it goes in March"\nuntil = 2027-03-31\n'
    vpc.ignored |= CHECKS.keys()


@defect("expired-ignore", lacks="shared", spoils="ignores")
def the_file_once_ignored_the_vpc(vpc: Built) -> Iterator[Truth]:
    vpc.site.ignores += f'[[ignore]]\ncheck = "*"\nvpc = "{vpc.id}"\nreason = "it went in March"\nuntil = 2026-03-31\n'
    vpc.site.truths.append(replace(found("expired-ignore", vpc.id), place=vpc.site.place, cause="an ignore is over"))
    yield from ()


@defect("unknown-ignore", lacks="shared", spoils="ignores")
def the_file_names_no_check(vpc: Built) -> Iterator[Truth]:
    vpc.site.ignores += f'[[ignore]]\ncheck = "open-polcy"\nvpc = "{vpc.id}"\nreason = "…"\nuntil = 2027-03-31\n'
    vpc.site.truths.append(replace(found("unknown-ignore", vpc.id), place=vpc.site.place, cause="no such check"))
    yield from ()


# ---- gateway endpoints ----------------------------------------------------------------------------------------------


@defect("missing-gateway-endpoint", needs="gateways", spoils="gateways tags")
def one_gateway_was_deleted(vpc: Built) -> Iterator[Truth]:
    name = vpc.rng.choice(["dynamodb", "s3"])
    vpc.delete(vpc.gateway(name)["VpcEndpointId"])
    yield found("missing-gateway-endpoint", f"{name} (Gateway)")


@defect("missing-gateway-endpoint", needs="gateways untagged", spoils="gateways tags policies")
def both_gateways_were_deleted(vpc: Built) -> Iterator[Truth]:
    vpc.delete(*(g["VpcEndpointId"] for g in vpc.gateways))
    yield found("missing-gateway-endpoint", "dynamodb (Gateway)")
    yield found("missing-gateway-endpoint", "s3 (Gateway)")


@defect("missing-gateway-endpoint", needs="gateways untagged", spoils="gateways tags names interfaces zones")
def s3_has_an_interface_and_no_gateway(vpc: Built) -> Iterator[Truth]:
    vpc.delete(vpc.gateway("s3")["VpcEndpointId"])
    vpc.private_dns_works()
    options = {"PrivateDnsOnlyForInboundResolverEndpoint": False}
    vpc.by_hand("s3", SecurityGroupIds=[vpc.group(vpc.cidr, *_ipv6(vpc))], DnsOptions=options)
    yield found("missing-gateway-endpoint", "s3 (Gateway)")


@near_miss("missing-gateway-endpoint", needs="gateways untagged", spoils="gateways tags tables")
def two_gateways_share_the_tables(vpc: Built) -> None:
    """One endpoint per policy: allowed, and every table has its route."""
    gateway = vpc.gateway("s3")
    table = vpc.table(vpc.subnet("b", 150))
    vpc.modify(vpc.gateway("dynamodb")["VpcEndpointId"], AddRouteTableIds=[table])
    made = vpc.ec2.create_vpc_endpoint(VpcId=vpc.id, ServiceName=gateway["ServiceName"], RouteTableIds=[table])
    vpc.modify(made["VpcEndpoint"]["VpcEndpointId"], PolicyDocument=json.dumps(everything()))


@defect("uncovered-route-table", needs="gateways room", lacks="foreign-gateway", spoils="tables gateways tags")
def a_table_came_later(vpc: Built) -> Iterator[Truth]:
    table = vpc.table(vpc.subnet("b", 151))
    for gateway in vpc.gateways:
        yield found("uncovered-route-table", gateway["VpcEndpointId"], table)


@defect("uncovered-route-table", needs="gateways room", lacks="foreign-gateway", spoils="tables gateways tags")
def a_gateway_lost_the_main_table(vpc: Built) -> Iterator[Truth]:
    main = next(t["RouteTableId"] for t in vpc.tables if any(a.get("Main") for a in t["Associations"]))
    gateway = vpc.rng.choice(vpc.gateways)
    vpc.modify(gateway["VpcEndpointId"], RemoveRouteTableIds=[main])
    yield found("uncovered-route-table", gateway["VpcEndpointId"], main)


@near_miss("uncovered-route-table", needs="gateways untagged", spoils="tables gateways tags")
def a_table_has_no_subnets(vpc: Built) -> None:
    vpc.table()


@defect("blackhole-route", needs="gateways room", spoils="tables")
def a_peering_is_gone(vpc: Built) -> Iterator[Truth]:
    table = _with_a_dead_route(vpc, subnet=True)
    yield found("blackhole-route", table, "172.31.0.0/16")


@near_miss("blackhole-route", needs="gateways untagged room", spoils="tables")
def a_table_without_subnets_has_a_dead_route(vpc: Built) -> None:
    _with_a_dead_route(vpc, subnet=False)


@defect("unused-nat-gateway", needs="room", spoils="zones addresses")
def a_nat_gateway_is_left_over(vpc: Built) -> Iterator[Truth]:
    yield found("unused-nat-gateway", _nat_gateway(vpc))


@near_miss("unused-nat-gateway", needs="gateways untagged room", spoils="tables gateways tags zones addresses")
def a_nat_gateway_has_the_route_of_one_table(vpc: Built) -> None:
    gateway = _nat_gateway(vpc)
    vpc.ec2.create_route(RouteTableId=vpc.table(), DestinationCidrBlock="172.30.0.0/16", NatGatewayId=gateway)


# ---- endpoints ------------------------------------------------------------------------------------------------------


@defect("unavailable-endpoint", needs="interfaces by-hand", spoils=ALL)
def somebody_s_endpoint_is_out_of_service(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    vpc.force_state(endpoint, vpc.rng.choice(["failed", "rejected", "expired", "pendingAcceptance", "partial"]))
    yield found("unavailable-endpoint", endpoint)


@near_miss("unavailable-endpoint", needs="interfaces by-hand", spoils=ALL)
def somebody_s_endpoint_is_on_its_way_out(vpc: Built) -> None:
    with strict_ec2.behave(deleting=10**9):
        vpc.delete(vpc.interface()["VpcEndpointId"])


@defect("unsettled-endpoint", needs="tagged interfaces", lacks="mixed", spoils=ALL)
def ours_is_on_its_way_out(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    with strict_ec2.behave(deleting=10**9):
        vpc.delete(endpoint)
    yield found("unsettled-endpoint", endpoint)


@defect("pending-too-long", needs="interfaces", lacks="mixed", spoils=ALL)
def an_endpoint_is_stuck(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    vpc.force_state(endpoint, "pending")
    vpc.from_behind(endpoint).creation_timestamp = vpc.site.now - timedelta(hours=5)
    yield found("pending-too-long", endpoint)


@near_miss("pending-too-long", needs="interfaces", lacks="mixed", spoils=ALL)
def an_endpoint_was_made_minutes_ago(vpc: Built) -> None:
    endpoint = vpc.interface()["VpcEndpointId"]
    vpc.force_state(endpoint, "pending")
    vpc.from_behind(endpoint).creation_timestamp = vpc.site.now - timedelta(minutes=3)


@defect("duplicate-endpoint", needs="interfaces", spoils="interfaces zones names tags")
def somebody_made_one_again(vpc: Built) -> Iterator[Truth]:
    first = vpc.interface()
    name = _short(vpc, first)
    groups = [g["GroupId"] for g in first["Groups"]]
    vpc.by_hand(name, PrivateDnsEnabled=False, SecurityGroupIds=groups, SubnetIds=first["SubnetIds"])
    yield found("duplicate-endpoint", name)


@defect("idle-endpoint", needs="interfaces", spoils="interfaces tags traffic")
def nobody_uses_an_endpoint(vpc: Built) -> Iterator[Truth]:
    for endpoint in vpc.rng.sample(vpc.interfaces, vpc.rng.randint(1, 2)):
        yield found("idle-endpoint", _unused(vpc, endpoint["VpcEndpointId"]))


@defect("idle-endpoint", needs="interfaces", spoils="interfaces tags traffic")
def an_endpoint_sees_a_port_scan_only(vpc: Built) -> Iterator[Truth]:
    yield found("idle-endpoint", _unused(vpc, vpc.interface()["VpcEndpointId"], number=600))


@near_miss("idle-endpoint", needs="interfaces", spoils="interfaces tags traffic")
def an_endpoint_is_used_once_a_month(vpc: Built) -> None:
    _unused(vpc, vpc.interface()["VpcEndpointId"], number=9000)


@near_miss("idle-endpoint", needs="interfaces", spoils="interfaces tags traffic")
def an_unused_endpoint_is_three_weeks_old(vpc: Built) -> None:
    _unused(vpc, vpc.interface()["VpcEndpointId"], days=21)


@near_miss("idle-endpoint", needs="interfaces", spoils="interfaces tags traffic")
def an_unused_endpoint_is_a_spare(vpc: Built) -> None:
    endpoint = _unused(vpc, vpc.interface()["VpcEndpointId"])
    vpc.ec2.create_tags(Resources=[endpoint], Tags=[{"Key": "endpoint-idle", "Value": "expected"}])


@near_miss("idle-endpoint", needs="interfaces", spoils="interfaces tags traffic")
def all_endpoints_of_a_vpc_are_spares(vpc: Built) -> None:
    vpc.tag(endpoint_idle="expected")
    for endpoint in vpc.interfaces:
        _unused(vpc, endpoint["VpcEndpointId"])


@near_miss("idle-endpoint", needs="guarded", spoils="interfaces traffic")
def guardduty_s_endpoint_is_not_used(vpc: Built) -> None:
    _unused(vpc, vpc.interface()["VpcEndpointId"])


def _unused(vpc: Built, endpoint: str, *, number: int = 0, days: int = 300) -> str:
    """So many days old, and nobody has used it but once."""
    vpc.from_behind(endpoint).creation_timestamp = vpc.site.now - timedelta(days=days)
    vpc.unused[endpoint] = number
    return endpoint


@defect("paid-s3-endpoint", needs="gateways untagged room", spoils="gateways interfaces zones names tags")
def s3_is_paid_for(vpc: Built) -> Iterator[Truth]:
    vpc.private_dns_works()
    options = {"PrivateDnsOnlyForInboundResolverEndpoint": False}
    paid = vpc.by_hand("s3", SecurityGroupIds=[vpc.group(vpc.cidr, *_ipv6(vpc))], DnsOptions=options)
    yield found("paid-s3-endpoint", paid)


@near_miss("paid-s3-endpoint", needs="gateways untagged room", spoils="gateways interfaces zones names tags")
def s3_is_there_for_networks_beyond(vpc: Built) -> None:
    vpc.private_dns_works()
    vpc.by_hand("s3", SecurityGroupIds=[vpc.group(vpc.cidr, *_ipv6(vpc))])


@near_miss("paid-s3-endpoint", needs="gateways untagged room", spoils="gateways interfaces zones names tags")
def s3_has_an_interface_without_names(vpc: Built) -> None:
    vpc.by_hand("s3", SecurityGroupIds=[vpc.group(vpc.cidr, *_ipv6(vpc))], PrivateDnsEnabled=False)


@near_miss("broken-private-dns", needs="gateways untagged room", spoils="interfaces zones names tags")
def dynamodb_has_an_interface_which_knows_no_names(vpc: Built) -> None:
    vpc.by_hand("dynamodb", SecurityGroupIds=[vpc.group(vpc.cidr, *_ipv6(vpc))], PrivateDnsEnabled=False)


@defect("zone-without-interface", needs="interfaces by-hand", spoils="zones tables acls addresses")
def workloads_moved_into_another_zone(vpc: Built) -> Iterator[Truth]:
    vpc.workload(vpc.subnet("c", 60))
    for endpoint in _offered_in_zone_c(vpc, vpc.interfaces):
        yield found("zone-without-interface", endpoint["VpcEndpointId"])


@defect("zone-without-interface", needs="interfaces by-hand", spoils="zones acls interfaces")
def somebody_s_endpoint_left_a_zone(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    vpc.modify(endpoint, RemoveSubnetIds=[vpc.subnets["b"]])
    yield found("zone-without-interface", endpoint)


@near_miss("zone-without-interface", needs="interfaces by-hand", spoils="zones tables acls addresses")
def nobody_lives_in_the_other_zone(vpc: Built) -> None:
    vpc.subnet("c", 61)


# ---- names ----------------------------------------------------------------------------------------------------------


@defect("broken-private-dns", needs="interfaces", spoils="names interfaces tags")
def dns_hostnames_are_off(vpc: Built) -> Iterator[Truth]:
    vpc.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
    yield found("broken-private-dns", vpc.id, "hostnames")


@defect("broken-private-dns", needs="interfaces", spoils="names interfaces tags")
def both_dns_attributes_are_off(vpc: Built) -> Iterator[Truth]:
    vpc.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
    vpc.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})
    yield found("broken-private-dns", vpc.id, "hostnames")
    yield found("broken-private-dns", vpc.id, "support")


@near_miss(
    "broken-private-dns", needs="gateways untagged", lacks="interfaces central guarded", spoils="names interfaces zones"
)
def dns_attributes_are_off_and_nobody_needs_them(vpc: Built) -> None:
    vpc.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})


@defect("broken-private-dns", needs="interfaces", spoils="names interfaces tags")
def private_dns_is_off(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    vpc.modify(endpoint, PrivateDnsEnabled=False)
    yield found("broken-private-dns", endpoint)


@near_miss("broken-private-dns", needs="interfaces by-hand", spoils="names interfaces tags")
def a_zone_of_people_s_own_has_the_names(vpc: Built) -> None:
    """The central pattern: private DNS off, and an alias to the endpoint in a zone that can be shared."""
    endpoint = vpc.rng.choice([e for e in vpc.interfaces if not e["ServiceName"].endswith("ecr.dkr")])
    private = endpoint["DnsEntries"][-1]["DnsName"]
    vpc.modify(endpoint["VpcEndpointId"], PrivateDnsEnabled=False)
    zone_of(vpc, private, {"": endpoint["DnsEntries"][0]["DnsName"]})


@defect("shadowed-name", needs="gateways", spoils="names interfaces zones tags")
def an_empty_zone_hides_s3(vpc: Built) -> Iterator[Truth]:
    vpc.private_dns_works()
    yield found("shadowed-name", zone_of(vpc, f"s3.{vpc.region}.amazonaws.com", {}))


@defect("shadowed-name", needs="gateways", spoils="names interfaces zones tags")
def a_zone_hides_all_of_aws(vpc: Built) -> Iterator[Truth]:
    vpc.private_dns_works()
    name = vpc.rng.choice(["amazonaws.com", f"{vpc.region}.amazonaws.com"])
    yield found("shadowed-name", zone_of(vpc, name, {"proxy": "10.0.0.10"}, account=HUB, type_="A"))


@defect(
    "shadowed-name", needs="gateways untagged room", lacks="interfaces central", spoils="names interfaces zones tags"
)
def a_central_zone_lacks_a_record(vpc: Built) -> Iterator[Truth]:
    """ECR's registry is a wildcard, and the zone has the apex only."""
    vpc.private_dns_works()
    target = f"vpce-0123456789abcdef0-abcdefgh.dkr.ecr.{vpc.region}.vpce.amazonaws.com"
    yield found("shadowed-name", zone_of(vpc, f"dkr.ecr.{vpc.region}.amazonaws.com", {"": target}))


@defect(
    "shadowed-name", needs="gateways untagged room", lacks="interfaces central", spoils="names interfaces zones tags"
)
def a_zone_leads_to_a_public_address(vpc: Built) -> Iterator[Truth]:
    vpc.private_dns_works()
    yield found("shadowed-name", zone_of(vpc, f"athena.{vpc.region}.amazonaws.com", {"": "52.95.1.1"}, type_="A"))


@near_miss("shadowed-name", needs="gateways", spoils="names interfaces zones tags")
def a_zone_of_a_sibling_name(vpc: Built) -> None:
    vpc.private_dns_works()
    other = "eu-north-1" if vpc.region != "eu-north-1" else "eu-west-1"
    names = [
        f"sqs.{other}.amazonaws.com",
        f"qs.{vpc.region}.amazonaws.com",
        f"sqs.{vpc.region}.amazonaws.com.corp.example",
    ]
    zone_of(vpc, vpc.rng.choice(names), {})


@near_miss("shadowed-name", needs="gateways", spoils="names interfaces zones tags")
def a_zone_of_another_vpc(vpc: Built) -> None:
    vpc.private_dns_works()
    elsewhere = Built(site=vpc.site, number=0, rng=vpc.rng, design="", id=f"{vpc.id[:-1]}z")
    zone_of(elsewhere, f"s3.{vpc.region}.amazonaws.com", {})


@defect("forwarded-name", needs="interfaces", spoils="names interfaces zones tags")
def a_rule_forwards_an_endpoint_s_name(vpc: Built) -> Iterator[Truth]:
    private = vpc.interface()["DnsEntries"][-1]["DnsName"].removeprefix("*.")
    yield found("forwarded-name", _rule(vpc, private))


@near_miss("forwarded-name", needs="interfaces", spoils="names interfaces zones tags")
def a_rule_for_a_wider_domain(vpc: Built) -> None:
    """The endpoint's hidden zone is more specific, and answers."""
    _rule(vpc, vpc.rng.choice(["amazonaws.com", "com", f"{vpc.region}.amazonaws.com"]))


@near_miss("forwarded-name", needs="interfaces", spoils="names interfaces zones tags")
def a_rule_for_the_office(vpc: Built) -> None:
    _rule(vpc, "corp.example.com")


@defect("blocked-name", needs="interfaces", spoils="names interfaces zones tags")
def the_firewall_blocks_a_name(vpc: Built) -> Iterator[Truth]:
    private = vpc.interface()["DnsEntries"][-1]["DnsName"]
    yield found("blocked-name", _firewall(vpc, ("BLOCK", private)))


@defect("blocked-name", needs="gateways", spoils="names interfaces zones tags")
def the_firewall_blocks_all_of_aws(vpc: Built) -> Iterator[Truth]:
    vpc.private_dns_works()
    yield found("blocked-name", _firewall(vpc, ("ALLOW", "*.example.com"), ("BLOCK", "*.amazonaws.com")))


@defect("blocked-name", needs="gateways", spoils="names interfaces zones tags")
def the_firewall_s_garden_has_a_wall(vpc: Built) -> Iterator[Truth]:
    """Everything is blocked but for a list, and AWS is not on it."""
    vpc.private_dns_works()
    yield found("blocked-name", _firewall(vpc, ("ALLOW", "*.corp.example"), ("BLOCK", "*")))


@near_miss("blocked-name", needs="gateways", spoils="names interfaces zones tags")
def the_firewall_allows_before_it_blocks(vpc: Built) -> None:
    _firewall(vpc, ("ALLOW", "*.amazonaws.com"), ("BLOCK", "*"))


@near_miss("blocked-name", needs="gateways", spoils="names interfaces zones tags")
def the_firewall_only_alerts(vpc: Built) -> None:
    _firewall(vpc, ("ALERT", "*.amazonaws.com"), ("BLOCK", "*.example.com"))


@near_miss("blocked-name", needs="gateways", spoils="names interfaces zones tags")
def the_firewall_blocks_the_bare_domain(vpc: Built) -> None:
    """Without a star, the names below it are not meant."""
    _firewall(vpc, ("BLOCK", "amazonaws.com"))


@defect("blocked-name", needs="interfaces", spoils="names interfaces zones tags")
def a_profile_brings_a_firewall(vpc: Built) -> Iterator[Truth]:
    group = _firewall(vpc, ("BLOCK", "*.amazonaws.com"), associate=False)
    arn = f"arn:aws:route53resolver:{vpc.region}:{vpc.site.place.account}:firewall-rule-group/{group}"
    profile_of(vpc, (arn, '{"priority": 102}'))
    yield found("blocked-name", group)


@near_miss("forwarded-name", needs="interfaces", spoils="names interfaces zones tags")
def a_profile_brings_a_rule(vpc: Built) -> None:
    """For the same domain, what the VPC has itself comes before what a Profile brings.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/profiles.html#profiles-priority
    """
    rule = _rule(vpc, vpc.interface()["DnsEntries"][-1]["DnsName"].removeprefix("*."), associate=False)
    profile_of(vpc, (f"arn:aws:route53resolver:{vpc.region}:{vpc.site.place.account}:resolver-rule/{rule}", ""))


@defect("foreign-name-servers", needs="interfaces", spoils="names interfaces zones tags")
def instances_ask_other_name_servers(vpc: Built) -> Iterator[Truth]:
    _name_servers(vpc, "10.250.0.53", "10.250.1.53")
    yield found("foreign-name-servers", vpc.id)


@near_miss("foreign-name-servers", needs="interfaces", spoils="names interfaces zones tags")
def amazon_s_resolver_is_named_by_address(vpc: Built) -> None:
    base_plus_two = str(ipaddress.ip_network(vpc.cidr)[2])
    _name_servers(vpc, vpc.rng.choice(["169.254.169.253", base_plus_two, "AmazonProvidedDNS"]))


@near_miss(
    "foreign-name-servers",
    needs="gateways untagged",
    lacks="interfaces guarded central",
    spoils="names interfaces zones",
)
def other_name_servers_and_no_private_names(vpc: Built) -> None:
    _name_servers(vpc, "10.250.0.53")


# ---- the way --------------------------------------------------------------------------------------------------------


@defect("closed-security-group", needs="interfaces by-hand", spoils="groups interfaces")
def the_group_lets_nobody_in(vpc: Built) -> Iterator[Truth]:
    group = vpc.interfaces[0]["Groups"][0]["GroupId"]
    permissions = vpc.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    vpc.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permissions)
    vpc.let_in(group, vpc.cidr, port=80)
    yield found("closed-security-group", group, "443", vpc.cidr)


@defect("closed-security-group", needs="interfaces", lacks="one-zone", spoils="groups interfaces tags addresses")
def a_second_cidr_came(vpc: Built) -> Iterator[Truth]:
    second = f"10.{vpc.number + 100}.0.0/16"
    vpc.ec2.associate_vpc_cidr_block(VpcId=vpc.id, CidrBlock=second)
    for group in sorted({g["GroupId"] for e in vpc.interfaces for g in e["Groups"]}):
        yield found("closed-security-group", group, "443", second)


@defect(
    "closed-security-group",
    needs="untagged room gateways",
    lacks="interfaces central guarded",
    spoils="groups interfaces zones names tags",
)
def keyspaces_has_a_port_of_its_own(vpc: Built) -> Iterator[Truth]:
    vpc.private_dns_works()
    group = vpc.group(vpc.cidr)
    vpc.by_hand("cassandra", SecurityGroupIds=[group])
    yield found("closed-security-group", group, "9142", vpc.cidr)


@near_miss("closed-security-group", needs="interfaces by-hand", spoils="groups interfaces tables zones acls addresses")
def the_group_lets_each_subnet_in(vpc: Built) -> None:
    _instead(vpc, vpc.group(f"10.{vpc.number}.0.0/24", f"10.{vpc.number}.1.0/24"))


@near_miss("closed-security-group", needs="interfaces by-hand", spoils="groups interfaces")
def the_group_lets_a_group_in(vpc: Built) -> None:
    clients, endpoints = vpc.group(), vpc.group()
    pairs = [{"GroupId": clients}]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pairs}
    vpc.ec2.authorize_security_group_ingress(GroupId=endpoints, IpPermissions=[permission])
    _instead(vpc, endpoints)


@near_miss("closed-security-group", needs="interfaces by-hand", spoils="groups interfaces")
def the_groups_let_the_vpc_in_together(vpc: Built) -> None:
    low, high = ipaddress.ip_network(vpc.cidr).subnets(1)
    _instead(vpc, vpc.group(str(low), last=500), vpc.group(str(high), port=400, last=443))


@defect("default-security-group", needs="interfaces by-hand", spoils="groups interfaces")
def the_group_was_forgotten(vpc: Built) -> Iterator[Truth]:
    default = _default_group(vpc)
    endpoint = vpc.interface()
    vpc.modify(
        endpoint["VpcEndpointId"],
        AddSecurityGroupIds=[default],
        RemoveSecurityGroupIds=[g["GroupId"] for g in endpoint["Groups"]],
    )
    members = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": default}]}
    vpc.ec2.authorize_security_group_ingress(GroupId=default, IpPermissions=[members])
    yield found("default-security-group", default)


@defect("default-security-group", needs="interfaces by-hand", spoils="groups interfaces")
def the_group_was_forgotten_and_is_empty(vpc: Built) -> Iterator[Truth]:
    """Benchmarks tell people to take every rule off the default group."""
    default = _default_group(vpc)
    _instead(vpc, default)
    yield found("default-security-group", default)
    yield found("closed-security-group", default, "443", vpc.cidr)


@defect(
    "closed-network-acl",
    needs="interfaces room",
    lacks="one-zone",
    spoils="acls tables zones addresses interfaces tags",
)
def an_acl_lets_no_answers_back(vpc: Built) -> Iterator[Truth]:
    acl = _acl(vpc, vpc.subnet(*_clients(vpc)))
    _entry(vpc, acl, 100, egress=True, allow=True)
    _entry(vpc, acl, 100, egress=False, allow=True, ports=(0, 1023))
    yield found("closed-network-acl", acl)


@defect(
    "closed-network-acl",
    needs="interfaces room",
    lacks="one-zone",
    spoils="acls tables zones addresses interfaces tags",
)
def an_acl_denies_https(vpc: Built) -> Iterator[Truth]:
    acl = _acl(vpc, vpc.subnet(*_clients(vpc)))
    _entry(vpc, acl, 90, egress=True, allow=False, cidr=vpc.cidr, ports=(443, 443))
    for egress in (True, False):
        _entry(vpc, acl, 100, egress=egress, allow=True)
    yield found("closed-network-acl", acl)


@near_miss(
    "closed-network-acl",
    needs="interfaces room",
    lacks="one-zone",
    spoils="acls tables zones addresses interfaces tags",
)
def an_acl_denies_another_port(vpc: Built) -> None:
    acl = _acl(vpc, vpc.subnet(*_clients(vpc)))
    _entry(vpc, acl, 90, egress=True, allow=False, ports=(22, 22))
    _entry(vpc, acl, 91, egress=False, allow=False, ports=(3389, 3389))
    for egress in (True, False):
        _entry(vpc, acl, 100, egress=egress, allow=True)


@near_miss(
    "closed-network-acl",
    needs="interfaces room",
    lacks="one-zone",
    spoils="acls tables zones addresses interfaces tags",
)
def an_acl_allows_before_it_denies(vpc: Built) -> None:
    acl = _acl(vpc, vpc.subnet(*_clients(vpc)))
    _entry(vpc, acl, 80, egress=True, allow=True, cidr=vpc.cidr)
    _entry(vpc, acl, 80, egress=False, allow=True, cidr=vpc.cidr)
    for egress in (True, False):
        _entry(vpc, acl, 90, egress=egress, allow=False)


# ---- policies -------------------------------------------------------------------------------------------------------


@defect("blocking-policy", needs="ecr.dkr gateways", spoils="policies gateways")
def s3_s_policy_forgets_ecr_s_layers(vpc: Built) -> Iterator[Truth]:
    gateway = vpc.gateway("s3")["VpcEndpointId"]
    _policy(vpc, gateway, Resource=["arn:aws:s3:::our-data", "arn:aws:s3:::our-data/*"])
    yield found("blocking-policy", gateway)


@defect("blocking-policy", needs="ecr.dkr gateways", spoils="policies gateways")
def s3_s_policy_is_for_our_organisation_only(vpc: Built) -> Iterator[Truth]:
    gateway = vpc.gateway("s3")["VpcEndpointId"]
    _policy(vpc, gateway, Condition={"StringEquals": {"aws:ResourceOrgID": "o-example"}})
    yield found("blocking-policy", gateway)


@defect("blocking-policy", needs="interfaces", spoils="policies interfaces")
def a_policy_is_for_another_service(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    _policy(vpc, endpoint, Action="athena:*")
    yield found("blocking-policy", endpoint)


@defect("blocking-policy", needs="interfaces", spoils="policies interfaces")
def a_policy_only_denies(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    _policy(vpc, endpoint, Effect="Deny", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}})
    yield found("blocking-policy", endpoint)


@near_miss("blocking-policy", needs="interfaces", spoils="policies interfaces")
def a_policy_denies_foreign_principals(vpc: Built) -> None:
    condition = {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}
    foreign = everything(Effect="Deny", Condition=condition)["Statement"]
    document = {"Version": "2012-10-17", "Statement": [*everything()["Statement"], *foreign]}
    vpc.modify(vpc.interface()["VpcEndpointId"], PolicyDocument=json.dumps(document))


@near_miss("blocking-policy", needs="sqs", spoils="policies interfaces")
def a_policy_is_for_its_own_service(vpc: Built) -> None:
    endpoint = next(e["VpcEndpointId"] for e in vpc.interfaces if e["ServiceName"] == vpc.service("sqs"))
    _policy(vpc, endpoint, Action=["sqs:SendMessage", "SQS:Receive*"], Resource="arn:aws:sqs:*:*:orders-*")


@defect("blocking-policy", needs="ecr.dkr ec2messages gateways", spoils="policies gateways")
def s3_s_policy_knows_ecr_s_bucket_and_not_patch_manager_s(vpc: Built) -> Iterator[Truth]:
    s3_s_policy_knows_ecr_s_bucket(vpc)
    yield found("blocking-policy", vpc.gateway("s3")["VpcEndpointId"])


@near_miss("blocking-policy", needs="ecr.dkr gateways", lacks="ec2messages", spoils="policies gateways")
def s3_s_policy_knows_ecr_s_bucket(vpc: Built) -> None:
    layers = f"arn:aws:s3:::prod-{vpc.region}-starport-layer-bucket/*"
    document = everything(Condition={"StringEquals": {"aws:ResourceOrgID": "o-example"}})
    document["Statement"] += everything(Action="s3:GetObject", Resource=layers)["Statement"]
    vpc.modify(vpc.gateway("s3")["VpcEndpointId"], PolicyDocument=json.dumps(document))


@defect("unreadable-policy", needs="interfaces", spoils="policies interfaces")
def a_policy_is_no_policy(vpc: Built) -> Iterator[Truth]:
    endpoint = vpc.interface()["VpcEndpointId"]
    texts = ['{"Statement": [', '{"Version": "2012-10-17"}', '{"Statement": [{"Effect": "Maybe", "Principal": "*"}]}']
    vpc.from_behind(endpoint).policy_document = vpc.rng.choice(texts)
    yield found("unreadable-policy", endpoint)


@near_miss("open-policy", needs="gateways", lacks="ecr.dkr shared", spoils="policies interfaces gateways")
def every_policy_is_for_our_organisation(vpc: Built) -> None:
    """Where ECR is, its layers are somebody else's: AWS's."""
    endpoints = vpc.endpoints
    has_ecr = any(_short(vpc, e) == "ecr.dkr" for e in endpoints)
    layers = everything(Action="s3:GetObject", Resource="arn:aws:s3:::*")["Statement"]
    for endpoint in endpoints:
        document = everything(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-example"}})
        document["Statement"] += layers if has_ecr and endpoint["VpcEndpointType"] == "Gateway" else []
        vpc.modify(endpoint["VpcEndpointId"], PolicyDocument=json.dumps(document))


# ---- room -----------------------------------------------------------------------------------------------------------


@defect("address-headroom", needs="interfaces by-hand room", spoils="addresses zones tables acls interfaces")
def an_endpoint_s_subnet_is_nearly_full(vpc: Built) -> Iterator[Truth]:
    small = vpc.subnet("a", 220, size=28)
    endpoint = vpc.interface()["VpcEndpointId"]
    vpc.modify(endpoint, RemoveSubnetIds=[vpc.subnets["a"]])
    vpc.modify(endpoint, AddSubnetIds=[small])
    vpc.workload(small, count=4)
    yield found("address-headroom", small)


@near_miss("address-headroom", needs="interfaces by-hand room", spoils="addresses tables acls zones")
def a_full_subnet_has_no_endpoints(vpc: Built) -> None:
    vpc.workload(vpc.subnet("a", 221, size=28), count=11)


@defect("quota-headroom", needs="interfaces by-hand room", spoils=ALL)
def forty_endpoints_of_fifty(vpc: Built) -> Iterator[Truth]:
    _many(vpc, 40)
    yield found("quota-headroom", vpc.id)


@near_miss("quota-headroom", needs="interfaces by-hand room", spoils=ALL)
def thirty_endpoints_of_fifty(vpc: Built) -> None:
    _many(vpc, 30)


# ---- what several of them do ----------------------------------------------------------------------------------------


def _many(vpc: Built, count: int) -> None:
    """So many interface endpoints, all behind one group."""
    group = vpc.interfaces[0]["Groups"][0]["GroupId"]
    there, usual = {e["ServiceName"] for e in vpc.endpoints}, vpc.service("")
    names = sorted(
        o.service.removeprefix(usual)
        for o in vpc.site.catalog.offers
        if o.private_dns_names and o.service.startswith(usual) and o.service not in there
    )
    others = [n for n in names if ports_of(n) == (443,)]
    for name in others[: count - len(vpc.interfaces)]:
        vpc.by_hand(name, SecurityGroupIds=[group])


def _short(vpc: Built, endpoint: Any) -> str:
    return str(endpoint["ServiceName"].split(f"{vpc.region}.")[1])


def _wanted(vpc: Built) -> list[str]:
    """Interface services of the profile that vpce itself keeps."""
    profile = PROFILES[vpc.tags["endpoint-profile"].strip().lower()]
    return [s for s in profile.interface if s in {_short(vpc, e) for e in _ours(vpc)}]


def _ours(vpc: Built) -> list[Any]:
    return [e for e in vpc.interfaces if any(t["Key"] == "vpce:managed-by" for t in e["Tags"])]


def _offered_in_zone_c(vpc: Built, endpoints: Iterable[Any]) -> list[Any]:
    return [e for e in endpoints if _short(vpc, e) not in NOT_IN_ZONE_C]


def _our_group(vpc: Built) -> str:
    return str(_ours(vpc)[0]["Groups"][0]["GroupId"])


def _default_group(vpc: Built) -> str:
    """The VPC's; moto leaves its members' rule out."""
    groups = vpc.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["SecurityGroups"]
    return next(str(g["GroupId"]) for g in groups if g["GroupName"] == "default")


def _ipv6(vpc: Built) -> list[str]:
    associations = vpc.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0].get("Ipv6CidrBlockAssociationSet", [])
    return [str(a["Ipv6CidrBlock"]) for a in associations]


def _with_a_dead_route(vpc: Built, *, subnet: bool) -> str:
    """A table that leads to a peering which is gone; both gateways are on it."""
    table = vpc.table(*([vpc.subnet("b", 152)] if subnet else []))
    for gateway in vpc.gateways:
        vpc.modify(gateway["VpcEndpointId"], AddRouteTableIds=[table])
    peering = vpc.ec2.create_vpc_peering_connection(VpcId=vpc.id, PeerVpcId=vpc.id)["VpcPeeringConnection"]
    connection = str(peering["VpcPeeringConnectionId"])
    vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock="172.31.0.0/16", VpcPeeringConnectionId=connection)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    route = next(r for r in vpc.site.backend.route_tables[table].routes if r.destination_cidr_block == "172.31.0.0/16")
    route.__class__ = type("DeadRoute", (type(route),), {"state": "blackhole"})  # moto's are active for ever
    return table


def _nat_gateway(vpc: Built) -> str:
    subnet = vpc.rng.choice(list(vpc.subnets.values()))
    made = vpc.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]
    return str(made["NatGatewayId"])


def _rule(vpc: Built, domain: str, kind: str = "FORWARD", *, associate: bool = True) -> str:
    """A Resolver rule, on the VPC unless said otherwise."""
    client = vpc.site.client("route53resolver")
    targets = {"TargetIps": [{"Ip": "10.250.0.53", "Port": 53}]} if kind == "FORWARD" else {}
    made = client.create_resolver_rule(
        CreatorRequestId=f"{vpc.id} {domain}", Name="rule", RuleType=kind, DomainName=domain, **targets
    )
    rule = str(made["ResolverRule"]["Id"])
    if associate:
        client.associate_resolver_rule(ResolverRuleId=rule, VPCId=vpc.id, Name=f"on-{vpc.id}")
    return rule


def _firewall(vpc: Built, *rules: tuple[str, str], associate: bool = True) -> str:
    """A group of DNS Firewall rules on the VPC: (action, domain), asked in this order."""
    client, group = vpc.site.client("route53resolver"), ""
    token = f"{vpc.id}-{len(vpc.truths)}"
    group = str(client.create_firewall_rule_group(CreatorRequestId=token, Name="names")["FirewallRuleGroup"]["Id"])
    for priority, (action, domain) in enumerate(rules, start=1):
        made = client.create_firewall_domain_list(CreatorRequestId=f"{token}-{priority}", Name=f"list-{priority}")
        domains = made["FirewallDomainList"]["Id"]
        client.update_firewall_domains(FirewallDomainListId=domains, Operation="ADD", Domains=[domain])
        client.create_firewall_rule(
            CreatorRequestId=f"{token}-{priority}",
            FirewallRuleGroupId=group,
            FirewallDomainListId=domains,
            Priority=priority,
            Action=action,
            Name=f"rule-{priority}",
            **({"BlockResponse": "NXDOMAIN"} if action == "BLOCK" else {}),
        )
    if associate:
        client.associate_firewall_rule_group(
            CreatorRequestId=token, FirewallRuleGroupId=group, VpcId=vpc.id, Priority=101, Name="names"
        )
    return group


def _name_servers(vpc: Built, *servers: str) -> None:
    made = vpc.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name-servers", "Values": list(servers)}])
    vpc.ec2.associate_dhcp_options(DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"], VpcId=vpc.id)


def _instead(vpc: Built, *groups: str) -> None:
    """These groups in front of every endpoint, in place of what is there."""
    for endpoint in vpc.interfaces:
        vpc.modify(
            endpoint["VpcEndpointId"],
            AddSecurityGroupIds=list(groups),
            RemoveSecurityGroupIds=[g["GroupId"] for g in endpoint["Groups"]],
        )


def _clients(vpc: Built) -> tuple[str, int]:
    """A second subnet in a zone: whoever lives there leaves it on the way to the endpoint."""
    return vpc.rng.choice("ab"), 170


def _acl(vpc: Built, subnet: str) -> str:
    """A network ACL without entries on a subnet."""
    acl = str(vpc.ec2.create_network_acl(VpcId=vpc.id)["NetworkAcl"]["NetworkAclId"])
    before = vpc.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    association = next(
        a["NetworkAclAssociationId"] for a in before["NetworkAcls"][0]["Associations"] if a["SubnetId"] == subnet
    )
    vpc.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    return acl


def _entry(
    vpc: Built,
    acl: str,
    number: int,
    *,
    egress: bool,
    allow: bool,
    cidr: str = "0.0.0.0/0",
    ports: tuple[int, int] | None = None,
) -> None:
    vpc.ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=number,
        Protocol="6" if ports else "-1",
        RuleAction="allow" if allow else "deny",
        Egress=egress,
        CidrBlock=cidr,
        **({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}),
    )


def _policy(vpc: Built, endpoint: str, **changes: Any) -> None:
    vpc.modify(endpoint, PolicyDocument=json.dumps(everything(**changes)))

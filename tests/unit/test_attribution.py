"""Whose bytes? Each rule of the join alone, what must never be guessed, and whole logs whose truth is known."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import traffic
from tests.factories import a_catalog, an_offer
from vpce.core.attribution import (
    ANOTHER_TIME,
    ANOTHER_VPC,
    AWS,
    NAMES_KEPT,
    NO_ADDRESS,
    NOT_IN_VPC,
    OTHER,
    SEEN_TWICE,
    TOGETHER,
    Attribution,
    Names,
    Range,
    Ranges,
    read_ranges,
)
from vpce.core.evidence import QUERY_LOG, Source, Usage
from vpce.core.flowlog import Flow, read_flows
from vpce.core.model import Catalog, Kind
from vpce.core.querylog import Query, read_queries

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.traffic import Traffic
    from vpce.core.evidence import Evidence

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=14)
START = int(SINCE.timestamp())
CLIENT, OTHER_CLIENT, PEER = "10.0.0.5", "10.0.0.6", "52.94.1.1"
SQS, SNS = "sqs.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com"
ECR = an_offer("ecr.dkr", private_dns_names=("*.dkr.ecr.eu-west-1.amazonaws.com",))
NAMES = Names(a_catalog(ECR))
RANGES = Ranges([
    ("52.94.0.0/16", "eu-west-1", "AMAZON"), ("52.218.0.0/17", "eu-west-1", "AMAZON"),
    ("52.218.0.0/17", "eu-west-1", "S3"), ("52.219.0.0/17", "us-east-1", "S3"), ("3.248.0.0/13", "eu-west-1", "EC2"),
])  # fmt: skip
S3_ADDRESS, S3_ELSEWHERE, INSTANCE, INTERNET = "52.218.1.1", "52.219.1.1", "3.250.1.1", "93.184.215.14"


def an_attribution(ranges: Ranges = RANGES, **changes: Any) -> Attribution:
    options: dict[str, Any] = {"vpc_cidrs": ("10.0.0.0/16", "2600:1f18:7:1a00::/56")}
    return Attribution("vpc-1", SINCE, UNTIL, NAMES, ranges, **(options | changes))


def a_query(name: str = SQS, *addresses: str, client: str = CLIENT, at: float = 0, **changes: Any) -> Query:
    values: dict[str, Any] = {
        "time": START + at, "vpc": "vpc-1", "client": client, "name": name, "type": "A", "rcode": "NOERROR",
        "addresses": addresses or (PEER,), "aliases": (),
    }  # fmt: skip
    return Query(**(values | changes))


def a_flow(source: str = CLIENT, destination: str = PEER, size: int = 1000, at: int = 60, **changes: Any) -> Flow:
    values: dict[str, Any] = {
        "interface": "eni-1", "source": source, "destination": destination, "source_port": "40000",
        "destination_port": "443", "bytes": size, "start": START + at, "end": START + at + 50, "vpc": "vpc-1",
        "source_service": "-", "destination_service": "-", "direction": "", "path": "", "hop_source": source,
        "hop_destination": destination,
    }  # fmt: skip
    return Flow(**(values | changes))


def an_answer(source: str = PEER, destination: str = CLIENT, size: int = 5000, **changes: Any) -> Flow:
    return a_flow(source, destination, size, **({"source_port": "443", "destination_port": "40000"} | changes))


def evidence(*records: Query | Flow, **options: Any) -> Evidence:
    attribution = an_attribution(**options)
    for record in records:
        why = attribution.query(record) if isinstance(record, Query) else attribution.flow(record)
        assert why == ""
    return attribution.evidence(())


def sums(*records: Query | Flow, **options: Any) -> dict[str, int]:
    """Bytes by service; ``*`` and empty for AWS's and for others'."""
    found = evidence(*records, **options)
    rest = {AWS: found.aws_bytes, OTHER: found.other_bytes}
    return {u.service: u.bytes for u in found.services if u.bytes} | {k: n for k, n in rest.items() if n}


def test_a_flow_belongs_to_the_name_that_its_client_got_the_address_for() -> None:
    found = evidence(a_query(), a_flow(), an_answer())

    assert found.services == (Usage(service="sqs", names=(SQS,), clients=(CLIENT,), lookups=1, outside=6000),)
    assert (found.aws_bytes, found.other_bytes, found.gaps) == (0, 0, ())


def test_a_service_that_was_asked_for_and_never_called_is_there() -> None:
    assert evidence(a_query(rcode="NXDOMAIN")).services == (
        Usage(service="sqs", names=(SQS,), clients=(CLIENT,), lookups=1),
    )


def test_an_answer_holds_for_the_rest_of_the_time() -> None:
    assert sums(a_query(), a_flow(at=13 * 86400)) == {"sqs": 1000}


def test_the_last_service_that_got_an_address_has_it() -> None:
    later = 5 * 3600
    records: list[Query | Flow] = [a_query(), a_query(SNS, at=later), a_flow(at=60), a_flow(at=later + 60, size=7)]

    assert sums(*records) == {"sqs": 1000, "sns": 7}


@pytest.mark.parametrize(
    ("apart", "expected"), [(1, {AWS: 1000}), (TOGETHER, {AWS: 1000}), (TOGETHER + 1, {"sns": 1000})]
)
def test_services_that_got_one_address_at_about_the_same_time_are_not_guessed(
    apart: int, expected: dict[str, int]
) -> None:
    assert sums(a_query(), a_query(SNS, at=apart), a_flow(at=86400)) == expected


def test_bytes_that_nobody_can_tell_apart_are_told() -> None:
    queries = (a_query(), a_query(SNS), a_query(SQS, S3_ADDRESS), a_query(SNS, S3_ADDRESS))
    (gap,) = evidence(*queries, a_flow(size=12345), a_flow(destination=S3_ADDRESS)).gaps

    assert gap.startswith("12,345 bytes went to addresses that several services' names led to at about the same time")


def test_what_somebody_else_got_the_address_for_counts_for_who_did_not_ask() -> None:
    assert sums(a_query(client=OTHER_CLIENT), a_flow()) == {"sqs": 1000}


def test_but_not_where_people_got_it_for_several_services() -> None:
    days = 3 * 86400
    assert sums(a_query(client=OTHER_CLIENT), a_query(SNS, client="10.0.0.7", at=days), a_flow()) == {AWS: 1000}


def test_what_was_asked_for_after_the_time_is_forgotten() -> None:
    attribution = an_attribution(skew=60)
    attribution.query(a_query())

    assert attribution.query(a_query(SNS, at=14 * 86400 + 60)) == ANOTHER_TIME
    attribution.flow(a_flow(source=OTHER_CLIENT))
    assert [(u.service, u.bytes) for u in attribution.evidence(()).services] == [("sqs", 1000)]


def test_of_very_many_names_the_first_are_told() -> None:
    queries = [a_query(f"bucket-{n:03}.s3.eu-west-1.amazonaws.com", S3_ADDRESS) for n in range(3 * NAMES_KEPT)]
    (usage,) = evidence(*queries).services

    assert (len(usage.names), usage.lookups) == (NAMES_KEPT, 3 * NAMES_KEPT)


def test_clocks_may_differ_by_the_skew_and_no_more() -> None:
    attribution = an_attribution(skew=60)
    for query in (a_query(SNS, at=0), a_query(SQS, at=5000 + 50 + 60), a_query(SQS, "52.94.9.9", at=5000 + 50 + 61)):
        attribution.query(query)
    attribution.query(a_query(SNS, "52.94.9.9", at=0))
    attribution.flow(a_flow(at=5000))
    attribution.flow(a_flow(destination="52.94.9.9", at=5000, size=7))
    assert {u.service: u.bytes for u in attribution.evidence(()).services} == {"sqs": 1000, "sns": 7}


def test_answers_of_before_are_remembered_and_not_counted() -> None:
    attribution = an_attribution()

    assert attribution.query(a_query(at=-3600)) == ANOTHER_TIME
    assert attribution.flow(a_flow()) == ""
    assert attribution.evidence(()).services == (Usage(service="sqs", clients=(CLIENT,), outside=1000),)


@pytest.mark.parametrize(
    ("flow", "why"),
    [
        (a_flow(vpc="vpc-2"), ANOTHER_VPC),
        (a_flow(at=-1), ANOTHER_TIME),
        (a_flow(at=14 * 86400), ANOTHER_TIME),
        (a_flow(source="10.1.0.5"), NOT_IN_VPC),
        (a_flow(destination="52.94.1"), NO_ADDRESS),
        (a_flow(interface="eni-nat"), SEEN_TWICE),
        (a_flow(direction="ingress"), SEEN_TWICE),
        (a_flow(at=14 * 86400 - 1), ""),
        (a_flow(vpc=""), ""),
        (a_flow(destination="10.0.0.9", direction="ingress"), ""),
    ],
)
def test_a_flow_that_does_not_count_says_why(flow: Flow, why: str) -> None:
    attribution = an_attribution(skip_interfaces=("eni-nat",))

    assert attribution.flow(flow) == why
    found = attribution.evidence(())
    assert found.aws_bytes + found.other_bytes == (1000 if not why and flow.destination == PEER else 0)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (a_query(vpc="vpc-2"), ANOTHER_VPC),
        (a_query(client="192.168.7.7"), NOT_IN_VPC),
        (a_query(at=15 * 86400), ANOTHER_TIME),
        (a_query(vpc=""), ""),
    ],
)
def test_a_query_that_does_not_count_says_why(query: Query, why: str) -> None:
    attribution = an_attribution()

    assert attribution.query(query) == why
    assert sum(u.lookups for u in attribution.evidence(()).services) == (not why)


def test_the_address_of_an_endpoint_is_its_service_whoever_asked() -> None:
    records = [a_flow(destination="10.0.9.9"), an_answer(source="10.0.9.9")]

    (usage,) = evidence(*records, endpoint_addresses={"10.0.9.9": "kms"}).services
    assert usage == Usage(service="kms", clients=(CLIENT,), inside=6000)


def test_the_own_name_of_an_endpoint_is_a_lookup_of_its_service() -> None:
    query = a_query("vpce-0a-1.sqs.eu-west-1.vpce.amazonaws.com", "10.0.9.9")

    assert [(u.service, u.lookups) for u in evidence(query, endpoint_addresses={"10.0.9.9": "sqs"}).services] == [
        ("sqs", 1)
    ]


@pytest.mark.parametrize("address", ["10.9.0.7", "10.0.9.9"])
def test_a_private_answer_leads_to_an_endpoint_elsewhere_or_to_one_that_is_gone(address: str) -> None:
    (usage,) = evidence(a_query(SQS, address), a_flow(destination=address), an_answer(source=address)).services

    assert (usage.inside, usage.outside) == (6000, 0)


def test_neighbours_are_nobodys_traffic() -> None:
    assert (
        sums(a_query("db.example.internal", "10.0.0.9"), a_flow(destination="10.0.0.9"), a_flow(destination="10.0.0.8"))
        == {}
    )


def test_a_nat_gateway_that_nobody_named_is_known_by_its_records() -> None:
    nat = "10.0.0.220"
    records = [
        a_flow(), an_answer(),
        # The NAT gateway's own: first those that look like a client's.
        a_flow(source=nat, interface="eni-nat"), an_answer(destination=nat, interface="eni-nat"),
    ]  # fmt: skip
    attribution = an_attribution()
    attribution.query(a_query())
    assert [attribution.flow(r) for r in records] == [""] * 4
    assert attribution.flow(a_flow(interface="eni-nat", hop_destination=nat)) == SEEN_TWICE
    assert attribution.flow(an_answer(interface="eni-nat", hop_source=nat)) == SEEN_TWICE

    assert attribution.evidence(()).services == (
        Usage(service="sqs", names=(SQS,), clients=(CLIENT,), lookups=1, outside=6000),
    )


SPOKE = "10.7.0.5"


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (a_flow(SPOKE, INTERNET, interface="eni-tgw"), True),
        (an_answer(INTERNET, SPOKE, interface="eni-tgw"), True),
        (a_flow(SPOKE, INTERNET, interface="eni-nat", hop_destination="10.0.0.220"), True),
        (a_flow(SPOKE, "10.0.0.220", interface="eni-nat"), False),
        (a_flow("10.0.0.220", INTERNET, interface="eni-nat"), False),
        (a_flow(CLIENT, INTERNET, interface="eni-nat", hop_destination="10.0.0.220"), False),
        (a_flow(CLIENT, SPOKE, interface="eni-tgw"), False),
    ],
)
def test_a_way_out_for_other_networks_is_told(flow: Flow, expected: bool) -> None:  # noqa: FBT001
    attribution = an_attribution(skip_interfaces=("eni-nat", "eni-tgw"))

    assert attribution.flow(flow) == SEEN_TWICE
    found = attribution.evidence(())
    assert found.serves_others is expected
    assert found.gaps == (("other networks reach public addresses through this VPC; that is in no sum",) * expected)


def test_a_pod_behind_the_address_of_its_node_is_a_client() -> None:
    (usage,) = evidence(a_query(client="10.0.0.77"), a_flow(source="10.0.0.77", hop_source=CLIENT)).services

    assert usage.clients == ("10.0.0.77",)


def test_own_names_that_lead_to_a_service_are_its_lookups() -> None:
    query = a_query("files.example.com", S3_ADDRESS, aliases=("files.s3.eu-west-1.amazonaws.com",))

    assert [(u.service, u.names, u.bytes) for u in evidence(query, a_flow(destination=S3_ADDRESS)).services] == [
        ("s3", ("files.example.com",), 1000)
    ]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (a_flow(destination=S3_ADDRESS), "s3"),
        (a_flow(destination=S3_ELSEWHERE, destination_service="S3"), AWS),
        (a_flow(destination="99.77.1.1", destination_service="S3"), "s3"),
        (a_flow(destination="99.77.1.1", destination_service="DYNAMODB"), "dynamodb"),
        (an_answer(source="99.77.1.1", source_service="S3", destination_service="-"), "s3"),
        (a_flow(destination="99.77.1.1", destination_service="AMAZON"), AWS),
        (a_flow(destination=PEER), AWS),
        (a_flow(destination=INSTANCE), AWS),
        (a_flow(destination=INTERNET), OTHER),
        (a_flow(destination=INSTANCE, source_port="443", destination_port="50000"), OTHER),
        (an_answer(source=INSTANCE, source_port="50000", destination_port="443"), OTHER),
    ],
)
def test_without_a_name_the_address_tells_what_is_published(flow: Flow, expected: str) -> None:
    assert sums(flow) == {expected: flow.bytes}


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("api.partner.example", INSTANCE, OTHER),
        ("files.example.com", S3_ADDRESS, "s3"),
        ("sqs.us-east-1.amazonaws.com", "52.46.1.1", AWS),
        ("web-1.eu-west-1.elb.amazonaws.com", INSTANCE, OTHER),
        ("bucket.s3.amazonaws.com", S3_ADDRESS, "s3"),
        ("bucket.s3.amazonaws.com", S3_ELSEWHERE, AWS),
        (SQS, INTERNET, "sqs"),
    ],
)
def test_a_name_tells_more_than_an_address_but_for_s3(name: str, address: str, expected: str) -> None:
    assert sums(a_query(name, address), a_flow(destination=address)) == {expected: 1000}


def test_names_without_an_endpoint_service_are_told() -> None:
    (gap,) = evidence(a_query("sqs.us-east-1.amazonaws.com"), a_query("iot.us-east-1.amazonaws.com")).gaps

    assert gap == (
        "2 lookups were of names of AWS that no endpoint service of eu-west-1 has, for instance "
        "iot.us-east-1.amazonaws.com, sqs.us-east-1.amazonaws.com"
    )


def s3(*records: Flow, **options: Any) -> tuple[int, int, int]:
    """Bytes (outside, of them direct, by the gateway endpoint)."""
    (usage,) = evidence(*records, **options).services
    return usage.outside, usage.direct, usage.gateway


TO_S3, FROM_S3 = a_flow(destination=S3_ADDRESS), an_answer(source=S3_ADDRESS)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("1", (6000, 0, 0)), ("7", (0, 0, 6000)), ("8", (6000, 6000, 0)), ("2", (6000, 0, 0)), ("3", (6000, 6000, 0))],
)
def test_answers_went_the_way_of_the_requests(path: str, expected: tuple[int, int, int]) -> None:
    assert s3(FROM_S3, TO_S3._replace(path=path)) == expected


def test_answers_are_shared_out_where_requests_went_two_ways() -> None:
    requests = [TO_S3._replace(path="7", bytes=300), TO_S3._replace(path="1", bytes=100)]

    assert s3(*requests, FROM_S3._replace(bytes=1001)) == (100 + 251, 0, 300 + 750)


def test_without_a_traffic_path_the_gateway_endpoint_has_it_all_or_nothing() -> None:
    assert s3(TO_S3, FROM_S3, gateways=("s3",)) == (0, 0, 6000)
    assert s3(TO_S3, FROM_S3) == (6000, 0, 0)


def test_but_for_subnets_without_a_route_there() -> None:
    lacking = {"s3": ("10.0.0.0/24", "2600:1f18:7:1a01::/64")}

    assert s3(TO_S3, FROM_S3, gateways=("s3",), lacking=lacking) == (6000, 0, 0)
    elsewhere = TO_S3._replace(source="10.0.1.5", hop_source="10.0.1.5")
    assert s3(elsewhere, gateways=("s3",), lacking=lacking) == (0, 0, 1000)
    assert s3(TO_S3._replace(path="7"), FROM_S3, gateways=("s3",), lacking=lacking) == (0, 0, 6000)  # the path knows


def test_what_visitors_of_a_web_server_send_is_no_nat_gateways() -> None:
    visit = a_flow(INTERNET, CLIENT, 700, source_port="50000", destination_port="443", direction="ingress")
    served = a_flow(CLIENT, INTERNET, 5000, source_port="443", destination_port="50000", direction="egress", path="8")
    asked = a_flow(OTHER_CLIENT, INTERNET, 90, interface="eni-2", direction="egress", path="1")
    told = an_answer(INTERNET, OTHER_CLIENT, 10, interface="eni-2", direction="ingress")
    found = evidence(visit, served, asked, told, a_flow(destination=PEER, size=3, path="8"))

    assert (found.other_bytes, found.other_direct) == (5800, 5700)
    assert (found.aws_bytes, found.aws_direct) == (3, 3)
    assert evidence(visit).other_direct == 0  # which way the answers go is not known


@pytest.mark.parametrize("path", ["", "1", "8"])
def test_no_nat_gateway_is_paid_for_ipv6_unless_it_translates(path: str) -> None:
    client, six, translated = "2600:1f18:7:1a01::10", "2a05:d018:0:0::0:1", "64:ff9b::345e:0101"
    (usage,) = evidence(
        a_query(SQS, "2A05:D018::1", "64:ff9b::345e:101", client=client, type="AAAA"),
        a_flow(client, six, path=path),
        an_answer(six, client),
        a_flow(client, translated, size=7, path=path),
    ).services

    assert usage == Usage(service="sqs", names=(SQS,), clients=(client,), lookups=1, outside=6007, direct=6000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (SQS, "sqs"),
        (f"x.{SQS}", AWS),
        ("mysqs.eu-west-1.amazonaws.com", AWS),
        ("1.dkr.ecr.eu-west-1.amazonaws.com", "ecr.dkr"),
        ("a.b.dkr.ecr.eu-west-1.amazonaws.com", "ecr.dkr"),
        ("dkr.ecr.eu-west-1.amazonaws.com", AWS),
        ("s3.eu-west-1.amazonaws.com", "s3"),
        ("b.s3.dualstack.eu-west-1.amazonaws.com", "s3"),
        ("1.ddb.eu-west-1.amazonaws.com", "dynamodb"),
        ("sqs.eu-west-1.api.aws", AWS),
        ("ec2-3-250-1-1.eu-west-1.compute.amazonaws.com", OTHER),
        ("web-1.elb.us-east-1.amazonaws.com", OTHER),
        ("db.c1.eu-west-1.rds.amazonaws.com", OTHER),
        ("rds.us-east-1.amazonaws.com", AWS),
        (f"{SQS}.example.com", OTHER),
        ("notamazonaws.com", OTHER),
        ("", OTHER),
    ],
)
def test_names_are_those_of_the_catalog(name: str, expected: str) -> None:
    assert NAMES.service(name) == expected


def test_directory_buckets_and_streams_have_services_of_their_own_where_the_region_has_them() -> None:
    offers = (an_offer("s3express", Kind.GATEWAY), an_offer("dynamodb-streams", private_dns_names=()))
    asked = (
        "b--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com",
        "b--euw1-az1--x-s3.s3express-euw1-az1.dualstack.eu-west-1.amazonaws.com",
        "s3express-control.eu-west-1.amazonaws.com",
        "streams.dynamodb.eu-west-1.amazonaws.com",
        "b.s3.eu-west-1.amazonaws.com",
    )
    names = Names(a_catalog(*offers))

    assert [names.service(n) for n in asked] == [*["s3express"] * 3, "dynamodb-streams", "s3"]
    assert [NAMES.service(n) for n in asked] == [*[AWS] * 4, "s3"]


def test_a_full_name_decides_before_a_wildcard_and_the_longest_wildcard_before_others() -> None:
    offers = [
        an_offer("wide", private_dns_names=("*.x.aws.dev",)),
        an_offer("narrow", private_dns_names=("*.y.x.aws.dev",)),
        an_offer("exact", private_dns_names=("a.y.x.aws.dev",)),
    ]
    names = Names(Catalog(region="eu-west-1", offers=tuple(offers)))

    assert [names.service(n) for n in ("a.y.x.aws.dev", "b.y.x.aws.dev", "b.x.aws.dev")] == ["exact", "narrow", "wide"]


def test_of_two_services_with_one_short_name_the_second_has_its_full_one() -> None:
    offers = tuple(
        an_offer("sqs", service=full, private_dns_names=(host,))
        for full, host in (("com.amazonaws.eu-west-1.sqs", SQS), ("aws.api.eu-west-1.sqs", "sqs.api.aws"))
    )
    names = Names(Catalog(region="eu-west-1", offers=offers))

    assert (names.service(SQS), names.service("sqs.api.aws")) == ("sqs", "aws.api.eu-west-1.sqs")


def test_ranges_are_read_as_aws_publishes_them() -> None:
    ranges = read_ranges(traffic.ip_ranges())

    assert ranges.date == "2026-11-01-00-00-00"
    assert ranges.of("52.94.24.9") == Range("eu-west-1", frozenset({"AMAZON", "DYNAMODB"}))
    assert ranges.of("52.94.23.255") == ranges.of("52.94.26.0") == Range("eu-west-1", frozenset({"AMAZON"}))
    assert ranges.of("2a05:d018::1") == Range("eu-west-1", frozenset({"AMAZON"}))
    assert ranges.of("8.8.8.8") is ranges.of("255.255.255.255") is ranges.of("2001:db8::1") is None
    assert ranges
    assert not Ranges()


def test_a_range_that_is_of_a_region_and_global_is_of_the_region() -> None:
    ranges = Ranges([("52.0.0.0/8", "GLOBAL", "AMAZON"), ("52.0.0.0/8", "us-west-2", "S3")])

    assert ranges.of("52.1.1.1") == Range("us-west-2", frozenset({"AMAZON", "S3"}))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"prefixes": []}', '{"prefixes": [{"ip_prefix": "x"}], "ipv6_prefixes": []}', "<html>",
             '{"prefixes": [{"ip_prefix": "1.2.3.4/40", "region": "x", "service": "S3"}], "ipv6_prefixes": []}']
)  # fmt: skip
def test_what_is_no_ip_ranges_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no ip-ranges\.json as AWS publishes it"):
        read_ranges(text)


@st.composite
def prefixes(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """CIDRs of 10.0.0.0/24, some in others."""
    found = []
    for length, at, code in draw(st.lists(st.tuples(st.integers(24, 32), st.integers(0, 255), st.sampled_from("ABC")))):
        step = 1 << (32 - length)
        found.append((f"10.0.0.{at // step * step}/{length}", "r", code))
    return found


@given(prefixes(), st.integers(0, 255))
def test_an_address_has_the_codes_of_all_ranges_that_it_is_in(found: list[tuple[str, str, str]], last: int) -> None:
    import ipaddress

    address = f"10.0.0.{last}"
    codes = {code for cidr, _, code in found if ipaddress.ip_address(address) in ipaddress.ip_network(cidr)}
    there = Ranges(found).of(address)

    assert (there.codes if there else set()) == codes


def attributed(made: Traffic, *, with_queries: bool = True, **changes: Any) -> Evidence:
    options: dict[str, Any] = {
        "vpc_cidrs": traffic.CIDRS, "endpoint_addresses": made.endpoint_addresses,
        "skip_interfaces": made.skip_interfaces, "gateways": made.gateways,
    }  # fmt: skip
    attribution = Attribution(
        traffic.VPC, traffic.SINCE, made.until, Names(made.catalog), read_ranges(made.ip_ranges), **(options | changes)
    )
    skipped: Counter[str] = Counter()
    with made.query_log.open() as lines:
        records = sum(not attribution.query(q) for q in read_queries(lines, skipped) if with_queries)
    with made.flow_log.open() as lines:
        for flow in read_flows(lines, None, skipped):
            attribution.flow(flow)
    return attribution.evidence([Source(kind=QUERY_LOG, where="a file", records=records)])


@pytest.mark.parametrize(("seed", "format_"), [*product((1, 2), ("default", "custom"))])
def test_all_that_can_be_known_of_a_vpcs_logs_is_told_to_the_byte(tmp_path: Path, seed: int, format_: str) -> None:
    made = traffic.write_traffic(tmp_path, seed=seed, records=20_000, format_=format_, compressed=False, keeps=False)
    found = attributed(made)

    told = {
        u.service: traffic.Truth(set(u.clients), u.lookups, u.outside, u.inside, u.gateway, u.direct)
        for u in found.services
    }
    assert told == made.services
    assert (found.aws_bytes, found.other_bytes) == (made.aws_bytes, made.other_bytes)
    assert found.has_names


def test_a_custom_format_needs_nobody_to_name_the_nat_gateways(tmp_path: Path) -> None:
    made = traffic.write_traffic(tmp_path, seed=3, records=20_000, format_="custom", compressed=False)

    assert attributed(made, skip_interfaces=()).services == attributed(made).services


def test_without_query_logs_only_what_is_published_is_told(tmp_path: Path) -> None:
    made = traffic.write_traffic(tmp_path, seed=4, records=20_000, format_="default", compressed=False)
    found = attributed(made, with_queries=False)

    inside = {*made.endpoint_addresses.values()}
    assert {u.service: u.bytes for u in found.services} == {
        s: t.outside + t.inside + t.gateway for s, t in made.services.items() if s in inside | {"s3", "dynamodb"}
    }
    assert found.aws_bytes + found.other_bytes == made.aws_bytes + made.other_bytes + sum(
        t.outside for s, t in made.services.items() if s not in inside | {"s3", "dynamodb"}
    )


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(rng: Any) -> None:
    queries: list[Query] = [
        a_query(n, p, client=c, at=t)
        for n, p, c, t in product((SQS, SNS), (PEER, "52.94.7.7"), (CLIENT, OTHER_CLIENT), (0, 5000))
    ]
    flows: list[Flow] = [
        a_flow(c, p, at=t, path=path)
        for c, p, t, path in product((CLIENT, OTHER_CLIENT), (PEER, "52.94.7.7", S3_ADDRESS), (100, 9000), "178")
    ]
    expected = evidence(*queries, *flows)
    rng.shuffle(queries)
    rng.shuffle(flows)

    assert evidence(*queries, *flows) == expected


CLIENTS = ("10.0.0.5", "10.0.0.6", "2600:1f18:7:1a01::10")
FAR = (PEER, "52.94.1.2", S3_ADDRESS, S3_ELSEWHERE, INSTANCE, INTERNET, "64:ff9b::1.2.3.4", "2a05:d018::7", "10.0.9.9")
WORLD_QUERIES = st.builds(
    lambda name, client, address, at: a_query(name, address, client=client, at=at),
    st.sampled_from((SQS, SNS, "b.s3.amazonaws.com", "x.us-east-1.amazonaws.com", "example.com")),
    st.sampled_from(CLIENTS),
    st.sampled_from(FAR),
    st.integers(-10_000, 10_000),
)
WORLD_FLOWS = st.builds(
    lambda client, peer, leaves, size, at, path: (
        a_flow(client, peer, size, at, path=path) if leaves else an_answer(peer, client, size, at=at)
    ),
    st.sampled_from(CLIENTS),
    st.sampled_from(FAR),
    st.booleans(),
    st.integers(0, 10**9),
    st.integers(0, 20_000),
    st.sampled_from(("", "-", "1", "2", "7", "8")),
)


@given(
    st.lists(WORLD_QUERIES, max_size=8),
    st.lists(WORLD_FLOWS, max_size=12),
    st.sampled_from((RANGES, Ranges())),
    st.sampled_from(((), ("s3",))),
)
def test_no_byte_is_lost_and_none_counted_twice(
    queries: list[Query], flows: list[Flow], ranges: Ranges, gateways: tuple[str, ...]
) -> None:
    attribution = an_attribution(ranges, endpoint_addresses={"10.0.9.9": "kms"}, gateways=gateways)
    for query in queries:
        attribution.query(query)
    assert [attribution.flow(f) for f in flows] == [""] * len(flows)
    found = attribution.evidence(())

    assert sum(u.bytes for u in found.services) + found.aws_bytes + found.other_bytes == sum(f.bytes for f in flows)
    assert all(0 <= u.direct <= u.outside for u in found.services)
    assert sum(u.inside for u in found.services) == sum(f.bytes for f in flows if "10.0.9.9" in f)


def test_more_pairs_than_are_remembered_are_told_and_never_given_to_another_service() -> None:
    queries = [a_query(SQS, PEER), a_query(SNS, PEER, client=OTHER_CLIENT), a_query(SNS, "52.94.1.2")]
    flows = [a_flow(), a_flow(OTHER_CLIENT, size=7), a_flow(destination="52.94.1.2", size=30)]
    found = evidence(*queries, *flows, most_pairs=1)

    assert {u.service: (u.lookups, u.bytes) for u in found.services} == {"sqs": (1, 1000), "sns": (2, 0)}
    assert found.aws_bytes == 37
    assert found.gaps[0] == (
        "2 answers were more than are remembered (1 pairs of a client and an address): "
        "bytes to their addresses are told as if nobody had asked"
    )
    assert evidence(*queries, *flows, most_pairs=4).gaps == ()


def test_memory_follows_what_is_distinct_and_not_the_records() -> None:
    """Ten times the records of the same clients and addresses take no more of it."""

    def peak(times: int) -> int:
        attribution = an_attribution()
        pairs = [(f"10.0.1.{n % 200}", f"52.94.2.{n}") for n in range(250)]
        tracemalloc.start()
        for time in range(times):
            for client, peer in pairs:
                attribution.query(a_query(SQS, peer, client=client, at=time))
        for time in range(times):
            for client, peer in pairs:
                attribution.flow(a_flow(client, peer, at=time))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(100) < 1.5 * peak(10)


def test_every_service_of_the_made_traffic_is_one_of_its_catalog() -> None:
    """A guard on the generator: names that lead nowhere would prove nothing."""
    names = Names(traffic.catalog())

    assert {s: {names.service(n) for n in asked} for s, asked in traffic.NAMES.items()} == {
        s: {s} for s in traffic.NAMES
    }
    assert json.loads(traffic.ip_ranges())["prefixes"]
    assert {o.kind for o in traffic.catalog().offers} == {*Kind}

"""Do the values know what follows from them?"""

from __future__ import annotations

import pytest

from tests.factories import A, a_catalog, a_gateway, a_rule, a_subnet, a_table, a_vpc, an_interface, an_offer
from vpce.core.model import Catalog, Ingress, Kind, Offer, Place, contains, short_name


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("com.amazonaws.eu-west-1.sqs", "sqs"),
        ("com.amazonaws.eu-west-1.ecr.api", "ecr.api"),
        ("aws.sagemaker.eu-west-1.notebook", "notebook"),
        ("aws.api.eu-west-1.kendra-ranking", "kendra-ranking"),
        ("cn.com.amazonaws.eu-west-1.ecr.dkr", "ecr.dkr"),
        ("com.amazonaws.iam", "iam"),
        ("com.amazonaws.s3-global.accesspoint", "s3-global.accesspoint"),
        ("com.amazonaws.eu-west-10.sqs", "eu-west-10.sqs"),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", "vpce-svc-0123456789abcdef0"),
    ],
)
def test_a_short_name_is_what_follows_the_region_or_the_usual_prefix(service: str, expected: str) -> None:
    assert expected == short_name(service, "eu-west-1")


def test_a_service_is_found_by_its_short_and_by_its_full_name() -> None:
    offer = an_offer("sqs")

    assert offer == a_catalog().find("sqs", Kind.INTERFACE)
    assert offer == a_catalog().find(offer.service, Kind.INTERFACE)


def test_the_kinds_of_a_service_are_two_offers() -> None:
    """S3 and DynamoDB have both under one name; only the type tells them apart."""
    catalog = a_catalog()

    assert an_offer("s3", Kind.GATEWAY) == catalog.find("s3", Kind.GATEWAY)
    assert an_offer("s3", Kind.INTERFACE) == catalog.find("s3", Kind.INTERFACE)
    assert catalog.find("sqs", Kind.GATEWAY) is None


def test_names_are_compared_whole() -> None:
    """``ssm`` is not ``ssmmessages``."""
    catalog = Catalog(region="eu-west-1", offers=(an_offer("ssmmessages"),))

    assert catalog.find("ssm", Kind.INTERFACE) is None


def test_the_usual_prefix_wins_a_short_name_that_two_services_share() -> None:
    usual, other = an_offer("studio"), an_offer("studio", service="aws.sagemaker.eu-west-1.studio")
    catalogs = [Catalog(region="eu-west-1", offers=order) for order in ((usual, other), (other, usual))]

    assert [usual, usual] == [c.find("studio", Kind.INTERFACE) for c in catalogs]
    assert [other, other] == [c.find("aws.sagemaker.eu-west-1.studio", Kind.INTERFACE) for c in catalogs]


def test_the_names_of_a_kind_are_sorted_and_short() -> None:
    catalog = Catalog(
        region="eu-west-1",
        offers=(an_offer("sqs"), an_offer("ec2"), an_offer("s3", Kind.GATEWAY)),
    )

    assert catalog.names(Kind.INTERFACE) == ["ec2", "sqs"]


def test_an_offer_without_zones_is_offered_all_the_same() -> None:
    offer = Offer(service="com.amazonaws.eu-west-1.new", kind=Kind.INTERFACE)

    assert offer == a_catalog(offer).find("new", Kind.INTERFACE)


@pytest.mark.parametrize(
    ("source", "cidr", "expected"),
    [
        ("10.0.0.0/16", "10.0.0.0/16", True),
        ("10.0.0.0/8", "10.0.0.0/16", True),
        ("0.0.0.0/0", "10.0.0.0/16", True),
        ("10.0.0.0/17", "10.0.0.0/16", False),
        ("10.1.0.0/16", "10.0.0.0/16", False),
        ("2001:db8::/32", "2001:db8:1::/56", True),
        ("::/0", "10.0.0.0/16", False),
        ("0.0.0.0/0", "2001:db8::/56", False),
        ("sg-0123456789abcdef0", "10.0.0.0/16", False),
        ("pl-0123456789abcdef0", "10.0.0.0/16", False),
        ("10.0.0.7/16", "10.0.0.0/16", True),
    ],
)
def test_a_source_contains_a_cidr_only_whole_and_of_its_own_family(source: str, cidr: str, *, expected: bool) -> None:
    assert expected is contains(source, cidr)


@pytest.mark.parametrize(("port", "expected"), [(442, False), (443, True), (500, True), (501, False)])
def test_a_rule_admits_its_ports_to_the_whole_cidr(port: int, *, expected: bool) -> None:
    rule = Ingress(first=443, last=500, source="10.0.0.0/8")

    assert expected is rule.admits(port, "10.0.0.0/16")
    assert not rule.admits(port, "11.0.0.0/16")


def test_rules_are_the_same_whatever_their_description() -> None:
    """EC2 refuses a rule that is there under another description."""
    assert a_rule() == a_rule(description="somebody's")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(a_rule(), "443 from 10.0.0.0/16"), (a_rule(first=0, last=65535), "0-65535 from 10.0.0.0/16")],
)
def test_a_rule_reads_as_ports_and_source(rule: Ingress, expected: str) -> None:
    assert expected == str(rule)


def test_a_subnet_without_an_association_uses_the_main_table() -> None:
    public = a_table("public", subnets=frozenset({"subnet-b"}), reaches_internet_gateway=True)
    vpc = a_vpc(route_tables=(a_table(), public))

    assert a_table() == vpc.route_table_of(a_subnet("a"))
    assert public == vpc.route_table_of(a_subnet("b"))
    assert [vpc.is_public(s) for s in vpc.subnets] == [False, True]


def test_a_subnet_whose_main_table_is_gone_has_no_table() -> None:
    vpc = a_vpc(route_tables=())

    assert vpc.route_table_of(a_subnet()) is None
    assert not vpc.is_public(a_subnet())


@pytest.mark.parametrize(
    ("state", "leaving", "broken"),
    [
        ("pending", False, False),
        ("available", False, False),
        ("deleting", True, False),
        ("deleted", True, False),
        ("failed", False, True),
        ("rejected", False, True),
        ("expired", False, True),
    ],
)
def test_a_state_says_whether_an_endpoint_is_leaving_or_broken(state: str, *, leaving: bool, broken: bool) -> None:
    endpoint = an_interface(state=state)

    assert (leaving, broken) == (endpoint.is_leaving, endpoint.is_broken)


def test_what_was_deleted_is_ours_no_more() -> None:
    """EC2 goes on listing it for a while."""
    there, gone, foreign = an_interface("sqs"), an_interface("sns", state="deleted"), a_gateway(is_ours=False)

    assert (there,) == a_vpc(endpoints=(there, gone, foreign)).ours


def test_a_vpc_is_called_by_its_id_and_its_name() -> None:
    nameless = a_vpc()

    assert nameless.id == nameless.name
    assert f"{nameless.id} (payments)" == a_vpc(tags={"Name": "payments"}).name
    assert nameless.id == a_vpc(tags={"Name": ""}).name


def test_a_vpc_of_another_account_is_shared_with_us() -> None:
    assert a_vpc(owner="210987654321").is_shared_with_us
    assert not a_vpc().is_shared_with_us


def test_a_group_is_found_by_its_id_only() -> None:
    assert a_vpc().group("sg-ours") is None


def test_places_are_ordered_by_account_and_region() -> None:
    places = [Place(account=a, region=r) for a, r in (("2", "a"), ("1", "b"), ("1", "a"))]

    assert [str(p) for p in sorted(places)] == ["1/a", "1/b", "2/a"]


def test_zones_are_those_of_the_region() -> None:
    """A guard on the factories: the zone letters of subnets and offers meet."""
    assert A in an_offer().zones
    assert a_subnet("a").zone == A

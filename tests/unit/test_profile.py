"""Is what people write into profiles and tags understood, and what is not, said?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import a_gateway, a_group, a_profile, a_vpc, an_interface
from vpce.aws.parameters import shipped_profiles
from vpce.core.model import Addresses
from vpce.core.policies import EndpointPolicy, PolicyFile
from vpce.core.profile import (
    BadPolicy,
    BadTag,
    BrokenProfile,
    Mode,
    ProfileError,
    Profiles,
    ProfilesTextError,
    UnknownProfile,
    Wish,
    is_managed,
    ports_of,
    read_profiles,
    wish_of,
    zones_of,
)
from vpce.core.window import read_window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpce.core.model import Vpc

SHIPPED = read_profiles(shipped_profiles())
NAMES = ("gateway", "lambda", "ecs-fargate", "ecs-ec2", "eks", "ec2-ssm", "private")


# ---- the shipped profiles -----------------------------------------------------------------------------------------


def test_the_shipped_profiles_are_these_and_all_are_sound() -> None:
    assert sorted(NAMES) == sorted(SHIPPED.tables)
    assert not SHIPPED.broken
    assert SHIPPED.unreadable is None


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_is_described_and_has_the_free_gateways(name: str) -> None:
    """ECR's layers come from S3, so no profile works without its gateway; and gateways cost nothing."""
    profile = SHIPPED.of(name)

    assert profile.description.endswith(".")
    assert profile.gateway == ("dynamodb", "s3")


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("lambda", {"secretsmanager", "ssm", "kms", "sqs", "sns", "sts"}),
        ("ecs-fargate", {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages"}),
        ("ecs-ec2", {"ecr.api", "ecr.dkr", "logs", "ecs", "ecs-agent", "ecs-telemetry"}),
        ("eks", {"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"}),
        ("ec2-ssm", {"ssm", "ssmmessages"}),
        ("private", {"logs", "monitoring", "kms", "secretsmanager", "sqs", "sns", "sts", "ecr.api", "ecr.dkr", "ssm"}),
    ],
)
def test_a_shipped_profile_has_what_its_workload_needs(name: str, needed: set[str]) -> None:
    profile = SHIPPED.of(name)

    assert needed <= {*profile.interface} - profile.optional


@pytest.mark.parametrize("name", NAMES)
def test_no_shipped_profile_captures_public_names(name: str) -> None:
    """Private DNS of execute-api answers for every API, also public ones of other accounts."""
    assert "execute-api" not in SHIPPED.of(name).interface


def test_ec2messages_is_optional() -> None:
    """Regions launched since 2024 do not have it, and the agent no longer needs it."""
    assert all("ec2messages" in SHIPPED.of(name).optional for name in ("ec2-ssm", "private"))


# ---- joining ------------------------------------------------------------------------------------------------------


def test_joined_profiles_have_the_services_of_each() -> None:
    joined, one, other = (SHIPPED.of(name) for name in ("lambda+ec2-ssm", "lambda", "ec2-ssm"))

    assert joined.name == "lambda+ec2-ssm"
    assert {*one.interface, *other.interface} == {*joined.interface}
    assert sorted(joined.interface) == list(joined.interface)
    assert joined.gateway == ("dynamodb", "s3")


@pytest.mark.parametrize("text", ["one+two", "two+one"])
def test_what_one_profile_requires_is_required_though_another_makes_it_optional(text: str) -> None:
    profiles = read_profiles('[one]\ninterface = ["sqs"]\n[two]\noptional = ["sqs", "sns"]\n')

    assert frozenset({"sns"}) == profiles.of(text).optional
    assert profiles.of(text).interface == ("sns", "sqs")


def test_the_order_of_names_and_their_repetition_change_nothing() -> None:
    one, other = SHIPPED.of("lambda+ec2-ssm"), SHIPPED.of("ec2-ssm+lambda+ec2-ssm")

    assert (one.gateway, one.interface, one.optional) == (other.gateway, other.interface, other.optional)


def test_spaces_and_capitals_in_a_tag_do_not_matter() -> None:
    assert SHIPPED.of("lambda+ec2-ssm") == SHIPPED.of("  Lambda + EC2-SSM ")


# ---- endpoint policies --------------------------------------------------------------------------------------------

OWN = """
[plain]
interface = ["sqs"]
[open]
gateway = ["s3"]
policy = "open"
[closed]
interface = ["sns"]
policy = "organization"
[narrow]
interface = ["sqs"]
policy = "sqs-only.json"
[wide]
gateway = ["s3"]
interface = ["kms"]
policy = "sqs-only.json"
"""
FILE = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}}'


def with_file(text: str = FILE, **changes: str) -> Profiles:
    file = replace(PolicyFile(source="s3://reports/policies/sqs-only.json", text=text), **changes)
    return replace(read_profiles("", OWN), organization="o-abcdefghij", files={"sqs-only.json": file})


def test_no_shipped_profile_says_anything_of_policies() -> None:
    assert {p.policy for p in SHIPPED.tables.values()} == {None}
    assert SHIPPED.policy_files == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("plain", None),
        ("open", "open"),
        ("closed", "organization"),
        ("narrow", "sqs-only.json"),
        # Who says nothing has nothing against what the other says.
        ("plain+closed", "organization"),
        ("closed+plain", "organization"),
        ("narrow+wide", "sqs-only.json"),
    ],
)
def test_a_profile_has_the_policy_that_one_of_its_parts_asks_for(text: str, name: str | None) -> None:
    policy = with_file().of(text).policy

    assert (policy.name if policy else None) == name


def test_a_policy_knows_the_organization_and_the_text_of_its_file() -> None:
    assert with_file().of("closed").policy == EndpointPolicy(name="organization", organization="o-abcdefghij")
    narrow = with_file().of("narrow").policy
    assert narrow is not None
    assert json.loads(narrow.text) == json.loads(FILE)


@pytest.mark.parametrize("text", ["open+closed", "closed+narrow", "plain+narrow+open"])
def test_profiles_that_ask_for_two_policies_cannot_be_joined(text: str) -> None:
    with pytest.raises(BadPolicy, match=r"an endpoint has one policy, but .* asks for .*, .* asks for .*; join some"):
        with_file().of(text)


def test_only_files_that_a_profile_names_are_asked_for() -> None:
    assert with_file().policy_files == ("sqs-only.json",)
    assert read_profiles("", '[a]\ninterface = ["sqs"]\npolicy = "b.json"').policy_files == ("b.json",)


@pytest.mark.parametrize(
    ("profiles", "says"),
    [
        (with_file(trouble="is not there"), "sqs-only.json is not there"),
        (with_file("{"), "sqs-only.json is no endpoint policy: it is no JSON"),
        (replace(with_file(), files={}), "sqs-only.json was not looked for"),
    ],
)
def test_a_file_that_cannot_be_used_spoils_the_profiles_that_name_it_and_no_other(
    profiles: Profiles, says: str
) -> None:
    for name in ("narrow", "plain+wide"):
        with pytest.raises(BadPolicy) as told:
            profiles.of(name)
        assert str(told.value).startswith(f"profile '{name.removeprefix('plain+')}', its endpoint policy: ")
        assert says in str(told.value)
    assert profiles.of("plain+closed").interface == ("sns", "sqs")


def test_a_principal_by_name_suits_a_profile_without_gateways_only() -> None:
    profiles = with_file(FILE.replace('"*"', '{"AWS": "123456789012"}', 1))

    assert profiles.of("narrow").policy
    with pytest.raises(BadPolicy, match="aws:PrincipalArn"):
        profiles.of("wide")


# ---- what cannot be understood ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("privat", "no profile 'privat' (did you mean 'private'?)"),
        ("lambda+fargate-ecs", "no profile 'fargate-ecs' (did you mean 'ecs-fargate'?)"),
        ("non", "(did you mean 'none'?)"),
        ("zzz", "no profile 'zzz'; known profiles: ec2-ssm, ecs-ec2, ecs-fargate, eks, gateway, lambda, private"),
        ("none+lambda", "'none' stands alone"),
        ("lambda + None", "'none' stands alone"),
        ("", "has an empty name"),
        ("   ", "has an empty name"),
        ("lambda+", "has an empty name"),
        ("+lambda", "has an empty name"),
        ("lambda++eks", "has an empty name"),
        ("lambda,eks", "no profile 'lambda,eks'"),
    ],
)
def test_a_tag_that_names_no_profile_is_refused_with_the_reason(text: str, expected: str) -> None:
    with pytest.raises(UnknownProfile) as refusal:
        SHIPPED.of(text)

    assert expected in str(refusal.value)
    assert repr(text) in str(refusal.value)


@given(st.text())
def test_whatever_a_tag_says_it_is_a_profile_or_refused_in_words(text: str) -> None:
    try:
        said = SHIPPED.of(text).name
    except ProfileError as refusal:
        said = str(refusal)

    assert said


# ---- profiles of one's own ----------------------------------------------------------------------------------------


def test_a_table_of_ones_own_adds_a_profile() -> None:
    profiles = read_profiles(shipped_profiles(), '[data]\ndescription = "Ours."\ninterface = ["athena", "glue"]\n')

    assert profiles.of("data").interface == ("athena", "glue")
    assert SHIPPED.of("lambda") == profiles.of("lambda")


def test_a_table_of_ones_own_replaces_a_shipped_one_whole() -> None:
    """Merging would make it impossible to take something away."""
    profiles = read_profiles(shipped_profiles(), '[lambda]\ninterface = ["sqs"]\n')

    assert a_profile(name="lambda", interface=["sqs"]) == profiles.of("lambda")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('lambda = "sqs"', "is no table; write [lambda] with a list of services under it"),
        ('[lambda]\ninterfaces = ["sqs"]', "unknown key 'interfaces' (did you mean 'interface'?)"),
        ('[lambda]\nregion = ["sqs"]', "unknown key 'region'; known keys: description, gateway, interface, optional"),
        ('[lambda]\ninterface = "sqs"', "needs a list of service names under 'interface'"),
        ("[lambda]\ninterface = [1]", "needs a list of service names under 'interface'"),
        ('[lambda]\ngateway = ["s3", " "]', "needs a list of service names under 'gateway'"),
        ("[lambda]\noptional = { sqs = true }", "needs a list of service names under 'optional'"),
        ('[lambda]\ninterface = ["sqs", "sns"]\noptional = ["sqs"]', "lists sqs as interface and as optional"),
        ("[lambda]\ndescription = 1", "has a description that is no text"),
        ("[lambda]\n", "asks for no service; to remove our endpoints the tag's value is 'none'"),
        ('[lambda]\ndescription = "Nothing."', "asks for no service"),
        *(
            (
                f'[lambda]\ninterface = ["sqs"]\npolicy = {value}',
                f"has the policy {shown}; choose 'open', 'organization'",
            )
            for value, shown in (
                ('"organisation"', "'organisation'"),
                ('"../ignores.json"', "'../ignores.json'"),
                ('"a/b.json"', "'a/b.json'"),
                ('"ours.toml"', "'ours.toml'"),
                ('""', "''"),
                ('["open"]', "['open']"),
            )
        ),
    ],
)
def test_a_broken_table_spoils_only_itself(table: str, expected: str) -> None:
    profiles = read_profiles(shipped_profiles(), table, own_source="SSM parameter /vpce/profiles")

    with pytest.raises(BrokenProfile) as refusal:
        profiles.of("gateway+lambda")
    assert expected in str(refusal.value)
    assert str(refusal.value).startswith("SSM parameter /vpce/profiles: profile 'lambda' ")
    assert SHIPPED.of("private") == profiles.of("private")


@pytest.mark.parametrize("name", ["none", '"Lambda"', '"two words"', '"a+b"', '""'])
def test_a_name_that_no_tag_can_ask_for_is_broken(name: str) -> None:
    profiles = read_profiles("", f'[{name}]\ninterface = ["sqs"]\n')

    assert not profiles.tables
    assert [name.strip('"')] == [*profiles.broken]


def test_a_good_table_of_ones_own_replaces_a_broken_one() -> None:
    profiles = read_profiles("[lambda]\ninterface = 1\n", '[lambda]\ninterface = ["sqs"]\n')

    assert profiles.of("lambda").interface == ("sqs",)


@pytest.mark.parametrize("text", ["[lambda", "interface = [", "a = 1\na = 2", "\x00"])
def test_a_text_that_is_no_toml_spoils_every_profile(text: str) -> None:
    """It could have replaced any of them; what was shipped may not be what was meant."""
    profiles = read_profiles(shipped_profiles(), text, own_source="SSM parameter /vpce/profiles")

    with pytest.raises(ProfilesTextError, match="SSM parameter /vpce/profiles is no valid TOML") as refusal:
        profiles.of("gateway")
    assert "no profile is used until it is mended" in str(refusal.value)


@given(st.text())
def test_no_text_of_ones_own_makes_reading_fail(text: str) -> None:
    """A wrong text is told, and changes nothing; it does not stop the installation."""
    profiles = read_profiles(shipped_profiles(), text)

    assert profiles.tables


def test_every_refusal_is_a_profile_error() -> None:
    assert all(issubclass(e, ProfileError) for e in (BadTag, BrokenProfile, ProfilesTextError, UnknownProfile))


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("sqs", (443,)),
        ("cassandra", (9142,)),
        ("email-smtp", (25, 465, 587, 2465, 2587)),
        ("iot.data", (443, 8883)),
    ],
)
def test_a_service_is_reached_at_its_ports(service: str, expected: tuple[int, ...]) -> None:
    assert expected == ports_of(service)


# ---- what a VPC's tags say ----------------------------------------------------------------------------------------


def tagged(value: str, tags: Mapping[str, str] | None = None, **changes: object) -> Vpc:
    return a_vpc(tags={"endpoint-profile": value, **(tags or {})}, **changes)


BORN_WITH_IT = (a_gateway("s3", made_for="default/gateway"), a_gateway("dynamodb", made_for="default/gateway"))

WISHES = {
    "the tag names a profile": (tagged("lambda"), False, "lambda", False, "endpoint-profile = lambda"),
    "the tag joins profiles": (tagged("gateway+eks"), False, "gateway+eks", False, "endpoint-profile = gateway+eks"),
    "the tag says none": (tagged("none"), False, None, True, "endpoint-profile = none"),
    "the tag says None, with spaces": (tagged(" None "), False, None, True, "endpoint-profile = none"),
    "a new VPC that is tagged": (tagged("eks"), True, "eks", False, "endpoint-profile = eks"),
    "a default VPC that is tagged": (tagged("eks", is_default=True), False, "eks", False, "endpoint-profile = eks"),
    "a new VPC without the tag": (a_vpc(), True, "gateway", False, "the default profile of a new VPC without a tag"),
    "an old VPC without the tag": (a_vpc(), False, None, False, "the VPC has no tag endpoint-profile"),
    "a new default VPC": (a_vpc(is_default=True), True, None, False, "a default VPC without the tag"),
    "a shared VPC": (a_vpc(owner="210987654321"), True, None, False, "account 210987654321 owns this VPC"),
    "a shared VPC that is tagged": (tagged("eks", owner="210987654321"), False, None, False, "210987654321 owns this"),
    "a shared VPC that says none": (tagged("none", owner="210987654321"), False, None, False, "210987654321 owns this"),
    "an old VPC that was born with the default profile": (
        a_vpc(endpoints=BORN_WITH_IT), False, "gateway", False, "gateway: the VPC got it when it was new",
    ),
    "a VPC whose tag vanished": (
        a_vpc(endpoints=(an_interface(made_for="lambda"),)), False, None, False, "is gone (it was 'lambda')",
    ),
    "a VPC whose tag vanished, that was born with the default profile": (
        a_vpc(endpoints=(*BORN_WITH_IT, an_interface(made_for="lambda"))), False, "gateway", False, "when it was new",
    ),
    "an old VPC where only others' endpoints are": (
        a_vpc(endpoints=(a_gateway(is_ours=False, made_for=""),)), False, None, False, "has no tag",
    ),
    "an old VPC from which ours is gone": (
        a_vpc(endpoints=(a_gateway(state="deleted", made_for="default/gateway"),)), False, None, False, "has no tag",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("vpc", "is_new", "profile", "remove", "why"), WISHES.values(), ids=WISHES)
def test_a_wish_follows_from_tags_and_from_what_is_there(
    vpc: Vpc, profile: str | None, why: str, *, is_new: bool, remove: bool
) -> None:
    wish = wish_of(vpc, SHIPPED, default="gateway", is_new=is_new)

    assert profile == (wish.profile.name if wish.profile else None)
    assert remove is wish.remove
    assert why in wish.why


def test_a_default_profile_is_remembered_after_the_parameter_changed() -> None:
    """What a VPC was born with stays; a parameter is no tag."""
    wish = wish_of(a_vpc(endpoints=BORN_WITH_IT), SHIPPED, default="private")

    assert wish.by_default
    assert SHIPPED.of("gateway") == wish.profile


def test_a_new_vpc_gets_nothing_where_the_default_profile_is_empty() -> None:
    assert wish_of(a_vpc(), SHIPPED, default="", is_new=True).profile is None


def test_only_what_nobody_asked_for_is_by_default() -> None:
    assert wish_of(a_vpc(), SHIPPED, default="gateway", is_new=True).by_default
    assert not wish_of(tagged("gateway"), SHIPPED, default="gateway", is_new=True).by_default


@pytest.mark.parametrize("value", ["", "privat", "none+lambda", "lambda+"])
def test_a_tag_that_cannot_be_understood_is_refused_not_guessed(value: str) -> None:
    with pytest.raises(UnknownProfile):
        wish_of(tagged(value), SHIPPED, default="gateway", is_new=True)


def test_a_tag_that_says_none_is_obeyed_whatever_else_is_broken() -> None:
    """Removing asks no profile."""
    unreadable = read_profiles(shipped_profiles(), "[")
    vpc = a_vpc(tags={"endpoint-profile": "none", "endpoint-zones": "many"})

    assert wish_of(vpc, unreadable).remove


@pytest.mark.parametrize(
    ("tags", "expected"),
    [({}, None), ({"endpoint-zones": "all"}, None), ({"endpoint-zones": " ALL "}, None)]
    + [({"endpoint-zones": text}, number) for text, number in (("1", 1), ("2", 2), (" 3 ", 3), ("007", 7))],
)
def test_endpoint_zones_is_all_or_a_count(tags: dict[str, str], expected: int | None) -> None:
    assert expected == zones_of(a_vpc(tags=tags))


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", "", "²", "٣", "1,2"])
def test_other_zones_are_refused(text: str) -> None:
    vpc = a_vpc(tags={"endpoint-profile": "lambda", "endpoint-zones": text})

    with pytest.raises(BadTag, match="is no count of zones; use 'all', '1', '2'"):
        wish_of(vpc, SHIPPED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("auto", None),
        ("dualstack", Addresses.DUALSTACK),
        (" DualStack ", Addresses.DUALSTACK),
        ("ipv4", Addresses.IPV4),
    ],
)
def test_endpoint_addresses_is_one_of_three_words(text: str | None, expected: Addresses | None) -> None:
    asked = {} if text is None else {"endpoint-addresses": text}
    vpc = a_vpc(tags={"endpoint-profile": "lambda"} | asked)

    assert wish_of(vpc, SHIPPED).addresses is expected


@pytest.mark.parametrize("text", ["ipv6", "both", "", "dual-stack"])
def test_other_addresses_are_refused(text: str) -> None:
    vpc = a_vpc(tags={"endpoint-profile": "lambda", "endpoint-addresses": text})

    with pytest.raises(BadTag, match="is no choice; use 'auto', 'dualstack' or 'ipv4'"):
        wish_of(vpc, SHIPPED)


def test_the_count_of_zones_goes_into_the_wish() -> None:
    vpc = a_vpc(tags={"endpoint-profile": "lambda", "endpoint-zones": "2"})

    assert wish_of(vpc, SHIPPED).zones == 2


@pytest.mark.parametrize(("text", "expected"), [("lambda", True), ("gateway", False), ("none", False)])
def test_dns_attributes_matter_where_interfaces_are_wanted(text: str, *, expected: bool) -> None:
    assert expected is wish_of(tagged(text), SHIPPED).wants_interfaces


def test_a_wish_without_a_profile_wants_no_interfaces() -> None:
    assert not Wish(profile=None, why="nothing is asked for").wants_interfaces


@pytest.mark.parametrize(
    ("vpc", "expected"),
    [
        (a_vpc(), False),
        (tagged("anything"), True),
        (tagged("none"), True),
        (a_vpc(endpoints=(an_interface(),)), True),
        (a_vpc(endpoints=(an_interface(is_ours=False),)), False),
        (a_vpc(endpoints=(an_interface(state="deleted"),)), False),
        (a_vpc(security_groups=(a_group(),)), True),
        (a_vpc(security_groups=(a_group(is_ours=False),)), False),
    ],
)
def test_a_vpc_is_managed_if_it_is_tagged_or_has_something_of_ours(vpc: Vpc, *, expected: bool) -> None:
    assert expected is is_managed(vpc)


@pytest.mark.parametrize(
    ("vpc", "expected"),
    [
        (a_vpc(), False),
        (a_vpc(endpoints=BORN_WITH_IT), False),
        (a_vpc(endpoints=(an_interface(made_for="lambda"),)), True),
        (a_vpc(endpoints=(an_interface(made_for=""),)), True),
        (a_vpc(endpoints=(an_interface(made_for="lambda"),), is_default=True), True),
        (tagged("lambda", endpoints=(an_interface(made_for="lambda"),)), False),
        (a_vpc(endpoints=(an_interface(made_for="lambda", state="deleted"),)), False),
        (a_vpc(security_groups=(a_group(),)), True),
    ],
)
def test_ours_is_retired_where_the_tag_is_gone(vpc: Vpc, *, expected: bool) -> None:
    assert expected is wish_of(vpc, SHIPPED).retire


def test_a_vpc_goes_back_to_the_profile_that_it_was_born_with() -> None:
    vpc = a_vpc(endpoints=(*BORN_WITH_IT, an_interface(made_for="lambda")))

    assert (wish := wish_of(vpc, SHIPPED)).profile == replace(SHIPPED.tables["gateway"], name="gateway")
    assert wish.by_default


# ---- mode, window, word -------------------------------------------------------------------------------------------


def test_the_vpcs_tags_come_before_what_the_installation_says() -> None:
    tags = {"endpoint-mode": " Watch ", "endpoint-window": "sun:02:00-sun:05:00", "endpoint-deletions": "allowed"}
    daily = read_window("22:00-04:00")
    wishes = [wish_of(tagged("lambda", more), SHIPPED, mode=Mode.CREATE_ONLY, window=daily) for more in ({}, tags)]

    assert [w.mode for w in wishes] == [Mode.CREATE_ONLY, Mode.WATCH]
    assert [w.window.text for w in wishes if w.window] == ["22:00-04:00", "sun:02:00-sun:05:00"]
    assert [w.deletions_allowed for w in wishes] == [False, True]


def test_a_vpc_may_do_without_the_installations_window() -> None:
    wish = wish_of(tagged("lambda", {"endpoint-window": "always"}), SHIPPED, window=read_window("22:00-04:00"))

    assert wish.window is None


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        ("endpoint-mode", "wach", "endpoint-mode = 'wach' is no mode (did you mean 'watch'?)"),
        ("endpoint-mode", "", "endpoint-mode = '' is no mode; use watch, create-only, sync"),
        ("endpoint-window", "at night", "endpoint-window = 'at night' is no change window; write it as"),
        ("endpoint-deletions", "yes", "endpoint-deletions = 'yes' means nothing; the word is 'allowed'"),
    ],
)
@pytest.mark.parametrize("profile", ["lambda", "none"])
def test_a_tag_that_means_nothing_stops_the_vpc_and_says_how_it_is_written(
    tag: str, value: str, words: str, profile: str
) -> None:
    with pytest.raises(BadTag) as told:
        wish_of(tagged(profile, {tag: value}), SHIPPED)

    assert words in str(told.value)


def test_such_a_tag_on_a_vpc_that_asks_for_nothing_is_nobodys_business() -> None:
    assert not wish_of(a_vpc(tags={"endpoint-mode": "?", "endpoint-zones": "?"}), SHIPPED).asks_for_something

"""How are VPCs built that nothing is wrong with? The designs of the fleet.

What a design has, in the words that defects ask for:

    gateways      S3's and DynamoDB's, on every table          tagged     follows a shipped profile, made by vpce
    interfaces    interface endpoints with private DNS         by-hand    somebody else made the endpoints
    room          a /24 per zone                               untagged   asks for nothing
    central       names lead to endpoints of another account   shared     another account owns the VPC
"""

from __future__ import annotations

from benchmarks.fleet import DESIGNS, HUB, Built, Design, design
from vpce.aws.parameters import shipped_profiles
from vpce.core.profile import read_profiles

SERVICES = ("ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs", "sts")
"""What people make by hand."""
PROFILES = read_profiles(shipped_profiles()).tables


def _tagged(profile: str) -> Design:
    """A VPC that follows a shipped profile, brought up by vpce itself."""

    def make(vpc: Built) -> None:
        vpc.make(endpoint_profile=profile, Name=f"{profile}-{vpc.number}", ipv6=vpc.chance(0.2))
        if vpc.chance(0.3):
            vpc.table(vpc.subnets["a"])

    interfaces = {"interfaces"} if PROFILES[profile].interface else set[str]()
    has = frozenset({"gateways", "tagged", "room", *interfaces, *PROFILES[profile].interface})
    return Design(name=profile, has=has, make=make)


DESIGNS.update({name: _tagged(name) for name in sorted(PROFILES)})


@design("gateways", "tagged", "interfaces", "sqs", "sns", "lambda", "one-zone")
def one_zone_by_choice(vpc: Built) -> None:
    """``endpoint-zones = 1``: cheaper, and asked for."""
    vpc.make(endpoint_profile="lambda", endpoint_zones="1")


@design("gateways", "untagged", "room")
def gateways_by_hand(vpc: Built) -> None:
    """What a Terraform module makes: both gateways on every table, public subnets beside private ones."""
    vpc.make()
    igw = vpc.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    vpc.ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc.id)
    public = vpc.table(vpc.subnet("a", 100))
    vpc.ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
    vpc.table(vpc.subnets["a"])
    _both_gateways(vpc)


@design("gateways", "interfaces", "untagged", "by-hand", "room")
def endpoints_by_hand(vpc: Built) -> None:
    """Somebody's own endpoints behind one security group, with workloads in both zones."""
    _interfaces_by_hand(vpc, vpc.rng.sample(SERVICES, 3))


@design("gateways", "interfaces", "untagged", "by-hand", "room", "ecr.dkr", "ecr.api", "sqs")
def containers_by_hand(vpc: Built) -> None:
    """Endpoints for containers."""
    _interfaces_by_hand(vpc, ["ecr.api", "ecr.dkr", "sqs"])


@design("gateways", "interfaces", "tagged", "mixed", "room", "sns")
def lambda_beside_others(vpc: Built) -> None:
    """SQS's endpoint was there before vpce, and counts."""
    vpc.make(endpoint_profile="lambda")
    vpc.private_dns_works()
    vpc.by_hand("sqs", SecurityGroupIds=[vpc.group(vpc.cidr)])


@design("gateways", "tagged", "foreign-gateway", "room")
def gateway_beside_others(vpc: Built) -> None:
    """S3's gateway endpoint was there before vpce, and counts."""
    vpc.make(endpoint_profile="gateway")
    vpc.gateway_by_hand("s3")


@design("gateways", "born", "room")
def born_with_the_default_profile(vpc: Built) -> None:
    """No tag: vpce made the gateways when the VPC was new, and remembers by what is there."""
    vpc.make()
    vpc.is_new = True


@design("gateways", "untagged", "central", "central-zones", "room")
def central_by_zones(vpc: Built) -> None:
    """The network account's endpoints, by private hosted zones with a record for every name."""
    vpc.make()
    vpc.private_dns_works()
    _both_gateways(vpc)
    for name in ("sqs", "kms"):
        target = f"vpce-0123456789abcdef0-abcdefgh.{name}.{vpc.region}.vpce.amazonaws.com"
        zone_of(vpc, f"{name}.{vpc.region}.amazonaws.com", {"": target}, account=HUB)


@design("gateways", "untagged", "central", "room")
def central_by_profile(vpc: Built) -> None:
    """The same by a Route 53 Profile: a zone with SNS's name, and an endpoint of another VPC of the account."""
    vpc.make()
    vpc.private_dns_works()
    _both_gateways(vpc)
    zone = zone_of(vpc, f"sns.{vpc.region}.amazonaws.com", {"": "10.250.7.7"}, type_="A", vpc_id=vpc.site.elsewhere)
    profile_of(vpc, (f"arn:aws:route53:::hostedzone/{zone}", ""))


@design("tagged", "central", "served")
def served_from_elsewhere(vpc: Built) -> None:
    """It follows a profile, and two of its services are served centrally: vpce makes the others only."""
    vpc.make(endpoint_profile="lambda")
    vpc.private_dns_works()
    for name in ("sqs", "sts"):
        target = f"vpce-0123456789abcdef0-abcdefgh.{name}.{vpc.region}.vpce.amazonaws.com"
        zone_of(vpc, f"{name}.{vpc.region}.amazonaws.com", {"": target})


@design("tagged", "central", "served")
def served_by_the_network_account(vpc: Built) -> None:
    """The same, and the zones belong to another account, which lets nobody read them."""
    vpc.make(endpoint_profile="lambda")
    vpc.private_dns_works()
    for name in ("sqs", "sts"):
        target = f"vpce-0123456789abcdef0-abcdefgh.{name}.{vpc.region}.vpce.amazonaws.com"
        zone_of(vpc, f"{name}.{vpc.region}.amazonaws.com", {"": target}, account=HUB)


@design("untagged", "alone")
def nothing_in_it(vpc: Built) -> None:
    """No subnet, nobody to serve."""
    vpc.make(zones="")


@design("shared")
def shared_with_us(vpc: Built) -> None:
    """Another account's VPC: its endpoints are made, and seen, there."""
    vpc.make(endpoint_profile="lambda") if vpc.chance(0.5) else vpc.make()
    vpc.site.shared[vpc.id] = HUB


@design("gateways", "untagged", "guarded")
def guarded_by_guardduty(vpc: Built) -> None:
    """GuardDuty's own endpoint, made and kept by AWS.

    https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-vpc-endpoint.html
    """
    vpc.make()
    vpc.private_dns_works()
    _both_gateways(vpc)
    endpoint = vpc.by_hand("guardduty-data", SecurityGroupIds=[vpc.group(vpc.cidr)], SubnetIds=[vpc.subnets["a"]])
    vpc.from_behind(endpoint).requester_managed = True
    vpc.workload(vpc.subnets["b"])


# ---- what several designs do ----------------------------------------------------------------------------------------


def _both_gateways(vpc: Built) -> None:
    for name in ("dynamodb", "s3"):
        vpc.gateway_by_hand(name)


def _interfaces_by_hand(vpc: Built, names: list[str]) -> None:
    vpc.make(Name=f"by-hand-{vpc.number}")
    vpc.private_dns_works()
    _both_gateways(vpc)
    group = vpc.group(vpc.cidr)
    for name in names:
        vpc.by_hand(name, SecurityGroupIds=[group])
    for subnet in vpc.subnets.values():
        vpc.workload(subnet)


def zone_of(
    vpc: Built, name: str, records: dict[str, str], *, account: str = "", type_: str = "CNAME", vpc_id: str = ""
) -> str:
    """A private hosted zone on the VPC, or on another; records by what stands before the zone's name."""
    client = vpc.site.hub("route53") if account == HUB else vpc.site.client("route53")
    made = client.create_hosted_zone(
        Name=name,
        CallerReference=f"{vpc.id} {name}",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": vpc.region, "VPCId": vpc_id or vpc.id},
    )
    zone = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"{label}.{name}".lstrip("."),
                "Type": type_,
                "TTL": 300,
                "ResourceRecords": [{"Value": value}],
            },
        }
        for label, value in records.items()
    ]
    if changes:
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return zone


def profile_of(vpc: Built, *resources: tuple[str, str]) -> str:
    """A Route 53 Profile on the VPC, with (ARN, properties) of what it brings."""
    client = vpc.site.client("route53profiles")
    profile = str(client.create_profile(Name=f"profile-{vpc.number}", ClientToken=vpc.id)["Profile"]["Id"])
    for number, (arn, properties) in enumerate(resources):
        extra = {"ResourceProperties": properties} if properties else {}
        client.associate_resource_to_profile(Name=f"resource-{number}", ProfileId=profile, ResourceArn=arn, **extra)
    client.associate_profile(Name=f"on-{vpc.number}", ProfileId=profile, ResourceId=vpc.id)
    return profile

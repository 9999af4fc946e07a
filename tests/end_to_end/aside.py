"""Deletions that ours, or more, is in the way of; on the stack of test_deployed.py, whose last tests judge them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.end_to_end.conftest import Stack, until

if TYPE_CHECKING:
    from collections.abc import Callable


def subnets_of(stack: Stack, vpc: str) -> list[str]:
    found = stack.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    return [s["SubnetId"] for s in sorted(found, key=lambda s: s["CidrBlock"])]


def has_no_group_of_ours(stack: Stack, vpc: str) -> bool:
    found = stack.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    return [g["GroupName"] for g in found] == ["default"]


def is_refused(stack: Stack, call: Callable[[], Any], code: str) -> bool:
    try:
        call()
    except stack.ec2.exceptions.ClientError as error:
        return bool(error.response["Error"]["Code"] == code)
    return False


def test_a_subnet_and_then_its_vpc_are_deleted_on_the_second_try(stack: Stack) -> None:
    vpc = stack.vpc("tiny", Name="to go")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    gone, last = subnets_of(stack, vpc)

    assert is_refused(stack, lambda: stack.ec2.delete_subnet(SubnetId=gone), "DependencyViolation")
    until(lambda: stack.endpoints(vpc)["sts"]["SubnetIds"] == [last], "the way out of the subnet")
    stack.ec2.delete_subnet(SubnetId=gone)
    stack.quiet()
    assert stack.available(vpc) == {"s3", "sts"}

    assert is_refused(stack, lambda: stack.ec2.delete_vpc(VpcId=vpc), "DependencyViolation")
    until(lambda: stack.endpoints(vpc) == {} and has_no_group_of_ours(stack, vpc), "the way out of the VPC")
    stack.ec2.delete_subnet(SubnetId=last)
    stack.quiet()
    stack.ec2.delete_vpc(VpcId=vpc)

    told = [line for m in stack.aws.mails() for line in m["text"].splitlines() if "~ stepped aside in" in line]
    assert [gone in line for line in told if gone in line or vpc in line] == [True, False]


def test_a_group_of_others_on_our_endpoints_is_deleted_on_the_second_try(stack: Stack) -> None:
    vpc = stack.vpc("tiny")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    group = stack.ec2.create_security_group(VpcId=vpc, GroupName="theirs", Description="x")["GroupId"]
    endpoint = stack.endpoints(vpc)["sts"]["VpcEndpointId"]
    stack.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[group])
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the group on it")

    assert is_refused(stack, lambda: stack.ec2.delete_security_group(GroupId=group), "DependencyViolation")

    until(lambda: group not in {g["GroupId"] for g in stack.endpoints(vpc)["sts"]["Groups"]}, "the group off it")
    until(
        lambda: not is_refused(stack, lambda: stack.ec2.delete_security_group(GroupId=group), "DependencyViolation"),
        "it",
    )


def test_where_others_live_a_deletion_that_fails_changes_nothing(stack: Stack) -> None:
    vpc = stack.vpc("tiny")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    stack.quiet()
    busy = subnets_of(stack, vpc)[0]
    stack.ec2.create_network_interface(SubnetId=busy, Description="ELB app/shop")
    now = time.time()

    assert is_refused(stack, lambda: stack.ec2.delete_subnet(SubnetId=busy), "DependencyViolation")
    assert is_refused(stack, lambda: stack.ec2.delete_vpc(VpcId=vpc), "DependencyViolation")

    until(
        lambda: any(c["action"] == "DescribeNetworkInterfaces" and c["time"] > now for c in calls_of_vpce(stack)),
        "a look",
    )
    stack.quiet()
    assert stack.writes(since=now) == []
    assert len(stack.endpoints(vpc)["sts"]["SubnetIds"]) == 2


def calls_of_vpce(stack: Stack) -> list[Any]:
    return [c for c in stack.aws.calls("ec2") if "assumed-role" in c["principal"]]

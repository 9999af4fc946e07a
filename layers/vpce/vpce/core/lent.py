"""What does AWS own, in a region, that the services of a VPC need?

Such things belong to no account and no organisation that a policy would name, so a policy must name themselves.

https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/service_owned_resources.md
"""

from __future__ import annotations


def partition_of(region: str) -> str:
    """What ARNs begin with after ``arn:``. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


# ---- buckets ------------------------------------------------------------------------------------------------------


def image_layers(region: str) -> str:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms"""
    return f"prod-{region}-starport-layer-bucket"


def agent_updates(region: str) -> str:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html"""
    return f"amazon-ssm-{region}"


def patch_baselines(region: str) -> str:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html"""
    return f"patch-baseline-snapshot-{region}{_BASELINES.get(region, '')}"


def linux_packages(region: str) -> str:
    """https://docs.aws.amazon.com/linux/al2023/ug/live-patching.html"""
    return f"al2023-repos-{region}-de612dc2"


def read_from(region: str) -> tuple[str, ...]:
    """Buckets that a VPC's hosts read from, mostly unsigned, or signed by an account of AWS's own; sorted."""
    patches = [f"{region}-{_PATCHES[region]}"] if region in _PATCHES else []
    return tuple(
        sorted(
            {
                image_layers(region),
                # https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
                *(agent_updates(region), f"amazon-ssm-packages-{region}", f"aws-ssm-{region}"),
                *(f"aws-ssm-distributor-file-{region}", f"aws-ssm-document-attachments-{region}"),
                *(f"aws-windows-downloads-{region}", f"{region}-birdwatcher-prod"),
                *(patch_baselines(region), f"aws-patchmanager-macos-{region}"),
                *(f"aws-{system}-{suffix}" for system in ("patch-manager", "patchmanager-macos") for suffix in patches),
                # https://docs.aws.amazon.com/linux/al2/ug/al2-live-patching.html
                *(linux_packages(region), f"al2023-{region}", f"amazonlinux-2-repos-{region}"),
                *(f"amazonlinux.{region}.amazonaws.com", f"packages.{region}.amazonaws.com"),
                f"repo.{region}.amazonaws.com",
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/download-cloudwatch-agent-commandline.html
                *("amazoncloudwatch-agent", f"amazoncloudwatch-agent-{region}"),
                # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-helper-scripts-reference.html
                "cloudformation-examples",
            }
        )
    )


def answered_to(region: str) -> tuple[str, ...]:
    """Buckets that take the answers of CloudFormation's custom resources and wait conditions, by URLs that it signed.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
    """
    return (
        f"cloudformation-custom-resource-response-{region.replace('-', '')}",
        f"cloudformation-waitcondition-{region}",
    )


# ---- images -------------------------------------------------------------------------------------------------------


def eks_registry(region: str) -> str:
    """The account whose repositories have the images of EKS's add-ons: a cluster's network, DNS and proxy.

    https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
    """
    return _EKS.get(region, "602401143452")


def _table(text: str) -> dict[str, str]:
    return dict(row.split("=") for row in text.split())


_PARTITIONS = {
    "cn-": "aws-cn", "eu-isoe-": "aws-iso-e", "eusc-": "aws-eusc", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f",
}  # fmt: skip
_EKS = _table("""
    af-south-1=877085696533 ap-east-1=800184023465 ap-east-2=533267051163 ap-south-2=900889452093
    ap-southeast-3=296578399912 ap-southeast-4=491585149902 ap-southeast-5=151610086707 ap-southeast-6=333609536671
    ap-southeast-7=121268973566 ca-west-1=761377655185 cn-north-1=918309763551 cn-northwest-1=961992271922
    eu-central-2=900612956339 eu-south-1=590381155156 eu-south-2=455263428931 eusc-de-east-1=877088126301
    il-central-1=066635153087 me-central-1=759879836304 me-south-1=558608220178 mx-central-1=730335286997
    us-gov-east-1=151742754352 us-gov-west-1=013241004608
""")
_BASELINES = _table("""
    af-south-1=-tbxdb5b9 ap-south-2=-50209442 ap-southeast-3=-be0a3174 ap-southeast-4=-dc6f76ce eu-south-2=-df2c9d70
    me-south-1=-uduvl7q8
""")
_PATCHES = _table("""
    af-south-1=bdd5f65a9 ap-east-1=632356271 ap-northeast-1=4849fa78f ap-northeast-2=10467995c ap-northeast-3=67373598a
    ap-south-1=cb7c62ff9 ap-south-2=32f4b4128 ap-southeast-1=7fdfd9ef7 ap-southeast-2=17283a275
    ap-southeast-3=aa48fc462 ap-southeast-4=01e2c40d3 ca-central-1=3148e69e3 ca-west-1=9e3a4b2f9
    eu-central-1=9163fdaaf eu-central-2=184ce43c8 eu-north-1=795879e9b eu-south-1=c52f3f594 eu-south-2=a4cf248b1
    eu-west-1=5522fb710 eu-west-2=902a2bc74 eu-west-3=29bf85721 il-central-1=e221cb57b me-central-1=2932f2f80
    me-south-1=a53fc9dce sa-east-1=ddf4b6a09 us-east-1=1970c647d us-east-2=552881074 us-west-1=8badb4304
    us-west-2=34d7f99f8
""")
"""AWS warns of a wildcard in their place, which would let in buckets of anybody.
https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html"""

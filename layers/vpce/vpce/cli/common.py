"""What commands have in common: how they end, their options, and what these name."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vpce.aws.clients import client
from vpce.aws.pace import Pace
from vpce.aws.parameters import installed_profiles, shipped_profiles, with_policies
from vpce.aws.pricelist import HOME as PRICES_HOME
from vpce.core.model import Place
from vpce.core.policies import PolicyFile
from vpce.core.profile import Profiles, read_profiles
from vpce.pricing import PriceSource
from vpce.reconcile import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.core.model import Vpc

FINE, FAILED, TO_DO = 0, 1, 3
"""Exit codes; argparse itself has 2, for wrong usage."""


class CannotError(Exception):
    """The command cannot be carried out; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parents:
    """Options that several commands have, as parents of argparse's."""

    out: argparse.ArgumentParser
    """How it is printed."""
    stack: argparse.ArgumentParser
    """Which installation is meant."""
    priced: argparse.ArgumentParser
    """Whose prices are used."""
    looks: argparse.ArgumentParser
    """All of the above, and with which profiles and policies VPCs are looked at."""
    one: argparse.ArgumentParser
    """Those of `looks`, and which VPC."""


def parents() -> Parents:
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--json", action="store_true", help="print JSON for machines")
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument(
        "--installation",
        default=os.environ.get("VPCE_INSTALLATION", "vpce"),
        help="name of the stack whose endpoints are ours (default: %(default)s)",
    )
    priced = _priced()
    looks = argparse.ArgumentParser(add_help=False, parents=[out, stack, priced])
    own = looks.add_mutually_exclusive_group()
    own.add_argument("--profiles", metavar="FILE", help="TOML file with profiles of your own")
    own.add_argument("--profiles-parameter", metavar="NAME", default="", help="SSM parameter with profiles of your own")
    looks.add_argument(
        "--policies", metavar="DIR", help="folder of the endpoint policies that profiles name (default: that of FILE)"
    )
    looks.add_argument(
        "--organization",
        metavar="ID",
        default=os.environ.get("VPCE_ORGANIZATION", ""),
        help="the stack's OrganizationId, for the endpoint policy 'organization' (default: the account alone)",
    )
    one = argparse.ArgumentParser(add_help=False, parents=[looks])
    one.add_argument("vpc", metavar="VPC", help="id of the VPC")
    one.add_argument("--region", help="the VPC's region")
    return Parents(out=out, stack=stack, priced=priced, looks=looks, one=one)


def _priced() -> argparse.ArgumentParser:
    priced = argparse.ArgumentParser(add_help=False)
    whose = priced.add_mutually_exclusive_group()
    whose.add_argument(
        "--prices",
        metavar="FILE",
        default=os.environ.get("VPCE_PRICES", ""),
        help="TOML file of list prices (default: those in the package)",
    )
    whose.add_argument("--live-prices", action="store_true", help="AWS's list prices of this week")
    return priced


def surroundings_of(
    options: argparse.Namespace, *, region: str | None = None, profiles: Profiles | None = None
) -> Surroundings:
    """Of `region`, where that is not the one of the options; CannotError where a file of profiles cannot be read."""
    ec2 = client("ec2", region or options.region)
    return Surroundings(
        place=Place(
            account=client("sts", ec2.meta.region_name).get_caller_identity()["Account"], region=ec2.meta.region_name
        ),
        ec2=ec2,
        client_of=client,
        installation=options.installation,
        profiles=profiles_of(options) if profiles is None else profiles,
        pace=Pace(),
        prices_of=price_source_of(options).of,
        grace=timedelta(hours=getattr(options, "grace_hours", 24)),
    )


def find(around: Surroundings, vpc_id: str, *, needs_dns: Callable[[Vpc], bool] | None = None) -> Vpc:
    """The VPC as it is now; CannotError where the region has none of this id."""
    found = around.observe([vpc_id], now=datetime.now(UTC), needs_dns=needs_dns)
    if not found:
        raise CannotError(f"no VPC {vpc_id} in {around.place}; is --region right?")
    return found[0]


def profiles_of(options: argparse.Namespace) -> Profiles:
    """Those of the package and those of the options; CannotError where their file cannot be read."""
    folder = Path(options.policies or Path(options.profiles or "").parent)
    return with_policies(_own_profiles(options), options.organization, lambda name: _policy_file(folder / name))


def _policy_file(path: Path) -> PolicyFile:
    try:
        return PolicyFile.of(str(path), path.read_bytes())
    except OSError as error:
        return PolicyFile(source=str(path), trouble=f"cannot be read: {error.strerror}; --policies tells where it is")


def _own_profiles(options: argparse.Namespace) -> Profiles:
    if not options.profiles:
        return installed_profiles(client("ssm") if options.profiles_parameter else None, options.profiles_parameter)
    try:
        text = Path(options.profiles).read_text(encoding="utf-8")
    except OSError as error:
        raise CannotError(f"profiles file {options.profiles}: {error.strerror}") from error
    return read_profiles(shipped_profiles(), text, own_source=options.profiles)


def price_source_of(options: argparse.Namespace) -> PriceSource:
    return PriceSource(
        file=getattr(options, "prices", ""),
        pricing=(lambda: client("pricing", PRICES_HOME)) if getattr(options, "live_prices", False) else None,
        today=datetime.now(UTC).date(),
        # https://specifications.freedesktop.org/basedir-spec/latest/
        cache=Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "vpce",
    )


def ask(options: argparse.Namespace) -> None:
    """Returns if somebody agreed; CannotError if not, or where nobody can be asked."""
    if options.yes:
        return
    if options.json or not sys.stdin.isatty():
        raise CannotError("nobody can be asked here; give --yes")
    if input("Apply this? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise CannotError("nothing was changed")


def write(name: str, text: str) -> None:
    """Of a whole file; CannotError where that is not possible."""
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotError(f"{name}: {error.strerror}") from error

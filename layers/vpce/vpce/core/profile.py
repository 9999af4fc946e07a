"""What is wanted: profiles, and what a VPC's tags say of them.

ProfileError            for a person; the message names the thing and the fix
├── ProfilesTextError   the TOML cannot be read at all
├── BrokenProfile       this one table is wrong; the others stay usable
├── UnknownProfile      no table of that name ("did you mean …?")
├── BadPolicy           its endpoint policy is a file that cannot be used, or two profiles ask for two
└── BadTag              endpoint-zones, -addresses, -mode, -window or -deletions has a value that means nothing
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vpce.core.model import (
    ADDRESSES_TAG,
    DELETIONS_TAG,
    MADE_BY_DEFAULT,
    MODE_TAG,
    PROFILE_TAG,
    RELEASED_TAG,
    WINDOW_TAG,
    ZONES_TAG,
    Addresses,
    utc,
)
from vpce.core.policies import OPEN, ORGANIZATION, EndpointPolicy, PolicyFile, is_file, policy_in
from vpce.core.policy import PolicyError
from vpce.core.window import read_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vpce.core.model import Vpc
    from vpce.core.window import Window

REMOVE = "none"
"""The tag value that says: take ours away, now."""

_KEYS = ("description", "gateway", "interface", "optional", "policy")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")

HTTPS = 443
_PORTS: Mapping[str, tuple[int, ...]] = {
    # https://docs.aws.amazon.com/keyspaces/latest/devguide/vpc-endpoints.html
    "cassandra": (9142,),
    "cassandra-fips": (9142,),
    # https://docs.aws.amazon.com/ses/latest/dg/send-email-set-up-vpc-endpoints.html
    "email-smtp": (25, 465, 587, 2465, 2587),
    # https://docs.aws.amazon.com/iot/latest/developerguide/IoTCore-VPC.html
    "iot.data": (HTTPS, 8883),
}


class ProfileError(LookupError):
    """A profile cannot be used; the message says which, why, and what to do."""

    def __str__(self) -> str:
        return str(self.args[0])


class ProfilesTextError(ProfileError):
    pass


class BrokenProfile(ProfileError):  # noqa: N818  it is read as a sentence: raise UnknownProfile
    pass


class UnknownProfile(ProfileError):  # noqa: N818
    pass


class BadPolicy(ProfileError):  # noqa: N818
    pass


class BadTag(ProfileError):  # noqa: N818
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named set of wanted endpoint services; short names, sorted."""

    name: str
    description: str = ""
    gateway: tuple[str, ...] = ()
    interface: tuple[str, ...] = ()
    """Optional ones included."""
    optional: frozenset[str] = frozenset()
    """Interface services that a region may lack without anybody being told to act."""
    policy: EndpointPolicy | None = None
    """None: AWS's own on what is made, and whatever it is on what is there."""


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """All profiles of an installation, good ones and broken ones."""

    tables: Mapping[str, Profile]
    broken: Mapping[str, BrokenProfile] = field(default_factory=dict)
    unreadable: ProfileError | None = None
    """The installation's own text could not be read: no profile is used, for it may have replaced any of them."""
    organization: str = ""
    """``o-…``: what `vpce.core.policies` calls ours; empty for the account."""
    files: Mapping[str, PolicyFile] = field(default_factory=dict)
    """`policy_files`, as they were found."""

    @property
    def policy_files(self) -> tuple[str, ...]:
        """Names of the files that profiles have their policies in; sorted."""
        return tuple(sorted({p.policy.name for p in self.tables.values() if p.policy and p.policy.is_file}))

    def of(self, text: str, *, asked_by: str = PROFILE_TAG) -> Profile:
        """The profile of a tag's or parameter's value: one name, or several joined by ``+``.

        Raises:
            ProfileError: a name is unknown or its table broken. Nothing may be changed then.

        """
        if self.unreadable:
            raise self.unreadable
        names = list(dict.fromkeys(part.strip().lower() for part in text.split("+")))
        found = [self._one(name, f"{asked_by} = {text!r}") for name in names]
        required = {s for p in found for s in p.interface if s not in p.optional}
        interface = {s for p in found for s in p.interface}
        return Profile(
            name="+".join(names),
            description=" ".join(p.description for p in found),
            gateway=tuple(sorted({s for p in found for s in p.gateway})),
            interface=tuple(sorted(interface)),
            optional=frozenset(interface - required),
            policy=self._policy(found),
        )

    def _policy(self, found: Sequence[Profile]) -> EndpointPolicy | None:
        """The one that profiles, joined, ask for, with all that it needs."""
        asked = {p.policy.name: p for p in found if p.policy}
        if len(asked) > 1:
            said = ", ".join(f"'{p.name}' asks for '{name}'" for name, p in asked.items())
            raise BadPolicy(f"an endpoint has one policy, but of the profiles joined, {said}; join some that agree")
        for name, profile in asked.items():
            policy = EndpointPolicy(name=name, organization=self.organization)
            if not policy.is_file:
                return policy
            file = self.files.get(name, PolicyFile(source=name, trouble="was not looked for"))
            try:
                return replace(policy, text=policy_in(file, for_gateways=any(p.gateway for p in found)))
            except PolicyError as error:
                raise BadPolicy(f"profile '{profile.name}', its endpoint policy: {error}") from error
        return None

    def _one(self, name: str, asked: str) -> Profile:
        if name in self.broken:
            raise self.broken[name]
        if name in self.tables:
            return self.tables[name]
        if name == REMOVE:
            raise UnknownProfile(f"{asked}: '{REMOVE}' stands alone; it cannot be joined with a profile")
        if not name:
            raise UnknownProfile(f"{asked} has an empty name; known profiles: {self._known()}")
        hint = did_you_mean(name, [*self.tables, REMOVE])
        raise UnknownProfile(f"{asked}: no profile '{name}'{hint}; known profiles: {self._known()}")

    def _known(self) -> str:
        return ", ".join(sorted(self.tables))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'private'?)"``, or nothing when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{near[0]}'?)" if near else ""


def read_profiles(shipped: str, own: str = "", *, own_source: str = "your profiles") -> Profiles:
    """Profiles from the package's TOML text and the installation's own; a table there replaces one here whole.

    A wrong table spoils only itself. A text that is no TOML at all could have meant any profile, so it spoils
    them all (`Profiles.unreadable`).
    """
    tables: dict[str, Profile] = {}
    broken: dict[str, BrokenProfile] = {}
    unreadable: ProfileError | None = None
    for source, text in (("profiles.toml", shipped), (own_source, own)):
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also figures too long and nesting too deep for Python
            unreadable = ProfilesTextError(f"{source} is no valid TOML: {error}; no profile is used until it is mended")
            continue
        for name, table in document.items():
            tables.pop(name, None)
            broken.pop(name, None)
            try:
                tables[name] = _profile(name, table)
            except ValueError as error:
                broken[name] = BrokenProfile(f"{source}: profile '{name}' {error}")
    return Profiles(tables=tables, broken=broken, unreadable=unreadable)


def _profile(name: str, table: Any) -> Profile:
    if not isinstance(table, dict):
        raise ValueError(f"is no table; write [{name}] with a list of services under it")
    if not _NAME.fullmatch(name) or name == REMOVE:
        raise ValueError("has a name that a tag cannot ask for; use lower-case letters, digits, '.', '_' and '-'")
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"has an unknown key '{key}'{did_you_mean(key, _KEYS)}; known keys: {', '.join(_KEYS)}")
    if not isinstance(table.get("description", ""), str):
        raise ValueError("has a description that is no text")
    gateway, interface, optional = (_services(table, key) for key in ("gateway", "interface", "optional"))
    if both := sorted(set(interface) & set(optional)):
        raise ValueError(f"lists {', '.join(both)} as interface and as optional; choose one")
    if not gateway and not interface and not optional:
        raise ValueError("asks for no service; to remove our endpoints the tag's value is 'none'")
    return Profile(
        name=name,
        description=table.get("description", ""),
        gateway=gateway,
        interface=tuple(sorted({*interface, *optional})),
        optional=frozenset(optional),
        policy=_policy(table),
    )


def _policy(table: Mapping[str, Any]) -> EndpointPolicy | None:
    if "policy" not in table:
        return None
    name = table["policy"]
    if not isinstance(name, str) or not (name in {OPEN, ORGANIZATION} or is_file(name)):
        raise ValueError(f"has the policy {name!r}; choose '{OPEN}', '{ORGANIZATION}', or a file: 'ours.json'")
    return EndpointPolicy(name=name)


def _services(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
        raise ValueError(f"needs a list of service names under '{key}', for instance {key} = [\"s3\"]")
    return tuple(sorted({n.strip() for n in names}))


def ports_of(service: str) -> tuple[int, ...]:
    """TCP ports that clients of a service use, by its short name."""
    return _PORTS.get(service, (HTTPS,))


# ---- what a VPC's tags say ----------------------------------------------------------------------------------------


class Mode(StrEnum):
    """How much vpce may do by itself; each does all that the one before does."""

    WATCH = "watch"
    """Nothing: plans are told, and a person applies them."""
    CREATE_ONLY = "create-only"
    """It adds what is missing, and takes nothing away."""
    SYNC = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for a VPC, and by what."""

    profile: Profile | None
    """None: nothing may change, or everything of ours goes."""
    why: str
    remove: bool = False
    """Everything of ours goes, now."""
    retire: bool = False
    """Nobody wants ours any more: it goes after the grace period."""
    by_default: bool = False
    zones: int | None = None
    """At most so many zones per interface endpoint; None is all."""
    addresses: Addresses | None = None
    """What every endpoint is to have where it can; None: what it was made with, or what its subnets came to have."""
    mode: Mode = Mode.SYNC
    window: Window | None = None
    """When steps may be taken that can disturb traffic; None is always."""
    deletions_allowed: bool = False
    """The word without which no large part of an installation goes at once."""
    is_new: bool = False
    """The VPC was made a moment ago: there is no traffic yet."""

    @property
    def asks_for_something(self) -> bool:
        return self.profile is not None or self.remove or self.retire

    @property
    def wants_interfaces(self) -> bool:
        return self.profile is not None and bool(self.profile.interface)

    @property
    def made_for(self) -> str:
        """What our endpoints remember of it."""
        name = self.profile.name if self.profile else ""
        return f"{MADE_BY_DEFAULT}{name}" if self.by_default else name


def wish_of(
    vpc: Vpc,
    profiles: Profiles,
    *,
    default: str = "",
    is_new: bool = False,
    mode: Mode = Mode.SYNC,
    window: Window | None = None,
) -> Wish:
    """What the VPC's tags ask for, else its default profile if it is new or got it when it was.

    Args:
        vpc: as it is.
        profiles: of the installation.
        default: the profile of a new VPC without a tag.
        is_new: somebody made it a moment ago.
        mode: of the installation, where the VPC's tag says nothing.
        window: likewise.

    Raises:
        ProfileError: a tag's value cannot be used. Nothing may be changed then.

    """
    if vpc.is_shared_with_us:
        return Wish(profile=None, why=f"account {vpc.owner} owns this VPC; its endpoints are made there")
    wish = _asked(vpc, profiles, default=default, is_new=is_new)
    if not wish.asks_for_something:
        return wish
    return replace(
        wish,
        zones=zones_of(vpc) if wish.profile else None,
        addresses=addresses_of(vpc) if wish.profile else None,
        mode=_mode_of(vpc, mode),
        window=_window_of(vpc, window),
        deletions_allowed=_allows_deletions(vpc),
        is_new=is_new,
    )


def _asked(vpc: Vpc, profiles: Profiles, *, default: str, is_new: bool) -> Wish:
    text = vpc.tags.get(PROFILE_TAG)
    if vpc.released:
        until = f"{RELEASED_TAG} until {utc(vpc.released)}"
        return Wish(profile=None, remove=True, why=f"somebody is deleting the VPC ({until})")
    if text is None:
        return _untagged(vpc, profiles, default=default, is_new=is_new)
    if asks_for_removal(vpc):
        return Wish(profile=None, remove=True, why=f"{PROFILE_TAG} = none")
    return Wish(profile=profiles.of(text), why=f"{PROFILE_TAG} = {text}")


def _untagged(vpc: Vpc, profiles: Profiles, *, default: str, is_new: bool) -> Wish:
    made_for = {e.made_for for e in vpc.ours}
    if born_with := {m for m in made_for if m.startswith(MADE_BY_DEFAULT)}:
        # What is there remembers the default profile that the VPC was born with, also after the parameter changed.
        return _by_default(profiles, min(born_with).removeprefix(MADE_BY_DEFAULT), "the VPC got it when it was new")
    if has_ours(vpc):
        once = f" (it was '{max(made_for)}')" if any(made_for) else ""
        return Wish(profile=None, retire=True, why=f"the tag {PROFILE_TAG} is gone{once}")
    if vpc.is_default:
        return Wish(profile=None, why=f"a default VPC without the tag {PROFILE_TAG} is left alone")
    if is_new and default not in {"", REMOVE}:
        return _by_default(profiles, default, "the default profile of a new VPC without a tag")
    return Wish(profile=None, why=f"the VPC has no tag {PROFILE_TAG}")


def _by_default(profiles: Profiles, name: str, why: str) -> Wish:
    return Wish(profile=profiles.of(name, asked_by="DefaultProfile"), by_default=True, why=f"{name}: {why}")


def asks_for_removal(vpc: Vpc) -> bool:
    return vpc.tags.get(PROFILE_TAG, "").strip().lower() == REMOVE


def has_ours(vpc: Vpc) -> bool:
    return bool(vpc.ours) or any(g.is_ours for g in vpc.security_groups)


def is_managed(vpc: Vpc) -> bool:
    """Whether vpce has anything to do with this VPC: a tag asks for it, or something of ours is there."""
    return PROFILE_TAG in vpc.tags or has_ours(vpc)


def zones_of(vpc: Vpc) -> int | None:
    """How many zones ``endpoint-zones`` allows; None is all.

    Raises:
        BadTag: it is neither "all" nor a count from 1.

    """
    text = vpc.tags.get(ZONES_TAG, "all").strip().lower()
    if text == "all":
        return None
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise BadTag(f"{ZONES_TAG} = {vpc.tags[ZONES_TAG]!r} is no count of zones; use 'all', '1', '2' …")


def addresses_of(vpc: Vpc) -> Addresses | None:
    """What ``endpoint-addresses`` asks for; None is ``auto``.

    Raises:
        BadTag: it is neither "auto" nor "dualstack" nor "ipv4".

    """
    text = vpc.tags.get(ADDRESSES_TAG, "auto").strip().lower()
    match text:
        case "auto":
            return None
        case Addresses.DUALSTACK | Addresses.IPV4:
            return Addresses(text)
        case _:
            raise BadTag(
                f"{ADDRESSES_TAG} = {vpc.tags[ADDRESSES_TAG]!r} is no choice; use 'auto', 'dualstack' or 'ipv4'"
            )


def _mode_of(vpc: Vpc, default: Mode) -> Mode:
    text = vpc.tags.get(MODE_TAG, default).strip().lower()
    try:
        return Mode(text)
    except ValueError:
        hint = did_you_mean(text, Mode) or f"; use {', '.join(Mode)}"
        raise BadTag(f"{MODE_TAG} = {vpc.tags[MODE_TAG]!r} is no mode{hint}") from None


def _window_of(vpc: Vpc, default: Window | None) -> Window | None:
    if WINDOW_TAG not in vpc.tags:
        return default
    try:
        return read_window(vpc.tags[WINDOW_TAG])
    except ValueError as error:
        raise BadTag(f"{WINDOW_TAG} = {vpc.tags[WINDOW_TAG]!r} {error}") from None


def _allows_deletions(vpc: Vpc) -> bool:
    text = vpc.tags.get(DELETIONS_TAG, "").strip().lower()
    if text not in {"", "allowed"}:
        raise BadTag(f"{DELETIONS_TAG} = {vpc.tags[DELETIONS_TAG]!r} means nothing; the word is 'allowed'")
    return bool(text)

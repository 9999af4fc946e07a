"""Events that nobody wrote down, and profile texts that nobody meant: nothing crashes, and nothing else is changed."""

from __future__ import annotations

import copy
import functools
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions.reconcile import app
from tests.aws.conftest import ACCOUNT, NOW, PLACE, REGION, SESSION, World
from tests.aws.machine_wire import Wire
from tests.aws.test_functions import Context, installation, messages  # noqa: F401  a fixture is found by its name
from vpce.aws import clients
from vpce.aws.parameters import shipped_profiles
from vpce.core.events import Look, where_to_look
from vpce.core.profile import ProfileError, Profiles, read_profiles
from vpce.notify import Told
from vpce.reconcile import Surroundings, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.model import Catalog

EVENTS = {f.stem: f.read_text(encoding="utf-8") for f in sorted((Path(__file__).parents[2] / "events").glob("*.json"))}
VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")
DEEP, MUCH = 100_000, 3_000
NO_SECOND_TRY = Config(retries={"total_max_attempts": 1})

TOGETHER = settings(
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(kw_only=True)
class Ears:
    """An EC2 with a few VPCs that refuses every change and remembers who would have been changed."""

    named: str
    """What the events in events/ point at; tagged."""
    managed: str
    """Tagged, and in no event."""
    plain: str
    """Without a tag, and in no event."""
    clients: dict[str, Any]
    catalog: Catalog
    asked: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    """SendMessage for a fresh message, Publish for a notice."""

    def clear(self) -> None:
        self.asked.clear()
        self.changed.clear()
        self.sent.clear()
        app.told = Told()  # nothing was told before

    def event(self, name: str) -> Any:
        """A file of events/, moved to this place and VPC; what it calls its second VPC is the untagged one."""
        text = EVENTS[name].replace("123837392027", ACCOUNT).replace("us-east-1", REGION)
        text = text.replace("vpc-0f9e8d7c6b5a40312", self.plain)
        event = json.loads(VPC_ID.sub(lambda m: m[0] if m[0] == self.plain else self.named, text))
        for time in ("time", "eventTime"):
            for node in (event, event.get("detail", {})):
                if time in node:
                    node[time] = (NOW - timedelta(seconds=30)).isoformat()
        return event


@pytest.fixture
def ears(world: World, installation: None, monkeypatch: pytest.MonkeyPatch) -> Ears:  # noqa: F811
    heard = Ears(
        named=world.vpc("gateway"),
        managed=world.vpc("gateway", cidr="10.9.0.0/16"),
        plain=world.vpc(None, cidr="10.8.0.0/16"),
        clients={},
        catalog=world.around.catalog,
    )

    def hear(model: Any, params: Any, **_: Any) -> Any:
        heard.asked.append(model.name)
        if model.name.startswith("Describe"):
            return None
        heard.changed.add(params["body"].get("VpcId", str(params["body"])))
        code = "UnauthorizedOperation"
        return SimpleNamespace(status_code=403), {
            "Error": {"Code": code, "Message": code},
            "ResponseMetadata": {"HTTPStatusCode": 403},
        }

    def nobody(request: Any, **_: Any) -> None:
        raise EndpointConnectionError(endpoint_url=request.url)

    @functools.cache
    def made(service: str, region: str | None) -> Any:
        """Real clients, since they judge a region's name; a region that is not there does not answer."""
        if service != "ec2":
            client: Any = SESSION.client(service, region_name=region)  # type: ignore[call-overload]
            client.meta.events.register_first(
                f"before-call.{service}", lambda model, **_: heard.sent.append(model.name)
            )
            return client
        if region == REGION:
            return listening
        client = SESSION.client("ec2", region_name=region, config=NO_SECOND_TRY)
        client.meta.events.register_first("before-call.ec2", lambda model, **_: heard.asked.append(model.name))
        client.meta.events.register_first("before-send.ec2", nobody)
        return client

    listening = heard.clients[REGION] = Wire().client(before=hear)
    monkeypatch.setattr(clients, "_client", made)
    monkeypatch.setattr(app, "_pace", lambda _: world.pace)  # its time passes by itself
    return heard


# ---- events -------------------------------------------------------------------------------------------------------


HOSTILE = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\u00e9\u0301\u202e",
    "' OR 1=1; --",
    "{}",
    "null",
    "$(id)",
    "../../etc/passwd",
    "vpc-",
    "vpc-0",
    "VPC-0A1B2C3D4E5F60718",
    "vpc-0a1b2c3d4e5f60718\n",
    "vpc-ffffffffffffffff0",
    "arn:aws:ec2:::vpc/",
    "9" * 5000,
    "x" * 100_000,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-23T12:00:00",
    "2026-02-30T12:00:00Z",
    "999999999999",
    "us-east-1",
    "eu-west-9",
    "eu west 1",
    "-",
    "none",
    "CreateVpc",
    "CreateTags",
    "DeleteTags",
    "DeleteVpcEndpoints",
    "ModifyVpcEndpoint",
    "RunInstances",
    "aws.tag",
    "aws.ec2",
    "vpce",
    "Notice",
    "Look again",
)
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(HOSTILE),
    st.sampled_from((None, True, False, 0, -1, 1.5, 10**400, [], {}, [[]], {"": {}}, [None, 1, "a"])),
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def paths_of(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from paths_of(value, (*path, key))


class Mutant:
    """An event, changed step by step; `text` is what arrives."""

    def __init__(self, event: Any) -> None:
        self.event = copy.deepcopy(event)
        self.text_changes: list[tuple[str, str]] = []
        self.is_huge = False

    def change(self, draw: st.DataObject, ears: Ears) -> None:  # noqa: C901  a case per kind of change
        path = draw.draw(st.sampled_from(sorted(paths_of(self.event), key=str)), label="path")
        how = draw.draw(st.sampled_from(("remove", "any", "nest", "deep", "twice", "vpc", "huge", "key")), label="how")
        if not path:
            if how == "any":
                self.event = copy.deepcopy(draw.draw(ANYTHING))  # the next change may reach into it
            elif how == "nest":
                self.event = draw.draw(
                    st.sampled_from(([self.event], {"detail": self.event}, {"Records": [self.event]}))
                )
            return
        parent = functools.reduce(lambda node, key: node[key], path[:-1], self.event)
        key, old = path[-1], parent[path[-1]]
        match how:
            case "remove":
                del parent[key]
            case "any":
                parent[key] = copy.deepcopy(draw.draw(ANYTHING))
            case "nest":
                parent[key] = draw.draw(st.sampled_from(([old], {"item": old}, {str(key): [old, old]}, str(old))))
            case "deep":
                parent[key] = "DEEP"
                opened, closed = draw.draw(st.sampled_from((("[", "]"), ('{"a":', "}"))))
                depth = draw.draw(st.sampled_from((50, 900, 5_000, DEEP)))
                self.text_changes.append(('"DEEP"', f"{opened * depth}0{closed * depth}"))
            case "twice":
                parent[key] = old
                other = draw.draw(ANYTHING)
                mark = json.dumps(str(key)) + ": "
                self.text_changes.append(
                    (mark, f"{mark}{json.dumps(other)}, {mark}" if isinstance(parent, dict) else mark)
                )
            case "vpc":
                parent[key] = draw.draw(st.sampled_from((ears.managed, ears.plain, ears.named, [ears.managed, 7])))
            case "huge" if not self.is_huge and len(json.dumps(old)) < MUCH:
                self.is_huge = True  # SQS takes no more than a megabyte
                parent[key] = [old] * 300 if isinstance(old, dict | list) else str(old) * 1_000
            case _ if isinstance(parent, dict):
                del parent[key]
                parent[draw.draw(st.one_of(st.sampled_from(HOSTILE), st.just(f"{key} ")))] = old

    @property
    def text(self) -> str:
        text = json.dumps(self.event)
        for old, new in self.text_changes:
            text = text.replace(old, new, 1)
        return text


def looked_for(text: str) -> Any:
    try:
        return where_to_look(json.loads(text))
    except (ValueError, RecursionError):
        return None


def may_be_changed(ears: Ears, text: str) -> set[str]:
    """Tagged, and named; or tagged, where no VPC is named, nor a thing that none of them has; or said to be new."""
    look, tagged = looked_for(text), {ears.named, ears.managed}
    if not isinstance(look, Look) or look.place != PLACE or (look.blocked and not look.vpcs):
        return set()
    # The document as read: text may spell an id with escapes.
    named = set(VPC_ID.findall(text)) | look.vpcs
    return (tagged & named if look.vpcs else tagged) | (look.new & named)


@settings(TOGETHER, max_examples=1_200)
@given(name=st.sampled_from(sorted(EVENTS)), changes=st.integers(1, 4), draw=st.data())
def test_a_mutated_event_is_looked_at_or_ignored_and_changes_nobody_else(
    ears: Ears, caplog: pytest.LogCaptureFixture, name: str, changes: int, draw: st.DataObject
) -> None:
    ears.clear()
    caplog.clear()
    mutant = Mutant(ears.event(name))
    for _ in range(changes):
        mutant.change(draw, ears)
    text = mutant.text

    answer = app.handler(messages(text), Context())

    assert answer == {"batchItemFailures": []}
    said = [r.message for r in caplog.records]
    if "ignored" in said:
        assert (said, ears.asked, ears.sent) == (["ignored"], [], [])
    else:
        assert ears.asked
    # What could not be read, or not be changed where the event said, is looked at again or told.
    look = looked_for(text)
    refused = ears.changed & look.vpcs if isinstance(look, Look) else set()
    assert bool(ears.sent) == ("could not look" in said or bool(refused)), said
    assert ears.changed <= may_be_changed(ears, text), text


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_real_event_changes_nobody_but_its_vpc(ears: Ears, name: str) -> None:
    text = json.dumps(ears.event(name))

    assert app.handler(messages(text), Context()) == {"batchItemFailures": []}

    look = looked_for(text)
    expected = may_be_changed(ears, text) if isinstance(look, Look) else set()
    assert ears.changed == expected


@settings(TOGETHER, max_examples=120)
@given(names=st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=9), at=st.integers(0, 9), draw=st.data())
def test_mutated_events_do_not_keep_a_good_one_from_work(
    ears: Ears, names: list[str], at: int, draw: st.DataObject
) -> None:
    ears.clear()
    mutants = [Mutant(ears.event(name)) for name in names]
    for mutant in mutants:
        mutant.change(draw, ears)
    good = json.dumps(ears.event("CreateSubnet")).replace(ears.named, ears.managed)
    bodies = [m.text for m in mutants]
    bodies.insert(at, good)

    answer = app.handler(messages(*bodies), Context())

    assert answer == {"batchItemFailures": []}
    assert ears.managed in ears.changed
    assert ears.changed <= {v for body in bodies for v in may_be_changed(ears, body)}


def test_profiles_that_cannot_be_read_now_fail_no_message(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is looked at again by a fresh message, as after any other read that AWS throttles."""
    made, ssm = clients._client, SESSION.client("ssm", config=NO_SECOND_TRY)

    def throttled(**_: Any) -> Any:
        error = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

    ssm.meta.events.register_first("before-call.ssm.GetParameter", throttled)
    monkeypatch.setattr(clients, "_client", lambda service, region: ssm if service == "ssm" else made(service, region))
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/vpce/profiles")

    answer = app.handler(messages(json.dumps(ears.event("CreateSubnet"))), Context())

    assert answer == {"batchItemFailures": []}
    assert (ears.changed, ears.sent) == (set(), ["SendMessage"])


# ---- profiles -----------------------------------------------------------------------------------------------------

SHIPPED = shipped_profiles()
GOOD = '[gateway]\ngateway = ["s3"]\n\n[mine]\ndescription = "Mine."\ninterface = ["sqs"]\noptional = ["kms"]\n'
# fmt: off
PIECES = (
    "[gateway]", "[mine]", "[[mine]]", "[a.b]", "[none]", '["é"]', "[ ]", "[mine]\n",
    "gateway", "interface", "optional", "description", "none", "s3", " = ", '["s3"]', "[1]", 'interface = ["sqs"]\n',
    '{ gateway = ["s3"] }', "[", "]", "{", "}", '"', "'''", '"""', "#", "\n", "\r", "\t", ".", ",", "+", "true", "nan",
    "1979-05-27T07:32:00Z", "1979-02-31", "0x", "1e999", "\\u0000", "\x00", "\ud800", "\ufeff",
    "9" * 5_000, "[" * 3_000, "{a=" * 900,
)
# fmt: on
TOMLISH = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@st.composite
def mutated_toml(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from((GOOD, SHIPPED)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 0, 1, 2, 10, 60))))
        text = text[:start] + draw(st.one_of(st.sampled_from(PIECES), st.text(max_size=3), st.just(""))) + text[end:]
    return text


def asks(profiles: Profiles) -> list[str]:
    names = [*profiles.tables, *profiles.broken, "gateway", "none", "gateway+none", "", "+", "é", "x" * 300, "gatway"]
    return [*names, *(f"gateway+{n}" for n in names)]


@settings(TOGETHER, max_examples=1_200)
@example(own="x = " + "9" * 5_000)
@example(own="x = " + "[" * 3_000)
@example(own="x = " + "{a=" * 900)
@given(own=st.one_of(TOMLISH, mutated_toml(), st.text()))
def test_no_profiles_text_raises_anything_but_a_profile_error(own: str) -> None:
    profiles = read_profiles(SHIPPED, own)

    for text in asks(profiles):
        try:
            profile = profiles.of(text)
        except ProfileError as refused:
            said = str(refused)
            assert said.strip()
        else:
            assert profiles.unreadable is None
            assert {*profile.gateway, *profile.interface}
            assert profile.optional <= set(profile.interface)
    for name, error in profiles.broken.items():
        assert name not in profiles.tables
        assert name in str(error)


@settings(TOGETHER, max_examples=150)
@given(own=st.one_of(TOMLISH, mutated_toml()))
def test_a_broken_profiles_text_changes_nothing(ears: Ears, world: World, own: str) -> None:
    profiles = read_profiles(SHIPPED, own)
    ears.clear()
    around = Surroundings(
        place=PLACE,
        ec2=ears.clients[REGION],
        installation="vpce",
        profiles=profiles,
        pace=world.pace,
        default_profile="gateway",
        catalog_of=lambda *_: ears.catalog,
    )

    run = reconcile(around, [Look(place=PLACE, vpcs=frozenset(), why="test")], generation="1", now=NOW)

    assert not run.errors
    if profiles.unreadable or "gateway" in profiles.broken:
        assert ears.changed == set()
        assert all(r.refusal for r in run.runs)
    else:
        assert ears.changed <= {ears.named, ears.managed}

"""By which names does boto3 call AWS's services? Read from botocore's own data, so that no list of ours grows old.

https://docs.aws.amazon.com/botocore/latest/reference/loaders.html
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpce.core.services import Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RULES, _MODEL = "endpoint-rule-set-1", "service-2"


def sdk_clients(region: str) -> list[Client]:
    """Every client of the installed botocore, with the host names that it calls in a region."""
    import botocore.session

    loader = botocore.session.get_session().get_component("data_loader")
    suffixes = _suffixes(loader.load_data("partitions"), region)
    return [_client(loader, name, region, suffixes) for name in loader.list_available_services(_RULES)]


def _suffixes(partitions: Mapping[str, Any], region: str) -> Mapping[str, str]:
    """``dnsSuffix`` and ``dualStackDnsSuffix`` of the region's partition; of a region of the future, by its form."""
    found = partitions["partitions"]
    known = [p for p in found if region in p["regions"]] or [p for p in found if re.match(p["regionRegex"], region)]
    suffixes: Mapping[str, str] = (known or found)[0]["outputs"]
    return suffixes


def _client(loader: Any, name: str, region: str, suffixes: Mapping[str, str]) -> Client:
    text = _model(loader, name)
    hosts = {_host(url, region, suffixes) for url in _urls(loader.load_service_model(name, _RULES))} - {""}
    # Some operations go to a host of their own: "sync-" and "states.eu-west-1.amazonaws.com".
    prefixes = {p for p in re.findall(r'"hostPrefix"\s*:\s*"([^"]+)"', text) if "{" not in p}
    return Client(
        name=name,
        titles=tuple(re.findall(r'"service(?:Id|FullName|Abbreviation)"\s*:\s*"([^"]+)"', text)),
        hosts=frozenset({*hosts, *(f"{p}{h}" for p in prefixes for h in hosts)}),
    )


def _urls(rules: Any) -> Iterator[str]:
    """Of all endpoints in a tree of rules.

    https://smithy.io/2.0/additional-specs/rules-engine/specification.html
    """
    match rules:
        case {"endpoint": {"url": str(url)}}:
            yield url
        case dict():
            yield from (url for value in rules.values() for url in _urls(value))
        case list():
            yield from (url for value in rules for url in _urls(value))


def _host(url: str, region: str, suffixes: Mapping[str, str]) -> str:
    """Of a template; empty where more must be known than the region."""
    host = url.removeprefix("https://").replace("{Region}", region).partition("/")[0]
    host = re.sub(r"{\w+#(\w+)}", lambda m: suffixes.get(m[1], m[0]), host)
    return "" if "{" in host else host


def _model(loader: Any, name: str) -> str:
    """The text of a service's model. To parse all of them takes seconds, to look for a few words in them does not."""
    version = loader.determine_latest_version(name, _MODEL)
    for folder in loader.search_paths:
        file = Path(folder, name, version, f"{_MODEL}.json.gz")
        if file.is_file():
            return gzip.decompress(file.read_bytes()).decode()
    return json.dumps(loader.load_service_model(name, _MODEL))

"""One Chromium for all tests of the page; without any they are skipped, but not where CI runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.browser.reports import a_fleet_report, a_hostile_report, an_everyday_report
from vpce.documents import as_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vpce.core.report import Report

REPORTS: dict[str, Callable[[], Report]] = {
    "everyday": an_everyday_report,
    "hostile": a_hostile_report,
    "town": lambda: a_fleet_report(vpcs=250, findings=250),
    "fleet": a_fleet_report,
}


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    binary = chromium.find()
    if binary is None:
        say = pytest.fail if os.environ.get("VPCE_CI") else pytest.skip
        say("THE REPORT PAGE WAS NOT TRIED: there is no Chromium here; `make browser` as root installs Debian's")
    browser = chromium.Chromium(binary, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    files = {name: folder / f"{name}.html" for name in REPORTS}
    for name, file in files.items():
        file.write_text(as_page(REPORTS[name]()), encoding="utf-8")
    return files


@pytest.fixture
def browser(chrome: chromium.Chromium) -> Iterator[chromium.Chromium]:
    """As a reader has it who asked for nothing; whatever a test does, no page may complain."""
    chrome.complaints.clear()
    chrome.likes()
    yield chrome
    assert chrome.complaints == []

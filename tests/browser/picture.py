"""`make picture`: the report page as people see it, for the README."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from embedded.process import REPOSITORY
from tests.browser import chromium
from tests.browser.reports import an_everyday_report
from vpce.documents import as_page

PICTURE = REPOSITORY / "docs" / "report.png"


def main() -> None:
    binary = chromium.find()
    if binary is None:
        sys.exit("there is no Chromium here; `make browser` as root installs Debian's")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "report.html"
        file.write_text(as_page(an_everyday_report()), encoding="utf-8")
        browser = chromium.Chromium(binary, Path(folder) / "home")
        browser.is_wide(1200)
        browser.open(f"{file.as_uri()}#severity=high")
        browser.run("document.querySelector('#findings-table details').open = true")
        browser.run("for (const table of document.querySelectorAll('.wide')) table.style.maxHeight = 'none'")
        browser.is_wide(1200, height=browser.run("document.documentElement.scrollHeight"), scale=0.6)
        PICTURE.write_bytes(browser.picture())
        browser.close()


if __name__ == "__main__":
    main()

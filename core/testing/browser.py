"""A real, headless Chromium for tests of pages: real clicks, real security policies, a picture at the end."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1400,900",
)  # fmt: skip


def chromium() -> str | None:
    """Where the browser is, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A fresh browser without history; it and its folder are gone afterwards."""
    options = ChromeOptions()
    options.binary_location = chromium() or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="revsync-browser-", ignore_cleanup_errors=True) as profile:
        for argument in (*QUIET, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        driver = Chrome(options=options, service=Service(executable_path=shutil.which("chromedriver")))
        driver.implicitly_wait(10)  # seconds: a form that was sent may still be under way
        try:
            yield driver
        finally:
            driver.quit()


def complaints(driver: Any) -> list[str]:
    """What the page's console complained about: refused scripts and styles, script errors."""
    return [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]


def keep_picture(driver: Any, name: str) -> Path:
    """Save the page under var/pictures/ for a person to look at."""
    folder = Path(__file__).resolve().parents[2] / "var" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    driver.save_screenshot(str(folder / f"{name}.png"))
    return folder / f"{name}.png"

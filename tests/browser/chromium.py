"""Finds a Chromium, or installs the distribution's, once in a run; and keeps one open while the tests of here run."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
#: The second is there so that Thai is seen as Thai.
PACKAGES = ("chromium", "fonts-thai-tlwg")
INSTALL_SECONDS = 300
LOCK = Path(tempfile.gettempdir()) / "lintas-chromium.lock"


class NoChromium(Exception):
    """There is none; the message says why, and what to do."""


@cache
def program() -> str:
    """Return the path of a Chromium; NoChromium when there is none and none can be installed."""
    if wanted := os.environ.get("LINTAS_CHROMIUM"):
        if path := shutil.which(wanted):
            return path
        raise NoChromium(f"LINTAS_CHROMIUM is {wanted!r}, which is no program")
    return _found() or _installed()


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _installed() -> str:
    """Install from the distribution, as root and where that is wanted; the workers of one run try once between them."""
    do = "install chromium, or name one in LINTAS_CHROMIUM"
    if os.environ.get("LINTAS_NO_INSTALL") == "1":
        raise NoChromium(f"no Chromium on this machine, and LINTAS_NO_INSTALL=1: {do}")
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoChromium(f"no Chromium on this machine, and this is not root on a Debian: {do}")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with LOCK.open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        tried = lock.read().startswith(run)
        if not tried:
            lock.truncate(0)
            lock.write(run)
            lock.flush()
            _apt()
    if path := _found():
        return path
    raise NoChromium(f"no Chromium on this machine, and apt-get could not install it: {do}")


def _apt() -> None:
    until = time.monotonic() + INSTALL_SECONDS
    for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *PACKAGES]):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        left = max(1.0, until - time.monotonic())
        try:
            subprocess.run(["apt-get", *words], env=env, capture_output=True, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            return


class OneBrowser:
    """The one browser of a worker.

    Playwright keeps an event loop running in its thread; tests elsewhere run their own there. So it is closed as soon as the
    next test is none of the browser's.
    """

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def get(self) -> Browser:
        """Return the browser, open."""
        if self._browser is None:
            path = program()
            self._playwright = sync_playwright().start()
            # Chromium's sandbox does not work for root, and pages here are our own.
            flags = ["--no-sandbox"] if os.geteuid() == 0 else []
            self._browser = self._playwright.chromium.launch(executable_path=path, args=flags)
        return self._browser

    def close(self) -> None:
        """Close it, if it is open."""
        if self._browser is not None and self._playwright is not None:
            self._browser.close()
            self._playwright.stop()
        self._browser = self._playwright = None

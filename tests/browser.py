"""A headless Chromium, driven through its debugging protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Page:
    """One tab."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._count = 0
        self.call("Page.enable")
        self.call("Runtime.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._count:
                assert "error" not in message, message
                return dict(message["result"])

    def open(self, url: str, ready: str, seconds: float = 60) -> None:
        """Go to a page and wait until a JavaScript expression holds there."""
        self.call("Page.navigate", url=url)
        self.wait(ready, seconds)

    def wait(self, condition: str, seconds: float = 60) -> None:
        """Wait until a JavaScript expression holds."""
        end = time.monotonic() + seconds
        while not self.js(f"Boolean({condition})"):
            assert time.monotonic() < end, f"{condition} does not come true:\n{self.text()[:2000]}"
            time.sleep(0.1)

    def js(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; None where it fails, as while loading."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def text(self) -> str:
        """Return what a reader sees."""
        return str(self.js("document.body ? document.body.innerText : ''"))

    def screenshot(self, path: Path, width: int = 1200, height: int = 900) -> None:
        """Take a picture of the page."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        time.sleep(0.5)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """Start a browser with an empty profile; skip the test where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium here: `apt-get install chromium` brings one")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            *(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0"),
            *(f"--user-data-dir={profile}", "about:blank"),
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        # Its caches stay in the profile.
        env = {**os.environ, "HOME": profile, "XDG_CACHE_HOME": profile}
        with subprocess.Popen(command, env=env, **quiet) as process:
            try:
                page = Page(_address(Path(profile) / "DevToolsActivePort", process))
                yield page
                page.close()
            finally:
                process.terminate()


def _address(path: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            port = path.read_text().split()[0]
            with urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
                pages = [tab for tab in json.load(answer) if tab["type"] == "page"]
            return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise AssertionError(f"Chromium does not start (status {process.poll()})")

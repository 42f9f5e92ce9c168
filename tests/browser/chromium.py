"""Drives Chromium for tests: one page at a time, with all of its requests and complaints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class Chromium:
    """One browser for all tests, each of which opens its own page."""

    def __init__(self, binary: str, driver: str, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))

    def open(self, page: Path, *, width: int = 1280, dark: bool = False, media: str = "", scripts: bool = True) -> None:
        """Load a page from a file in a window of this width and theme, and forget the previous page."""
        self.driver.get("about:blank")
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.command("Emulation.setEmulatedMedia", media=media, features=[scheme, motion])
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(page.as_uri())
        if scripts:
            WebDriverWait(self.driver, 30).until_not(
                lambda driver: driver.find_elements(By.CSS_SELECTOR, "[aria-busy]")
            )

    def command(self, name: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol, and return its result."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        """Evaluate a script, and return its result."""
        return self.driver.execute_script(script, *arguments)

    def show(self, element: WebElement) -> None:
        """Scroll an element into view, and wait until the page has noticed."""
        self.driver.execute_async_script(
            "arguments[0].scrollIntoView({block: 'center'});"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(arguments[1], 50)))",
            element,
        )

    def all(self, selector: str) -> list[WebElement]:
        """All elements that match a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The first element that matches a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of the elements that are shown."""
        return [element.text for element in self.all(selector) if element.is_displayed()]

    def complaints(self) -> list[str]:
        """Errors and warnings on the console since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self) -> list[str]:
        """Addresses that were requested since the page was opened, except embedded images."""
        sent = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                sent.append(message["params"]["request"]["url"])
        return [address for address in sent if not address.startswith(("data:", "about:"))]

    def quit(self) -> None:
        """End the browser."""
        self.driver.quit()

"""Render card.svg as a PNG, the preview image of shared links.

All pages share one image. An image for each actor would need fonts for every script, which
are larger than the rest of the container image, and a preview shows the name as text anyway.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
CARD = HERE.parent / "actors" / "static" / "actors" / "card.png"


def main():
    """Render bin/card.svg and write the preview image."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.goto((HERE / "card.svg").as_uri())
        page.screenshot(path=CARD)
        browser.close()


if __name__ == "__main__":
    main()

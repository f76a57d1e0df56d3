"""Draw the preview image of shared links: card.svg as a PNG, the format that previews support.

One image for the whole site: an image for each actor would need fonts for every script
that names are written in, which are larger than the rest of the container image, and the
preview shows the name as text.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
CARD = HERE.parent / "actors" / "static" / "actors" / "card.png"


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.goto((HERE / "card.svg").as_uri())
        page.screenshot(path=CARD)
        browser.close()


if __name__ == "__main__":
    main()

"""Makes the pictures of the README and the docs; ``make pictures`` runs it.

The server's page is photographed here, with the boxes of the shipped model. The pictures of the
notebook and the dashboard are those that the browser tests left behind. 256 colours are enough,
and a third of the size.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure.chromium import chromium
from benchmarks.measure.server import serve
from PIL import Image

from tests.browser.page import street_page

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "tests" / "artifacts"
PICTURES = {"page-street": "page", "lab-light": "lab", "dashboard-light": "dashboard"}
"""Name in ``tests/artifacts`` -> name in ``docs/images``."""
# The camera of `streamlab demo`, which runs the same server.
DEMO = ("--camera", "street=synthetic://traffic", "--model", "street")
WINDOW = {"width": 1366, "height": 640}
FRAME = 900
"""The first frame to be in the picture: half a minute, so that the figures have settled."""


def take_page(path: Path) -> None:
    """Save a picture of the server's page, raw and annotated side by side."""
    with (
        serve(*DEMO) as server,
        chromium() as browser,
        street_page(browser, server.url, viewport=WINDOW) as street,
    ):
        street.wait_for_channels("raw", "annotated")
        street.page.wait_for_function(
            "(frame) => streamlabStrip.readAll()[0]?.number >= frame", arg=FRAME, timeout=120_000
        )
        street.page.screenshot(path=path, full_page=True)


def main() -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    take_page(ARTIFACTS / "page-street.png")
    for made, kept in PICTURES.items():
        path = ROOT / "docs" / "images" / f"{kept}.png"
        with Image.open(ARTIFACTS / f"{made}.png") as picture:
            few = picture.convert("RGB").quantize(256, kmeans=4)
            few.save(path, optimize=True)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()

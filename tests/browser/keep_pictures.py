"""Copies the pictures that the browser tests took into ``docs/images``; ``make pictures`` runs it.

Those of the README and the docs stay PNG files of 256 colours, a third of the size. Those of
``test_pictures.py``, at three sizes, in light and dark, are WebP files.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "tests" / "artifacts"
IMAGES = ROOT / "docs" / "images"
IN_DOCS = {
    "page-street": "page",
    "page-truth": "truth",
    "lab-light": "lab",
    "dashboard-light": "dashboard",
}
"""Name in ``tests/artifacts`` -> name in ``docs/images``."""
POINTS = ("sight", "wall", "figures", "dashboard", "keys", "paused", "widget")
QUALITY = 60
MAX_TOTAL_BYTES = 3_000_000


def keep_in_docs() -> None:
    """Keep the pictures that the documents show."""
    for made, kept in IN_DOCS.items():
        with Image.open(ARTIFACTS / f"{made}.png") as picture:
            few = picture.convert("RGB").quantize(256, kmeans=4)
            few.save(IMAGES / f"{kept}.png", optimize=True)


def keep_points() -> None:
    """Keep the pictures of what people see, at each size and in both colour schemes."""
    for point in POINTS:
        for made in sorted(ARTIFACTS.glob(f"{point}-*x*-*.png")):
            with Image.open(made) as picture:
                picture.save(IMAGES / f"{made.stem}.webp", quality=QUALITY, method=6)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    keep_in_docs()
    keep_points()
    sizes = {path: path.stat().st_size for path in sorted(IMAGES.iterdir())}
    for path, size in sizes.items():
        print(f"{path.relative_to(ROOT)}: {size // 1000} kB")
    total = sum(sizes.values())
    print(f"all: {total // 1000} kB")
    if total > MAX_TOTAL_BYTES:
        raise SystemExit(f"That is more than {MAX_TOTAL_BYTES // 1000} kB: lower QUALITY.")


if __name__ == "__main__":
    main()

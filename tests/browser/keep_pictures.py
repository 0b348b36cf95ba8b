"""Takes the pictures of the README and the docs from those that the browser tests have made.

Run as a script, after them: ``make pictures`` does both. 256 colours are enough, and a third of
the size.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
PICTURES = {"lab-light": "lab", "dashboard-light": "dashboard"}
"""Name in ``tests/artifacts`` -> name in ``docs/images``."""


def main() -> None:
    for made, kept in PICTURES.items():
        path = ROOT / "docs" / "images" / f"{kept}.png"
        with Image.open(ROOT / "tests" / "artifacts" / f"{made}.png") as picture:
            few = picture.convert("RGB").quantize(256, kmeans=4)
            few.save(path, optimize=True)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()

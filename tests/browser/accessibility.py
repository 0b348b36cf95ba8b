"""Checks a page with axe-core: WCAG 2.2 AA, in light and dark, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Page, ViewportSize

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make js")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SIZES: tuple[ViewportSize, ...] = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
# The size of targets is of WCAG 2.2 AA, but axe leaves it out unless it is asked for.
RUN_AXE = """async ([scope, tags]) => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  const { violations } = await axe.run(scope, {
    runOnly: { type: "tag", values: tags },
    rules: { "target-size": { enabled: true } },
    resultTypes: ["violations"],
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html, failureSummary }) => ({ id, target, html, failureSummary })));
}"""

# JupyterLab shows it while it changes its theme, and removes it twice if another change comes then.
NO_SPLASH = "!document.getElementById('jupyterlab-splash')"


def violations(page: Page, scope: str = "html") -> list[str]:
    """Return what axe finds wrong now with the elements in ``scope``, a CSS selector."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = cast(list[dict[str, Any]], page.evaluate(RUN_AXE, [scope, TAGS]))
    return [
        f"{each['id']}: {each['html']}\n  {' '.join(each['failureSummary'].split())}"
        for each in found
    ]


def assert_accessible(page: Page, scope: str = "html") -> None:
    """Check the page as it is, in both colour schemes and at all sizes."""
    before = page.viewport_size
    found: dict[str, list[str]] = {}
    for size in SIZES:
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.wait_for_function(NO_SPLASH)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for each in violations(page, scope):
                found.setdefault(each, []).append(f"{scheme} {size['width']}x{size['height']}")
    if before:
        page.set_viewport_size(before)
    assert not found, "\n".join(f"{each}\n  in {', '.join(where)}" for each, where in found.items())

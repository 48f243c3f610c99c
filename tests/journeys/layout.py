"""What a page must be at every size: readable, reachable, and without anything hidden beyond the edge."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

#: What depends on the size of the screen; the rest of axe's rules look at the document alone.
_BY_SIZE = ("color-contrast", "target-size", "scrollable-region-focusable", "css-orientation-lock", "meta-viewport")

#: Of all that axe has to tell only what is wrong: a screen's whole account takes as long to send as to write.
_ASK = """(options) => axe.run(document, options).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
  nodes.map(({ target, html }) => `axe ${id}: ${target} ${html.slice(0, 160)}`)))"""

_SMALL_TARGETS = """(least) => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), label.person")]
  .filter((one) => !one.closest("p") && one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((one) => !one.matches(".person input, .tick input"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < least - 0.5 || box.height < least - 0.5))
  .map(([one, box]) => `${Math.round(box.width)}×${Math.round(box.height)} ${one.outerHTML.slice(0, 120)}`)"""

_SMALL_TEXT = """(least) => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || one.closest("svg, .unseen, script, style, noscript")) continue;
    if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const size = parseFloat(getComputedStyle(one).fontSize);
    if (size < least - 0.1) found.add(`${size}px: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...found];
}"""

_WIDE = """() => [document.documentElement.scrollWidth - innerWidth,
  [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && (box.right > innerWidth + 1) && !one.closest(".wide, svg, .hero, pre") && one.checkVisibility();
  }).slice(0, 3).map((one) => one.outerHTML.slice(0, 120))]"""

#: Chinese on a page in English, but for what is marked as Chinese and for `names` that have no other form.
_UNTRANSLATED = """(names) => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (one.closest("[lang|=zh]:not(html), script, style, noscript")) continue;
    const text = names.reduce((rest, name) => rest.replaceAll(name, ""), walker.currentNode.data);
    if (/\\p{Script=Han}/u.test(text)) found.add(walker.currentNode.data.trim());
  }
  return [...found];
}"""

#: Text that does not fit its own box and is cut off by it.
_CUT = """() => [...document.querySelectorAll("button, a, h1, h2, .option, .door, .card")]
  .filter((one) => one.checkVisibility() && !one.matches(".unseen, .unseen *, .skip:not(:focus)"))
  .filter((one) => getComputedStyle(one).overflow !== "visible" &&
    (one.scrollWidth > one.clientWidth + 2 || one.scrollHeight > one.clientHeight + 2))
  .map((one) => one.outerHTML.slice(0, 120))"""


def violations(page: Page, *, whole: bool = True, contrast: bool = True) -> list[str]:
    """What axe has against the page. `whole`: by every rule, not only by those that depend on the size. Contrast takes
    two thirds of the time.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if not whole:
        options["runOnly"] = {"type": "rule", "values": list(_BY_SIZE)}
    else:
        options["rules"] = {"target-size": {"enabled": True}, "color-contrast": {"enabled": contrast}}
    if page.evaluate("typeof axe") == "undefined":  # a page of which parts were swapped has it still
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_ASK, options)
    return found


def sideways(page: Page) -> list[str]:
    beyond, who = page.evaluate(_WIDE)
    return [f"scrolls sideways by {beyond}px: {who}"] if beyond > 0 else []


def downwards(page: Page) -> list[str]:
    beyond = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    return [f"scrolls down by {beyond}px"] if beyond > 0 else []


def cut_off(page: Page) -> list[str]:
    return [f"cut off: {one}" for one in page.evaluate(_CUT)]


def small_targets(page: Page, least: int = 60) -> list[str]:
    return [f"small target: {one}" for one in page.evaluate(_SMALL_TARGETS, least)]


def small_text(page: Page, least: int) -> list[str]:
    return [f"small text: {one}" for one in page.evaluate(_SMALL_TEXT, least)]


def hidden_below(page: Page, selector: str) -> list[str]:
    """The key to go on has to be in sight without scrolling."""
    box = page.locator(selector).first.bounding_box()
    height = page.evaluate("innerHeight")
    return [] if box and box["y"] + box["height"] <= height + 1 else [f"{selector} is out of sight: {box}"]


def untranslated(page: Page, names: list[str]) -> list[str]:
    if page.locator("html[lang=en]").count() == 0:
        return []
    return [f"not in English: {one}" for one in page.evaluate(_UNTRANSLATED, names)]

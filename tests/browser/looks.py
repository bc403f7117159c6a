"""How a page is looked at: by the rules of axe-core, for what spills over its edges, and for text that nobody can translate."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
NARROW, BROAD = {"width": 320, "height": 640}, {"width": 1280, "height": 800}

#: A page without its words: pages of one shape in one language are judged once. Like rows one after another are one.
_SHAPE = """() => {
  const shape = each => {
    const parts = [...each.childNodes].map(child =>
      child.nodeType === 3 ? (child.data.trim() ? "t" : "") : child.nodeType === 1 ? shape(child) : "");
    const inner = parts.filter((part, at) => part && part !== parts[at - 1]);
    const kept = ["class", "role", "type", "lang", "translate", "aria-current", "aria-invalid", "open", "hidden", "for"];
    const said = kept.filter(name => each.hasAttribute(name)).map(name => `${name}=${each.getAttribute(name)}`);
    const named = each.getAttributeNames().filter(name => name.startsWith("aria-") || name === "href");
    return `${each.localName}[${[...said, ...named]}](${inner.filter((part, at) => part !== inner[at - 1])})`;
  };
  return shape(document.documentElement);
}"""

_AXE = """async () => {
  const found = await axe.run({resultTypes: ["violations"]});
  return found.violations.map(each => `${each.id}: ${each.help} (${each.nodes.map(node => node.html).slice(0, 3).join(" ")})`);
}"""

#: What reaches past the right edge, unless it lies in something that scrolls by itself.
_SPILLS = """() => {
  const edge = document.documentElement.clientWidth + 1;
  if (document.documentElement.scrollWidth <= edge) return [];
  const spills = [...document.querySelectorAll("body *")].filter(each =>
    each.getBoundingClientRect().right > edge && !each.closest(".wide, .hidden, .skip"));
  const told = spills.map(each => each.outerHTML.slice(0, 120)).slice(0, 3);
  return told.concat(`${document.documentElement.scrollWidth} > ${edge}`);
}"""

#: Every text that is seen or heard, with what the catalogues gave taken out: no letter may be left of it.
_LITERALS = """() => {
  const data = each => each.closest("[translate=no], body [lang], script, style");
  const rest = text => text.replace(/⟦[^⟦⟧]*(⟦[^⟦⟧]*⟧[^⟦⟧]*)*⟧/g, "");
  const found = [];
  const judge = (text, where) => { if (/\\p{L}/u.test(rest(text))) found.push(`${where}: ${text.trim().slice(0, 90)}`); };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!data(each) && !each.closest("svg")) judge(walker.currentNode.data, each.localName);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"])
    for (const each of document.querySelectorAll(`[${name}]`))
      if (!data(each) && !each.closest("svg")) judge(each.getAttribute(name), `${each.localName}[${name}]`);
  // A picture says its amounts with the code of their currency.
  for (const each of document.querySelectorAll("svg[aria-label]"))
    judge(each.getAttribute("aria-label").replace(/\\b[A-Z]{3}\\b/g, ""), "svg");
  const named = [...document.querySelectorAll("main [translate=no]")].map(each => each.textContent);
  if (!named.includes(document.title.split(" · ")[0])) judge(document.title.split(" · ")[0], "title");
  return found;
}"""


def _asked(page: Page, question: str) -> list[str]:
    found: list[Any] = page.evaluate(question)
    return [f"{page.url}: {each}" for each in found]


_JUDGED: set[str] = set()


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands, unless one of its shape was judged."""
    shape = str(page.evaluate(_SHAPE))
    if shape in _JUDGED:
        return []
    _JUDGED.add(shape)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text("utf-8"))
    return _asked(page, _AXE)


def spills(page: Page) -> list[str]:
    """Return what reaches past the right edge, on a telephone's width and on a screen's."""
    found = []
    for size in (NARROW, BROAD):
        page.set_viewport_size(size)  # type: ignore[arg-type] # a literal of the shape
        found += _asked(page, _SPILLS)
    return found


def literals(page: Page) -> list[str]:
    """Return the texts of a page in the pseudo-locale that did not come from the catalogues."""
    return _asked(page, _LITERALS)

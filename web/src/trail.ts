// The trail of a case as a picture, and the slider over its minutes: both from the tables of the page, which say all of it.
import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from "d3-sankey";
import { columnOf, covering, timeOf } from "./minutes.ts";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1100;
/** Beside the last column stands what became of the money. */
const SAID = 190;
/** The lines over the colour of each state: a picture reads without colours too. */
const LINES: Record<string, string> = {
  moved: "M0 8L8 0M-2 2L2 -2M6 10L10 6",
  spent: "M0 0L8 8M0 8L8 0",
  returned: "M0 4H8",
  released: "M4 0V8",
  unknown: "M0 4H4M4 0V4",
};

interface Box {
  id: string;
  column: number;
  words: string[];
  state: string;
}

interface Part {
  source: string;
  target: string;
  value: number;
  state: string;
  said: string;
  since: string;
  row: HTMLElement;
}

type Node = SankeyNode<Box, Part>;
type Link = SankeyLink<Box, Part>;

function make(name: string, attributes: Record<string, string | number>, ...inside: (Element | string)[]): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...inside);
  return made;
}

function textOf(element: Element | null | undefined): string {
  return (element?.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** Read places, transfers and ends from the tables. */
function read(unfound: string): { boxes: Box[]; parts: Part[] } {
  const boxes = new Map<string, Box>();
  const place = (id: string): string => {
    const holder = id.slice(id.indexOf("-") + 1);
    if (!boxes.has(id)) boxes.set(id, { id, column: columnOf(id), words: [holder || unfound], state: "" });
    return id;
  };
  const parts: Part[] = [];
  for (const row of document.querySelectorAll<HTMLElement>("tr[data-leg]")) {
    const { source = "", target = "", since = "" } = row.dataset;
    const cells = [...row.children].map(textOf);
    place(source);
    const came = boxes.get(place(target));
    if (came && since && came.words.length === 1) came.words.push(timeOf(Date.parse(since)));
    const words = `${cells[1]} → ${cells[2]}, ${cells[0]}, ${cells[4]}`;
    for (const each of row.querySelectorAll<HTMLElement>("[data-state]")) {
      const { state = "", minor = "0" } = each.dataset;
      const said = `${textOf(each)}: ${words}`;
      parts.push({ source: place(source), target: place(target), value: Number(minor), state, said, since, row });
    }
  }
  for (const [number, row] of document.querySelectorAll<HTMLElement>("tr[data-end]").entries()) {
    const { end = "", state = "", minor = "0", since = "" } = row.dataset;
    const [word = "", amount = "", where = ""] = [...row.children].map(textOf);
    const id = `end ${number}`;
    boxes.set(id, { id, column: columnOf(place(end)) + 1, words: [word, amount], state });
    parts.push({ source: end, target: id, value: Number(minor), state, said: `${word} ${amount}: ${where}`, since, row });
  }
  return { boxes: [...boxes.values()], parts };
}

function patterns(): SVGElement {
  const made = Object.entries(LINES).map(([state, lines]) =>
    make(
      "pattern",
      { id: `p-${state}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      make("path", { d: lines, class: "over" }),
    ),
  );
  return make("defs", {}, ...made);
}

function drawNode(node: Node): SVGElement {
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [node.x0, node.x1, node.y0, node.y1];
  const at = node.state ? { x: x1 + 6, y: y0 + 13 } : { x: x0, y: y0 - 6 - (node.words.length - 1) * 17 };
  const words = node.words.map((word, line) =>
    make("text", { x: at.x, y: at.y + line * 17, class: line ? "" : "name" }, word),
  );
  const box = { x: x0, y: y0, width: x1 - x0, height: Math.max(2, y1 - y0), class: node.state || "place" };
  return make("g", {}, make("rect", box), ...words);
}

function drawLink(link: Link, path: string): SVGElement {
  const width = Math.max(1.5, link.width ?? 0);
  const line = { d: path, fill: "none", "stroke-width": width };
  // The pattern lies over the colour; both follow the same line.
  const drawn = [make("path", { ...line, class: link.state })];
  if (link.state in LINES) drawn.push(make("path", { ...line, stroke: `url(#p-${link.state})` }));
  const attributes = { class: "part", tabindex: -1, role: "img", "aria-label": link.said, "data-since": link.since };
  return make("g", attributes, ...drawn);
}

/** Draw everything anew; returns what it was drawn from, so that nothing is drawn twice. */
function draw(section: HTMLElement, place: HTMLElement, before: string): string {
  const { boxes, parts } = read(section.dataset["unfound"] ?? "");
  const signature = JSON.stringify([boxes, parts.map(({ row: _, ...rest }) => rest)]);
  if (signature === before || !parts.length) return signature;
  const columns = Math.max(...boxes.map((box) => box.column)) + 1;
  const crowd = Math.max(...Array.from({ length: columns }, (_, at) => boxes.filter((box) => box.column === at).length));
  const height = 240 + crowd * 62;
  const layout = sankey<Box, Part>()
    .nodeId((box) => box.id)
    .nodeAlign((node) => (node as Node).column)
    .nodeWidth(14)
    .nodePadding(62)
    .extent([
      [4, 44],
      [WIDTH - SAID, height - 24],
    ]);
  const graph = layout({ nodes: boxes, links: parts });
  const line = sankeyLinkHorizontal<Box, Part>();
  const links = graph.links.map((link) => drawLink(link, line(link) ?? ""));
  const label = section.dataset["label"] ?? "";
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "flow", role: "group", "aria-label": label });
  svg.append(patterns(), ...links, ...graph.nodes.map(drawNode));
  links[0]?.setAttribute("tabindex", "0");
  walk(links, section, graph.links);
  place.replaceChildren(svg);
  section.hidden = false;
  return signature;
}

/** One part is in the order of Tab; the arrows go from it to the others, and what it is stands beneath. */
function walk(links: SVGElement[], section: HTMLElement, parts: readonly Part[]): void {
  const said = section.querySelector<HTMLElement>("[data-said]");
  const show = (at: number): void => {
    for (const row of document.querySelectorAll(".shown")) row.classList.remove("shown");
    parts[at]?.row.classList.add("shown");
    if (said) said.textContent = parts[at]?.said ?? "";
  };
  for (const [at, link] of links.entries()) {
    link.addEventListener("pointerenter", () => show(at));
    link.addEventListener("focus", () => show(at));
    link.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = step === undefined ? undefined : links[(at + step + links.length) % links.length];
      if (!next) return;
      event.preventDefault();
      link.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  }
}

/** Show the minute of the slider: in words, as a bar, in the table, and in the picture what had not happened yet. */
function slide(section: HTMLElement): void {
  const range = section.querySelector("input");
  const output = section.querySelector("output");
  if (!range || !output) return;
  const minute = Number(range.value);
  const rows = [...document.querySelectorAll<HTMLElement>("tr[data-moment]")];
  const row = rows[covering(rows.map((each) => Number(each.dataset["moment"])), minute)];
  if (!row) return;
  const at = Date.parse(section.dataset["taken"] ?? "") + minute * 60_000;
  const words = (row.dataset["words"] ?? "").replace("{at}", timeOf(at));
  if (output.textContent !== words) output.textContent = words;
  range.setAttribute("aria-valuetext", words);
  for (const each of rows) each.toggleAttribute("aria-current", false);
  row.setAttribute("aria-current", "true");
  const names = ["there", "gone", "unsaid"] as const;
  const total = names.reduce((sum, name) => sum + Number(row.dataset[name]), 0) || 1;
  let left = 0;
  for (const name of names) {
    const width = (Number(row.dataset[name]) / total) * 1000;
    const rect = section.querySelector(`[data-part=${name}]`);
    rect?.setAttribute("x", String(left));
    rect?.setAttribute("width", String(width));
    left += width;
  }
  for (const part of document.querySelectorAll<SVGElement>(".flow .part")) {
    const since = Date.parse(part.dataset["since"] ?? "");
    part.classList.toggle("later", section.dataset["moved"] === "" && since > at);
  }
}

const section = document.querySelector<HTMLElement>("[data-flow]");
const place = section?.querySelector<HTMLElement>("[data-picture]");
const slider = document.querySelector<HTMLElement>("[data-slide]");
let drawn = "";

function refresh(): void {
  if (section && place) drawn = draw(section, place, drawn);
  if (slider) slide(slider);
}

if (slider) {
  slider.hidden = false;
  slider.addEventListener("input", () => {
    slider.dataset["moved"] = "";
    slide(slider);
  });
}
refresh();
document.addEventListener("htmx:after:swap", refresh);

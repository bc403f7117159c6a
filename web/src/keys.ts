// The keyboard: j k o x e / ? n and 1 to 9. A key moves, marks, opens or focuses; none of them sends a form.
import { actOf, nextRow } from "./letters.ts";

const SWITCH = "lintas.keys";
const BUTTONS = new Set(["checkbox", "radio", "button", "submit", "reset"]);
/** The row that was chosen, by its name: a list that htmx brings anew keeps the choice. */
let chosen = "";
/** Whether the focus was in a row just before a list came anew. */
let lost = false;

function shown<T extends HTMLElement>(selector: string, within: ParentNode = document): T | null {
  const usable = (each: T): boolean => each.checkVisibility() && !each.matches(":disabled");
  return [...within.querySelectorAll<T>(selector)].find(usable) ?? null;
}

function typing(target: EventTarget | null): target is HTMLElement {
  if (target instanceof HTMLInputElement) return !BUTTONS.has(target.type);
  return target instanceof HTMLElement && (target.matches("textarea, select") || target.isContentEditable);
}

function rowNow(): HTMLElement | null {
  const focused = document.activeElement?.closest<HTMLElement>("[data-rows] [data-row]");
  return focused ?? document.querySelector<HTMLElement>("[data-rows] [data-row][aria-current]");
}

function choose(row: HTMLElement): void {
  for (const other of document.querySelectorAll("[data-row][aria-current]")) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  chosen = row.dataset["row"] ?? "";
}

function move(step: 1 | -1): void {
  const list = rowNow()?.closest("[data-rows]") ?? document.querySelector("[data-rows]");
  const rows = [...(list?.querySelectorAll<HTMLElement>("[data-row]") ?? [])].filter((row) => row.checkVisibility());
  const row = rows[nextRow(rows.indexOf(rowNow() as HTMLElement), rows.length, step)];
  if (!row) return;
  row.tabIndex = -1;
  choose(row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** Focus the main action of the row, else of the page; one that is folded away is unfolded first. */
function reach(): void {
  const row = rowNow();
  const place = row?.querySelector("[data-act]") ? row : document;
  const act = [...place.querySelectorAll<HTMLElement>("[data-act]")].find((each) => !each.matches(":disabled"));
  const folded = act?.closest("details");
  if (folded) folded.open = true;
  act?.focus();
}

/** Choose an answer by its number. What would send a form is focused only: Enter, a second key, presses it. */
function answer(number: string): void {
  const selector = `[data-key="${number}"]`;
  const row = rowNow();
  const button = (row && shown<HTMLElement>(selector, row)) ?? shown<HTMLElement>(selector);
  if (!button) return;
  const sends = button.matches("button:not([type=button]):not([type=reset]), input[type=submit], input[type=image]");
  button.focus();
  if (sends) return;
  button.click();
  shown("[data-confirm]", button.closest("details, form") ?? document)?.focus();
}

function help(): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#keys");
  if (dialog?.open) dialog.close();
  else dialog?.showModal();
}

function search(): void {
  const field = shown<HTMLInputElement>("[data-search]");
  field?.focus();
  field?.select?.();
}

function pressed(event: KeyboardEvent): void {
  if (typing(event.target)) {
    if (event.key === "Escape" && !event.isComposing) event.target.blur();
    return;
  }
  // Enter opens the row itself; on a link or button inside it, Enter is the browser's.
  const opens = event.key === "Enter" && (event.target as Element).matches?.("[data-rows] [data-row]");
  const act = opens ? ({ kind: "open" } as const) : actOf(event);
  if (!act || localStorage.getItem(SWITCH) === "off" || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]") && act.kind !== "help") return;
  if (event.repeat && act.kind !== "move") return;
  if (act.kind === "move") move(act.step);
  else if (act.kind === "answer") answer(act.number);
  else if (act.kind === "open") (rowNow()?.querySelector<HTMLElement>("a[data-open]") ?? null)?.click();
  else if (act.kind === "mark") rowNow()?.querySelector<HTMLElement>("input[type=checkbox]:enabled")?.click();
  else if (act.kind === "new") shown("a[data-new]")?.click();
  else if (act.kind === "act") reach();
  else if (act.kind === "search") search();
  else help();
  event.preventDefault();
}

/**
 * After a list came anew: the choice belongs to the row's name, not to its place. Rows may have moved up under the hand:
 * a focus that now stands in another row goes back to the chosen one, or goes away with it.
 */
function again(): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-rows] [data-row]")];
  const row = chosen ? rows.find((each) => each.dataset["row"] === chosen) : undefined;
  const focused = document.activeElement as HTMLElement | null;
  const under = focused?.closest<HTMLElement>("[data-rows] [data-row]");
  const astray = under !== null && under !== undefined && under.dataset["row"] !== chosen;
  for (const other of document.querySelectorAll("[data-row][aria-current]")) other.removeAttribute("aria-current");
  if (row) choose(row);
  if (row && (astray || (lost && focused === document.body))) {
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
  } else if (astray) focused?.blur();
}

export function listenToKeys(): void {
  document.addEventListener("keydown", pressed);
  document.addEventListener("htmx:before:swap", () => {
    lost = document.activeElement?.closest("[data-rows] [data-row]") !== null;
  });
  document.addEventListener("htmx:after:swap", again);
  document.addEventListener("focusin", (event) => {
    const row = (event.target as Element).closest<HTMLElement>("[data-rows] [data-row]");
    if (row) choose(row);
  });
  // Whoever dictates can switch single keys off (WCAG 2.1.4), and reach the help by a button.
  for (const box of document.querySelectorAll<HTMLInputElement>("input[data-keys-off]")) {
    box.checked = localStorage.getItem(SWITCH) === "off";
    box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "off" : "on"));
  }
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-help]")) help();
  });
}

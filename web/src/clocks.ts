// Clocks that run down: an element with data-until shows what is left by the node's clock, not by this computer's.
import { leftWords, nodeTime } from "./left.ts";

const loaded = Date.now();
/** Seconds before the end from which a clock is "near", if it does not say. */
const NEAR = 120;
const QUIET = 60_000;
let spoke = 0;

function now(): number {
  // The page carries the node's time; in an exercise that clock may stand elsewhere and run faster.
  const { now: said, rate } = document.documentElement.dataset;
  return nodeTime(Date.parse(said ?? ""), loaded, Date.now(), Number(rate ?? "1"));
}

/** Say something to a screen reader, politely and at most once a minute. */
function say(words: string): void {
  const place = document.querySelector("[data-announce]");
  if (!place || Date.now() - spoke < QUIET) return;
  spoke = Date.now();
  place.textContent = words;
}

function show(clock: HTMLElement, at: number): void {
  const until = Date.parse(clock.dataset["until"] ?? "");
  if (Number.isNaN(until)) return;
  const seconds = (until - at) / 1000;
  const before = clock.dataset["state"];
  const state = seconds <= 0 ? "over" : seconds <= Number(clock.dataset["near"] ?? NEAR) ? "near" : "left";
  const words = state === "over" ? (clock.dataset["over"] ?? "") : leftWords(clock.dataset["left"] ?? "", seconds);
  if (words && clock.textContent !== words) clock.textContent = words;
  if (before !== state) clock.dataset["state"] = state;
  // Of many clocks only those marked data-say speak while they run, and each when its state changes.
  if (words && ((before && before !== state) || "say" in clock.dataset)) {
    say(`${clock.getAttribute("aria-label") ?? ""} ${words}`.trim());
  }
}

function tick(): void {
  if (document.hidden) return;
  const at = now();
  for (const clock of document.querySelectorAll<HTMLElement>("[data-until]")) show(clock, at);
}

export function runClocks(): void {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:after:swap", tick);
}

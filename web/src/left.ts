// How long is left, in the words of the page; no document here, so that it can be tested alone.

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/**
 * Fill a template such as "{m} min {s} s left" from whole seconds. A unit that the template leaves out counts in the
 * next smaller one: 90 minutes are "90 min" where there is no {h}.
 */
export function leftWords(template: string, seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  let words = template;
  for (const [unit, size] of UNITS) {
    if (!template.includes(`{${unit}}`)) continue;
    words = words.replaceAll(`{${unit}}`, String(Math.floor(rest / size)));
    rest %= size;
  }
  return words;
}

/** Return the node's time, milliseconds: what it said when it made the page, and what has passed here since, at its rate. */
export function nodeTime(said: number, loaded: number, now: number, rate: number): number {
  return Number.isFinite(said) ? said + (now - loaded) * (Number.isFinite(rate) ? rate : 1) : now;
}

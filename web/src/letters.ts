// Which key means what; no document here, so that it can be tested alone.

export interface Press {
  key: string;
  code: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  isComposing: boolean;
}

export type Act =
  | { kind: "move"; step: 1 | -1 }
  | { kind: "open" | "mark" | "act" | "search" | "help" | "new" }
  | { kind: "answer"; number: string };

const ACTS: Record<string, Act> = {
  j: { kind: "move", step: 1 },
  k: { kind: "move", step: -1 },
  o: { kind: "open" },
  x: { kind: "mark" },
  e: { kind: "act" },
  n: { kind: "new" },
  "/": { kind: "search" },
  "?": { kind: "help" },
};

/** Return the Latin letter of a key: with a Thai layout the key `j` types another letter and is still that key. */
export function letter(press: Press): string {
  if (press.key.length !== 1 || press.key.charCodeAt(0) < 128) return press.key;
  if (press.code === "Slash") return press.shiftKey ? "?" : "/";
  return /^(?:Key|Digit)(.)$/.exec(press.code)?.[1]?.toLowerCase() ?? press.key;
}

/** Return what a press asks for, or null: with a modifier, or while a word is being composed, keys are the browser's. */
export function actOf(press: Press): Act | null {
  if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return null;
  const key = letter(press);
  if (/^[1-9]$/.test(key)) return { kind: "answer", number: key };
  return Object.hasOwn(ACTS, key) ? (ACTS[key] ?? null) : null;
}

/** Return the row to go to: the first or last when none is chosen, and never past an end. */
export function nextRow(at: number, rows: number, step: 1 | -1): number {
  if (at < 0) return step > 0 ? 0 : rows - 1;
  return Math.min(Math.max(at + step, 0), rows - 1);
}

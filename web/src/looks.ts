// What a host's look says by itself, listed or not: mixed alphabets, letters beyond a to z, a bare number.
import { isNumber } from "./urls.ts";

export type Warning = "mixed" | "letters" | "number" | "shared" | "user";

const SCRIPTS = [
  "Latin", "Cyrillic", "Greek", "Armenian", "Hebrew", "Arabic", "Thai", "Lao", "Khmer", "Myanmar", "Devanagari", "Bengali", "Tamil",
  "Georgian", "Cherokee", "Ethiopic", "Han", "Hiragana", "Katakana", "Hangul", "Bopomofo",
] as const;
const OF = SCRIPTS.map((name) => [name, new RegExp(`\\p{Script=${name}}`, "u")] as const);
/** What names of East Asia mix in all honesty, with Latin too (UTS #39, "highly restrictive"). */
const EAST = new Set(["Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"]);

/** Return what to be warned of; `shared` are the hosts below which anybody can publish. */
export function warnings(host: string, user: boolean, shared: ReadonlySet<string>): Warning[] {
  const name = shown(host);
  const found: Warning[] = [];
  if (user) found.push("user");
  if (isNumber(host)) found.push("number");
  if (name.split(".").some(mixed)) found.push("mixed");
  else if (name !== host || host.includes("xn--")) found.push("letters");
  if (shared.has(host.replace(/^www\./, ""))) found.push("shared");
  return found;
}

/** Tell whether a label has letters of alphabets that no name mixes. */
function mixed(label: string): boolean {
  const scripts = new Set(OF.filter(([, letters]) => letters.test(label)).map(([name]) => (EAST.has(name) ? "East" : name)));
  if (scripts.has("East")) scripts.delete("Latin");
  return scripts.size > 1;
}

/** Return a host as people read it: labels in punycode (RFC 3492) in their own letters. */
export function shown(host: string): string {
  return host.split(".").map((label) => (label.startsWith("xn--") ? (decoded(label.slice(4)) ?? label) : label)).join(".");
}

/** Decode punycode (RFC 3492, section 6.2); null for what is none. */
function decoded(label: string): string | null {
  const cut = label.lastIndexOf("-");
  const out = [...(cut > 0 ? label.slice(0, cut) : "")];
  let [code, bias, at, place] = [128, 72, 0, cut + 1];
  while (place < label.length) {
    const before = at;
    for (let [weight, step] = [1, 36]; ; step += 36) {
      const digit = "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(label[place++] ?? "?");
      if (digit < 0 || at > 1e7) return null;
      at += digit * weight;
      const least = Math.min(Math.max(step - bias, 1), 26);
      if (digit < least) break;
      weight *= 36 - least;
    }
    const count = out.length + 1;
    bias = adapted(at - before, count, before === 0);
    code += Math.floor(at / count);
    if (code > 0x10ffff) return null;
    at %= count;
    out.splice(at++, 0, String.fromCodePoint(code));
  }
  return out.join("");
}

/** Adapt the bias (RFC 3492, section 6.1). */
function adapted(delta: number, count: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2));
  rest += Math.floor(rest / count);
  let bias = 0;
  for (; rest > 455; bias += 36) rest = Math.floor(rest / 35);
  return bias + Math.floor((36 * rest) / (rest + 38));
}

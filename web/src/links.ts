// Finds the links in a message as phones do: with a scheme, after "www.", or a bare name with a dot in it.
import { isNumber, type Parts, parts } from "./urls.ts";

/** Links inside one link that are looked at. */
const INNER = 3;

/** One link: as it was written, and how it can be read, the likeliest first; none where it is no address of the web. */
export interface Link {
  text: string;
  readings: Parts[];
}

const BODY = String.raw`[^\s<>"“”«»「」『』\x60{}|^]`;
/** A scheme and what follows; "hxxp" is how careful people write it. What is no address of the web is found too, to say so. */
const WITH_SCHEME = String.raw`(?:h(?:tt|xx)ps?|ftp):[/\\]{0,9}${BODY}+|(?:(?:javascript|vbscript|blob|intent):|data:(?=[a-z]+/|[,;])|file:/)${BODY}+`;
const LABEL = String.raw`[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}\p{Cf}_-]{0,62}[\p{L}\p{N}\p{M}\p{Cf}_])?`;
const TAIL = String.raw`(?::\d{1,5})?(?:[/\\?#]${BODY}*)?`;
const BARE = String.raw`(?:${LABEL}(?:\.|\[\.\]|\(\.\))){1,30}(?:xn--[a-z0-9-]{2,59}|[\p{L}\p{M}]{2,24})(?![\p{L}\p{N}_-])${TAIL}`;
const NUMBERS = String.raw`(?:\d{1,3}\.){3}\d{1,3}(?![\w.-])${TAIL}`;
const LINK = new RegExp(`${WITH_SCHEME}|${BARE}|${NUMBERS}`, "giu");
/** The same in letters of ASCII alone: where words of another script stand right before or behind. */
const PLAIN = /(?:(?:https?|ftp):[/\\]+)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+[!-~]*/i;
const CLOSERS: Record<string, string> = { ")": "(", "]": "[" };

/** Return the links of a text, each once. */
export function links(text: string): Link[] {
  const whole = text.trim();
  const found = [...written(whole)].map((each) => ({ text: each, readings: readings(each) }));
  const [first = { text: whole, readings: [] }] = found;
  if (/^\S+$/.test(whole) && (found.length || !whole.includes("@"))) {
    // One word is read as in an address bar.
    first.readings = distinct([reading(whole), ...first.readings]);
  } else if (/^(?:https?|ftp):[^ ]*$/i.test(whole)) {
    // Line ends and tabs may have cut an address up.
    first.readings = distinct([...first.readings, reading(whole)]);
  }
  if (!found.length && first.readings.length) found.push(first);
  const known = new Map<string, Link>();
  for (const link of found) {
    const name = link.readings.map(nameOf)[0] ?? link.text;
    if (!known.has(name)) known.set(name, link);
  }
  return [...known.values()];
}

/** Give what looks like a link, without what only closes a sentence; what stands behind an @ is an address of e-mail. */
function* written(text: string): Generator<string> {
  for (const match of text.matchAll(LINK)) {
    const scheme = /^[a-z]+:/i.test(match[0]);
    if (!scheme && /[@.\w-]$/u.test(text.slice(0, match.index))) continue;
    if (!scheme && text[match.index + match[0].length] === "@") continue;
    yield trimmed(match[0]);
    // A link can hold the one that it leads to, and two can stand together without a blank.
    const inner = [...match[0].matchAll(/(?<=.)(?:https?|ftp):\/\//gi)].slice(0, INNER);
    for (const { index } of inner) yield trimmed(match[0].slice(index));
  }
}

function trimmed(link: string): string {
  let end = link.length;
  for (; end > 0; end--) {
    const last = link[end - 1] ?? "";
    const opener = CLOSERS[last];
    const rest = link.slice(0, end);
    const unpaired = opener !== undefined && rest.split(opener).length < rest.split(last).length;
    if (!/[.,;:!?…*~'’。，、；！？）】》]/u.test(last) && !unpaired) break;
  }
  return link.slice(0, end);
}

function readings(link: string): Parts[] {
  const armed = link.replace(/^hxxp/i, "http").replaceAll(/\[\.\]|\(\.\)/g, ".");
  const plain = PLAIN.exec(armed)?.[0] ?? armed;
  return distinct([armed, trimmed(plain)].map(reading));
}

function distinct(read: (Parts | null)[]): Parts[] {
  return [...new Map(read.filter((each) => each !== null).map((each) => [nameOf(each), each])).values()];
}

/** Read a link; null for none, and for a word without a dot, which is nothing that a message leads to. */
function reading(link: string): Parts | null {
  try {
    const read = parts(link);
    return isNumber(read.host) || read.host.includes(".") ? read : null;
  } catch {
    return null;
  }
}

function nameOf({ host, path, query }: Parts): string {
  return `${host}${path}?${query}`;
}

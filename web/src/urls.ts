// The canonical form of a web address and what it is looked up by: as telco/names/urls.py, with which it shares its test vectors.
// Texts of bytes here are strings with one character a byte, so that the same few functions clean both.

const LONGEST = 8192;
const PORTS: Record<string, number> = { http: 80, https: 443, ftp: 21 };
/** What no host can hold, escaped or not: it would end the host, for whoever reads it next. */
const ENDS_HOSTS = /[/?@:\\[\]]/;

/** An address in parts; nothing in them is escaped. `user`: something stands before an @, which is no host. */
export interface Parts {
  scheme: string;
  host: string;
  port: string;
  path: string;
  query: string | null;
  user: boolean;
}

/** What is no address of the web. */
export class NoAddress extends Error {}

/** Return the canonical form; NoAddress where there is none. */
export function canonical(url: string): string {
  const { scheme, host, port, path, query } = parts(url);
  const shown = escaped(path).replaceAll("?", "%3F").replaceAll("\\", "%5C");
  return `${scheme}://${host}${port}${shown}${query === null ? "" : `?${escaped(query)}`}`;
}

/**
 * Return what an address is looked up by, the exact one first. No list of endings is at hand here, so every domain above the
 * host counts: those that the server's side looks up, and perhaps further ones, under which no list may have anything.
 */
export function expressions({ host, path, query }: Parts): string[] {
  const exact = escaped(path);
  const paths = query === null ? [exact] : [`${exact}?${escaped(query)}`, exact];
  const pieces = exact.split("/").slice(1, -1).slice(0, 3);
  for (let count = 0; count <= pieces.length; count++) {
    paths.push(`/${pieces.slice(0, count).map((piece) => `${piece}/`).join("")}`);
  }
  return [...new Set(hosts(host).flatMap((name) => paths.map((each) => name + each)))];
}

/** Tell whether a host of an address in parts is a bare number: an IP address. */
export function isNumber(host: string): boolean {
  return host.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}

/** Read an address as a browser does; NoAddress for what has no host, another scheme, or a host that no name system knows. */
export function parts(url: string): Parts {
  if ([...url].length > LONGEST) throw new NoAddress("too long");
  const text = url.replace(/[\t\r\n]/g, "").replace(/^[\0\x01\x02 \v\f\u3000]+|[\0\x01\x02 \v\f\u3000]+$/g, "");
  const [scheme, rest] = schemeOf(text.split("#", 1)[0] ?? "");
  const mark = rest.indexOf("?");
  const address = (mark < 0 ? rest : rest.slice(0, mark)).replaceAll("\\", "/").replace(/^\/+/, "");
  const slash = address.indexOf("/");
  const authority = slash < 0 ? address : address.slice(0, slash);
  const at = authority.lastIndexOf("@");
  const [host, port] = hostAndPort(authority.slice(at + 1), scheme);
  const path = cleaned(unescaped(slash < 0 ? "" : address.slice(slash + 1)));
  return { scheme, host, port, path, query: mark < 0 ? null : unescaped(rest.slice(mark + 1)), user: at >= 0 };
}

/** Split the scheme off; without one it is http, as in an address bar. */
function schemeOf(text: string): [string, string] {
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1];
  if (found === undefined) return ["http", text];
  const rest = text.slice(found.length + 1);
  if (Object.hasOwn(PORTS, found.toLowerCase())) return [found.toLowerCase(), rest];
  if (rest.startsWith("//") || (!found.includes(".") && !/^[0-9]+(?:[/?]|$)/.test(rest))) throw new NoAddress("scheme");
  return ["http", text];
}

function hostAndPort(text: string, scheme: string): [string, string] {
  let rest = text;
  let port = "";
  const found = /:([0-9]{0,5})$/.exec(rest);
  if (found) {
    rest = rest.slice(0, found.index);
    const number = Number(found[1] || PORTS[scheme]);
    if (number > 65_535) throw new NoAddress("port");
    port = number === PORTS[scheme] ? "" : `:${number}`;
  }
  if (rest.startsWith("[") && rest.endsWith("]")) return [six(rest), port];
  const host = nameOf(rest);
  if (!host) throw new NoAddress("no host");
  return [host, port];
}

function nameOf(text: string): string {
  const raw = unescaped(text);
  if (ENDS_HOSTS.test(raw)) throw new NoAddress("host");
  const name = spelt(raw).replace(/\.{2,}/g, ".").replace(/^\.+|\.+$/g, "");
  if (name.length > 253) throw new NoAddress("host");
  return four(name) || name;
}

/** Return a host as the name system spells it, by the browser's own reading; what is no text stays escaped. */
function spelt(raw: string): string {
  if (/^[\0-\x7f]*$/.test(raw)) return escaped(lower(raw));
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(raw, (byte) => byte.charCodeAt(0)));
    // Compatibility characters can become what ends hosts ("℀" is "a/c") or begins an escape ("％2F").
    const mapped = text.normalize("NFKC");
    if (mapped.includes("%") || ENDS_HOSTS.test(mapped)) throw new NoAddress("host");
    // The label at the end keeps the browser from reading a number as an address: that is done below, the same everywhere.
    return escaped(new URL(`http://${text}.a/`).hostname.slice(0, -2));
  } catch (wrong) {
    if (wrong instanceof NoAddress) throw wrong;
    return escaped(lower(raw));
  }
}

/** Return an IPv4 address as four decimal numbers, whichever way it was written; "" where it is none. */
function four(name: string): string {
  const pieces = name.split(".");
  if (pieces.length > 4 || !/^[0-9]/.test(pieces.at(-1) ?? "")) return "";
  let total = 0;
  for (const [place, piece] of pieces.entries()) {
    const number = numberOf(piece);
    const last = place === pieces.length - 1;
    if (number === null || number >= (last ? 256 ** (5 - pieces.length) : 256)) return "";
    total += number * (last ? 1 : 256 ** (3 - place));
  }
  return [24, 16, 8, 0].map((bits) => Math.floor(total / 2 ** bits) % 256).join(".");
}

function numberOf(piece: string): number | null {
  if (/^0x[0-9a-f]{0,16}$/.test(piece)) return Number.parseInt(piece.slice(2) || "0", 16);
  if (/^0[0-7]{0,24}$/.test(piece)) return Number.parseInt(piece, 8);
  return /^[1-9][0-9]{0,18}$/.test(piece) ? Number(piece) : null;
}

/** Return an IPv6 address in its short form; one that only wraps an IPv4 address is that. */
function six(text: string): string {
  if (!/^\[[0-9a-f:.]*\]$/i.test(text)) throw new NoAddress("host");
  let host: string;
  try {
    host = new URL(`http://${text}/`).hostname;
  } catch {
    throw new NoAddress("host");
  }
  const inner = /^\[(?:::ffff|64:ff9b:):([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(full(host));
  if (!inner) return host;
  const [high, low] = [Number.parseInt(inner[1] ?? "", 16), Number.parseInt(inner[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** Write the two last groups out where the short form left zeros away: "[64:ff9b::1]" ends in "0:1". */
function full(host: string): string {
  if (!host.startsWith("[64:ff9b::")) return host;
  const rest = host.slice(10, -1).split(":").filter(Boolean);
  return rest.length > 2 ? host : `[64:ff9b::${["0", "0", ...rest].slice(-2).join(":")}]`;
}

/** Clean a path: runs of slashes are one, "." goes, ".." takes the piece before it along. */
function cleaned(raw: string): string {
  const kept: string[] = [];
  const pieces = raw.split("/").filter(Boolean);
  for (const piece of pieces) {
    if (piece === "..") kept.pop();
    else if (piece !== ".") kept.push(piece);
  }
  const ends = !raw || raw.endsWith("/") || [".", ".."].includes(pieces.at(-1) ?? "");
  return `/${kept.join("/")}${ends && kept.length ? "/" : ""}`;
}

/** Return the bytes of a text, unescaped until no escape is left: a byte that completes an escape is taken back with it. */
function unescaped(text: string): string {
  const raw = String.fromCharCode.apply(null, [...new TextEncoder().encode(text.replace(/\p{Surrogate}/gu, "?"))]);
  if (!raw.includes("%")) return raw;
  const out: string[] = [];
  for (const byte of raw) {
    out.push(byte);
    for (let last = out.slice(-3).join(""); /^%[0-9a-f]{2}$/i.test(last); last = out.slice(-3).join("")) {
      out.splice(-3, 3, String.fromCharCode(Number.parseInt(last.slice(1), 16)));
    }
  }
  return out.join("");
}

/** Escape what is at most a blank, no ASCII, "#" or "%", with capital digits. */
function escaped(raw: string): string {
  return raw.replace(/[^!"$&-~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** Make ASCII capitals small, and nothing else: these are bytes. */
function lower(raw: string): string {
  return raw.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Return a host and every domain above it that has a dot. */
function hosts(host: string): string[] {
  if (isNumber(host)) return [host];
  const labels = host.split(".");
  return [host, ...labels.slice(1, -1).map((_, place) => labels.slice(place + 1).join("."))];
}

// The list of prefixes, the question that is asked of it, and the answer: all that leaves the browser is made here.

/** Prefixes of every question, whatever is checked. */
export const ASKED = 32;
/** Prefixes of one question that are meant, at most; where more are, there are more questions. */
const MEANT = 8;
const HASH = 32;

/** What a person is told of an entry. */
export interface Told {
  owner: string;
  reason: string;
  until: string;
  contest: string;
}

/** A listed hash, in hexadecimal; `told` is null where the server says no more. */
export interface Match {
  hash: string;
  id: string;
  told: Told | null;
}

/** Return SHA-256 of an expression, in hexadecimal. */
export async function hashOf(expression: string): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(expression)));
}

/** Return the first four bytes of a hash as a number. */
export function prefixOf(hash: string): number {
  return Number.parseInt(hash.slice(0, 8), 16);
}

export function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A copy of the server's list: sorted prefixes of four bytes, big-endian. */
export class PrefixList {
  readonly #view: DataView;
  readonly length: number;

  constructor(bytes: ArrayBuffer) {
    if (bytes.byteLength % 4) throw new Error("the list is cut");
    this.#view = new DataView(bytes);
    this.length = bytes.byteLength / 4;
  }

  at(place: number): number {
    return this.#view.getUint32(place * 4);
  }

  has(prefix: number): boolean {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle) < prefix) low = middle + 1;
      else high = middle;
    }
    return low < this.length && this.at(low) === prefix;
  }
}

/**
 * Return the questions about what was met on the list, each of ASKED prefixes of that list and sorted: how many are meant, and
 * whether any is, does not show. Companions are drawn with a secret of this browser, so that asking again tells no more; where
 * nothing was met, `seed` (what is checked) draws one in its place. A list shorter than ASKED is asked for whole.
 */
export async function questions(met: Iterable<number>, list: PrefixList, secret: Uint8Array<ArrayBuffer>, seed: string): Promise<number[][]> {
  if (!list.length) return [];
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const meant = [...new Set(met)];
  if (!meant.length) for await (const one of drawn(key, seed, list)) if (meant.push(one)) break;
  const asked: number[][] = [];
  for (let from = 0; from < meant.length; from += MEANT) asked.push(await filled(key, meant.slice(from, from + MEANT), list));
  return asked;
}

/** Give each prefix that is meant its share of companions, always the same ones, and top up with the first one's. */
async function filled(key: CryptoKey, meant: number[], list: PrefixList): Promise<number[]> {
  if (list.length <= ASKED) return Array.from({ length: list.length }, (_, place) => list.at(place));
  const chosen = new Set(meant);
  for (const [place, one] of [...meant, meant[0] ?? 0].entries()) {
    const share = place === meant.length ? ASKED : Math.floor((ASKED * (place + 1)) / meant.length);
    for await (const other of drawn(key, String(one), list)) {
      if (chosen.size >= share) break;
      chosen.add(other);
    }
  }
  return [...chosen].sort((one, other) => one - other);
}

/** Draw entries of the list without end, in an order that the key and the seed decide. */
async function* drawn(key: CryptoKey, seed: string, list: PrefixList): AsyncGenerator<number> {
  for (let block = 0; ; block++) {
    const bytes = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${seed} ${block}`));
    for (let place = 0; place < HASH; place += 8) {
      yield list.at(Number(new DataView(bytes).getBigUint64(place) % BigInt(list.length)));
    }
  }
}

/** Write a question's address behind the path of the check: as long for every question of as many prefixes. */
export function query(asked: readonly number[]): string {
  return `details=1${asked.map((prefix) => `&hashPrefixes=${base64url(prefix)}`).join("")}`;
}

function base64url(prefix: number): string {
  const bytes = [24, 16, 8, 0].map((bits) => String.fromCharCode((prefix >>> bits) & 255)).join("");
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Read a server's answer; an Error where it is none, or holds a hash that nobody asked for. */
export function matches(answer: unknown, asked: readonly number[]): Match[] {
  const { fullHashes } = answer as { fullHashes: { fullHash: string; fullHashDetails?: { redressId?: string; lintas?: Told }[] }[] };
  return fullHashes.flatMap(({ fullHash, fullHashDetails }) => {
    const hash = hex(Uint8Array.from(atob(fullHash), (byte) => byte.charCodeAt(0)).buffer);
    if (hash.length !== HASH * 2 || !asked.includes(prefixOf(hash))) throw new Error("a hash that was not asked for");
    return (fullHashDetails ?? []).map(({ redressId, lintas }) => ({ hash, id: redressId ?? "", told: lintas ?? null }));
  });
}

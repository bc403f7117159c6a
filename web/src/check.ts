// The public's check of links: nothing that is pasted leaves the browser, only prefixes of the server's own list do.
import { hashOf, hex, type Match, matches, PrefixList, prefixOf, query, questions } from "./hashes.ts";
import { type Link, links } from "./links.ts";
import { shown, warnings } from "./looks.ts";
import { expressions } from "./urls.ts";

const PATIENCE = 30_000;
/** Links of one text that are checked at once; whoever pasted more is told so. */
const MOST = 30;
const SECRET = "lintas-check";

/** What was found: the listings of each link, and the list that they are from. */
interface Checked {
  found: Match[][];
  count: number;
  version: string;
}

const box = document.querySelector<HTMLElement>("[data-check]");
const field = document.querySelector("textarea");
const button = document.querySelector<HTMLButtonElement>("[data-go]");

/** Copy a part of the page and fill its slots; what is filled in is text, never markup. */
function part(name: string, slots: Record<string, string> = {}): DocumentFragment {
  const made = document.querySelector<HTMLTemplateElement>(`template[data-part="${name}"]`)?.content.cloneNode(true) as DocumentFragment;
  for (const slot of made.querySelectorAll<HTMLElement>("[data-slot]")) {
    const value = slots[slot.dataset["slot"] ?? ""] ?? "";
    if (slot instanceof HTMLAnchorElement) slot.href = /^https?:\/\//.test(value) ? value : `/blocked?id=${slots["id"] ?? ""}`;
    else slot.textContent = value;
  }
  return made;
}

function show(selector: string, ...parts: Node[]): void {
  document.querySelector(selector)?.replaceChildren(...parts);
}

/** Fetch from this page's own server, without cookies and without saying from where. */
async function get(path: string, cache: RequestCache): Promise<Response> {
  const how: RequestInit = { credentials: "omit", mode: "same-origin", redirect: "error", referrerPolicy: "no-referrer" };
  const answer = await fetch(path, { ...how, cache, signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return answer;
}

/** Return what chooses this browser's companions: kept where that is allowed, and never sent. */
function secret(): Uint8Array<ArrayBuffer> {
  const fresh = crypto.getRandomValues(new Uint8Array(32));
  try {
    const kept = Uint8Array.from(atob(localStorage.getItem(SECRET) ?? ""), (byte) => byte.charCodeAt(0));
    if (kept.length === fresh.length) return kept;
    localStorage.setItem(SECRET, btoa(String.fromCharCode(...fresh)));
  } catch {
    // Without storage the next page chooses others, and asking again tells a little more.
  }
  return fresh;
}

let own: Uint8Array<ArrayBuffer> | undefined;

async function check(asked: Link[]): Promise<Checked> {
  const bytes = await (await get(box?.dataset["list"] ?? "", "no-cache")).arrayBuffer();
  const list = new PrefixList(bytes);
  const hashes = await Promise.all(asked.map((link) => Promise.all(link.readings.flatMap(expressions).map(hashOf))));
  const met = hashes.flat().map(prefixOf).filter((prefix) => list.has(prefix));
  const seed = asked.flatMap((link) => link.readings.flatMap(expressions))[0] ?? "";
  own ??= secret();
  const known: Match[] = [];
  for (const one of await questions(met, list, own, seed)) {
    const answer = await get(`${box?.dataset["search"]}?${query(one)}`, "no-store");
    known.push(...matches(await answer.json(), one));
  }
  const found = hashes.map((mine) => known.filter(({ hash }) => mine.includes(hash)));
  const version = hex(await crypto.subtle.digest("SHA-256", bytes));
  return { found, count: list.length, version: version.slice(0, 16) };
}

function moment(at: string): string {
  const read = new Date(at);
  if (Number.isNaN(read.getTime())) return at;
  const { lang } = document.documentElement;
  const how = { dateStyle: "long", timeStyle: "short", timeZone: "UTC" } as const;
  return `${new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, how).format(read)} UTC`;
}

/** Write what is said of one link. */
function verdict(link: Link, found: Match[]): DocumentFragment {
  const read = link.readings[0];
  const host = read ? shown(read.host) : link.text.slice(0, 80);
  const made = part("link", { host });
  const section = made.querySelector("section");
  if (!read) {
    section?.append(part("no-address"));
    return made;
  }
  if (host !== read.host) section?.append(part("spelt", { ascii: read.host }));
  const entries = new Map(found.map((each) => [each.id, each]));
  for (const { id, told } of entries.values()) {
    section?.append(part("listed", { ...told, until: moment(told?.until ?? ""), id }));
  }
  if (!entries.size) section?.append(part("unlisted"));
  const shared = new Set(box?.dataset["shared"]?.split(" "));
  for (const name of warnings(read.host, read.user, shared)) section?.append(part(name));
  return made;
}

async function run(): Promise<void> {
  const every = links(field?.value ?? "");
  const asked = every.slice(0, MOST);
  show("[data-results]");
  if (!asked.length) {
    show("[data-said]", part("nothing"));
    return;
  }
  show("[data-said]", part("busy"));
  const { found, count, version } = await check(asked);
  const odd = asked.some((link) => !link.readings.length);
  show("[data-results]", ...asked.map((link, place) => verdict(link, found[place] ?? [])));
  show("[data-said]", part(found.some((each) => each.length) ? "some" : odd ? "no-address" : every.length > MOST ? "more" : "none"));
  show("[data-version]", part("version", { count: count.toLocaleString(document.documentElement.lang), version }));
}

button?.addEventListener("click", () => {
  // A button that is switched off would lose the focus.
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  run()
    .catch(() => show("[data-said]", part("failed")))
    .finally(() => {
      button.ariaDisabled = "false";
    });
});

// On a page that came without TLS a browser hashes nothing: then the page says so, as it does without this script.
if (box && window.isSecureContext) {
  box.hidden = false;
  document.querySelector("[data-without]")?.remove();
}

// Parts of a page that htmx keeps fresh: never run code from markup, and say when what is shown has become old.
import htmx from "htmx.org";
import { unsaved } from "./forms.ts";

/** Stands where htmx would compile text from attributes (hx-on, js:, filters): our markup is never code. */
function refuse(): never {
  throw new Error("code in markup is not run");
}

function showOld(old: boolean): void {
  for (const note of document.querySelectorAll<HTMLElement>("[data-old]")) note.hidden = !old;
}

export function keepLive(): void {
  htmx.registerExtension("lintas", {
    init: (api: { initSecurity: (policy: null, sync: unknown, async: unknown) => void }) =>
      api.initSecurity(null, refuse, refuse),
  });
  // A queue that silently stopped would be believed: the note says that the node does not answer, until it does.
  document.addEventListener("htmx:error", () => showOld(true));
  document.addEventListener("htmx:response:error", () => showOld(true));
  document.addEventListener("htmx:after:swap", (event) => {
    if ((event.detail.ctx.response?.status ?? 0) < 400) showOld(false);
  });
  // An answer from another address is the page for signing in: the session is over, and so is what the screen may show.
  document.addEventListener("htmx:before:response", (event) => {
    if (!event.detail.ctx.response?.raw.redirected) return;
    event.preventDefault();
    if (unsaved()) showOld(true);
    else location.reload();
  });
}

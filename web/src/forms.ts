// Forms: sent once, and what was typed is not lost without a question. Without this file every form works all the same.

const TEXT = "textarea, input:not([type]), input:is([type=text], [type=number], [type=tel], [type=email], [type=url])";
/** Fields that somebody typed into, since the page was loaded. */
const typed = new WeakSet<Element>();

/** Return whether a form changes something; read from the attribute, since a field named "method" would hide it. */
function posts(form: HTMLFormElement): boolean {
  return form.getAttribute("method")?.toLowerCase() === "post";
}

function buttonsOf(form: HTMLFormElement): HTMLButtonElement[] {
  return [...form.elements].filter((each): each is HTMLButtonElement => each.matches("button:not([type=button])"));
}

function sent(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !posts(form)) return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented && !form.matches("[hx-post], [data-hx-post]")) return;
  form.dataset["sent"] = "";
  // Later: a button that is disabled now would not be sent along with the form.
  setTimeout(() => {
    for (const button of buttonsOf(form)) {
      if (button.disabled) continue;
      button.disabled = true;
      button.dataset["waits"] = "";
    }
  });
}

/** Open a form again. */
function open(form: HTMLFormElement): void {
  delete form.dataset["sent"];
  for (const button of buttonsOf(form)) {
    if (!("waits" in button.dataset)) continue;
    button.disabled = false;
    delete button.dataset["waits"];
  }
}

/** Return whether somebody typed something here that was not sent. */
export function unsaved(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(TEXT);
  return [...fields].some((field) => {
    const form = field.form;
    // Signing in leaves no work behind, and a search is no work.
    if (!form || !posts(form) || "sent" in form.dataset || form.querySelector("[type=password]")) return false;
    return typed.has(field) && field.value !== field.defaultValue;
  });
}

/** Say at once that a file is too large: a form that the node does not read comes back empty. */
function weigh(event: Event): void {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || field.type !== "file") return;
  const most = Number(field.dataset["most"] ?? "Infinity");
  const large = [...(field.files ?? [])].some((file) => file.size > most);
  field.setCustomValidity(large ? (field.dataset["large"] ?? "") : "");
  field.reportValidity();
}

/** Ask for a reason only while the answer is chosen that needs one. */
function need(event: Event): void {
  const answer = event.target;
  if (!(answer instanceof HTMLInputElement) || answer.type !== "radio") return;
  for (const field of answer.form?.querySelectorAll<HTMLInputElement>("[data-needed]") ?? []) {
    field.required = field.dataset["needed"] === answer.value;
  }
}

export function watchForms(): void {
  document.addEventListener("change", weigh);
  document.addEventListener("change", need);
  document.addEventListener("input", (event) => {
    if (event.target instanceof Element) typed.add(event.target);
  });
  document.addEventListener("submit", sent);
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) open(form);
  });
  // Only the form that was answered: a part of the page that asks every few seconds must not open the others.
  document.addEventListener("htmx:finally:request", (event) => {
    const form = (event.target as Element).closest("form");
    if (form) open(form);
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
}

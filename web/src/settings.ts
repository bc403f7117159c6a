// Settings of htmx, which reads them once, from a <meta> element, while it is being loaded: so this file is imported first.
const settings = {
  // No style element of its own: the policy of the page allows style sheets of this node only, and ours has the rule.
  includeIndicatorCSS: false,
  // No extension but ours, see live.ts.
  extensions: "lintas",
  mode: "same-origin",
  // Going back loads the page anew: what an officer may see can have changed.
  history: "reload",
  // An answer that is no page (an error, nothing new) never replaces what is on the screen.
  noSwap: [204, 304, "4xx", "5xx"],
  // What these files keep on elements stays when an element is brought up to date.
  morphIgnore: ["data-htmx-powered", "data-state", "data-sent", "data-waits"],
};

const meta = document.createElement("meta");
meta.name = "htmx-config";
meta.content = JSON.stringify(settings);
document.head.append(meta);

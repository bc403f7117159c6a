// What the console's pages do in a browser beyond plain HTML; each of them works without it.
import "./settings.ts";
import "htmx.org";
import { runClocks } from "./clocks.ts";
import { watchForms } from "./forms.ts";
import { listenToKeys } from "./keys.ts";
import { keepLive } from "./live.ts";

keepLive();
listenToKeys();
runClocks();
watchForms();

import assert from "node:assert/strict";
import test from "node:test";
import { actOf, letter, nextRow } from "../src/letters.ts";

const press = (key, more = {}) => ({
  key, code: "", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, isComposing: false, ...more,
});

test("each key has its act, and other keys have none", () => {
  assert.deepEqual(actOf(press("j")), { kind: "move", step: 1 });
  assert.deepEqual(actOf(press("k")), { kind: "move", step: -1 });
  for (const [key, kind] of Object.entries({ o: "open", x: "mark", e: "act", n: "new", "/": "search", "?": "help" })) {
    assert.deepEqual(actOf(press(key)), { kind });
  }
  assert.deepEqual(actOf(press("9")), { kind: "answer", number: "9" });
  for (const key of ["0", "J", "z", "Enter", "Escape", "constructor", "__proto__", ""]) assert.equal(actOf(press(key)), null);
});

test("with a modifier, or inside a composed word, a key is the browser's", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey", "isComposing"]) assert.equal(actOf(press("n", { [held]: true })), null);
});

test("a Thai layout has the same keys", () => {
  assert.equal(letter(press("่", { code: "KeyJ" })), "j");
  assert.equal(letter(press("ๅ", { code: "Digit1" })), "1");
  assert.equal(letter(press("ฝ", { code: "Slash" })), "/");
  assert.equal(letter(press("ฦ", { code: "Slash", shiftKey: true })), "?");
  // A layout of Latin letters is believed as it types, wherever its keys are.
  assert.equal(letter(press("j", { code: "KeyC" })), "j");
});

test("the choice stays inside the list", () => {
  assert.deepEqual([nextRow(-1, 3, 1), nextRow(-1, 3, -1), nextRow(2, 3, 1), nextRow(0, 3, -1), nextRow(1, 3, 1)], [0, 2, 2, 0, 2]);
});

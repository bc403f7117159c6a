import assert from "node:assert/strict";
import test from "node:test";
import { leftWords, nodeTime } from "../src/left.ts";

test("what is left is said in the template's units", () => {
  assert.equal(leftWords("{m} min {s} s left", 125.9), "2 min 5 s left");
  assert.equal(leftWords("{m} min", 5400), "90 min");
  assert.equal(leftWords("{d} hari {h} jam", 2 * 86_400 + 3 * 3600 + 59), "2 hari 3 jam");
  assert.equal(leftWords("เหลือ {m} นาที", 60), "เหลือ 1 นาที");
  assert.equal(leftWords("{m} min {s} s", -5), "0 min 0 s");
});

test("the clock is the node's, at its rate", () => {
  assert.equal(nodeTime(1_000_000, 5_000, 6_000, 1), 1_001_000);
  assert.equal(nodeTime(1_000_000, 5_000, 6_000, 60), 1_060_000);
  assert.equal(nodeTime(1_000_000, 5_000, 6_000, NaN), 1_001_000);
  // A page that does not say the node's time goes by the computer's.
  assert.equal(nodeTime(NaN, 5_000, 6_000, 1), 6_000);
});

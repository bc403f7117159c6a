import assert from "node:assert/strict";
import test from "node:test";
import { columnOf, covering, timeOf } from "../src/minutes.ts";

test("a minute is spoken of by the last row that begins before it", () => {
  assert.equal(covering([0, 1, 3, 11], 0), 0);
  assert.equal(covering([0, 1, 3, 11], 2), 1);
  assert.equal(covering([0, 1, 3, 11], 500), 3);
  assert.equal(covering([5], 2), -1);
});

test("times are said in UTC, and what is none is no time", () => {
  assert.equal(timeOf(Date.parse("2026-03-01T10:07:00Z")), "10:07:00 UTC");
  assert.equal(timeOf(NaN), "?");
});

test("a place's name begins with its column", () => {
  assert.equal(columnOf("12-XAFB"), 12);
  assert.equal(columnOf("0-"), 0);
});

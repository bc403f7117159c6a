import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { canonical, expressions, NoAddress, parts } from "../src/urls.ts";

// The same file that the tests in Python read.
const file = new URL("../../tests/unit/telco/names/urls.json", import.meta.url);
const { addresses, none } = JSON.parse(readFileSync(file, "utf8"));

test("the canonical form is the one that the server's side makes", () => {
  for (const { given, canonical: wanted } of addresses) assert.equal(canonical(given), wanted, given);
  for (const given of none) assert.throws(() => canonical(given), NoAddress, given);
});

test("everything that the server's side looks up is looked up, and beside it only domains above the host", () => {
  for (const { given, expressions: wanted } of addresses) {
    const read = parts(given);
    const found = expressions(read);
    assert.deepEqual(wanted.filter((each) => !found.includes(each)), [], given);
    assert.equal(found[0], wanted[0]);
    const tails = new Set(wanted.map((each) => each.slice(each.indexOf("/"))));
    for (const more of found.filter((each) => !wanted.includes(each))) {
      const host = more.slice(0, more.indexOf("/"));
      assert.ok(read.host.endsWith(`.${host}`) && host.includes(".") && tails.has(more.slice(host.length)), more);
    }
  }
});

test("a canonical form is its own, and is looked up by the same", () => {
  for (const { canonical: once } of addresses) {
    assert.equal(canonical(once), once);
    assert.deepEqual(expressions(parts(canonical(once))), expressions(parts(once)));
  }
});

test("what stands before an @ is told from the host", () => {
  assert.deepEqual([parts("http://bank.xa@scam.xb/").user, parts("http://scam.xb/@x").user], [true, false]);
});

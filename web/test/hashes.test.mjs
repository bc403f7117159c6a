import assert from "node:assert/strict";
import test from "node:test";
import { ASKED, hashOf, matches, prefixOf, PrefixList, query, questions } from "../src/hashes.ts";

const secret = new Uint8Array(32).fill(7);

/** Make a list of so many prefixes, sorted. */
function listOf(count) {
  const view = new DataView(new ArrayBuffer(count * 4));
  for (let place = 0; place < count; place++) view.setUint32(place * 4, Math.floor((place + 1) * (2 ** 32 / (count + 1))));
  return new PrefixList(view.buffer);
}

test("hashes and prefixes are those of the server's side", async () => {
  assert.equal(await hashOf("scam.xb/"), "291e3df7a638edba45b6845518bc0cc26c7047405f91125e789293c96c90e533");
  assert.equal(prefixOf("ffffffff00"), 2 ** 32 - 1);
  assert.equal(query([0xfffefdfc, 0]), "details=1&hashPrefixes=__79_A&hashPrefixes=AAAAAA");
});

test("a list finds what it has", () => {
  const list = listOf(1000);
  assert.ok([0, 1, 499, 999].every((place) => list.has(list.at(place)) && !list.has(list.at(place) + 1)));
  assert.ok(!new PrefixList(new ArrayBuffer(0)).has(1));
  assert.throws(() => new PrefixList(new ArrayBuffer(5)));
});

test("every question is of the same size, of the list, and sorted, whatever was met", async () => {
  const list = listOf(1000);
  for (const met of [[], [3], [3, 4], [1, 2, 3, 4, 5, 6, 7, 8], Array.from({ length: 9 }, (_, place) => place)]) {
    const asked = await questions(met.map((place) => list.at(place)), list, secret, "scam.xb/");
    assert.equal(asked.length, met.length > 8 ? 2 : 1);
    for (const one of asked) {
      assert.equal(new Set(one).size, ASKED);
      assert.ok(one.every((prefix, place) => list.has(prefix) && !(prefix < one[place - 1])));
      assert.equal(query(one).length, query(asked[0]).length);
    }
    assert.ok(met.every((place) => asked.flat().includes(list.at(place))));
  }
});

test("asking again, or for more beside it, leaves many that are equally likely", async () => {
  const list = listOf(100_000);
  const [[first], [again], [both], [none], [noneAgain], [other]] = await Promise.all([
    questions([list.at(5)], list, secret, "a/"), questions([list.at(5)], list, secret, "b/"),
    questions([list.at(5), list.at(70)], list, secret, "a/"), questions([], list, secret, "a/"), questions([], list, secret, "a/"),
    questions([list.at(5)], list, new Uint8Array(32), "a/"),
  ]);
  assert.deepEqual(first, again);
  assert.deepEqual(none, noneAgain);
  assert.ok(first.filter((prefix) => both.includes(prefix)).length >= ASKED / 2 - 1);
  assert.notDeepEqual(first, other);
});

test("a short list is asked for whole, an empty one not at all", async () => {
  assert.deepEqual((await questions([], listOf(3), secret, "a/")).map((one) => one.length), [3]);
  assert.deepEqual((await questions([], listOf(ASKED), secret, "a/")).map((one) => one.length), [ASKED]);
  assert.deepEqual(await questions([], listOf(0), secret, "a/"), []);
});

test("an answer is read, and one with a hash that nobody asked for is refused", () => {
  const fullHash = btoa(String.fromCharCode(...new Uint8Array(32).fill(1)));
  const told = { owner: "XA", reason: "r", until: "2026-04-01T00:00:00Z", contest: "https://desk.xa.example/a" };
  const answer = { fullHashes: [{ fullHash, fullHashDetails: [{ threatType: "MALWARE", redressId: "aaaaaaaaaaaaaaaa", lintas: told }] }] };
  assert.deepEqual(matches(answer, [0x01010101]), [{ hash: "01".repeat(32), id: "aaaaaaaaaaaaaaaa", told }]);
  assert.deepEqual(matches({ fullHashes: [{ fullHash, fullHashDetails: [{}] }] }, [0x01010101])[0].told, null);
  assert.throws(() => matches(answer, [0x01010102]));
  assert.throws(() => matches({}, [1]));
});

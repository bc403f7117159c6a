import assert from "node:assert/strict";
import test from "node:test";
import { links } from "../src/links.ts";
import { shown, warnings } from "../src/looks.ts";

const hosts = (text) => links(text).map((link) => link.readings.map((read) => read.host + read.path));

test("links are found in messages as people get them", () => {
  for (const [text, wanted] of [
    ["XATL: your card is stopped. Verify at https://xatl-card.xb/verify?id=7 within 24h!", [["xatl-card.xb/verify"]]],
    ["Parcel waits: bit.ly/3xyz, or call +999 1997.", [["bit.ly/3xyz"]]],
    ["Join t.me/xatl_gift now (see www.gift.xb).", [["t.me/xatl_gift"], ["www.gift.xb/"]]],
    ["write to help@bank.xa or open bank.xa", [["bank.xa/"]]],
    ["Rp1.500.000 was paid at 12.30", []],
    ["hxxps://scam[.]xb/login", [["scam.xb/login"]]],
    ["go to http://192.0.2.7/x. Now", [["192.0.2.7/x"]]],
    ["go to 192.0.2.7:8080/x", [["192.0.2.7/x"]]],
    ["(https://scam.xb/a_(b))", [["scam.xb/a_(b)"]]],
    ["https://scam.xb/a https://scam.xb/a scam.xb/a", [["scam.xb/a"]]],
    ["scam.xb", [["scam.xb/"]]],
    ["0xc0.0.2.7", [["192.0.2.7/"]]],
    ["http://3221225991/", [["192.0.2.7/"]]],
    ["http://exam\tple.xa/\r\nx", [["example.xa/x"], ["ple.xa/"]]],
    ["https://scam.xb/a\nhttps://b.xb/", [["scam.xb/a", "scam.xb/ahttps:/b.xb/"], ["b.xb/"]]],
    ["https://a.xb/?u=https://b.xb/c", [["a.xb/"], ["b.xb/c"]]],
    ["https://a.xb/x,https://b.xb/y", [["a.xb/x,https:/b.xb/y"], ["b.xb/y"]]],
    ["help@bank.xa", []],
    ["https://bank.xa@scam.xb/", [["scam.xb/"]]],
    ["http:\\\\scam.xb\\a", [["scam.xb/a"]]],
    ["Data:5GB left, file:x", []],
    ["hello", []],
    ["", []],
  ]) assert.deepEqual(hosts(text), wanted, text);
});

test("where words of another script touch a link, it is read with and without them", () => {
  assert.deepEqual(hosts("กดที่https://scam.xb/aนะครับ"), [[`scam.xb/a${unescape(encodeURIComponent("นะครับ"))}`, "scam.xb/a"]]);
  assert.ok(hosts("กดscam.xb/a เลย")[0].includes("scam.xb/a"));
  assert.deepEqual(hosts("ดู http://ธนาคาร.xa/ก่อน").map((read) => read[0].slice(0, 4)), [["xn--"]].flat());
});

test("what is no address of the web is found, and has no reading", () => {
  for (const text of ["javascript:alert(1)", "open data:text/html;base64,PHA+ now", "http://bank.xb%40scam.xb/"]) {
    assert.deepEqual(links(text).map((link) => link.readings.length), [0], text);
  }
});

test("a long text does not take long, and none of its links is left out", () => {
  const many = Array.from({ length: 400 }, (_, place) => `https://a${place}.xb/`).join(" ");
  assert.equal(links(many).length, 400);
  const began = performance.now();
  for (const text of ["a.".repeat(10_000), "-".repeat(20_000), "a".repeat(20_000), "http://a.".repeat(2_000), "http://" + "(".repeat(19_000)]) links(text);
  assert.ok(performance.now() - began < 5_000);
});

test("a host is shown in its letters, and what it looks like is told", () => {
  const shared = new Set(["bit.ly"]);
  for (const [host, letters, wanted] of [
    ["example.xa", "example.xa", []],
    ["xn--bcher-kva.xa", "bücher.xa", ["letters"]],
    ["xn--l-7sba6dbr.xb", "раураl.xb", ["mixed"]],
    ["xn--80aac1bco5aw.xb", "хатлбанк.xb", ["letters"]],
    ["xn--wgv71a119e.xa", "日本語.xa", ["letters"]],
    ["xn--n3h.xa", "☃.xa", ["letters"]],
    ["xn--99999999.xa", "xn--99999999.xa", ["letters"]],
    ["192.0.2.7", "192.0.2.7", ["number"]],
    ["[2001:db8::7]", "[2001:db8::7]", ["number"]],
    ["www.bit.ly", "www.bit.ly", ["shared"]],
  ]) {
    assert.equal(shown(host), letters);
    assert.deepEqual(warnings(host, false, shared), wanted, host);
  }
  assert.deepEqual(warnings("scam.xb", true, shared), ["user"]);
});

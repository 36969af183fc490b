// The table of inputs (../clients/inputs/inputs.json), sent by the Web SDK as a page has it; and the page's own
// rule, held to the same table.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { canBeCode } from "../../libs/pages/page/code.js";
import { startBrowser } from "./browser.mjs";
import { Postern, another } from "./postern.mjs";
import { startSite } from "./site.mjs";

const table = JSON.parse(await readFile(new URL("../clients/inputs/inputs.json", import.meta.url), "utf8"));

let site, postern, browser, page;

before(async () => {
  site = await startSite();
  const settings = ["--starts-per-minute", "10000"];
  postern = await Postern.start(site.origin, { config: "../clients/inputs/config", settings });
  browser = await startBrowser();
  page = await browser.newPage();
  await page.goto(`${site.origin}/#server=${postern.origin}/ido`);
  await page.waitForFunction(() => window.ido);
});

after(async () => {
  await browser?.close();
  await postern?.stop();
  site?.stop();
});

/** Digits and letters that no other case has. */
function someone() {
  const n = Array.from({ length: 8 }, () => 1 + Math.floor(Math.random() * 9)).join("");
  return { n, name: `jane${n.replace(/\d/g, (digit) => "abcdefghi"[digit - 1])}` };
}

function filledIn(text, values) {
  return Object.entries(values).reduce((filled, [name, value]) => filled.replace(`{${name}}`, value), text);
}

/** What is typed for a code, before it becomes JSON of another kind. */
function typed({ typed, digits = "0" }, code) {
  const inScript = code.replace(/\d/g, (digit) => String.fromCodePoint(digits.codePointAt(0) + Number(digit)));
  return filledIn(typed, { code: inScript, wrong: another(code) });
}

/** What starts the journey; `missing` sends no code at all. */
function parameters(given, user, code) {
  const text = typed(given, code);
  const sent = { number: Number(text), null: null, list: [text], missing: undefined };
  return { external_user_id: user, temp_code: given.as in sent ? sent[given.as] : text };
}

/** A code that has the same digits as a number. */
async function issue(user, type) {
  const code = await postern.issue(user, type);
  return code.startsWith("0") ? issue(user, type) : code;
}

/** How the journey ended, in the words of the table, and with what message. */
async function redeem(type, params) {
  const answer = await page.evaluate(
    ([id, additionalParams]) => window.ido.startJourney(id, { additionalParams }),
    [`redeem-${type}`, params],
  );
  if (answer.type === "journey_success") return ["accepted", ""];
  assert.equal(answer.type, "journey_rejection");
  const { rejectionReason } = answer.data;
  return [rejectionReason === "access_rejected" ? "rejected" : "unreadable", rejectionReason];
}

for (const given of table.codes) {
  test(`the SDK sends a code: ${given.what}`, async () => {
    const user = someone().name;
    const code = await issue(user);
    // One more than the policy allows: an unreadable code is no attempt.
    for (let sent = 0; sent < (given.outcome === "unreadable" ? 4 : 1); sent += 1) {
      const [outcome, message] = await redeem("user_id", parameters(given, user, code));
      assert.equal(outcome, given.outcome, message);
      assert.equal(message.includes("params.temp_code"), outcome === "unreadable", message);
    }
    if (given.outcome === "accepted") return;
    assert.deepEqual(await redeem("user_id", { external_user_id: user, temp_code: code }), ["accepted", ""]);
  });
}

for (const given of table.identifiers) {
  test(`the SDK sends a ${given.type}: ${given.typed}`, async () => {
    const values = someone();
    const code = await issue(filledIn(given.issued, values), given.type);
    const params = { external_user_id: filledIn(given.typed, values), temp_code: code };
    const [outcome, message] = await redeem(given.type, params);
    assert.equal(outcome, given.outcome, message);
    assert.equal(message.includes("params.external_user_id"), outcome === "unreadable", message);
  });
}

test("the page holds back no code that the server reads, and no text but one that it refuses", () => {
  const texts = table.codes.filter((given) => given.as === undefined);
  assert.ok(texts.length > 10);
  for (const given of texts) {
    const canBe = canBeCode(typed(given, "123456789012"), { length: 12, alphabet: "digits" });
    assert.equal(canBe, given.outcome !== "unreadable", given.what);
  }
  const base32 = { length: 8, alphabet: "base32" };
  assert.ok(canBeCode("code: abco-1l2z.", base32));
  for (const text of ["ABCD123U", "ABCD 123", "Code 12345"]) assert.ok(!canBeCode(text, base32), text);
});

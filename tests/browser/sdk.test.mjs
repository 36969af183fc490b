// The Web SDK, unmodified, drives journeys from another origin: its requests and answers, CORS
// included, are those of a page that was written for Mosaic.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { test } from "node:test";

import { browser, load, newPage, postern } from "./customer.mjs";
import { another, someone } from "./postern.mjs";
import { startSite } from "./site.mjs";

/** Opens the customer's page in a browser profile of its own. */
async function openPage(context) {
  const page = await newPage(context);
  await load(page);
  return page;
}

function start(page, journey, additionalParams) {
  return page.evaluate(([id, params]) => window.ido.startJourney(id, { additionalParams: params }), [
    journey, additionalParams,
  ]);
}

// What `evaluate` hands over loses the class of an error, and with it the description.
function submit(page, option, data) {
  return page.evaluate(async ([id, payload]) => {
    const answer = await window.ido.submitClientResponse(id, payload);
    const { errorCode, description } = answer.errorData ?? {};
    return { ...answer, errorData: answer.errorData && { errorCode, description } };
  }, [option, data]);
}

/** Checks a token against the published keys; answers with its claims. */
async function claims(token) {
  const [header, payload, signature] = token.split(".");
  const { kid, alg } = JSON.parse(Buffer.from(header, "base64url"));
  const jwk = (await postern.keys()).find((key) => key.kid === kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const options = alg === "EdDSA" ? key : { key, dsaEncoding: "ieee-p1363" };
  const digest = alg === "EdDSA" ? null : "sha256";
  const signed = Buffer.from(`${header}.${payload}`);
  assert.ok(verify(digest, signed, options, Buffer.from(signature, "base64url")));
  return JSON.parse(Buffer.from(payload, "base64url"));
}

test("a journey that starts with a right code succeeds with a token of ours", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  const answer = await start(page, "temp-code-authentication", { external_user_id: user, temp_code: code });
  assert.equal(answer.type, "journey_success");
  assert.equal(answer.journeyStepId, "action:success");
  assert.ok(!JSON.stringify(await claims(answer.token)).includes(code));
});

test("a journey that starts with a wrong code is rejected", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  const answer = await start(page, "temp-code-authentication", {
    external_user_id: user, temp_code: another(code),
  });
  assert.equal(answer.type, "journey_rejection");
  assert.equal(answer.journeyStepId, "action:rejection");
  assert.equal(typeof answer.data.rejectionReason, "string");
  assert.equal(answer.token, undefined);
});

test("a form is shown again after a wrong code, with its id and the error, and then succeeds", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);

  const form = await start(page, "temp-code-form");
  assert.equal(form.type, "client_input_required");
  assert.equal(form.journeyStepId, "temp_code_form");
  assert.equal(form.errorData, undefined);

  const again = await submit(page, "client_input", { external_user_id: user, temp_code: another(code) });
  assert.equal(again.type, "client_input_required");
  assert.equal(again.journeyStepId, "temp_code_form");
  assert.equal(again.errorData.errorCode, "invalid_credentials");
  assert.equal(typeof again.errorData.description, "string");

  const done = await submit(page, "client_input", { external_user_id: user, temp_code: code });
  assert.equal(done.type, "journey_success");
  const access = await claims(done.data.json_data.access_token);
  const id = await claims(done.data.json_data.id_token);
  assert.equal(access.sub, id.sub);
  assert.ok(id.amr.includes("otp"));
});

test("a form survives a reload of the page", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  await start(page, "temp-code-form");
  await page.evaluate(() => sessionStorage.setItem("journey", window.ido.serializeState()));

  await page.reload();
  await page.waitForFunction(() => window.ido);
  const restored = await page.evaluate(
    () => window.ido.restoreFromSerializedState(sessionStorage.getItem("journey")),
  );
  assert.equal(restored.journeyStepId, "temp_code_form");
  const done = await submit(page, "client_input", { external_user_id: user, temp_code: code });
  assert.equal(done.type, "journey_success");
});

/** Opens the recovery with support for a user, up to the form that shows the number. */
async function openRecovery(context, user) {
  const page = await openPage(context);
  const form = await start(page, "account-recovery");
  assert.equal(form.journeyStepId, "account");
  const shown = await submit(page, "client_input", { external_user_id: user });
  assert.equal(shown.journeyStepId, "pairing");
  const { number, expires_at: expiresAt } = shown.data.app_data.pairing;
  assert.match(number, /^[0-9]{6}$/);
  assert.ok(expiresAt > Date.now());
  return { page, number };
}

test("two users recover with support at once, each with the code for the number on their page", async (t) => {
  const [jane, joe] = [someone(), someone()];
  const hers = await openRecovery(t, jane);
  const his = await openRecovery(t, joe);
  const herCode = await postern.issueFor(jane, hers.number);
  const hisCode = await postern.issueFor(joe, his.number);

  const own = await submit(hers.page, "client_input", { temp_code: hers.number });
  assert.equal(own.type, "client_input_required");
  assert.equal(own.errorData.errorCode, "client_response_not_valid");
  const theirs = await submit(hers.page, "client_input", { temp_code: hisCode });
  assert.equal(theirs.errorData.errorCode, "invalid_credentials");

  for (const [{ page }, code] of [[hers, herCode], [his, hisCode]]) {
    const done = await submit(page, "client_input", { temp_code: code });
    assert.equal(done.type, "journey_success");
    assert.ok((await claims(done.data.json_data.id_token)).amr.includes("otp"));
  }
});

test("a new number is the same one while it lives", async (t) => {
  const { page, number } = await openRecovery(t, someone());
  const again = await submit(page, "new_number", {});
  assert.equal(again.journeyStepId, "pairing");
  assert.ok(JSON.stringify(again.data).includes(number));
});

test("an escape leads to its own step", async (t) => {
  const page = await openPage(t);
  const form = await start(page, "temp-code-form");
  assert.deepEqual(Object.keys(form.clientResponseOptions), ["client_input", "contact_support"]);
  const step = await submit(page, "contact_support", {});
  assert.equal(step.journeyStepId, "action:information");
  assert.equal(step.data.title, "Contact support");
});

test("a challenge that was answered before is refused", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  await start(page, "temp-code-form");
  const state = await page.evaluate(() => window.ido.serializeState());
  await submit(page, "client_input", { external_user_id: user, temp_code: another(code) });

  await page.evaluate((saved) => window.ido.restoreFromSerializedState(saved), state);
  const replayed = await submit(page, "client_input", { external_user_id: user, temp_code: code });
  assert.equal(replayed.type, "journey_rejection");
});

test("a page of an unknown origin reads nothing", async (t) => {
  const foreign = await startSite();
  t.after(() => foreign.stop());
  const profile = await browser.newContext();
  t.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(`${foreign.origin}/#server=${postern.origin}/ido`);
  await page.waitForFunction(() => window.ido);
  const outcome = await start(page, "temp-code-form").then((answer) => answer.type, () => "failed");
  assert.notEqual(outcome, "client_input_required");
});

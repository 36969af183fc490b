// The Web SDK's encrypted mode: what it sends and gets is recorded, and neither a code nor a user is
// in it, as text or in base64.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load, newPage, postern } from "./customer.mjs";
import { another, someone } from "./postern.mjs";

/** Opens the customer's page; answers with it and with all that it sends to Postern and gets back. */
async function openPage(context) {
  const page = await newPage(context);
  const exchanges = [];
  page.on("response", (response) => {
    const request = response.request();
    if (!request.url().startsWith(postern.origin)) return;
    const exchange = response.text().then((answer) => ({
      url: request.url(), sent: request.postData() ?? "", answer,
    }));
    // The page may close before the last answer is read. A test that awaits the record still fails then.
    exchange.catch(() => {});
    exchanges.push(exchange);
  });
  await load(page);
  return { page, recorded: () => Promise.all(exchanges) };
}

function start(page, journey, additionalParams, encrypted) {
  return page.evaluate(
    ([id, options]) => window.ido.startJourney(id, options),
    [journey, { additionalParams, encrypted }],
  );
}

function submit(page, data) {
  return page.evaluate(async (payload) => {
    const answer = await window.ido.submitClientResponse("client_input", payload);
    return { ...answer, errorData: answer.errorData && { errorCode: answer.errorData.errorCode } };
  }, data);
}

/** Which of the secrets can be read in what was exchanged. */
function readable(exchanges, secrets) {
  const text = exchanges.map(({ url, sent, answer }) => url + sent + answer).join("\n");
  // What is in base64 inside a message is read as well.
  const decoded = (text.match(/[A-Za-z0-9+/_-]{16,}={0,2}/g) ?? [])
    .map((part) => Buffer.from(part, "base64").toString("latin1"));
  return secrets.filter((secret) => [text, ...decoded].some((it) => it.includes(secret)));
}

/** Each message but those of the key exchange names its key, and has nothing else in clear. */
function assertEncrypted(exchanges, count) {
  const messages = exchanges.filter(({ url }) => !url.includes("key_exchange"));
  assert.equal(exchanges.length - messages.length, 1, "one key is agreed on");
  assert.equal(messages.length, count);
  for (const { sent, answer } of messages) {
    for (const message of [sent, answer].map((text) => JSON.parse(text))) {
      assert.equal(typeof message.data, "string", "the data is one encrypted text");
      assert.ok(message.headers.some((header) => header.type === "encryption"));
    }
  }
}

test("in clear, the recording shows the code and the user", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const { page, recorded } = await openPage(t);
  await start(page, "temp-code-authentication", { external_user_id: user, temp_code: code }, false);
  assert.deepEqual(readable(await recorded(), [user, code]), [user, code]);
});

test("an encrypted journey succeeds, and nothing of it can be read", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const { page, recorded } = await openPage(t);
  const params = { external_user_id: user, temp_code: code };
  const answer = await start(page, "temp-code-authentication", params, true);
  assert.equal(answer.type, "journey_success");
  assert.equal(answer.token.split(".").length, 3);
  const exchanges = await recorded();
  assertEncrypted(exchanges, 1);
  assert.deepEqual(readable(exchanges, [user, code, answer.token]), []);
});

test("an encrypted journey is rejected, and nothing of it can be read", async (t) => {
  const user = someone();
  const wrong = another(await postern.issue(user));
  const { page, recorded } = await openPage(t);
  const params = { external_user_id: user, temp_code: wrong };
  const answer = await start(page, "temp-code-authentication", params, true);
  assert.equal(answer.type, "journey_rejection");
  const exchanges = await recorded();
  assertEncrypted(exchanges, 1);
  assert.deepEqual(readable(exchanges, [user, wrong]), []);
});

test("an encrypted form is shown again after a wrong code, and then succeeds", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const { page, recorded } = await openPage(t);
  const form = await start(page, "temp-code-form", {}, true);
  assert.equal(form.journeyStepId, "temp_code_form");

  const wrong = another(code);
  const again = await submit(page, { external_user_id: user, temp_code: wrong });
  assert.equal(again.journeyStepId, "temp_code_form");
  assert.equal(again.errorData.errorCode, "invalid_credentials");

  const done = await submit(page, { external_user_id: user, temp_code: code });
  assert.equal(done.type, "journey_success");
  const exchanges = await recorded();
  assertEncrypted(exchanges, 3);
  const { access_token: access, id_token: id } = done.data.json_data;
  assert.deepEqual(readable(exchanges, [user, wrong, code, access, id, done.token]), []);
});

test("an encrypted call that is refused ends the journey, and the next one begins", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const { page } = await openPage(t);
  const refused = await start(page, "no-such-journey", {}, true);
  assert.equal(refused.type, "journey_rejection");
  const params = { external_user_id: user, temp_code: code };
  const answer = await start(page, "temp-code-authentication", params, true);
  assert.equal(answer.type, "journey_success");
});

// One recovery, driven by the Web SDK in a browser, is one trace over three services and Redis, as an
// OpenTelemetry Collector has it in its file.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Apart } from "./apart.mjs";
import { startBrowser } from "./browser.mjs";
import { another, someone } from "./postern.mjs";
import { startSite } from "./site.mjs";

const http = "POST /ido/api/v2/auth/{operation}";
const verify = "postern.code.v1.VerifierService/VerifyCode";
const [internal, server, client] = [1, 2, 3];
/** Shorter than that, a text turns up by chance. */
const shortest = 10;

/** All spans in the Collector's file, each with its service's name, and its attributes as an object. */
function spans(file) {
  const batches = file.trim().split("\n").map((line) => JSON.parse(line));
  const resources = batches.flatMap((batch) => batch.resourceSpans ?? []);
  return resources.flatMap(({ resource, scopeSpans }) => {
    const service = object(resource.attributes)["service.name"];
    const all = scopeSpans.flatMap((scope) => scope.spans);
    return all.map((span) => ({ ...span, service, attributes: object(span.attributes) }));
  });
}

function object(attributes = []) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}

/** A form in which a secret could be in a text. */
function forms(secret) {
  const bytes = Buffer.from(secret);
  const reversed = [...secret].reverse().join("");
  const percent = bytes.toString("hex").replaceAll(/../g, "%$&");
  return [secret, reversed, percent, ...["base64", "base64url", "hex"].map((it) => bytes.toString(it))];
}

test("a recovery is one trace from the browser's call to Redis, as the Collector tells it", async (t) => {
  const site = await startSite();
  t.after(() => site.stop());
  const apart = await Apart.start(site.origin);
  t.after(() => apart.stop());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${site.origin}/#server=${apart.origin}/ido`);
  await page.waitForFunction(() => window.ido);

  const user = someone();
  const code = await apart.issue(user);
  const wrong = another(code);
  const redeem = (tried) => page.evaluate(
    ([id, params]) => window.ido.startJourney(id, { additionalParams: params }),
    ["temp-code-authentication", { external_user_id: user, temp_code: tried }],
  );
  assert.equal((await redeem(wrong)).type, "journey_rejection");
  const answer = await redeem(code);
  assert.equal(answer.type, "journey_success");

  const file = await apart.collected();
  const all = spans(file);
  assert.deepEqual([...new Set(all.map((span) => span.service))].sort(), ["code-issuer", "journey-runner", "verifier"]);
  const accepted = all.filter((span) => span.attributes["postern.action"] === "code.accepted");
  assert.equal(accepted.length, 1, "one code was accepted");
  const trace = all.filter((span) => span.traceId === accepted[0].traceId);
  const only = (service, name, kind) => {
    const found = trace.filter((it) => it.service === service && it.name === name && it.kind === kind);
    assert.equal(found.length, 1, `${service}: ${name} in ${JSON.stringify(trace, null, 1)}`);
    return found[0];
  };
  const calls = only("journey-runner", verify, client);
  const called = only("journey-runner", http, server);
  const verifies = only("verifier", verify, server);
  const script = only("verifier", "EVALSHA verify", client);
  const mint = only("journey-runner", "mint journey token", internal);
  assert.ok(!called.parentSpanId, "the browser begins no trace");
  assert.equal(calls.parentSpanId, called.spanId);
  assert.equal(verifies.parentSpanId, calls.spanId);
  assert.equal(script.parentSpanId, verifies.spanId);
  assert.equal(mint.parentSpanId, called.spanId);

  assert.deepEqual(called.attributes, {
    "http.request.method": "POST",
    "http.route": "/ido/api/v2/auth/{operation}",
    "http.response.status_code": "200",
    "postern.journey.id": "temp-code-authentication",
    "postern.journey.outcome": "completed",
  });
  const rpc = { "rpc.system.name": "grpc", "rpc.method": verify, "rpc.response.status_code": "OK" };
  const { "server.address": host, "server.port": port, ...rest } = calls.attributes;
  assert.deepEqual(rest, rpc);
  assert.ok(host === "127.0.0.1" && Number(port) > 0, `${host}:${port}`);
  assert.deepEqual(verifies.attributes, { ...rpc, "postern.action": "code.accepted" });
  assert.deepEqual(script.attributes, {
    "db.system.name": "redis",
    "db.operation.name": "EVALSHA",
    "db.stored_procedure.name": "verify",
  });
  // The other recovery is a separate trace. It contains the reason of the failure and the service.
  const denied = all.filter((span) => span.attributes["postern.denial"] === "wrong_code");
  assert.equal(denied.length, 1);
  assert.notEqual(denied[0].traceId, trace[0].traceId);

  for (const secret of [user, code, wrong, answer.token]) {
    assert.ok(secret.length >= shortest);
    for (const form of forms(secret)) assert.ok(!file.includes(form), `${form} of ${secret}`);
  }
});

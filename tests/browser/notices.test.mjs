// The sample receiver of notices verifies what Postern signs, and believes nothing else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Notified } from "./notified.mjs";
import { someone } from "./postern.mjs";

let notified;

before(async () => {
  notified = await Notified.start();
});

after(() => notified?.stop());

test("the sample receiver prints the notice of a code, once, and answers 401 to strangers", async () => {
  const user = someone();
  const code = await notified.postern.issue(user);
  const notice = await notified.notice(user);
  assert.equal(notice.type, "code.issued");
  assert.ok(!notified.lines(user)[0].includes(code));
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`,
    "webhook-signature": `v1a,${Buffer.alloc(64).toString("base64")}`,
  };
  const forged = await fetch(notified.receiver, { method: "POST", headers, body: JSON.stringify(notice) });
  assert.equal(forged.status, 401);
  assert.equal(notified.lines(user).length, 1);
});

// The sample receiver of notices verifies what Postern signs, and believes nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Postern, binary } from "./postern.mjs";
import { freePorts, startProcess } from "./process.mjs";

const sample = fileURLToPath(new URL("../../deploy/notices/receiver.mjs", import.meta.url));
let postern, receiver, url, folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-notices-"));
  const key = join(folder, "notify.key");
  const { stdout } = await promisify(execFile)(binary, ["webhook", "keygen", key]);
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}/`;
  receiver = await startProcess(process.execPath, [sample, stdout.trim(), `${port}`], {}, async () => {
    return (await fetch(url, { method: "POST" }).catch(() => undefined))?.status === 401;
  });
  const acme = await readFile(new URL("../config/applications/acme.yaml", import.meta.url), "utf8");
  const notify = `{ url: '${url}', key_files: [notify.key], private_addresses: true }`;
  const files = {
    "applications/acme.yaml": `${acme}\ndesk: { notify: ${notify} }\n`,
    "applications/notify.key": await readFile(key, "utf8"),
  };
  postern = await Postern.start("http://127.0.0.1:1", { files });
});

after(async () => {
  await postern?.stop();
  await receiver?.stop();
  await rm(folder, { recursive: true });
});

test("the sample receiver prints the notice of a code, once, and answers 401 to strangers", async () => {
  const user = `jane-${process.pid}`;
  const code = await postern.issue(user);
  const lines = () => receiver.printed().split("\n").filter((line) => line.includes(user));
  for (let waited = 0; lines().length === 0 && waited < 300; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(lines().length, 1);
  const notice = JSON.parse(lines()[0]);
  assert.equal(notice.type, "code.issued");
  assert.ok(!lines()[0].includes(code));
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`,
    "webhook-signature": `v1a,${Buffer.alloc(64).toString("base64")}`,
  };
  const forged = await fetch(url, { method: "POST", headers, body: JSON.stringify(notice) });
  assert.equal(forged.status, 401);
  assert.equal(lines().length, 1);
});

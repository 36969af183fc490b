// The console as a process of its own: sessions in Redis, and a certified provider (npm `oidc-provider`).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Postern, binary, someone } from "./postern.mjs";
import { answers, freePorts, startProcess } from "./process.mjs";
import { startProvider } from "./provider.mjs";

const client = { id: "postern-desk", secret: randomBytes(24).toString("hex") };
const running = [];
let postern, provider, browser, folder, origin;

const agents = (rights) => [
  `issuer: ${provider.issuer}`, `audience: ${client.id}`, "clients: [acme-support]", "claim: roles",
  "self: { user_id: employee_id, email: email }", "roles:", `  helpdesk: { applications: [acme], may: [${rights}] }`, "",
].join("\n");

const listens = (port) => new Promise((done) => {
  const socket = connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
  socket.on("connect", () => socket.destroy());
});

before(async () => {
  const [redis, pages, admin] = await freePorts(3);
  origin = `http://127.0.0.1:${pages}`;
  provider = await startProvider(client, `${origin}/callback`);
  postern = await Postern.start("http://127.0.0.1:1", { files: { "agents/acme.yaml": agents("issue, read") } });
  folder = await mkdtemp(join(tmpdir(), "postern-console-"));
  const secrets = { provider: client.secret, client: "acme-support-secret" };
  for (const [name, secret] of Object.entries(secrets)) await writeFile(join(folder, name), secret, { mode: 0o600 });
  const start = async (...process) => running.push(await startProcess(...process));
  await start("redis-server", ["--port", redis, "--bind", "127.0.0.1", "--save", ""], { cwd: folder }, () => listens(redis));
  const settings = {
    "http-listen": `127.0.0.1:${pages}`, "admin-listen": `127.0.0.1:${admin}`, "console-url": origin,
    "provider": provider.issuer, "provider-client": client.id, "provider-secret-file": join(folder, "provider"),
    "provider-scope": "openid staff", "console-client": "acme-support",
    "console-client-secret-file": join(folder, "client"), "token-endpoint": `${postern.origin}/oidc/token`,
    "code-issuer": postern.issuer, "verifier": postern.verifier,
    "store": `redis://127.0.0.1:${redis}`, "store-checks": "off",
  };
  const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
  const isReady = () => answers(`http://127.0.0.1:${admin}/readyz`);
  await start(join(dirname(binary), "console"), flags, { env: { POSTERN_LOG: "info" } }, isReady);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  for (const { stop } of running.reverse()) await stop();
  await postern?.stop();
  provider?.stop();
  if (folder) await rm(folder, { recursive: true });
});

test("an agent signs in at a certified provider and issues; a role that is taken away counts at the next click", async (t) => {
  const profile = await browser.newContext();
  t.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(origin);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByText("agent-7").waitFor();

  const lookUp = async () => {
    await page.getByLabel("User", { exact: true }).fill(someone());
    await page.getByRole("button", { name: "Look up" }).click();
    await page.getByRole("button", { name: "Issue a code" }).waitFor();
  };
  await lookUp();
  await page.getByRole("button", { name: "Issue a code" }).click();
  await page.getByRole("heading", { name: /^Code for/ }).waitFor();

  await page.goto(`${origin}/desk`);
  await lookUp();
  await writeFile(join(postern.folder, "agents/acme.yaml"), agents("read"));
  for (let tries = 0; tries < 100 && !(await page.getByText("Your roles do not allow this.").count()); tries += 1) {
    await page.goto(`${origin}/desk`);
    await page.getByLabel("User", { exact: true }).fill(someone());
    await page.getByRole("button", { name: "Look up" }).click();
    const button = page.getByRole("button", { name: "Issue a code" });
    if (await button.count()) await button.click();
    await page.waitForTimeout(100);
  }
  await page.getByText("Your roles do not allow this.").first().waitFor();
  assert.equal(await page.getByRole("heading", { name: /^Code for/ }).count(), 0);
});

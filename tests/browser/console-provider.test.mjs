// The console as a process of its own: sessions in Redis, and a certified provider (npm `oidc-provider`).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { startConsole } from "./console.mjs";
import { Postern, someone } from "./postern.mjs";
import { freePorts } from "./process.mjs";
import { startProvider } from "./provider.mjs";

const client = { id: "postern-desk", secret: randomBytes(24).toString("hex") };
let postern, provider, browser, desk;

const agents = (rights) => [
  `issuer: ${provider.issuer}`, `audience: ${client.id}`, "clients: [acme-support]", "claim: roles",
  "self: { user_id: employee_id, email: email }", "roles:", `  helpdesk: { applications: [acme], may: [${rights}] }`, "",
].join("\n");

before(async () => {
  const ports = await freePorts(3);
  provider = await startProvider(client, `http://127.0.0.1:${ports[0]}/callback`);
  postern = await Postern.start("http://127.0.0.1:1", { files: { "agents/acme.yaml": agents("issue, read") } });
  const { issuer } = provider;
  desk = await startConsole({ issuer, client, scope: "openid staff" }, postern, ports);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await desk?.stop();
  await postern?.stop();
  provider?.stop();
});

test("an agent signs in at a certified provider and issues; a role that is taken away counts at the next click", async (t) => {
  const profile = await browser.newContext();
  t.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(desk.origin);
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

  await page.goto(`${desk.origin}/desk`);
  await lookUp();
  await writeFile(join(postern.folder, "agents/acme.yaml"), agents("read"));
  for (let tries = 0; tries < 100 && !(await page.getByText("Your roles do not allow this.").count()); tries += 1) {
    await page.goto(`${desk.origin}/desk`);
    await page.getByLabel("User", { exact: true }).fill(someone());
    await page.getByRole("button", { name: "Look up" }).click();
    const button = page.getByRole("button", { name: "Issue a code" });
    if (await button.count()) await button.click();
    await page.waitForTimeout(100);
  }
  await page.getByText("Your roles do not allow this.").first().waitFor();
  assert.equal(await page.getByRole("heading", { name: /^Code for/ }).count(), 0);
});

// Keycloak sends users to Postern and takes them back: an identity provider of the realm.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { Application, redeem } from "../browser/application.mjs";
import { startBrowser } from "../browser/browser.mjs";
import { Postern } from "../browser/postern.mjs";
import { freePorts } from "../browser/process.mjs";
import { Keycloak } from "./keycloak.mjs";
import { acme } from "./recovery.mjs";

const secret = randomBytes(24).toString("hex");
let application, browser, keycloak, postern;

before(async () => {
  const ports = await freePorts(2);
  const back = `http://127.0.0.1:${ports[0]}/realms/customers/broker/postern/endpoint`;
  postern = await Postern.start(back, { files: acme("keycloak", secret, back) });
  application = await Application.start();
  keycloak = await Keycloak.start(ports);
  const values = { POSTERN: postern.origin, SECRET: secret, APPLICATION: application.origin };
  await keycloak.import("customers.json", values);
  await application.delegate(keycloak.realm("customers"), "shop");
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await keycloak?.stop();
  application?.stop();
  await postern?.stop();
});

/** A new browser at the application, which sends it to Keycloak. */
async function visit(context, query = {}) {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(`${application.origin}/login?${new URLSearchParams(query)}`);
  return page;
}

const users = (query) => keycloak.call("GET", `/customers/users?${new URLSearchParams(query)}`);

test("a user without a password comes in through a temporary code, and again through another", async (t) => {
  const [{ id }] = await users({ username: "jane" });
  assert.deepEqual(await keycloak.call("GET", `/customers/users/${id}/credentials`), [], "jane has no password");
  for (let time = 0; time < 2; time += 1) {
    const page = await visit(t);
    await page.getByRole("link", { name: "Trouble signing in?" }).click();
    await redeem(page, "jane", await postern.issue("jane"));
    await page.getByRole("heading", { name: "Hello, jane" }).waitFor();
    const { iss, sub, email } = application.claims;
    const jane = { iss: keycloak.realm("customers"), sub: id, email: "jane@acme.example" };
    assert.deepEqual({ iss, sub, email }, jane, "the token is Keycloak's, for its own user");
  }
});

test("an application's own link goes to the recovery page at once, with the user ID filled in", async (t) => {
  const page = await visit(t, { kc_idp_hint: "postern", login_hint: "jane" });
  assert.equal(await page.getByLabel("User ID").inputValue(), "jane");
  await redeem(page, null, await postern.issue("jane"));
  await page.getByRole("heading", { name: "Hello, jane" }).waitFor();
});

test("a user whom Keycloak does not know gets no account", async (t) => {
  application.claims = undefined;
  const page = await visit(t, { kc_idp_hint: "postern" });
  await redeem(page, "mallory", await postern.issue("mallory"));
  await page.getByText("does not exist. Please contact your administrator").waitFor();
  assert.equal(application.claims, undefined);
  assert.deepEqual(await users({ search: "mallory" }), []);
});

test("a user without a code is back at Keycloak's login", async (t) => {
  const page = await visit(t, { kc_idp_hint: "postern" });
  await page.getByRole("button", { name: "Contact support" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("link", { name: "Trouble signing in?" }).waitFor();
});

test("a user sets a new password after the recovery", async (t) => {
  const page = await visit(t, { kc_idp_hint: "postern", login_hint: "jane", kc_action: "UPDATE_PASSWORD" });
  await redeem(page, null, await postern.issue("jane"));
  const password = randomBytes(12).toString("hex");
  await page.getByLabel("New Password").fill(password);
  await page.getByLabel("Confirm password").fill(password);
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByRole("heading", { name: "Hello, jane" }).waitFor();

  const next = await visit(t);
  await next.getByLabel("Username or email").fill("jane");
  await next.getByLabel("Password", { exact: true }).fill(password);
  await next.getByRole("button", { name: "Sign In" }).click();
  await next.getByRole("heading", { name: "Hello, jane" }).waitFor();
});

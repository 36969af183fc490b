// Agents sign in to the console at Keycloak, and code-issuer accepts the ID tokens of Keycloak.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { startBrowser } from "../browser/browser.mjs";
import { startConsole } from "../browser/console.mjs";
import { Postern, someone } from "../browser/postern.mjs";
import { freePorts } from "../browser/process.mjs";
import { Keycloak } from "./keycloak.mjs";

const client = { id: "postern-desk", secret: randomBytes(24).toString("hex") };
const password = randomBytes(12).toString("hex");
let browser, desk, issuer, keycloak, postern;

/** The agents of the realm. */
const agents = () => `issuer: ${issuer}
audience: ${client.id}
clients: [acme-support]
claim: roles
self: { user_id: preferred_username, email: email }
roles:
  helpdesk: { applications: [acme], may: [issue, read] }
`;

before(async () => {
  const [port, management, ...ports] = await freePorts(5);
  issuer = `http://127.0.0.1:${port}/realms/staff`;
  keycloak = await Keycloak.start([port, management]);
  const values = { SECRET: client.secret, PASSWORD: password, CONSOLE: `http://127.0.0.1:${ports[0]}` };
  await keycloak.import("staff.json", values);
  postern = await Postern.start("http://127.0.0.1:1", { files: { "agents/acme.yaml": agents() } });
  desk = await startConsole({ issuer, client, scope: "openid profile" }, postern, ports);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await desk?.stop();
  await postern?.stop();
  await keycloak?.stop();
});

/** A person's new browser, signed in at Keycloak on the way to the console. */
async function signIn(context, name) {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(desk.origin);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Username or email").fill(name);
  await authenticate(page);
  return page;
}

async function authenticate(page) {
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign In" }).click();
}

async function lookUp(page, user) {
  await page.goto(`${desk.origin}/desk`);
  await page.getByLabel("User", { exact: true }).fill(user);
  await page.getByRole("button", { name: "Look up" }).click();
}

test("an agent issues a code, in the name that Keycloak gives them", async (t) => {
  const page = await signIn(t, "ada");
  await page.getByText("Ada Lovelace").waitFor();
  await lookUp(page, someone());
  await page.getByRole("button", { name: "Issue a code" }).click();
  await page.getByRole("heading", { name: /^Code for/ }).waitFor();
  const [{ id }] = await keycloak.call("GET", "/staff/users?username=ada");
  const printed = postern.printed();
  assert.ok(printed.includes(`"agent_id":"${id}"`), printed);
});

test("an agent cannot issue a code for the own account", async (t) => {
  const page = await signIn(t, "ada");
  await lookUp(page, "ada");
  await page.getByRole("button", { name: "Issue a code" }).click();
  await page.getByText("own account").waitFor();
});

test("a person without a role is no agent", async (t) => {
  const page = await signIn(t, "charles");
  await page.getByText("You cannot use the console").waitFor();
});

test("after sign-out Keycloak knows the browser still; who must sign in again types the password", async (t) => {
  const page = await signIn(t, "ada");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByText("Ada Lovelace").waitFor();

  await page.goto(`${desk.origin}/sign-in?again=&to=/desk`);
  await page.getByText("re-authenticate").waitFor();
  await authenticate(page);
  await page.getByText("Ada Lovelace").waitFor();
});

// Projects that `postern generate web` makes of the demo's journeys, and of one with hostile texts: built by
// Vite from pinned packages, and driven in a browser.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { startBrowser } from "./browser.mjs";
import { Postern, another, binary, someone } from "./postern.mjs";
import { startSite } from "./site.mjs";

const run = promisify(execFile);
const demo = new URL("../../services/postern/demo/", import.meta.url);
const journeys = ["temp-code-authentication", "temp-code-form", "account-recovery", "hostile"];
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
/** Would be code in a literal, a template, markup or a comment. */
const hostile = "\"'`${alert(1)}</script><b>\\u0041\n*/ \\(x) %VITE_CLIENT_ID%";

let site, postern, browser, folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "generated-"));
  site = await startSite((path) => {
    const [, journey, file] = /^\/([a-z-]+)\/(.*)$/.exec(path) ?? [];
    return journey && [types[extname(file)], join(folder, journey, "dist", file)];
  });
  const demoOf = (file) => readFile(new URL(file, demo), "utf8");
  const acme = (await demoOf("applications/acme.yaml"))
    .replace("http://127.0.0.1:8080", site.origin)
    .replace("account-recovery]", "account-recovery, hostile]")
    .replace("name: Acme", `name: ${JSON.stringify(hostile)}`);
  const files = { "applications/acme.yaml": acme, "journeys/hostile.yaml": hostileJourney };
  postern = await Postern.start(site.origin, { config: "../../services/postern/demo", files });
  browser = await startBrowser();
  await Promise.all(journeys.map((journey) => generate(journey, join(folder, journey))));
  const [first, ...others] = journeys.map((journey) => join(folder, journey));
  await npm(first, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
  await Promise.all(others.map((other) => symlink(join(first, "node_modules"), join(other, "node_modules"))));
  // Checks the types, and builds what is served below a path of its own.
  for (const cwd of [first, ...others]) await npm(cwd, "run", "build", "--", "--base", "./");
});

after(async () => {
  await browser?.close();
  await postern?.stop();
  site?.stop();
  await rm(folder, { recursive: true });
});

/** Runs npm in a project; what it printed is part of an error. */
async function npm(cwd, ...flags) {
  await run("npm", flags, { cwd }).catch(({ stdout, stderr }) => { throw new Error(stdout + stderr); });
}

function posternGenerate(...flags) {
  return run(binary, ["generate", "--config", postern.folder, ...flags]);
}

function generate(journey, out, ...more) {
  return posternGenerate("web", journey, "--client", "acme-web", "--server", postern.origin, "--out", out, ...more);
}

/** Opens the page of a journey; the test fails if the page logs an error or opens a dialog. */
async function open(context, journey) {
  const profile = await browser.newContext();
  const page = await profile.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // The SDK logs every denial, and the browser every request that fails.
    if (message.type() === "error" && !/^\[ERROR\]|^Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  page.on("dialog", (dialog) => { complaints.push(dialog.message()); dialog.dismiss(); });
  context.after(async () => {
    await profile.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(`${site.origin}/${journey}/index.html`);
  return page;
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();

async function login(page, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await press(page, "Login with Temporary Code");
}

for (const journey of ["temp-code-authentication", "temp-code-form"]) {
  test(`${journey}: a wrong code is denied in the form, the right one lets the user in`, async (t) => {
    const user = someone();
    const code = await postern.issue(user);
    const page = await open(t, journey);
    await login(page, { "User ID": user, "Temporary code": another(code) });
    await page.getByText("That did not work.").waitFor();
    assert.equal(await page.getByLabel("User ID").inputValue(), user);
    assert.equal(await page.getByLabel("Temporary code").inputValue(), "");
    await login(page, { "Temporary code": code });
    await heading(page, "You are back in");
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key === "journey")), []);
  });
}

test("temp-code-form: an escape leads to its step, and a rejected journey can be started again", async (t) => {
  const page = await open(t, "temp-code-form");
  await press(page, "Login with Temporary Code");
  await page.getByText("Fill in: User ID").waitFor();
  await press(page, "Contact support");
  await heading(page, "Contact support");
  await press(page, "Close");
  await heading(page, "You are not logged in");
  await page.getByText("This ended without a login.").waitFor();
  await press(page, "Start again");
  await page.getByLabel("User ID").waitFor();
});

test("account-recovery: the code for the number on the page lets the user in, also after a reload", async (t) => {
  const user = someone();
  const page = await open(t, "account-recovery");
  await page.getByLabel("User ID").fill(user);
  await press(page, "Continue");
  const number = await page.locator("#number").textContent();
  assert.match(number, /^\d{6}$/);
  const code = await postern.issueFor(user, number);
  await login(page, { "Code from support": number });
  await page.getByText("Check what you entered.").waitFor();
  await login(page, { "Code from support": another(code) });
  await page.getByText("That did not work.").waitFor();
  await page.reload();
  assert.equal(await page.locator("#number").textContent(), number);
  await press(page, "New number");
  assert.equal(await page.locator("#number").textContent(), number);
  await login(page, { "Code from support": code });
  await heading(page, "You are back in");
});

test("a server that cannot be reached is told, and the step goes on when it can", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await open(t, "temp-code-form");
  await page.getByLabel("User ID").waitFor();
  await page.route("**/ido/**", (route) => route.abort());
  for (let attempts = 0; attempts < 2; attempts += 1) {
    await login(page, { "User ID": user, "Temporary code": code });
    await page.getByText("The server could not be reached.").waitFor();
  }
  await page.unroute("**/ido/**");
  await press(page, "Login with Temporary Code");
  await heading(page, "You are back in");
});

const hostileJourney = JSON.stringify({
  id: "hostile",
  start: "ask",
  steps: {
    ask: {
      type: "collect_information",
      form_id: hostile,
      fields: [{ name: "note", label: hostile, kind: "text" }],
      output: "form",
      app_data: { title: hostile, text: hostile, button_text: hostile },
      escapes: [{ id: hostile, display_name: `out ${hostile}` }],
      on: { submit: "done", [hostile]: "told" },
    },
    told: { type: "information", title: hostile, text: hostile, button_text: hostile, on: { next: "done" } },
    done: { type: "complete" },
  },
});

test("hostile texts of a journey are shown as texts", async (t) => {
  const page = await open(t, "hostile");
  const textOf = (selector) => page.locator(selector).textContent();
  await page.waitForFunction(() => document.querySelector("label"));
  for (const selector of ["#application", "#heading", "#text", "#action", "label"]) {
    assert.equal(await textOf(selector), hostile, selector);
  }
  assert.equal(await textOf("#escapes"), `out ${hostile}`);
  assert.equal(await page.title(), `Account recovery · ${hostile}`.replaceAll(/\s+/g, " "));
  await page.locator("#escapes button").click();
  await page.waitForFunction(() => !document.querySelector("label"));
  for (const selector of ["#heading", "#text", "#action"]) assert.equal(await textOf(selector), hostile, selector);
  await page.locator("#action").click();
  await heading(page, "You are back in");
});

test("a project knows whether its journey has changed, and is overwritten only on demand", async () => {
  const project = join(folder, "temp-code-form");
  const journey = join(postern.folder, "journeys/temp-code-form.yaml");
  const text = await readFile(journey, "utf8");
  const check = () => posternGenerate("--check", project);
  assert.match((await check()).stdout, /up to date/);
  await writeFile(journey, text.replace("# Asks", "# A comment. Asks"));
  assert.match((await check()).stdout, /up to date/);
  await writeFile(journey, text.replace("[external_user_id, temp_code]", "[external_user_id, note, temp_code]"));
  await assert.rejects(check(), ({ code, stdout }) => code === 1 && stdout.includes("have changed"));
  await assert.rejects(generate("temp-code-form", project), ({ code, stdout }) => code === 64 && stdout.includes("--force"));
  await generate("temp-code-form", project, "--force");
  assert.match((await check()).stdout, /up to date/);
  await writeFile(journey, text);
});

test("the packages of a project are pinned: the SDK as these tests have it, each by its digest", async () => {
  const { packages } = JSON.parse(await readFile(join(folder, "hostile/package-lock.json"), "utf8"));
  const ours = JSON.parse(await readFile(new URL("package-lock.json", import.meta.url), "utf8")).packages;
  const sdk = "node_modules/@transmitsecurity/platform-web-sdk";
  assert.equal(packages[sdk].integrity, ours[sdk].integrity);
  for (const [path, { integrity }] of Object.entries(packages)) {
    if (path !== "") assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, path);
  }
});

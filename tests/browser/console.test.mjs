// The console of the demo in Chromium: agents and a caller, each in a browser of their own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Demo } from "./demo.mjs";
import { desk, openPage, phone, screen, screenshot } from "./visit.mjs";

let demo, browser;

before(async () => {
  demo = await Demo.start();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const signIn = (context, name, options) => demo.signIn(context, browser, name, options);

/** Looks a user up. */
async function lookUp(page, user, number = "") {
  await page.getByLabel("User", { exact: true }).fill(user);
  await page.getByLabel("Pairing number").fill(number);
  await page.getByRole("button", { name: "Look up" }).click();
  await page.getByRole("heading", { name: `User ID ${user}` }).waitFor();
}

/** Fills in why a code is issued. */
async function explain(page) {
  await page.getByLabel("How was the caller checked?").selectOption("video");
  await page.getByLabel("Reason").first().fill("Lost phone");
}

const codeOn = async (page) => (await page.locator("[data-code] .hidden-text").textContent()).replaceAll(" ", "");

test("an agent and a caller get from the first page to a redeemed code in under a minute", async (t) => {
  const began = Date.now();
  const recovery = `${demo.recovery}/?client_id=globex-web&journey=account-recovery`;
  const caller = await openPage(t, browser, recovery);
  await caller.locator("#field-0").fill("alice");
  await caller.keyboard.press("Enter");
  const read = await caller.locator("#number .hidden-text").textContent();
  const number = read.split(":")[1].replaceAll(" ", "");

  const agent = await signIn(t, "Ada");
  await lookUp(agent, "alice", number);
  await agent.getByText("Did you open the page yourself?").waitFor();
  await screen(agent, "Desk", "console-card");
  await explain(agent);
  await agent.getByLabel("The caller’s answers match the page").check();
  await agent.getByRole("button", { name: "Issue a code" }).click();
  await screen(agent, "Code for alice", "console-code");
  await caller.locator("input.code").fill(await codeOn(agent));
  await caller.keyboard.press("Enter");
  await caller.getByRole("heading", { name: "You are back in" }).waitFor();
  assert.ok(Date.now() - began < 60_000);
});

test("every step of the desk works by keyboard alone", async (t) => {
  const agent = await signIn(t, "Ada", { ...desk, colorScheme: "dark" });
  await screen(agent, "Desk", "console-empty-dark");
  await agent.keyboard.type("bob");
  await agent.keyboard.press("Enter");
  await agent.getByRole("heading", { name: "User ID bob" }).waitFor();
  assert.equal(await agent.evaluate(() => document.activeElement.id), "method");
  await agent.keyboard.type("callback");
  for (const text of ["", "Lost phone"]) {
    await agent.keyboard.press("Tab");
    await agent.keyboard.type(text);
  }
  await agent.keyboard.press("Enter");
  await screen(agent, "Code for bob", "console-code-dark");
  assert.match(await codeOn(agent), /^\d{6}$/);
});

test("a privileged user's code needs another agent, who never sees it", async (t) => {
  const agent = await signIn(t, "Ada");
  await lookUp(agent, "carol");
  await agent.getByText("Another agent must approve").waitFor();
  await explain(agent);
  await agent.getByRole("button", { name: "Ask for approval" }).click();
  await screen(agent, "Waiting for approval", "console-waiting");
  await agent.getByRole("button", { name: "Show the code" }).click();
  await agent.getByText("Another agent has not decided yet.").waitFor();

  const lead = await signIn(t, "Lee");
  await lead.getByRole("link", { name: "Requests" }).click();
  await screen(lead, "Requests", "console-requests");
  await lead.getByRole("button", { name: "Approve" }).click();
  await lead.getByText("Approved.").waitFor();
  assert.equal(await lead.locator("[data-code]").count(), 0);

  await agent.getByRole("button", { name: "Show the code" }).click();
  await screen(agent, "Code for carol");
});

test("a request that waits is collected in another browser after the first was closed", async (t) => {
  const first = await signIn(t, "Ada");
  await lookUp(first, "carol");
  await explain(first);
  await first.getByRole("button", { name: "Ask for approval" }).click();
  await first.getByRole("heading", { name: "Waiting for approval" }).waitFor();
  await first.context().close();
  const lead = await signIn(t, "Lee");
  await lead.goto(`${demo.console}/requests`);
  await lead.getByRole("button", { name: "Approve" }).click();
  await lead.getByText("Approved.").waitFor();
  assert.equal(await lead.goto(`${demo.console}/desk`).then(() => lead.locator(".waiting").count()), 0);

  const agent = await signIn(t, "Ada");
  await screen(agent, "Desk", "console-desk-waiting");
  const item = agent.getByRole("listitem").filter({ hasText: "carol" }).last();
  await item.getByRole("button", { name: "Show the code" }).click();
  await screen(agent, "Code for carol");
  assert.match(await codeOn(agent), /^\d{6}$/);
});

test("two agents on one user see each other's code after a reload", async (t) => {
  const [ada, other] = [await signIn(t, "Ada"), await signIn(t, "Lee")];
  for (const page of [ada, other]) await lookUp(page, "bob");
  const before = await other.getByText("Latest code").locator("xpath=..").textContent();
  await explain(ada);
  await ada.getByRole("button", { name: "Issue a code" }).click();
  await ada.getByRole("heading", { name: "Code for bob" }).waitFor();
  const issued = await codeOn(ada);
  await other.reload();
  const after = await other.getByText("Latest code").locator("xpath=..").textContent();
  assert.match(after, /by ada/);
  assert.notEqual(after, before);
  assert.ok(!(await other.content()).includes(issued), "nobody else reads the code");
});

test("a brake stops the desk, which says so before the agent asks the caller for more", async (t) => {
  const security = await signIn(t, "Sam", { ...phone, colorScheme: "dark" });
  await security.getByRole("link", { name: "Brakes" }).click();
  await screen(security, "Brakes", "console-brakes-phone-dark");
  await security.getByRole("button", { name: "Stop issuing" }).click();
  await security.getByText("the whole application", { exact: true }).waitFor();

  const agent = await signIn(t, "Ada", phone);
  await lookUp(agent, "alice");
  await screen(agent, "Desk", "console-refused-phone");
  await agent.getByText("No code will be issued.").waitFor();
  assert.equal(await agent.getByRole("button", { name: "Issue a code" }).count(), 0);
  await security.getByRole("button", { name: "Release" }).click();
  await security.getByText("The brake is released.").waitFor();
});

/** What a page shows once it has stopped navigating. */
async function settled(page) {
  for (let tries = 0; tries < 40; tries += 1) {
    const content = await page.content().catch(() => undefined);
    if (content !== undefined) return content;
    await page.waitForTimeout(100);
  }
  throw new Error("the page goes on navigating");
}

test("a reload issues nothing, and the code leaves after a minute and when the agent signs out elsewhere", async (t) => {
  const agent = await signIn(t, "Ada");
  const issue = async () => {
    await agent.goto(`${demo.console}/desk`);
    await lookUp(agent, "bob");
    await explain(agent);
    await agent.getByRole("button", { name: "Issue a code" }).click();
    return codeOn(agent);
  };
  const code = await issue();
  await agent.reload();
  await agent.getByRole("heading", { name: "The form is no longer valid" }).waitFor();
  // The browser has kept nothing to go back to.
  await agent.goBack().catch((error) => assert.match(error.message, /ERR_CACHE_MISS/));
  assert.ok(!(await settled(agent)).includes(code), "going back shows no code");

  await agent.clock.install();
  await issue();
  await agent.clock.runFor(61_000);
  await agent.getByText("The code was removed from this page.").first().waitFor();
  assert.equal(await agent.locator("[data-code]").count(), 0);

  await issue();
  const other = await agent.context().newPage();
  await other.goto(`${demo.console}/desk`);
  await other.getByRole("button", { name: "Sign out" }).click();
  await screen(other, "Signed out");
  await agent.getByText("You signed out.").first().waitFor();
  assert.equal(await agent.locator("[data-code]").count(), 0);
  await agent.goto(`${demo.console}/desk`);
  await screen(agent, "Sign in", "console-sign-in");
});

test("without scripts an agent issues a code, and the page leaves by itself", async (t) => {
  const agent = await signIn(t, "Ada", { ...desk, javaScriptEnabled: false });
  await lookUp(agent, "bob");
  await explain(agent);
  await agent.getByRole("button", { name: "Issue a code" }).click();
  await agent.getByRole("heading", { name: "Code for bob" }).waitFor();
  assert.match(await agent.content(), /<meta http-equiv="refresh" content="60;url=\/desk">/);
});

test("what agents and callers write is shown as text", async (t) => {
  const agent = await signIn(t, "Ada");
  const hostile = `"><img/src=x/onerror=alert(1)><script>alert(2)</script>`;
  await agent.getByLabel("User", { exact: true }).fill(hostile);
  await agent.getByRole("button", { name: "Look up" }).click();
  await agent.getByText("No user has this identifier.").waitFor();
  assert.equal(await agent.getByLabel("User", { exact: true }).inputValue(), hostile);
  assert.equal(await agent.locator("img:not([src='/icon.svg'])").count(), 0);

  await agent.getByLabel("User", { exact: true }).fill("carol");
  await agent.getByRole("button", { name: "Look up" }).click();
  await agent.getByLabel("How was the caller checked?").selectOption("video");
  await agent.getByLabel("Reason").first().fill(hostile);
  await agent.getByLabel("Ticket").fill(`<b>${hostile}`.slice(0, 100));
  await agent.getByRole("button", { name: "Ask for approval" }).click();
  await agent.getByRole("heading", { name: "Waiting for approval" }).waitFor();
  const lead = await signIn(t, "Lee");
  await lead.goto(`${demo.console}/requests`);
  await lead.getByText(hostile, { exact: true }).first().waitFor();
  assert.equal(await lead.locator("img:not([src='/icon.svg']), dd b").count(), 0);
});

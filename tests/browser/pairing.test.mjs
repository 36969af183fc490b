// `account-recovery` on the recovery page: the user reads the number to an agent, whose code works there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Postern, another, someone } from "./postern.mjs";
import { desk, openPage, phone, screen } from "./visit.mjs";

let postern, browser;

before(async () => {
  postern = await Postern.start("https://app.acme.example");
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
});

const codeField = (page) => page.locator("input.code");

/** Opens the page and enters the user ID; answers with the page. */
async function recover(context, user, options) {
  const page = await openPage(context, browser, `${postern.origin}/?client_id=acme-web&journey=account-recovery`, options);
  await page.locator("#field-0").fill(user);
  await page.keyboard.press("Enter");
  await page.locator("#number").waitFor();
  return page;
}

/** What a screen reader says of the number, without the blanks. */
async function numberOn(page) {
  const read = await page.locator("#number .hidden-text").textContent();
  return read.split(":")[1].replaceAll(" ", "");
}

async function enter(page, code) {
  await codeField(page).fill(code);
  await page.keyboard.press("Enter");
}

const isBackIn = (page) => page.getByRole("heading", { name: "You are back in" }).waitFor();

for (const [device, options] of [["desk", desk], ["phone", { ...phone, colorScheme: "dark" }]]) {
  test(`a user on a ${device} gets back in with the code for the number, also after a reload`, async (t) => {
    const user = someone();
    const page = await recover(t, user, options);
    const number = await numberOn(page);
    assert.match(number, /^\d{6}$/);
    await screen(page, "Call support", `recovery-${device}-1-number`);
    const code = await postern.issueFor(user, number);

    await enter(page, another(code));
    await screen(page, "That did not work", `recovery-${device}-2-denied`);
    await page.reload();
    assert.equal(await numberOn(page), number);
    await enter(page, code);
    await isBackIn(page);
  });
}

test("two users recover at once, each with their own code", async (t) => {
  const users = [someone(), someone()];
  const pages = await Promise.all(users.map((user) => recover(t, user)));
  const numbers = await Promise.all(pages.map(numberOn));
  const codes = await Promise.all(users.map((user, index) => postern.issueFor(user, numbers[index])));
  await enter(pages[0], codes[1]);
  await pages[0].getByRole("heading", { name: "That did not work" }).waitFor();
  for (const [index, page] of pages.entries()) {
    await enter(page, codes[index]);
    await isBackIn(page);
  }
});

test("a stranger who knows the user ID takes no attempt from the user's code", async (t) => {
  const user = someone();
  const page = await recover(t, user);
  const code = await postern.issueFor(user, await numberOn(page));
  for (let session = 0; session < 2; session += 1) {
    const stranger = await recover(t, user);
    for (let guess = 0; guess < 3; guess += 1) {
      await enter(stranger, another(code));
      await stranger.waitForFunction(() => !document.querySelector("input.code")?.value);
    }
    await stranger.getByRole("heading", { name: "You are not logged in" }).waitFor();
  }
  await enter(page, code);
  await isBackIn(page);
});

test("a code for an expired number still works, and a new number is offered", async (t) => {
  const user = someone();
  const page = await recover(t, user);
  const code = await postern.issueFor(user, await numberOn(page));
  // As if the page had waited for the number's whole life.
  await page.evaluate(() => {
    const [[key, value]] = Object.entries(sessionStorage);
    const waiting = JSON.parse(value);
    waiting.step.app_data.pairing.expires_at = Date.now() - 1;
    sessionStorage.setItem(key, JSON.stringify(waiting));
  });
  await page.reload();
  await page.getByText("This number has expired", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Get a new number" }).click();
  await page.locator("#number").waitFor();
  await enter(page, code);
  await isBackIn(page);
});

// The page behind the link of a notice, used as a person would. Screenshots are left in results/.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Notified } from "./notified.mjs";
import { someone } from "./postern.mjs";
import { desk, openPage, phone, screen } from "./visit.mjs";

let notified, browser;

before(async () => {
  notified = await Notified.start();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await notified?.stop();
});

/** The link of a code that is issued now. */
async function link() {
  const user = someone();
  await notified.postern.issue(user);
  return { user, url: (await notified.notice(user)).data.not_me_url };
}

/** Whether support can issue another code for the user. */
const isBlocked = (user) => notified.postern.issue(user).then(() => false, () => true);

for (const [device, options] of Object.entries({ desk, phone })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`a person says "this was not me" on a ${device} in ${colorScheme} mode`, async (t) => {
      const { user, url } = await link();
      const page = await openPage(t, browser, url, { ...options, colorScheme });
      await screen(page, "Was this not you?", `not-me-${device}-${colorScheme}-1-ask`);
      await page.getByRole("button", { name: "This was not me" }).click();
      await screen(page, "Thank you for telling us", `not-me-${device}-${colorScheme}-2-done`);
      assert.equal(await page.getByRole("link").getAttribute("href"), "tel:+49301234");
      assert.ok(!page.url().includes("t="), "the link leaves the address bar");
      assert.ok(await isBlocked(user));
    });
  }
}

test("the keyboard alone is enough, in German, without JavaScript", async (t) => {
  const { user, url } = await link();
  const page = await openPage(t, browser, url, { ...desk, locale: "de-DE", javaScriptEnabled: false });
  await page.getByRole("heading", { name: "Waren Sie das nicht?" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Danke für Ihre Meldung" }).waitFor();
  assert.ok(await isBlocked(user));
});

test("opening the link and leaving changes nothing", async (t) => {
  const { user, url } = await link();
  const page = await openPage(t, browser, url);
  await screen(page, "Was this not you?");
  await page.goto("about:blank");
  assert.ok(!(await isBlocked(user)));
});

test("a link that was cut short says what to do", async (t) => {
  const { url } = await link();
  const page = await openPage(t, browser, url.slice(0, -5));
  await screen(page, "This link does not work", "not-me-invalid");
});

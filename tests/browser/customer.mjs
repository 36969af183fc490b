// A customer's page on an origin of its own, the Postern that it calls and the browser that shows it:
// what every suite of the Web SDK starts with. Importing this sets it up.
import { after, before } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Postern } from "./postern.mjs";
import { startSite } from "./site.mjs";

export let site, postern, browser;

before(async () => {
  site = await startSite();
  postern = await Postern.start(site.origin);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
  site?.stop();
});

/** Opens a page in a browser profile of its own, which ends with the test. */
export async function newPage(context) {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  return profile.newPage();
}

/** Loads the customer's page, with the SDK in it. */
export async function load(page) {
  await page.goto(`${site.origin}/#server=${postern.origin}/ido`);
  await page.waitForFunction(() => window.ido);
}

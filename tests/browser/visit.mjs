// A person who visits the recovery page. The visit fails the test if the page logs an error, breaks its
// own policy or asks another host. Screenshots are left in results/.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";

const results = new URL("results/", import.meta.url).pathname;
const axe = readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

export const desk = { viewport: { width: 1280, height: 860 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Opens the page at `address` in a browser profile of its own, which ends with the test. */
export async function openPage(context, browser, address, options = desk) {
  const profile = await browser.newContext(options);
  const page = await profile.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refused request is logged by the browser itself.
    const refused = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(address).origin) complaints.push(request.url());
  });
  context.after(async () => {
    await profile.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(address);
  return page;
}

/** Waits for the screen of that heading, which must be free of what axe finds, and takes its picture. */
export async function screen(page, heading, name) {
  await page.getByRole("heading", { name: heading, exact: true }).waitFor();
  await page.evaluate(await axe);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await page.evaluate((tags) => window.axe.run({ runOnly: tags }), tags);
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], heading);
  const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(width <= 0, "the page scrolls sideways");
  const low = await page.evaluate(() => [...document.querySelectorAll("a.phone, button, input")]
    .filter((it) => it.offsetParent && it.getBoundingClientRect().height < 44).map((it) => it.outerHTML));
  assert.deepEqual(low, [], "targets lower than 44 px");
  if (name) await screenshot(page, name);
}

export async function screenshot(page, name) {
  await mkdir(results, { recursive: true });
  await page.screenshot({ path: `${results}${name}.png`, fullPage: true });
}

/** The id of the element that has the focus. */
export const focused = (page) => page.evaluate(() => document.activeElement.id);

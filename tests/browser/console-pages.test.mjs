// The administrators' pages of the console in Chromium: what the folder says, and the playground.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Demo } from "./demo.mjs";
import { desk, phone, screen } from "./visit.mjs";

let demo, browser;

before(async () => {
  demo = await Demo.start();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const pages = ["Applications", "One time passcodes", "Identity journeys", "Playground", "Health"];

for (const [name, options] of [["desktop", desk], ["dark", { ...desk, colorScheme: "dark" }], ["phone", phone]]) {
  test(`each page is accessible: ${name}`, async (t) => {
    const page = await demo.signIn(t, browser, "Ada", options);
    for (const title of pages) {
      await page.getByRole("link", { name: title, exact: true }).click();
      await screen(page, title, `console-${title.toLowerCase().replaceAll(" ", "-")}-${name}`);
    }
    await page.goto(`${demo.console}/journeys/account-recovery`);
    await screen(page, "account-recovery", `console-drawing-${name}`);
    await page.getByRole("link", { name: "Integration code" }).click();
    await screen(page, "Integration code", `console-code-of-journey-${name}`);
  });
}

test("the services answer", async (t) => {
  const page = await demo.signIn(t, browser, "Ada");
  await page.getByRole("link", { name: "Health", exact: true }).click();
  await page.getByRole("heading", { name: "Health" }).waitFor();
  assert.equal(await page.getByText(/answers in \d+ ms/).count(), 2);
});

/** Waits for a text, presses Tab until a button of that name has the focus, then presses it. */
async function press(page, shown, name) {
  await page.getByText(shown).waitFor();
  for (let tabs = 0; tabs < 60; tabs++) {
    await page.keyboard.press("Tab");
    const text = await page.evaluate(() => document.activeElement.textContent.trim());
    if (text === name) return page.keyboard.press("Enter");
  }
  assert.fail(`no button ${name} within reach`);
}

test("a journey is played to its end by keyboard alone, and mistakes are told by line", async (t) => {
  const page = await demo.signIn(t, browser, "Ada");
  await page.goto(`${demo.console}/playground`);
  await press(page, "Sub-journeys follow", "Check and play");
  await page.getByText("The user sees the form account").waitFor();
  await page.getByLabel("User ID").focus();
  await page.keyboard.type("alice");
  await page.keyboard.press("Enter");
  await press(page, "The journey is paired for alice", "paired");
  await press(page, "The user sees the form pairing", "Submit");
  await screen(page, "A code of alice is verified: choose the outcome", "console-playground-verify");
  await press(page, "A code of alice is verified", "accepted");
  await page.getByText("The journey completed.").waitFor();
  const yaml = page.getByLabel("YAML");
  await yaml.fill((await yaml.inputValue()).replace("type: complete", "type: complet"));
  await page.getByRole("button", { name: "Check and play" }).click();
  await page.getByText("Line 49: step `done`: unknown step type `complet`").waitFor();
  await screen(page, "Playground", "console-playground-mistake");
});

test("the project that runs a journey is read file by file and downloaded as one archive", async (t) => {
  const page = await demo.signIn(t, browser, "Ada");
  for (const [target, file, text] of [
    ["web", "src/journeyExecutor.ts", "startJourney"],
    ["android", "README.md", "TSIdo"],
    ["ios", "Package.swift", "swift-tools-version"],
  ]) {
    await page.goto(`${demo.console}/journeys/account-recovery/code?target=${target}`);
    await page.getByRole("button", { name: file, exact: true }).click();
    await page.getByRole("heading", { name: file, exact: true }).waitFor();
    assert.ok((await page.locator("pre").textContent()).includes(text), target);
    assert.equal(await page.locator("select[name=target]").inputValue(), target);
  }
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download all files" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /\.tar$/);
});

/** What a page took of the server, in ms, and of the network, in bytes, with an empty cache. */
async function cost(page, open) {
  const measured = [];
  for (let visit = 0; visit < 5; visit += 1) {
    await open(page);
    measured.push(await page.evaluate(() => {
      const [own] = performance.getEntriesByType("navigation");
      const all = [own, ...performance.getEntriesByType("resource")];
      return { ms: own.responseStart - own.requestStart, bytes: all.reduce((sum, it) => sum + it.encodedBodySize, 0) };
    }));
  }
  // Other tests run at the same time: the fastest visit shows what the server needs.
  return { ms: Math.min(...measured.map((it) => it.ms)), bytes: Math.max(...measured.map((it) => it.bytes)) };
}

test("each page takes at most 50 ms of the server and 60 KB", async (t) => {
  const page = await demo.signIn(t, browser, "Ada");
  const addresses = ["desk", "requests", "applications", "codes", "journeys", "journeys/account-recovery",
    "journeys/account-recovery/code", "playground", "health"];
  const opens = addresses.map((path) => [path, () => page.goto(`${demo.console}/${path}`)]);
  opens.push(["card of a user", async () => {
    await page.goto(`${demo.console}/desk`);
    await page.getByLabel("User", { exact: true }).fill("bob");
    await page.getByRole("button", { name: "Look up" }).click();
    await page.getByRole("heading", { name: "User ID bob" }).waitFor();
  }]);
  for (const [name, open] of opens) {
    const { ms, bytes } = await cost(page, open);
    t.diagnostic(`${name}: ${ms.toFixed(1)} ms, ${(bytes / 1000).toFixed(1)} KB`);
    assert.ok(ms <= 50, `${name} took ${ms} ms`);
    assert.ok(bytes > 1000 && bytes <= 60_000, `${name} took ${bytes} bytes`);
  }
});

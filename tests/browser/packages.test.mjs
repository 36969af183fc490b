// What npm brings: the Web SDK brings nothing with it and runs nothing when it is installed; every package
// is the one whose digest was written down, from npm's own registry.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const registry = "https://registry.npmjs.org/";
const sdk = "node_modules/@transmitsecurity/platform-web-sdk";
/** Scripts that npm runs when a package is installed. */
const atInstall = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];

async function json(path) {
  return JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));
}

test("the Web SDK has no dependencies and no install scripts", async () => {
  const locked = (await json("package-lock.json")).packages[sdk];
  const installed = await json(`${sdk}/package.json`);
  assert.equal(installed.version, locked.version);
  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies", "bundledDependencies"]) {
    assert.deepEqual(Object.keys(locked[kind] ?? {}), [], `${kind} in package-lock.json`);
    assert.deepEqual(Object.keys(installed[kind] ?? {}), [], `${kind} of the package`);
  }
  assert.ok(!locked.hasInstallScript);
  const scripts = Object.keys(installed.scripts ?? {});
  assert.deepEqual(scripts.filter((name) => atInstall.includes(name)), []);
  // Scripts that npm would run without being told of them.
  await assert.rejects(readFile(new URL(`${sdk}/binding.gyp`, import.meta.url)), { code: "ENOENT" });
});

test("every package is pinned by its digest", async () => {
  const { packages } = await json("package-lock.json");
  const brought = Object.entries(packages).filter(([path]) => path !== "");
  assert.ok(brought.length > 2);
  for (const [path, { integrity, resolved }] of brought) {
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, path);
    // Which is npm's own registry, where the file names none.
    assert.ok((resolved ?? registry).startsWith(registry), path);
  }
});

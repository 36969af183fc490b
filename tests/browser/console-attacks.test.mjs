// Attacks on the console: what other sites, planted cookies and replayed answers achieve, which is nothing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Demo } from "./demo.mjs";

let demo, browser, evil, attacker;

before(async () => {
  demo = await Demo.start();
  browser = await startBrowser();
  // Another site: the same machine under another name, which the demo's cookies are not sent to.
  evil = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><p>hello"));
  evil.listen(0, "127.0.0.1");
  await once(evil, "listening");
  attacker = `http://localhost:${evil.address().port}`;
});

after(async () => {
  await browser?.close();
  evil?.close();
  evil?.closeAllConnections();
  await demo?.stop();
});

/** A browser as a program: keeps cookies, follows no redirect, and says where it comes from. */
class Visitor {
  cookies = new Map();

  async get(path, headers = {}) {
    return this.#send(path, { headers });
  }

  async post(path, fields, headers = { "sec-fetch-site": "same-origin" }) {
    return this.#send(path, { method: "POST", headers, body: new URLSearchParams(fields) });
  }

  async #send(path, options) {
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const url = new URL(path, demo.console);
    const answer = await fetch(url, { redirect: "manual", ...options, headers: { ...options.headers, cookie } });
    for (const text of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text);
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    return answer;
  }

  /** Begins a sign-in; answers with the provider's answer for a person. */
  async answerFor(person, path = "/sign-in") {
    const begun = await this.get(path);
    const chosen = await this.get(`${begun.headers.get("location")}&as=${person}`);
    return new URL(chosen.headers.get("location"));
  }

  async signIn(person) {
    return this.get((await this.answerFor(person)).href);
  }

  /** A page's form token. */
  async form(user = "alice") {
    const page = await (await this.post("/desk", { user })).text();
    return /action="\/desk\/code">\s*<input type="hidden" name="form" value="([0-9a-f]{32})"/.exec(page)[1];
  }
}

async function signedIn(person) {
  const visitor = new Visitor();
  assert.equal((await visitor.signIn(person)).status, 303);
  return visitor;
}

const issue = (form) => ({ form, user: "alice", reason: "x", verification_method: "video" });

test("only the console's own pages change anything", async () => {
  const agent = await signedIn("ada");
  const form = await agent.form();
  for (const headers of [
    {}, { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { "sec-fetch-site": "none" },
    { origin: attacker }, { origin: "null" }, { "sec-fetch-site": "cross-site", origin: demo.console },
  ]) {
    const answer = await agent.post("/desk/code", issue(form), headers);
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.match(await answer.text(), /Not sent from the console/);
  }
  const old = await agent.post("/desk/code", issue(form), { origin: demo.console });
  assert.match(await old.text(), /Code for alice/, "an older browser says it by Origin alone");
});

test("another site neither sends a form, nor fetches, nor frames a page of a signed-in agent", async (t) => {
  const profile = await browser.newContext();
  t.after(() => profile.close());
  const agent = await profile.newPage();
  await agent.goto(`${demo.console}/sign-in`);
  await agent.getByRole("link", { name: /^Ada,/ }).click();
  await agent.getByRole("button", { name: "Sign out" }).waitFor();

  const page = await profile.newPage();
  await page.goto(attacker);
  await page.evaluate((to) => {
    document.body.innerHTML = `<form method="post" action="${to}/sign-out"><button>go</button></form>`;
  }, demo.console);
  await page.getByRole("button").click();
  // The cookie is Lax: another site's form comes without it, and is refused for where it comes from.
  await page.getByText("Not sent from the console").waitFor();

  await page.goto(attacker);
  const outcomes = await page.evaluate(async (to) => {
    const sent = (options) => fetch(`${to}/sign-out`, { method: "POST", ...options }).then((it) => it.type, () => "failed");
    const image = new Image();
    image.src = `${to}/desk`;
    const loaded = new Promise((done) => { image.onload = () => done("loaded"); image.onerror = () => done("failed"); });
    return [await sent({ credentials: "include" }), await sent({ credentials: "include", mode: "no-cors" }), await loaded];
  }, demo.console);
  assert.deepEqual(outcomes, ["failed", "opaque", "failed"]);

  await page.evaluate((to) => {
    document.body.innerHTML = `<iframe src="${to}/desk"></iframe>`;
  }, demo.console);
  await page.waitForTimeout(500);
  assert.ok(!page.frames().some((frame) => frame.url().startsWith(demo.console)), "no frame shows the console");

  await agent.reload();
  await agent.getByRole("button", { name: "Sign out" }).waitFor();
});

test("a form is answered once, and by the session that it was given to", async () => {
  const [agent, other] = [await signedIn("ada"), await signedIn("lee")];
  const form = await agent.form();
  assert.match(await (await other.post("/desk/code", issue(form))).text(), /no longer valid/);
  const answers = await Promise.all(Array.from({ length: 5 }, () => agent.post("/desk/code", issue(form))));
  const pages = await Promise.all(answers.map((answer) => answer.text()));
  assert.equal(pages.filter((page) => page.includes("Code for alice")).length, 1);
  assert.equal(pages.filter((page) => page.includes("no longer valid")).length, 4);
});

test("a planted cookie does not give its author the session", async () => {
  const visitor = new Visitor();
  await visitor.get("/sign-in");
  const [[name, planted]] = visitor.cookies;
  await visitor.signIn("ada");
  assert.notEqual(visitor.cookies.get(name), planted, "a new cookie at sign-in");
  const thief = new Visitor();
  thief.cookies.set(name, planted);
  assert.equal((await thief.get("/desk")).status, 403);
  // A second cookie of the name, as a sibling host could set it, ends nothing and opens nothing.
  const cookie = `${name}=${visitor.cookies.get(name)}; ${name}=${planted}`;
  assert.equal((await fetch(`${demo.console}/desk`, { headers: { cookie } })).status, 403);
});

test("an answer of the provider is good once, for the browser that asked and from that provider", async () => {
  const agent = new Visitor();
  const answer = await agent.answerFor("ada");
  const victim = new Visitor();
  await victim.get("/sign-in");
  assert.equal((await victim.get(answer.href)).status, 403, "another browser's state");
  assert.equal((await new Visitor().get(answer.href)).status, 403, "a browser that never asked");

  const mixed = new Visitor();
  const other = await mixed.answerFor("ada");
  other.searchParams.set("iss", "https://attacker.example");
  assert.equal((await mixed.get(other.href)).status, 403, "another provider");

  const injected = new Visitor();
  const own = await injected.answerFor("ada");
  own.searchParams.set("code", answer.searchParams.get("code"));
  assert.equal((await injected.get(own.href)).status, 403, "the code of another sign-in");

  const again = await agent.answerFor("ada");
  assert.equal((await agent.get(again.href)).status, 303);
  assert.equal((await agent.get(again.href)).status, 403, "the same answer again");
});

test("a sign-in leads back to the console alone", async () => {
  for (const to of ["https://attacker.example", "//attacker.example", "/%5Cattacker.example", "javascript:alert(1)"]) {
    const visitor = new Visitor();
    const answer = await visitor.answerFor("ada", `/sign-in?to=${encodeURIComponent(to)}`);
    const back = await visitor.get(answer.href);
    assert.deepEqual([back.status, back.headers.get("location")], [303, "/"], to);
  }
});

test("pages are kept nowhere and load nothing from elsewhere, and the log holds no code", async () => {
  const agent = await signedIn("ada");
  const answer = await agent.post("/desk/code", issue(await agent.form()));
  const page = await answer.text();
  const code = /<span class="hidden-text">([0-9 ]+)<\/span>/.exec(page)[1].replaceAll(" ", "");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
  assert.equal(answer.headers.get("x-frame-options"), "DENY");
  assert.match(answer.headers.get("content-security-policy"), /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/);
  assert.ok(page.length < 60_000 && !/(src|href|action)="(https?:)?\/\//.test(page));
  const printed = demo.printed();
  assert.ok(!printed.includes(code));
  for (const value of agent.cookies.values()) assert.ok(!printed.includes(value), "no cookie in the log");
});

test("the demo answers under its own address alone", async () => {
  const { hostname, port } = new URL(demo.console);
  const { request } = await import("node:http");
  const status = (host) => new Promise((done, failed) => {
    const sent = request({ hostname, port, path: "/people", headers: { host } }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    });
    sent.on("error", failed).end();
  });
  assert.equal(await status(`attacker.example:${port}`), 421);
  assert.equal(await status(`localhost:${port}`), 303);
  assert.equal(await status(`${hostname}:${port}`), 400, "no sign-in of the console");
});

// Starts the `console` binary over a Redis of its own. Its agents sign in at a provider and act on a `postern`.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { binary } from "./postern.mjs";
import { answers, listens, startProcess } from "./process.mjs";

/** `ports` are three free ports: the pages', the administration's, and the Redis'. */
export async function startConsole({ issuer, client, scope }, postern, [pages, admin, redis]) {
  const folder = await mkdtemp(join(tmpdir(), "postern-console-"));
  const running = [];
  const stop = async () => {
    for (const process of running.reverse()) await process.stop();
    await rm(folder, { recursive: true });
  };
  try {
    const secrets = { provider: client.secret, client: "acme-support-secret" };
    for (const [name, secret] of Object.entries(secrets)) await writeFile(join(folder, name), secret, { mode: 0o600 });
    const described = ["--port", redis, "--bind", "127.0.0.1", "--save", ""];
    running.push(await startProcess("redis-server", described, { cwd: folder }, () => listens(redis)));
    const origin = `http://127.0.0.1:${pages}`;
    const settings = {
      "http-listen": `127.0.0.1:${pages}`, "admin-listen": `127.0.0.1:${admin}`, "console-url": origin,
      "provider": issuer, "provider-client": client.id, "provider-secret-file": join(folder, "provider"),
      "provider-scope": scope, "console-client": "acme-support",
      "console-client-secret-file": join(folder, "client"), "token-endpoint": `${postern.origin}/oidc/token`,
      "code-issuer": postern.issuer, "verifier": postern.verifier,
      "store": `redis://127.0.0.1:${redis}`, "store-checks": "off",
    };
    const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
    const isReady = () => answers(`http://127.0.0.1:${admin}/readyz`);
    const console = join(dirname(binary), "console");
    running.push(await startProcess(console, flags, { env: { POSTERN_LOG: "info" } }, isReady));
    return { origin, printed: running.at(-1).printed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

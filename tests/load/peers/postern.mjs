// Postern in one process, over a Redis that is as durable as deploy/redis/redis.conf makes it.
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Postern } from "../../browser/postern.mjs";
import { freePorts, listens, startProcess } from "../../browser/process.mjs";
import { post } from "./http.mjs";

const many = 1_000_000_000;
const secret = randomBytes(24).toString("hex");

const application = `id: load
name: Load
clients:
  - id: load-desk
    secret_sha256: ${createHash("sha256").update(secret).digest("hex")}
    scopes: [codes:issue]
    issues_per_minute: ${many}
  - id: load-login
    secret_sha256: ${createHash("sha256").update(secret).digest("hex")}
    scopes: [codes:verify]
    verifications_per_minute: ${many}
`;

export async function start(after) {
  const folder = await mkdtemp(join(tmpdir(), "postern-peers-"));
  after(() => rm(folder, { recursive: true }));
  const [port] = await freePorts(1);
  const durable = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];
  const flags = ["--port", String(port), "--bind", "127.0.0.1", ...durable, "--maxmemory-policy", "noeviction"];
  const redis = await startProcess("redis-server", flags, { cwd: folder }, () => listens(port));
  after(() => redis.stop());
  const settings = ["--store", `redis://127.0.0.1:${port}`, "--store-checks", "off", ...(await drawKeys(folder))];
  const began = performance.now();
  const postern = await Postern.start("http://127.0.0.1:1", {
    settings, files: { "applications/load.yaml": application },
  });
  after(() => postern.stop());
  const startMs = performance.now() - began;
  const bearer = async (client) => {
    const form = new URLSearchParams({ grant_type: "client_credentials", client_id: client, client_secret: secret });
    const { access_token: token } = await post(`${postern.origin}/oidc/token`, form.toString());
    return { authorization: `Bearer ${token}` };
  };
  const [desk, login] = [await bearer("load-desk"), await bearer("load-login")];
  const identified = (user) => ({ identifier_type: "user_id", identifier: user });
  return {
    server: postern.pid, database: redis.pid, startMs,
    issue: async (user) => {
      const body = { channel: "direct", ...identified(user) };
      const { code } = await post(`${postern.origin}/cis/v1/auth/otp/send`, body, desk);
      return { user, code };
    },
    redeem: ({ user, code }) =>
      post(`${postern.origin}/cis/v1/auth/otp/authenticate`, { ...identified(user), passcode: code }, login),
  };
}

/** Draws what each process needs that shares a Redis; answers with the settings that name it. */
async function drawKeys(folder) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const files = {
    "peppers/locator.key": randomBytes(32), "peppers/current.pepper": randomBytes(32),
    "keys/1.pem": privateKey.export({ type: "pkcs8", format: "pem" }),
  };
  for (const name of ["peppers", "keys"]) await mkdir(join(folder, name));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  const settings = { peppers: "peppers", "signing-keys": "keys" };
  return Object.entries(settings).flatMap(([flag, name]) => [`--${flag}`, join(folder, name)]);
}

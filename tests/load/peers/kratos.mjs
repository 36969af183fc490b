// Ory Kratos over PostgreSQL: an administrator requests a recovery code, which an API flow redeems for a session.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { answers, freePorts, startProcess } from "../../browser/process.mjs";
import { post } from "./http.mjs";
import { startPostgres } from "./postgres.mjs";

const binary = process.env.KRATOS;
const here = (name) => readFile(new URL(`kratos/${name}`, import.meta.url));

export async function start(after) {
  const postgres = await startPostgres("kratos", after);
  const { user, password, port, database, folder } = postgres;
  const schema = (await here("identity.schema.json")).toString("base64");
  const file = join(folder, "kratos.json");
  await writeFile(file, (await here("kratos.json")).toString().replace("$SCHEMA", `base64://${schema}`));
  const [open, admin] = await freePorts(2);
  const env = {
    DSN: `postgres://${user}:${password}@127.0.0.1:${port}/${database}?sslmode=disable&max_conns=32&max_idle_conns=32`,
    SECRETS_COOKIE: randomBytes(16).toString("hex"),
    SERVE_PUBLIC_HOST: "127.0.0.1", SERVE_PUBLIC_PORT: String(open),
    SERVE_ADMIN_HOST: "127.0.0.1", SERVE_ADMIN_PORT: String(admin),
  };
  execFileSync(binary, ["migrate", "sql", "--read-from-env", "--yes", "--config", file], { env, stdio: "pipe" });
  const began = performance.now();
  const isReady = () => answers(`http://127.0.0.1:${admin}/admin/health/ready`);
  const kratos = await startProcess(binary, ["serve", "--config", file], { env }, isReady);
  after(() => kratos.stop());
  const identities = new Map();
  return {
    server: kratos.pid, database: postgres.pid, startMs: performance.now() - began,
    prepare: async (name) => {
      const identity = { schema_id: "default", traits: { email: `${name}@acme.example` } };
      identities.set(name, (await post(`http://127.0.0.1:${admin}/admin/identities`, identity)).id);
    },
    issue: async (name) => {
      const asked = { identity_id: identities.get(name), flow_type: "api" };
      const issued = await post(`http://127.0.0.1:${admin}/admin/recovery/code`, asked);
      return { flow: new URL(issued.recovery_link).searchParams.get("flow"), code: issued.recovery_code };
    },
    redeem: async ({ flow, code }) => {
      const url = `http://127.0.0.1:${open}/self-service/recovery?flow=${flow}`;
      const { state } = await post(url, { method: "code", code });
      if (state !== "passed_challenge") throw new Error(`Kratos does not redeem the code: ${state}`);
    },
  };
}

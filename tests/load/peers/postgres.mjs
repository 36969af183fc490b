// A PostgreSQL of its own on loopback, as Debian delivers it.
import { execFileSync } from "node:child_process";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePorts, listens, startProcess } from "../../browser/process.mjs";

const programs = "/usr/lib/postgresql/15/bin";

/** Starts it with a database of that name. `after` takes what ends it. */
export async function startPostgres(database, after) {
  const folder = await mkdtemp(join(tmpdir(), "postern-postgres-"));
  after(() => rm(folder, { recursive: true }));
  const password = crypto.randomUUID();
  const file = join(folder, "password");
  await writeFile(file, password, { mode: 0o600 });
  const options = await unprivileged(folder, file);
  const [data, user] = [join(folder, "data"), "peer"];
  const authentication = ["--auth=scram-sha-256", `--pwfile=${file}`];
  execFileSync(join(programs, "initdb"), ["-D", data, "-U", user, ...authentication], { ...options, stdio: "pipe" });
  const [port] = await freePorts(1);
  const flags = ["-D", data, "-h", "127.0.0.1", "-p", port, "-k", folder, "-c", "max_connections=200"];
  // At SIGINT it ends its connections and then itself.
  const lifecycle = { startLimitMs: 20_000, stopSignal: "SIGINT" };
  const isReady = () => listens(port);
  const program = join(programs, "postgres");
  const { pid, stop } = await startProcess(program, flags.map(String), options, isReady, lifecycle);
  after(() => stop());
  const env = { ...options.env, PGPASSWORD: password };
  const at = ["-h", "127.0.0.1", "-p", String(port), "-U", user];
  execFileSync(join(programs, "createdb"), [...at, database], { ...options, env, stdio: "pipe" });
  return { pid, port, user, password, database, folder };
}

/** It refuses to run as root: then the user that the package made runs it. */
async function unprivileged(folder, file) {
  const options = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: "C" } };
  if (process.getuid() !== 0) return options;
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const [uid, gid] = [id("-u"), id("-g")];
  await chmod(folder, 0o700);
  for (const path of [folder, file]) await chown(path, uid, gid);
  return { ...options, uid, gid };
}

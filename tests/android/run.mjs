// Starts Postern with the demo's files, generates the project and has Maven test it.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Postern, binary } from "../browser/postern.mjs";
import { freePorts } from "../browser/process.mjs";

const project = await mkdtemp(join(tmpdir(), "android-"));
/** Would be code in a literal or a comment of Kotlin. */
const application = "\"'$a${TODO()}\\u0041\n*/ /* 😀";
const acme = await readFile(new URL("../../services/postern/demo/applications/acme.yaml", import.meta.url), "utf8");
const files = { "applications/acme.yaml": acme.replace("name: Acme", `name: ${JSON.stringify(application)}`) };
const postern = await Postern.start("http://127.0.0.1:8080", { config: "../../services/postern/demo", files });
const [closed] = await freePorts(1);
try {
  const flags = ["--config", postern.folder, "--client", "acme-web", "--server", postern.origin, "--out", project];
  execFileSync(binary, ["generate", "android", "account-recovery", ...flags]);
  const settings = { project, server: postern.origin, nothing: `http://127.0.0.1:${closed}` };
  const properties = Object.entries(settings).map(([name, value]) => `-Dpostern.${name}=${value}`);
  execFileSync("mvn", ["--batch-mode", "--no-transfer-progress", "clean", "test", ...properties], {
    stdio: "inherit", env: { ...process.env, APPLICATION: application },
  });
} catch (error) {
  // What failed has said so.
  process.exitCode = error.status ?? 1;
  if (error.status === undefined) console.error(error);
} finally {
  await postern.stop();
  await rm(project, { recursive: true });
}

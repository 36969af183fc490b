// What processes use: those of a server and of all that it started.
import { readFile, readdir } from "node:fs/promises";

/** Linux counts processor time in hundredths of a second, whatever the kernel's tick is. */
const usPerTick = 10_000;

/** The fields of a process from its parent on (proc(5)); none if it has ended. The name before may have blanks. */
async function stat(pid) {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [, fields = ""] = text.split(/\) . /);
  return fields.split(" ").map(Number);
}

/** A process and all that it started. */
async function family(root) {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(async (pid) => [pid, (await stat(pid))[0]]));
  const found = [root];
  for (const pid of found) found.push(...parents.filter(([, parent]) => parent === pid).map(([child]) => child));
  return found;
}

/** The processor time so far in microseconds, that of ended children included. */
export async function cpu(root) {
  const times = (await Promise.all((await family(root)).map(stat))).map((fields) => fields.slice(10, 14));
  return times.flat().reduce((sum, ticks) => sum + ticks, 0) * usPerTick;
}

/** The memory in MiB; what processes share is counted once. */
export async function memory(root) {
  const texts = (await family(root)).map((pid) => readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => ""));
  const kibibytes = (await Promise.all(texts)).map((text) => Number(/^Pss: +(\d+)/m.exec(text)?.[1] ?? 0));
  return kibibytes.reduce((sum, one) => sum + one, 0) / 1024;
}

// Issues and redeems codes at each peer, and prints what that takes.
import { parseArgs } from "node:util";

import { cpu, memory } from "./usage.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, calls: { type: "string", default: "1000" } },
});
const [rounds, calls] = [Number(values.rounds), Number(values.calls)];
const names = positionals.length ? positionals : ["postern", "kratos"];

/** How many calls are under way at once while processor time is measured. Latencies are those of one caller. */
const callers = 32;

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const percentile = (all, share) => [...all].sort((a, b) => a - b)[Math.ceil(all.length * share) - 1];

/** Makes one call for each of `inputs`; answers with what they returned and how long each took, in ms. */
async function all(inputs, call, callers) {
  const [returned, times] = [[], []];
  let next = 0;
  const caller = async () => {
    while (next < inputs.length) {
      const index = next++;
      const began = performance.now();
      returned[index] = await call(inputs[index]);
      times[index] = performance.now() - began;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { returned, times };
}

/** The processor time of one call to `call`, in microseconds, of the server and of its database. */
async function costs(peer, inputs, call) {
  const used = () => Promise.all([cpu(peer.server), cpu(peer.database)]);
  const before = await used();
  const { returned } = await all(inputs, call, callers);
  const after = await used();
  return { returned, costs: after.map((time, index) => (time - before[index]) / inputs.length) };
}

async function measure(name) {
  const { start } = await import(`./${name}.mjs`);
  const ends = [];
  try {
    const peer = await start((end) => ends.push(end));
    const used = async () => Promise.all([memory(peer.server), memory(peer.database)]);
    const users = Array.from({ length: calls }, (_, index) => `user-${index}`);
    const idle = await used();
    if (peer.prepare) await all(users, peer.prepare, callers);
    // The first round warms caches and compilers up, and does not count.
    const figures = { issue: [], redeem: [] };
    for (let round = 0; round <= rounds; round += 1) {
      const issued = await costs(peer, users, peer.issue);
      const redeemed = await costs(peer, issued.returned, peer.redeem);
      if (round === 0) continue;
      figures.issue.push(issued.costs);
      figures.redeem.push(redeemed.costs);
    }
    const loaded = await used();
    const some = users.slice(0, Math.min(calls, 500));
    const issued = await all(some, peer.issue, 1);
    const redeemed = await all(issued.returned, peer.redeem, 1);
    const operation = (costs, { times }) => ({
      server: median(costs.map(([server]) => server)), database: median(costs.map(([, database]) => database)),
      p50: percentile(times, 0.5), p99: percentile(times, 0.99),
    });
    return {
      name, idle, loaded, startMs: peer.startMs,
      issue: operation(figures.issue, issued), redeem: operation(figures.redeem, redeemed),
    };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function print(measured) {
  const row = (label, cell) => console.log(`| ${[label, ...measured.map(cell)].join(" | ")} |`);
  const [two, one] = [(number) => number.toFixed(2), (number) => number.toFixed(0)];
  row("", ({ name }) => name);
  row("---", () => "---");
  for (const name of ["issue", "redeem"]) {
    const total = (peer) => peer[name].server + peer[name].database;
    row(`${name}: CPU of server + database, us`, (it) => `${one(it[name].server)} + ${one(it[name].database)}`);
    row(`${name}: operations per CPU second`, (it) => one(1_000_000 / total(it)));
    row(`${name}: CPU / the first's`, (it) => (total(it) / total(measured[0])).toFixed(1));
    row(`${name}: p50, p99 of one caller, ms`, (it) => `${two(it[name].p50)}, ${two(it[name].p99)}`);
  }
  for (const when of ["idle", "loaded"]) {
    row(`memory ${when}: server + database, MiB`, (it) => it[when].map(one).join(" + "));
  }
  row("start until ready, ms", (it) => one(it.startMs));
}

const measured = [];
for (const name of names) {
  console.error(`measuring ${name}`);
  measured.push(await measure(name));
}
print(measured);

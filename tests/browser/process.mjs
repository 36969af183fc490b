// Processes that a suite starts on free loopback ports, and ends in every case.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How a process starts and ends unless the caller says so. */
const usual = { startLimitMs: 20_000, stopSignal: "SIGKILL" };

/** Starts a process and waits until it is ready; answers with ways to end it and to read what it printed. */
export async function startProcess(file, flags, options, isReady, { startLimitMs, stopSignal } = usual) {
  const child = spawn(file, flags, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let printed = "";
  child.on("error", (error) => { printed += error; });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => { printed += data; });
  }
  const stop = async (signal = stopSignal) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  const began = Date.now();
  while (!(await isReady())) {
    if (child.pid === undefined || child.exitCode !== null || Date.now() - began > startLimitMs) {
      await stop();
      throw new Error(`${file} does not start:\n${printed}`);
    }
    await sleep(20);
  }
  return { pid: child.pid, stop, printed: () => printed };
}

/** Whether a server of HTTP is well there. */
export async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** Whether a server accepts connections on a port of the loopback. */
export function listens(port) {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** Ports that were free a moment ago; all are held until all are known, so that they differ. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map(async (server) => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

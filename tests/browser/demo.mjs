// Starts `postern` as `cargo run` does: the demo, with its console and the three people who sign in there.
import { binary } from "./postern.mjs";
import { answers, freePorts, startProcess } from "./process.mjs";
import { desk, openPage } from "./visit.mjs";

const listeners = ["http", "issuer-grpc", "verifier-grpc", "runner-grpc", "console", "admin"];

export class Demo {
  static async start() {
    const ports = await freePorts(listeners.length);
    const flags = listeners.flatMap((name, index) => [`--${name}-listen`, `127.0.0.1:${ports[index]}`]);
    const demo = new Demo();
    [demo.recovery, demo.console] = [ports[0], ports[4]].map((port) => `http://127.0.0.1:${port}`);
    const options = { env: { POSTERN_LOG: "info" } };
    const isReady = () => answers(`${demo.recovery}/openapi.json`);
    const { stop, printed } = await startProcess(binary, flags, options, isReady);
    return Object.assign(demo, { stop, printed });
  }

  /** Signs in as one of the people; answers with their page. */
  async signIn(context, browser, name, options = desk) {
    const page = await openPage(context, browser, `${this.console}/`, options);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("link", { name: new RegExp(`^${name},`) }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    return page;
  }
}

// Serves pages from an origin of its own: the customer's page and the SDK, or what `locate` finds.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";

const sdk = "node_modules/@transmitsecurity/platform-web-sdk/dist";
const files = {
  "/": ["text/html", "site/index.html"],
  "/app.js": ["text/javascript", "site/app.js"],
  "/sdk/ido.js": ["text/javascript", `${sdk}/ido.js`],
  "/sdk/common.js": ["text/javascript", `${sdk}/common.js`],
};

/** Starts serving; answers with the origin and a way to stop. `locate` tells a path's media type and file. */
export async function startSite(locate = (path) => files[path]) {
  const server = createServer(async (request, response) => {
    const file = locate(request.url);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const [type, path] = file;
    const body = await readFile(new URL(path, import.meta.url));
    response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

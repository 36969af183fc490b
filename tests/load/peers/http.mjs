// Calls over connections that are kept alive.
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Posts JSON, or a form as a text; answers with the body's JSON. Any other status than 2xx is an error. */
export function post(url, body, headers = {}) {
  const isForm = typeof body === "string";
  const text = isForm ? body : JSON.stringify(body);
  const type = isForm ? "application/x-www-form-urlencoded" : "application/json";
  const all = { "content-type": type, "content-length": Buffer.byteLength(text), ...headers };
  return new Promise((done, failed) => {
    const sent = request(url, { method: "POST", agent, headers: all }, (response) => {
      let answer = "";
      response.setEncoding("utf8").on("data", (data) => { answer += data; });
      response.on("end", () => {
        if (response.statusCode >= 200 && response.statusCode < 300) return done(answer && JSON.parse(answer));
        return failed(new Error(`POST ${url}: ${response.statusCode} ${answer}`));
      });
    });
    sent.on("error", failed).end(text);
  });
}

// The journey at the server, over the same protocol as the Web SDK.
//
// What a person types goes into the body of one request and nowhere else: not into the address, the
// history, storage or a log. Storage keeps where the journey waits, so that a reload goes on there.

import { forPage } from "./pairing.js";

const PATIENCE_MS = 20_000;

export class Journey {
  #clientId;
  #journeyId;
  /** The authorization request that the journey serves; empty without one. */
  #interaction;
  #key;
  /** The session, its challenge and the step that it waits at; null where it waits nowhere. */
  #waiting;

  constructor({ clientId, journeyId, interaction, request }) {
    this.#clientId = clientId;
    this.#journeyId = journeyId;
    this.#interaction = interaction;
    this.#key = `postern ${clientId} ${journeyId} ${request}`;
    this.#waiting = stored(this.#key);
  }

  /** Whether it serves an authorization request, which a reload makes anew. */
  get isRequest() {
    return Boolean(this.#interaction);
  }

  /** The step that waits for an answer; undefined where none does. */
  get step() {
    return this.#waiting?.step;
  }

  /** Starts anew. Each of these answers with the outcome's name, and what belongs to it. */
  start(params) {
    if (this.#interaction) {
      return this.#call("sso", { collection_result: {}, params }, { ssoInteractionId: this.#interaction });
    }
    return this.#call("anonymous_invoke", { collection_result: {}, policy_request_id: this.#journeyId, params });
  }

  /** Answers the step that waits. */
  submit(input) {
    return this.#assert({ assert: "action", input });
  }

  /** Leaves the step that waits by one of its escapes. */
  leave(escape) {
    return this.#assert({ assert: "escape", data: { escape_id: escape, escape_params: {} } });
  }

  #assert(data) {
    const { sid, challenge, step } = this.#waiting;
    const session = this.#interaction ? { sid, ssoInteractionId: this.#interaction } : { sid };
    return this.#call("assert", { assertion_id: step.assertion_id, action: step.type, fch: challenge, ...data }, session);
  }

  async #call(operation, data, session = {}) {
    const query = new URLSearchParams({
      aid: "default_application", clientId: this.#clientId, locale: navigator.language, ...session,
    });
    try {
      const response = await fetch(`/ido/api/v2/auth/${operation}?${query}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ headers: [], data }),
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!response.ok) return this.#refused(response, session.sid || session.ssoInteractionId);
      return this.#outcome(await response.json(), response.headers.get("Date"));
    } catch (error) {
      // An answer that is no JSON is the server's fault, not the connection's.
      return { name: error instanceof SyntaxError ? "unavailable" : "offline" };
    }
  }

  async #refused(response, hasSession) {
    const waitSeconds = Number(response.headers.get("Retry-After"));
    // Nothing was compared, and nothing counted.
    if (response.status === 400) return { name: "unreadable" };
    if (response.status === 429) return { name: "busy", waitSeconds };
    const url = this.#wayBack((await response.json().catch(() => null))?.data);
    // The same call can be sent again, or the application be told.
    if (response.status === 503) return { name: "unavailable", waitSeconds, url };
    if (url) return { ...this.#ended("returning"), url };
    // The session has ended, or has moved on in another window.
    if (hasSession && [404, 409].includes(response.status)) return this.#ended("expired");
    return { name: "unavailable", waitSeconds };
  }

  /** The application's address, to which the answer to an authorization request sends the browser. */
  #wayBack(data) {
    return this.#interaction && data?.data?.url;
  }

  #outcome({ headers, data }, date) {
    const url = this.#wayBack(data);
    if (url) return { ...this.#ended("returning"), url };
    switch (data?.state) {
      case "completed": return this.#ended("accepted");
      case "rejected": return this.#ended("rejected");
      case "pending": break;
      default: return { name: "unavailable" };
    }
    const sid = headers.find(({ type }) => type === "session_id")?.session_id ?? this.#waiting?.sid;
    const [step] = data.control_flow;
    this.#keep({ sid, challenge: data.challenge, step: forPage(step, date) });
    const code = data.assertion_error_code;
    return { name: "waiting", error: code ? (code === 28 ? "unreadable" : "denied") : null };
  }

  #ended(name) {
    this.#keep(null);
    return { name };
  }

  #keep(waiting) {
    this.#waiting = waiting;
    try {
      if (waiting) sessionStorage.setItem(this.#key, JSON.stringify(waiting));
      else sessionStorage.removeItem(this.#key);
    } catch {
      // Without storage a reload starts anew.
    }
  }
}

function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

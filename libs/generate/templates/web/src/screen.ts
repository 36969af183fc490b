// What the page shows at a time. `steps.ts` makes screens, `page.ts` shows them.

export interface Field {
  name: string;
  label: string;
  kind: "identifier" | "code" | "text";
  /** The HTML attribute of that name. */
  autocomplete: string;
}

/** The number that the user reads to support. */
export interface Pairing {
  number: string;
  /** In milliseconds since 1970. */
  expires_at: number;
}

/** What a button does: starts the journey with the fields, begins anew, or submits an option of the step. */
export type Act = { kind: "start" } | { kind: "begin" } | { kind: "submit"; option: string };

export interface Button {
  label: string;
  act: Act;
}

export interface Screen {
  heading: string;
  text?: string;
  /** Why the screen is shown again. */
  error?: string;
  pairing?: Pairing;
  fields?: Field[];
  /** The main button. */
  action?: Button;
  /** The ways out of the step. */
  escapes?: Button[];
}

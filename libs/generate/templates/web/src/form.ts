// The screen of any form, and what the steps of `steps.ts` have in common.
import {
  ClientResponseOptionType,
  IdoErrorCode,
  type IdoServiceResponse,
} from "@transmitsecurity/platform-web-sdk/ido";

import type { Button, Field, Screen } from "./screen";

export const TITLE = "Get back into your account";
export const LOGIN = "Login with Temporary Code";
export const DENIED = "That did not work. Check the user ID and the code, then try again.";
const MISTAKEN = "Check what you entered. This did not count as a try.";

/** A form, whose `app_data` may give its title, text, button and pairing number. */
export function formOf(response: IdoServiceResponse, fields: Field[]): Screen {
  const told = response.data?.app_data ?? {};
  const hasCode = fields.some(({ kind }) => kind === "code");
  return {
    heading: told.title ?? (told.pairing ? "Call support and read them these digits" : TITLE),
    text: told.text,
    error: errorOf(response),
    pairing: told.pairing,
    fields,
    action: submit(told.button_text ?? (hasCode ? LOGIN : "Continue")),
    escapes: escapesOf(response),
  };
}

/** Why the server shows a form again. */
function errorOf({ errorData }: IdoServiceResponse): string | undefined {
  if (!errorData) return undefined;
  return errorData.errorCode === IdoErrorCode.ClientResponseNotValid ? MISTAKEN : DENIED;
}

/** The buttons of a form's escapes. */
function escapesOf({ clientResponseOptions = {} }: IdoServiceResponse): Button[] {
  const escapes = Object.values(clientResponseOptions).filter(({ type }) => type !== ClientResponseOptionType.ClientInput);
  return escapes.map(({ id, label }) => ({ label, act: { kind: "submit", option: id } }));
}

/** The button that submits the input of a step. */
export function submit(label: string): Button {
  return { label, act: { kind: "submit", option: ClientResponseOptionType.ClientInput } };
}

/** Whether a rejection is a denial. The server gives one reason for all of them. */
export function isDenied({ data }: IdoServiceResponse): boolean {
  return data?.rejectionReason === "access_rejected";
}

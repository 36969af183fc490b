// Says whether a text can be a code, by the server's rule (`codes::guess`), so that a slip is told
// before anything is sent. The server decides: a text that is in doubt is sent.

const DROPPED = new RegExp(
  "[\\p{White_Space}\\p{Dash}\\p{Default_Ignorable_Code_Point}\\p{Bidi_Control}\\p{Ps}\\p{Pe}<>"
    + "\\u30fc\\u2800\\u{13441}\\u{13442}\\u{16fe4}\\u{1d159}]",
  "gu",
);
const STOP = /[.,\u3002\u3001\u06d4\u060c\u0964]$/u;
/** The alphabets, with 0 in place of every digit. */
const ALPHABETS = { digits: /^0*$/, base32: /^[0A-HJKMNP-TV-Z]*$/ };
/** A character of a later Unicode than this browser's: it may be a digit. */
const UNKNOWN = /\p{Cn}/u;

/** Whether `text` can be a code of `length` characters of that alphabet. */
export function canBeCode(text, { length, alphabet }) {
  if (UNKNOWN.test(text)) return true;
  const kept = text.normalize("NFKC").replace(DROPPED, "").replace(/[a-z]/g, (c) => c.toUpperCase());
  const code = kept.replace(/^CODE:/, "").replace(STOP, "").replace(/\p{Nd}|[OIL]/gu, "0");
  return code.length === length && ALPHABETS[alphabet].test(code);
}

/** Whether `text` is that number, with whatever stands between its digits. */
export function isNumber(text, number) {
  return text.normalize("NFKC").replace(/\D/g, "") === number;
}

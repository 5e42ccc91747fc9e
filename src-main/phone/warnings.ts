/** Something a person should mind before writing. `code` is a key of the page's dictionary. */
export interface Warning {
  code: string;
  fields: string[];
}

/** A look at the settings as they would be: the raw value of a field, or undefined where the unit has none. */
export type Look = (field: string) => string | undefined;

interface Draft extends Warning {
  /** Given only when one of these is changed; without it when one of `fields` is. */
  causes?: readonly string[];
}

const relays = ["relayA", "relayB", "relayC", "relayD", "securityRelayA", "securityRelayB"] as const;
const rows = Array.from({ length: 50 }, (_, at) => String(at + 1));

/** The field of the code that counts at this DTMF mode, or null when the mode is not known or DTMF is off. */
function activeProperty(look: Look): "dtmf1" | "dtmfMulti" | null {
  const mode = look("dtmf.mode");
  if (look("dtmf.enable") === "0" || mode === undefined) return null;
  if (mode === "0") return "dtmf1";
  return /^[123]$/.test(mode) ? "dtmfMulti" : null;
}

/** All warnings that the changes give rise to. `look` sees the state after the changes. */
export function findWarnings(look: Look, changed: ReadonlySet<string>): Warning[] {
  const drafts = [...codeWarnings(look), ...relayWarnings(look), ...webWarnings(look), ...lineWarnings()];
  return drafts
    .filter((draft) => (draft.causes ?? draft.fields).some((field) => changed.has(field)))
    .map(({ code, fields }) => ({ code, fields }));
}

function codeWarnings(look: Look): Draft[] {
  const drafts: Draft[] = [{ code: "changes-all-relays", fields: ["dtmf.mode"] }];
  const mode = look("dtmf.mode");
  const property = activeProperty(look);
  const byCode = new Map<string, string[]>();
  for (const relay of relays) {
    const unused = property === "dtmf1" ? "dtmfMulti" : property === "dtmfMulti" ? "dtmf1" : null;
    if (unused !== null && (look(`${relay}.${unused}`) ?? "") !== "")
      drafts.push({ code: "code-not-used", fields: [`${relay}.${unused}`] });
    const field = `${relay}.${property ?? ""}`;
    const code = property === null ? undefined : look(field);
    if (code === undefined || code === "") continue;
    byCode.set(code, [...(byCode.get(code) ?? []), field]);
    if (property === "dtmfMulti" && code.length !== Number(mode) + 1)
      drafts.push({ code: "code-length", fields: [field], causes: [field, "dtmf.mode"] });
  }
  for (const fields of byCode.values())
    if (fields.length > 1) drafts.push({ code: "both-move", fields, causes: [...fields, "dtmf.mode", "dtmf.enable"] });
  if (property === null) return drafts;
  for (const row of rows) {
    const key = look(`web.key${row}`) ?? "";
    const causes = [`web.key${row}`, "dtmf.mode", ...relays.map((relay) => `${relay}.${property}`)];
    if (key !== "" && !byCode.has(key)) drafts.push({ code: "nobody-can-dial", fields: [`web.key${row}`], causes });
  }
  return drafts;
}

function relayWarnings(look: Look): Draft[] {
  const drafts: Draft[] = [];
  for (const relay of relays) {
    const hold = `${relay}.holdDelay`;
    if (look(`${relay}.mode`) === "1" && look(hold) !== undefined)
      drafts.push({ code: "hold-no-effect", fields: [hold], causes: [hold, `${relay}.mode`] });
    if (look(`${relay}.accessMethod`) === "")
      drafts.push({ code: "nobody-gets-in", fields: [`${relay}.accessMethod`] });
  }
  return drafts;
}

function webWarnings(look: Look): Draft[] {
  const drafts: Draft[] = [];
  const ip = (look("web.ip") ?? "").trim();
  if (look("web.type") === "2") drafts.push({ code: "local-typically-first", fields: ["web.type"] });
  for (const row of rows) {
    const field = `web.action${row}`;
    const action = (look(field) ?? "").trim();
    if ((look(`web.extension${row}`) ?? "") !== "")
      drafts.push({ code: "extension-only-in-calls", fields: [`web.extension${row}`] });
    if (action === "") continue;
    const causes = [field, "web.ip"];
    const full = /^https?:\/\/([^\s/@]*@)?([^\s/:?#]+)/i.exec(action);
    if (!full && ip === "") drafts.push({ code: "url-needs-ip", fields: [field, "web.ip"], causes });
    if (full && ip !== "" && full[2] !== ip) drafts.push({ code: "url-ignores-ip", fields: [field, "web.ip"], causes });
    if (full?.[1] || /[?&;](pass(word|wd)?|pwd)=[^&]/i.test(action))
      drafts.push({ code: "password-in-url", fields: [field] });
  }
  return drafts;
}

function lineWarnings(): Draft[] {
  return [{ code: "rs485-user-stops", fields: ["rs485.applyTo"] }];
}

import type { TopicStates } from "../../src-main/services/model/topics.ts";
import type { Identity, ImageInfo, JobSnapshot, PhoneSettings } from "../../src-renderer/types.ts";

/** The state of every topic at the start of a quiet program. */
export function quietTopics(): TopicStates {
  return {
    app: {
      version: "0.1.0",
      host: "web",
      training: false,
      trainingBench: null,
      door: { site: "Harbour 4", door: "Front door" },
      secrets: { available: true, reason: null },
      readOnly: false,
      openWork: [],
    },
    adapters: {
      ports: [
        port("/dev/ttyUSB0", "FTDI FT232R", "left", true),
        port("/dev/ttyUSB1", "CH340", null, true),
        port("/dev/ttyS0", null, null, false),
      ],
      error: null,
    },
    line: {
      state: "closed",
      mode: null,
      path: null,
      baud: null,
      address: null,
      exclusive: null,
      online: false,
      identity: null,
      status: null,
      lastAnswerAt: null,
      error: null,
    },
    phone: {
      state: "none",
      host: null,
      info: null,
      settings: null,
      status: null,
      lastAnswerAt: null,
      error: null,
      canUndo: false,
    },
    jobs: { jobs: [] },
    safety: { mayBeOpen: [], handBack: null, armed: null },
    training: null,
  };
}

function port(path: string, chip: string | null, label: string | null, likely: boolean) {
  return { path, vendorId: null, productId: null, serialNumber: null, chip, key: path, label, likely };
}

/** An SR01 as it identifies itself. */
export const identity: Identity = {
  address: 0,
  baud: 9600,
  vendor: "0c1105",
  model: 1,
  hardwareVersion: 1,
  serialNumber: "01020304",
  firmwareVersion: "1.2.3",
  capabilities: [],
  secure: "none",
};

/** A sound practice image one step above {@link identity}. */
export const image: ImageInfo = {
  fileId: "file-1",
  name: "sr01-1.2.4.img",
  sizeBytes: 65_600,
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  kind: "simulator",
  version: "1.2.4",
  hardware: { from: 1, to: 2 },
  problems: [],
};

/** A job in some state. */
export function job(part: Partial<JobSnapshot> & Pick<JobSnapshot, "id" | "kind">): JobSnapshot {
  return {
    state: "running",
    progress: null,
    cancellable: true,
    startedAt: "2026-01-05T10:00:00.000Z",
    endedAt: part.state === undefined || part.state === "running" ? null : "2026-01-05T10:01:00.000Z",
    result: null,
    error: null,
    about: {},
    ...part,
  };
}

const local = "Access Control > Relay";

/** Settings of a small unit: two relays, codes, web relay; no security relay keys. */
export const settings: PhoneSettings = {
  family: "F1",
  fields: {
    ...relayFields("A", "Front door"),
    ...relayFields("B", "Gate"),
    "dtmf.mode": { value: "0", key: "Config.DoorSetting.DTMF.Option", mark: "HW" },
    "web.type": { value: "0", key: "Config.DoorSetting.WEBRELAY.RelayType", mark: "TEMPLATE" },
    "web.ip": { value: "", key: "Config.DoorSetting.WEBRELAY.IpAddress", mark: "TEMPLATE" },
    "web.password": { value: "**", key: "Config.DoorSetting.WEBRELAY.Passwd", mark: "TEMPLATE" },
    "web.action1": { value: "", key: "Config.DoorSetting.WEBRELAY.WebAction0", mark: "TEMPLATE" },
    "web.key1": { value: "", key: "Config.DoorSetting.WEBRELAY.WebKey0", mark: "TEMPLATE" },
    "web.extension1": { value: "", key: "Config.DoorSetting.WEBRELAY.WebExtension0", mark: "TEMPLATE" },
  },
  specs: [
    ...relaySpecs("A"),
    ...relaySpecs("B"),
    { ...spec("dtmf.mode", "choice"), choices: choices("1-digit", "2-digit", "3-digit", "4-digit"), danger: true },
    { ...spec("web.type", "choice"), choices: choices("Disabled", "Only Web Relay", "Both Local Relay and Web Relay") },
    spec("web.ip", "text"),
    { ...spec("web.password", "text"), secret: true },
    spec("web.action1", "text"),
    spec("web.key1", "digits"),
    spec("web.extension1", "text"),
  ],
  notOffered: ["connectType", "triggerDelay", "holdDelay", "dtmf1", "accessMethod", "liftControl", "name"].map(
    (property) => ({
      field: `securityRelayA.${property}`,
      group: "securityRelayA",
      property,
      reason:
        "No confirmed name of this setting is known and this unit reports none; set it in the door phone's own page.",
      menuPath: "Access Control > Relay > Security Relay",
    }),
  ),
  readAt: "2026-01-05T10:00:00.000Z",
};

function choices(...words: string[]) {
  return words.map((word, at) => ({
    value: String(at),
    word,
    mark: at === 0 ? ("HW" as const) : ("PROPOSED" as const),
  }));
}

function spec(field: string, kind: PhoneSettings["specs"][number]["kind"]): PhoneSettings["specs"][number] {
  const [group = "", property = ""] = field.split(".");
  return { field, group, property, kind, danger: false, menuPath: local };
}

function relayFields(letter: string, name: string): PhoneSettings["fields"] {
  const key = (word: string): string => `Config.DoorSetting.RELAY.${word}${letter}`;
  return {
    [`relay${letter}.type`]: { value: "0", key: key("Type"), mark: "HW" },
    [`relay${letter}.mode`]: { value: "0", key: key("Mode"), mark: "HW" },
    [`relay${letter}.triggerDelay`]: { value: "0", key: key("TriggerDelay"), mark: "HW" },
    [`relay${letter}.holdDelay`]: { value: "5", key: key("HoldDelay"), mark: "HW" },
    [`relay${letter}.dtmf1`]: { value: letter === "A" ? "1" : "2", key: key("Code"), mark: "HW" },
    [`relay${letter}.name`]: { value: name, key: key("Name"), mark: "HW" },
  };
}

function relaySpecs(letter: string): PhoneSettings["specs"] {
  const name = (property: string): string => `relay${letter}.${property}`;
  return [
    { ...spec(name("type"), "choice"), choices: choices("Default State", "Invert State"), danger: true },
    { ...spec(name("mode"), "choice"), choices: choices("Monostable", "Bistable"), danger: true },
    { ...spec(name("triggerDelay"), "number"), min: 0, max: 10, unit: "s" },
    { ...spec(name("holdDelay"), "number"), min: 1, max: 60, unit: "s" },
    { ...spec(name("dtmf1"), "digits"), maxLength: 1 },
    { ...spec(name("name"), "text"), maxLength: 63 },
  ];
}

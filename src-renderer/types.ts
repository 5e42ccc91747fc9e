import type { CallInput, CallOutput, TopicState } from "../src-main/api/contract.ts";

/** Whole state of topic `app`. */
export type AppState = TopicState<"app">;
/** Whole state of topic `line`. */
export type LineState = TopicState<"line">;
/** How the line is shared; see the line modes. */
export type LineMode = NonNullable<LineState["mode"]>;
/** What `identify` told. */
export type Identity = NonNullable<LineState["identity"]>;
/** Whole state of topic `phone`. */
export type PhoneState = TopicState<"phone">;
/** Relay settings of a door phone, as read. */
export type PhoneSettings = NonNullable<PhoneState["settings"]>;
/** How one field is entered and checked. */
export type FieldSpec = PhoneSettings["specs"][number];
/** A field of the manual that this unit does not offer. */
export type NotOffered = PhoneSettings["notOffered"][number];
/** How sure a key's meaning is. */
export type Mark = PhoneSettings["fields"][string]["mark"];
/** One job, whole. */
export type JobSnapshot = TopicState<"jobs">["jobs"][number];
/** What a job does. */
export type JobKind = JobSnapshot["kind"];
/** What a firmware file is. */
export type ImageInfo = CallOutput<"flash.check">;
/** Result of `phone.review`. */
export type Review = CallOutput<"phone.review">;
/** Relays a door phone can be asked to move. */
export type RelayName = CallInput<"phone.trigger">["relay"];
/** Steps of handing a door back. */
export type HandBackStep = CallInput<"safety.handBack">["step"];

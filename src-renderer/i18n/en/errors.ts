/** A sentence and one thing to do for every error code. The sentence stands in only where the main side's own is not shown. */
export const errors = {
  errors: {
    seen: "What we saw",
    doNext: "Do this next:",
    details: "Code and details",
    copy: "Copy details",
    copied: "Copied",
    "bad-input": { sentence: "Something that was entered does not fit.", next: "Correct the entry and try again." },
    busy: {
      sentence: "It is in use.",
      next: "Let the other work end, or take the other master off the line. Then try again.",
    },
    "link-lost": {
      sentence: "The connection is gone.",
      next: "Check the plug and the cable, then connect again.",
    },
    "device-timeout": {
      sentence: "The device did not answer.",
      next: "Check power, A/B and the address. A factory SR01 is not known to speak OSDP; the wiring may be right.",
    },
    "device-refused": { sentence: "The device said no.", next: "Read its reason above and change what it asks for." },
    "device-auth": {
      sentence: "The device does not let us in.",
      next: "Check user and password; if it has an allow-list, add this computer's address in the phone's own page.",
    },
    protocol: {
      sentence: "The device answered something that makes no sense.",
      next: "Check speed and wiring, then try again. Copy the details if it stays.",
    },
    unsupported: {
      sentence: "This model or firmware does not have that.",
      next: "Use the door phone's own page for it.",
    },
    "not-verified": {
      sentence: "It was sent, but what came back is not what was asked for.",
      next: "Look at the device and compare, then try once more.",
    },
    cancelled: { sentence: "It was stopped.", next: "Start again when you are ready." },
    bug: { sentence: "The toolkit made a mistake.", next: "Copy the details and report them. Then try again." },
  },
};

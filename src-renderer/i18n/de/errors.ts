/** A sentence and one thing to do for every error code, in German. The main side's own sentence stands under what we saw. */
export const errors = {
  errors: {
    seen: "Was wir sahen",
    doNext: "Als Nächstes:",
    details: "Code und Einzelheiten",
    copy: "Einzelheiten kopieren",
    copied: "Kopiert",
    "bad-input": { sentence: "Eine Eingabe passt nicht.", next: "Die Eingabe berichtigen und noch einmal versuchen." },
    busy: {
      sentence: "Es wird gerade benutzt.",
      next: "Die andere Arbeit enden lassen oder den anderen Führer von der Leitung nehmen. Dann noch einmal.",
    },
    "link-lost": { sentence: "Die Verbindung ist weg.", next: "Stecker und Kabel prüfen, dann neu verbinden." },
    "device-timeout": {
      sentence: "Das Gerät hat nicht geantwortet.",
      next: "Versorgung, A/B und Adresse prüfen. Von einem SR01 ab Werk ist kein OSDP bekannt; die Verdrahtung kann stimmen.",
    },
    "device-refused": {
      sentence: "Das Gerät hat abgelehnt.",
      next: "Den Grund oben lesen und ändern, was es verlangt.",
    },
    "device-auth": {
      sentence: "Das Gerät lässt uns nicht hinein.",
      next: "Benutzer und Passwort prüfen; hat es eine Erlaubnisliste, die Adresse dieses Rechners auf seiner Seite eintragen.",
    },
    protocol: {
      sentence: "Die Antwort des Geräts ergibt keinen Sinn.",
      next: "Geschwindigkeit und Verdrahtung prüfen, dann noch einmal. Bleibt es so, die Einzelheiten kopieren.",
    },
    unsupported: {
      sentence: "Dieses Modell oder diese Firmware hat das nicht.",
      next: "Dafür die eigene Seite der Türstation benutzen.",
    },
    "not-verified": {
      sentence: "Es wurde gesendet, aber zurück kam nicht, was verlangt war.",
      next: "Das Gerät ansehen und vergleichen, dann noch einmal versuchen.",
    },
    cancelled: { sentence: "Es wurde angehalten.", next: "Neu beginnen, wenn Sie bereit sind." },
    bug: {
      sentence: "Das Toolkit hat einen Fehler gemacht.",
      next: "Die Einzelheiten kopieren und melden. Dann noch einmal versuchen.",
    },
  },
};

import type { KeyMap } from "./entry.ts";

const template = "published configuration template";

/** Keys that are the same in all families. */
export const common: KeyMap = {
  family: "common",
  entries: [
    { field: "dtmf.mode", key: "DTMF.Option", mark: "HW", seen: "E18, X916; only the value 0 was seen", order: 1 },
    { field: "dtmf.enable", key: "DTMF.Enable", mark: "HW", seen: "X916", order: 1 },
    { field: "relay{L}.dtmf1", key: "DTMF.Code{n}", mark: "HW", seen: "E18, E12, R20A", order: 1 },
    {
      field: "relay{L}.dtmfMulti",
      key: "DTMF.MultiDTMFCode{L}",
      mark: "THIRD",
      seen: "a third party's model",
      letters: "AB",
      order: 1,
    },
    {
      field: "relay{L}.dtmfMulti",
      key: "DTMF.MultiDTMFCode{L}",
      mark: "INF",
      seen: "after A and B",
      letters: "CD",
      order: 1,
    },
    { field: "openViaHttp.enable", key: "RELAY.RelayOnWeb", mark: "THIRD", seen: "a third party's model", order: 1 },
    { field: "openViaHttp.user", key: "RELAY.RelayOnWebUser", mark: "THIRD", seen: "a third party's model", order: 1 },
    {
      field: "openViaHttp.password",
      key: "RELAY.RelayOnWebPwd",
      mark: "THIRD",
      seen: "a third party's model",
      order: 1,
    },
    { field: "web.type", key: "WEBRELAY.RelayType", mark: "TEMPLATE", seen: template, order: 1 },
    { field: "web.ip", key: "WEBRELAY.IpAddress", mark: "TEMPLATE", seen: template, order: 1 },
    { field: "web.user", key: "WEBRELAY.UserName", mark: "TEMPLATE", seen: template, order: 1 },
    { field: "web.password", key: "WEBRELAY.Passwd", mark: "TEMPLATE", seen: template, order: 1 },
    { field: "web.action{r}", key: "WEBRELAY.WebAction{i}", mark: "TEMPLATE", seen: template, rows: [1, 10], order: 1 },
    { field: "web.action{r}", key: "WEBRELAY.WebAction{i}", mark: "INF", seen: "after 1-10", rows: [11, 50], order: 1 },
    { field: "web.key{r}", key: "WEBRELAY.WebKey{i}", mark: "TEMPLATE", seen: template, rows: [1, 10], order: 1 },
    { field: "web.key{r}", key: "WEBRELAY.WebKey{i}", mark: "INF", seen: "after 1-10", rows: [11, 50], order: 1 },
    {
      field: "web.extension{r}",
      key: "WEBRELAY.WebExtension{i}",
      mark: "TEMPLATE",
      seen: template,
      rows: [1, 10],
      order: 1,
    },
    {
      field: "web.extension{r}",
      key: "WEBRELAY.WebExtension{i}",
      mark: "INF",
      seen: "after 1-10",
      rows: [11, 50],
      order: 1,
    },
  ],
};

// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import ErrorCard from "../../src-renderer/ui/ErrorCard.vue";
import ExplainedButton from "../../src-renderer/ui/ExplainedButton.vue";
import WizardFrame from "../../src-renderer/ui/WizardFrame.vue";
import { button, fakeApi, openPage } from "./page-test.ts";

describe("a grey button", () => {
  it("lists what is missing as text and does nothing", async () => {
    const { page } = await openPage(ExplainedButton, fakeApi().api, {
      props: { label: "Open", missing: ["choose an adapter", "an address"] },
    });
    expect(page.findAll("li").map((one) => one.text())).toEqual(["choose an adapter", "an address"]);
    const grey = button(page, "Open");
    expect(grey.attributes("disabled")).toBeDefined();
    const list = grey.attributes("aria-describedby") ?? "";
    expect(page.find(`[id="${list}"]`).exists()).toBe(true);
  });

  it("can be pressed when nothing is missing", async () => {
    const pressed: number[] = [];
    const { page } = await openPage(ExplainedButton, fakeApi().api, {
      props: { label: "Open", missing: [], onPress: () => pressed.push(1) },
    });
    await button(page, "Open").trigger("click");
    expect(pressed).toHaveLength(1);
    expect(page.find("ul").exists()).toBe(false);
  });
});

describe("the error card", () => {
  const error = {
    code: "device-auth" as const,
    message: "The door phone has an allow-list and this computer is not on it.",
    data: { host: "10.0.0.9", status: 403 },
  };

  it("shows the sentence, what was seen, one thing to do, and the code folded", async () => {
    const again: number[] = [];
    const { page } = await openPage(ErrorCard, fakeApi().api, {
      props: { error, nextLabel: "Try again", onNext: () => again.push(1) },
    });
    expect(page.find(".sentence").text()).toBe(error.message);
    expect(page.text()).toContain("status: 403");
    expect(page.text()).toContain("allow-list, add this computer's address");
    expect(page.find("details").attributes("open")).toBeUndefined();
    expect(page.find("details pre").text()).toContain('"device-auth"');
    await button(page, "Try again").trigger("click");
    expect(again).toHaveLength(1);
  });

  it("speaks German by code and keeps the original sentence under what was seen", async () => {
    const { page } = await openPage(ErrorCard, fakeApi().api, { props: { error }, language: "de" });
    expect(page.find(".sentence").text()).toBe("Das Gerät lässt uns nicht hinein.");
    expect(page.findAll("li").map((one) => one.text())).toContain(error.message);
  });
});

describe("the wizard frame", () => {
  const steps = [
    { id: "a", label: "One" },
    { id: "b", label: "Two" },
  ];
  const open = async (missing: string[]) => {
    const heard: string[] = [];
    const { page } = await openPage(WizardFrame, fakeApi().api, {
      props: {
        title: "T",
        steps,
        current: "a",
        missing,
        onNext: () => heard.push("next"),
        onBack: () => heard.push("back"),
      },
    });
    return { page, heard };
  };
  const key = (name: string): boolean =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

  it("goes on by Enter and back by Esc, and marks the present step", async () => {
    const { page, heard } = await open([]);
    key("Enter");
    key("Escape");
    expect(heard).toEqual(["next", "back"]);
    expect(page.find("[aria-current=step]").text()).toContain("One");
    page.unmount();
    key("Enter");
    expect(heard).toHaveLength(2);
  });

  it("says what is missing and does not go on before", async () => {
    const { page, heard } = await open(["a connected door phone"]);
    key("Enter");
    await button(page, "Next").trigger("click");
    expect(heard).toEqual([]);
    expect(page.find("footer").text()).toContain("Still missing: a connected door phone");
    page.unmount();
  });
});

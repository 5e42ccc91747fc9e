// @vitest-environment happy-dom
import { mount } from "@vue/test-utils";
import { expect, test } from "vitest";
import WiringPicture from "../../src-renderer/ui/WiringPicture.vue";

const words = {
  ...{ adapter: "Adapter", unit: "SR01", phone: "Phone", lock: "Lock", ground: "Ground", supply: "12 V" },
  ...{ phoneOff: "off", termination: "120 ohm" },
};

test("the picture names its parts, marks what it is told to, and shows the phone off the line", async () => {
  const picture = mount(WiringPicture, { props: { label: "Wiring", words, mark: ["data", "unit"] } });
  expect(picture.get("title").text()).toBe("Wiring");
  expect(picture.attributes("aria-labelledby")).toBe(picture.get("title").attributes("id"));
  for (const word of ["Adapter", "SR01", "Phone", "Lock", "12 V"]) expect(picture.text()).toContain(word);
  expect(picture.findAll(".part.marked")).toHaveLength(1);
  expect(picture.findAll("g.wire.marked")).toHaveLength(2);
  expect(picture.text()).not.toContain("off");
  await picture.setProps({ phoneOff: true });
  expect(picture.text()).toContain("off");
  expect(picture.findAll("g.wire.marked")).toHaveLength(1);
});

import { describe, expect, it } from "vitest";
import { Clock, formatTime, parseTime } from "./clock.js";

describe("the service's clock", () => {
  it("should run with the wall, from wherever it was set", () => {
    let wall = 1_000;
    const clock = new Clock(() => wall);
    expect(clock.now()).toBe(1_000);
    clock.set(50_000);
    wall += 5;
    expect(clock.now()).toBe(50_005);
    clock.advance(-5);
    expect(clock.now()).toBe(50_000);
    expect(clock.wall()).toBe(1_005);
  });

  it("should stand still, be moved while it does, and run on from there", () => {
    let wall = 1_000;
    const clock = new Clock(() => wall);
    clock.freeze();
    wall += 500;
    expect(clock.now()).toBe(1_000);
    clock.advance(10);
    expect(clock.now()).toBe(1_010);
    clock.thaw();
    wall += 5;
    expect(clock.now()).toBe(1_015);
    clock.thaw();
    expect(clock.now()).toBe(1_015);
  });
});

describe("times on the wire", () => {
  it("should be written without fractions", () => {
    expect(formatTime(Date.parse("2024-07-19T12:00:00.999Z"))).toBe("2024-07-19T12:00:00Z");
  });

  it.each([
    ["2024-07-19T12:00:00Z", Date.parse("2024-07-19T12:00:00Z")],
    ["2024-02-29T23:59:59Z", Date.parse("2024-02-29T23:59:59Z")],
    ["2023-02-29T00:00:00Z", undefined],
    ["2024-07-19T24:00:00Z", undefined],
    ["2024-07-19T12:00Z", undefined],
    ["2024-07-19T12:00:00.000Z", undefined],
    ["2024-07-19T12:00:00+08:00", undefined],
    ["", undefined],
  ])("should be read strictly: %j is %s", (text, ms) => expect(parseTime(text)).toBe(ms));
});

import { describe, expect, test } from "vitest";
import { Clock, formatTime, parseTime } from "../../emulator/clock.js";

describe("the service's clock", () => {
  test("the clock runs with the wall clock, from the time that was set", () => {
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

  test("a frozen clock stands still, can be moved, and runs on after a thaw", () => {
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
  test("a time is written without a fraction of a second", () => {
    expect(formatTime(Date.parse("2024-07-19T12:00:00.999Z"))).toBe("2024-07-19T12:00:00Z");
  });

  test.each([
    ["2024-07-19T12:00:00Z", Date.parse("2024-07-19T12:00:00Z")],
    ["2024-02-29T23:59:59Z", Date.parse("2024-02-29T23:59:59Z")],
    ["2023-02-29T00:00:00Z", undefined],
    ["2024-07-19T24:00:00Z", undefined],
    ["2024-07-19T12:00Z", undefined],
    ["2024-07-19T12:00:00.000Z", undefined],
    ["2024-07-19T12:00:00+08:00", undefined],
    ["", undefined],
  ])("%j is read as %s", (text, ms) => expect(parseTime(text)).toBe(ms));
});

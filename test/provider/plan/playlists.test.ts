import { expect, test } from "vitest";
import { describeTornPlaylists } from "../../../provider/plan/playlists.js";

const url = (name: string) => `https://vod.example.com/${name}`;

test("a playlist that is sent while segments below it are left is named", () => {
  expect(describeTornPlaylists([url("v/main.m3u8?v=2"), url("a.js")], [url("v/hd/1.ts"), url("v/2.m4s")])).toBe(
    "1 playlist new at the edge (https://vod.example.com/v/main.m3u8?…) while 2 segments below it may be old: players may fail until they are sent",
  );
});

test("a playlist that is secret isn't named", () => {
  expect(describeTornPlaylists([url("v/main.m3u8")], [url("v/1.ts")], true)).not.toContain("example");
});

test.each([
  ["no playlist was sent", ["a.js", "index.html"], ["v/1.ts"]],
  ["the playlist is left too", ["v/main.m3u8"], ["v/main.m3u8", "v/1.ts"]],
  ["the segments are those of another directory", ["v/main.m3u8"], ["w/1.ts"]],
  ["what is left is no segment", ["v/main.m3u8"], ["v/a.css"]],
])("nothing is said if %s", (_, sent, left) => {
  expect(describeTornPlaylists(sent.map(url), left.map(url))).toBe("");
});

/** What readers with a screen reader or a keyboard trip over in VitePress' own components, mended while they are compiled. */
import { basename } from "node:path";
import type { Plugin } from "vitepress";

type Change = readonly [from: RegExp | string, to: string];

const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  // A button that holds the whole search becomes a dialog, and options that hold links become a list of links.
  "VPLocalSearchBox.vue": [
    [
      /role="button"\s+:aria-owns="[^"]*"\s+aria-expanded="true"\s+aria-haspopup="listbox"/,
      'role="dialog" aria-modal="true"',
    ],
    [/:aria-activedescendant="[^"]*"\s+aria-autocomplete="both"/, ""],
    [/:role="results[^"]*"\s+:aria-labelledby="[^"]*"/, ""],
    [/:aria-selected="[^"]*"\s+role="option"/, ""],
    [/<kbd :aria-label/g, '<kbd role="img" :aria-label'],
    [`:aria-label="[...p.titles, p.title].join(' > ')"`, ""],
  ],
  // What stands on the button is its name, "Search": the key is drawn by style.css.
  "VPNavBarSearchButton.vue": [[">K</kbd>", "></kbd>"]],
  // The arrow of a group is a button within a button that does the same.
  "VPSidebarItem.vue": [
    [/role="button"\s+aria-label="toggle section"/, 'aria-hidden="true"'],
    [/@keydown\.enter="onCaretClick"\s+tabindex="0"/, ""],
    [':role="itemRole"', ':role="itemRole" :aria-expanded="itemRole && !collapsed"'],
  ],
};

export const accessible: Plugin = {
  name: "accessible",
  enforce: "pre",
  transform(code, id) {
    const changes = CHANGES[basename(id)] ?? [];
    return changes.reduce((text, [from, to]) => {
      const changed = text.replace(from, to);
      if (changed === text)
        throw new Error(`${basename(id)} has no ${from} any more: site/.vitepress/accessible.mts must be mended.`);
      return changed;
    }, code);
  },
};

/** Why the plugin can't run on a version of Node.js, if it can't. */
export function describeOldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return undefined;
  return `The plugin alicloud-vod needs Node.js 20.19 or newer, and this is ${version}. Install a newer one.`;
}

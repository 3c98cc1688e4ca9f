/** The refusal of an import or a look-up, which a program's classes and the plugin tell alike. */

/** @param kind of the resource, and `name` what the program calls it. */
export function describeNoImport(kind: "VodCacheRefresh" | "VodCachePreload", name: string) {
  const operation = kind === "VodCacheRefresh" ? "refresh" : "preload";
  return {
    happened: `${kind} "${name}" can't be imported or looked up: a ${operation} is an action, not an object of the service.`,
    remedy: `Declare it without \`import\` and \`id\`; to send nothing, set \`${operation}OnCreate: false\`.`,
  };
}

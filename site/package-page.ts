/** The page of the plugin's package, made of the schema that Pulumi's code generators read. */

/** What the schema says of a value. */
export interface Property {
  type?: string;
  $ref?: string;
  description?: string;
  default?: unknown;
  secret?: boolean;
  items?: Property;
  additionalProperties?: Property;
  oneOf?: Property[];
}

interface Shape {
  properties?: Record<string, Property>;
  required?: string[];
  enum?: { value: string }[];
}

/** Pulumi's package schema, as far as the page shows it. */
export interface PackageSchema {
  config: { variables: Record<string, Property> };
  types: Record<string, Shape>;
  resources: Record<
    string,
    Shape & { description: string; inputProperties: Record<string, Property>; requiredInputs: string[] }
  >;
  functions: Record<string, { description: string; inputs: Shape; outputs: Shape }>;
}

const INTRO = `What [the plugin](../languages.md) has for every language of Pulumi, with the names of its schema. Each language writes them in its own
way: \`refreshOnCreate\` is \`refresh_on_create\` in Python and \`RefreshOnCreate\` in Go. A test writes this page from the schema itself.`;

export function writePackagePage({ config, types, resources, functions }: PackageSchema): string {
  return [
    "# Resources, functions and settings",
    INTRO,
    "## Resources",
    "Every input is an output too, in the form in which it is used.",
    ...Object.entries(resources).flatMap(([token, resource]) => {
      const { description, inputProperties, requiredInputs, properties = {}, required = [] } = resource;
      const outputs = Object.entries(properties).filter(([name]) => !(name in inputProperties));
      return [
        `### ${nameOf(token)}`,
        description,
        `Its token is \`${token}\`.`,
        `#### Inputs of ${nameOf(token)}`,
        list(inputProperties, (name) => (requiredInputs.includes(name) ? ["required"] : [])),
        `#### Outputs of ${nameOf(token)}`,
        list(Object.fromEntries(outputs), (name) => (required.includes(name) ? [] : ["may be missing"])),
      ];
    }),
    "## Functions",
    ...Object.entries(functions).flatMap(([token, { description, inputs, outputs }]) => [
      `### ${nameOf(token)}`,
      description,
      `Its token is \`${token}\`. It takes:`,
      listShape(inputs, "required"),
      "It answers with:",
      list(outputs.properties ?? {}, (name) => (outputs.required?.includes(name) ? [] : ["may be missing"])),
    ]),
    "## Types",
    ...Object.entries(types).flatMap(([token, type]) => [
      `### ${nameOf(token)}`,
      type.enum
        ? `One of ${type.enum.map(({ value }) => `\`${value}\``).join(", ")}.`
        : listShape(type, "always there"),
    ]),
    "## Settings",
    "Of a stack, as `pulumi config set alicloud-vod:region cn-shanghai`, or of an explicit provider. Secrets are set with `--secret`.",
    list(config.variables),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

const nameOf = (token: string) => token.slice(token.lastIndexOf(":") + 1);

const listShape = ({ properties = {}, required = [] }: Shape, word: string) =>
  list(properties, (name) => (required.includes(name) ? [word] : []));

/** @param remark says more of a property, by its name. */
function list(properties: Record<string, Property>, remark: (name: string) => string[] = () => []): string {
  return Object.entries(properties)
    .map(([name, property]) => {
      const { description = "", default: value, secret } = property;
      const remarks = [
        typeOf(property),
        ...remark(name),
        ...(secret ? ["secret"] : []),
        ...(value === undefined ? [] : [`default \`${JSON.stringify(value)}\``]),
      ];
      return `- \`${name}\` (${remarks.join(", ")}): ${description}`;
    })
    .join("\n");
}

function typeOf({ type = "", $ref, items, additionalProperties, oneOf }: Property): string {
  if (oneOf) return oneOf.map(typeOf).join(" or ");
  // Pulumi's own, such as `pulumi.json#/Any`.
  if ($ref?.startsWith("pulumi.json#/")) return $ref.slice("pulumi.json#/".length).toLowerCase();
  if ($ref) return `[${nameOf($ref)}](#${nameOf($ref).toLowerCase()})`;
  if (items) return `list of ${typeOf(items)}`;
  if (additionalProperties) return `map of ${typeOf(additionalProperties)}`;
  return type;
}

import alias from "@pulumi/pulumi/proto/alias_pb.js";
import callback from "@pulumi/pulumi/proto/callback_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { describe, expect, it } from "vitest";
import { refuseUnsupported } from "./refusals.js";

type Request = InstanceType<typeof messages.RegisterResourceRequest>;

const request = (change: (request: Request) => unknown): Request => {
  const made = new messages.RegisterResourceRequest();
  made.setType("pulumi-nodejs:dynamic/demo:Thing").setName("t").setCustom(true);
  change(made);
  return made;
};

describe("a registration", () => {
  it("is accepted with everything that the stand-in supports", () => {
    const timeouts = new messages.RegisterResourceRequest.CustomTimeouts().setCreate("5m");
    const made = request((one) => {
      one.setProtect(true).setRetainondelete(true).setDeletedwith("urn").setIgnorechangesList(["a"]);
      one.setAdditionalsecretoutputsList(["b"]).setDependenciesList(["urn"]).setParent("urn").setVersion("1.0.0");
      one.setCustomtimeouts(timeouts);
      one.setDeletebeforereplacedefined(true).setDeletebeforereplace(true);
    });
    expect(() => refuseUnsupported(made)).not.toThrow();
    expect(() => refuseUnsupported(request((one) => one.setType("my:own:Component").setCustom(false)))).not.toThrow();
    expect(() =>
      refuseUnsupported(request((one) => one.setType("pulumi:pulumi:Stack").setCustom(false))),
    ).not.toThrow();
    const byType = new alias.Alias().setSpec(new alias.Alias.Spec().setType("old:index:Type"));
    const ofPlugin = request((one) => one.setType("demo:index:Thing").setProvider("urn::id").setAliasesList([byType]));
    expect(() => refuseUnsupported(ofPlugin)).not.toThrow();
    expect(() => refuseUnsupported(request((one) => one.setType("pulumi:providers:demo")))).not.toThrow();
  });

  const hooks = (): InstanceType<typeof messages.RegisterResourceRequest.ResourceHooksBinding> => {
    const binding = new messages.RegisterResourceRequest.ResourceHooksBinding();
    binding.setAfterCreateList(["hook"]);
    return binding;
  };
  const cases: [string, (one: Request) => unknown][] = [
    [
      "the aliases in other stacks or projects",
      (one) => one.setAliasesList([new alias.Alias().setSpec(new alias.Alias.Spec().setStack("old"))]),
    ],
    ["the resolved aliases", (one) => one.setAliasurnsList(["urn"])],
    ["the import", (one) => one.setImportid("id")],
    ["explicit providers of dynamic resources, such as that", (one) => one.setType("pulumi:providers:pulumi-nodejs")],
    ["remote components, such as that", (one) => one.setType("x:y:Z").setCustom(false).setRemote(true)],
    ["built-in resources, such as that", (one) => one.setType("pulumi:index:Stash").setCustom(false)],
    ["the transforms", (one) => one.setTransformsList([new callback.Callback()])],
    ["the hooks", (one) => one.setHooks(hooks())],
    ["replaceWith", (one) => one.setReplaceWithList(["urn"])],
    ["the replacement trigger", (one) => one.setReplacementTrigger(struct.Value.fromJavaScript("x"))],
    ["hideDiffs", (one) => one.setHidediffsList(["a"])],
    ["the plugin download URL", (one) => one.setPlugindownloadurl("somewhere")],
    ["the parameterized package", (one) => one.setPackageref("ref")],
  ];
  it.each(cases)("is refused with one sentence for %s", (what, change) => {
    const made = request(change);
    const subject = `of the resource "t" (${made.getType()})`;
    expect(() => refuseUnsupported(made)).toThrow(
      `The stand-in engine of this repository does not support ${what} ${subject}: run this with the Pulumi CLI.`,
    );
  });
});

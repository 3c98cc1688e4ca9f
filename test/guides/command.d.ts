/** Of `@pulumi/command`, what the guides use. */
import * as pulumi from "@pulumi/pulumi";

export namespace local {
  export interface CommandArgs {
    create?: pulumi.Input<string>;
    triggers?: pulumi.Input<pulumi.Input<string>[]>;
  }
  export class Command extends pulumi.CustomResource {
    constructor(name: string, args?: CommandArgs, opts?: pulumi.CustomResourceOptions);
  }
}

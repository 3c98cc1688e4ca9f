/** Of `@pulumi/alicloud` 3.108, what the guides and the examples use, with its own names and types. */
import * as pulumi from "@pulumi/pulumi";

export namespace oss {
  export interface BucketArgs {
    bucket?: pulumi.Input<string | undefined>;
  }
  export class Bucket extends pulumi.CustomResource {
    readonly bucket: pulumi.Output<string>;
    readonly extranetEndpoint: pulumi.Output<string>;
    constructor(name: string, args?: BucketArgs, opts?: pulumi.CustomResourceOptions);
  }
  export interface BucketObjectArgs {
    bucket: pulumi.Input<string>;
    key: pulumi.Input<string>;
    cacheControl?: pulumi.Input<string | undefined>;
    content?: pulumi.Input<string | undefined>;
    contentMd5?: pulumi.Input<string | undefined>;
    contentType?: pulumi.Input<string | undefined>;
    source?: pulumi.Input<string | undefined>;
  }
  export class BucketObject extends pulumi.CustomResource {
    readonly etag: pulumi.Output<string>;
    readonly key: pulumi.Output<string>;
    constructor(name: string, args: BucketObjectArgs, opts?: pulumi.CustomResourceOptions);
  }
}

export namespace vod {
  export interface DomainArgs {
    domainName: pulumi.Input<string>;
    scope?: pulumi.Input<string | undefined>;
    sources: pulumi.Input<
      pulumi.Input<{
        sourceContent: pulumi.Input<string>;
        sourcePort: pulumi.Input<string>;
        sourceType: pulumi.Input<string>;
      }>[]
    >;
  }
  export class Domain extends pulumi.CustomResource {
    readonly cname: pulumi.Output<string>;
    readonly domainName: pulumi.Output<string>;
    constructor(name: string, args: DomainArgs, opts?: pulumi.CustomResourceOptions);
  }
}

/** The status of a call that failed, as the engine reads it. */
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb.js";
import { Status } from "@pulumi/pulumi/proto/status_pb.js";
import { Any } from "google-protobuf/google/protobuf/any_pb.js";
import { ResourceInitFailedError } from "../resource/outputs.js";
import { asVodError, VodError } from "../vod/errors.js";
import { renameSettings } from "./configuration.js";
import { toStruct } from "./values.js";

/**
 * How many bytes of a resource a failure can carry. They travel as a header, in base64, and the engine closes the connection where
 * headers have more than 16 MiB. Source: gRPC for Go, `defaultClientMaxHeaderListSize`.
 */
const MAX_BYTES = 12_000_000;

/** Turns whatever was thrown into sentences, never a stack trace, and into the resource that the engine keeps all the same. */
export function toStatus(error: unknown): Partial<StatusObject> {
  if (!(error instanceof ResourceInitFailedError)) return withoutResource(asVodError(error));
  const message = renameSettings(error.message);
  const resource = new ErrorResourceInitFailed()
    .setId(error.id)
    .setProperties(toStruct(error.properties))
    .setReasonsList(error.reasons.map(renameSettings))
    .serializeBinary();
  if (resource.length > MAX_BYTES) return withoutResource(tooLarge(error));
  const detail = new Any();
  detail.pack(resource, "pulumirpc.ErrorResourceInitFailed");
  const whole = new Status().setCode(status.UNKNOWN).setMessage(message);
  whole.addDetails(detail);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  return { code: status.UNKNOWN, details: message, metadata };
}

function withoutResource(error: VodError): Partial<StatusObject> {
  return { code: status.UNKNOWN, details: renameSettings(error.full) };
}

function tooLarge({ message }: ResourceInitFailedError): VodError {
  return new VodError(
    "The update failed, and its state is too large for Pulumi to keep after a failure.",
    "Run `pulumi up` again, which sends everything that this update had to send; split the resource into smaller ones.",
    { code: "StateTooLarge", details: [message] },
  );
}

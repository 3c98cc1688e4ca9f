/** The reserve: what updates leave of the day's quotas, so that an emergency can still purge. */
import type { ConfigReader } from "../credentials/settings.js";
import { getOperation, type QuotaName } from "../schema/call-types.js";
import type { Inputs } from "../schema/inputs.js";
import type { RefreshQuota } from "../vod/quota.js";
import { mapQuotas } from "./batches.js";

/** How much of a quota is reserved. */
interface Reserved {
  count: number;
  /** Where that stands: `reserve.urls`, or a key of the stack's configuration. */
  setting: string;
}

/** What is reserved of which quotas; those without a reserve are left out. */
export type Reserve = Readonly<Partial<Record<QuotaName, Reserved>>>;

export const NO_RESERVE: Reserve = {};

type ReservableQuota = Extract<QuotaName, "urls" | "directories" | "preload">;

/** Where each reserve stands: the field of the input, and the key of the configuration. A quota of one type alone has none. */
const PLACES: Readonly<Record<ReservableQuota, { field: keyof NonNullable<Inputs["reserve"]>; key: string }>> = {
  urls: { field: "urls", key: "alicloud-vod:reserveUrls" },
  directories: { field: "directories", key: "alicloud-vod:reserveDirectories" },
  preload: { field: "preloads", key: "alicloud-vod:reservePreloads" },
};

/** Whether a value of the configuration says how much is reserved. */
export function isReserve(value: string): boolean {
  return /^\d{1,9}$/.test(value.trim());
}

/** The settings of the reserves that a resource keeps to, in their order: that of the input wins over the configuration's. */
export function readReserves(
  { objectType, reserve = {} }: Pick<Partial<Inputs>, "objectType" | "reserve">,
  config: ConfigReader,
): { quota: ReservableQuota; setting: string; value: string }[] {
  const isRefresh = objectType === undefined || getOperation(objectType) === "refresh";
  const quotas: readonly ReservableQuota[] = isRefresh ? ["urls", "directories"] : ["preload"];
  return quotas.flatMap((quota) => {
    const { field, key } = PLACES[quota];
    const configured = config(key);
    if (reserve[field] !== undefined) return [{ quota, setting: `reserve.${field}`, value: String(reserve[field]) }];
    return configured === undefined ? [] : [{ quota, setting: key, value: configured }];
  });
}

/** What a resource leaves of the day. The check refuses settings that can't be read. */
export function findReserve(inputs: Pick<Inputs, "objectType" | "reserve">, config: ConfigReader): Reserve {
  const reserves = readReserves(inputs, config).filter(({ value }) => isReserve(value) && Number(value) > 0);
  return Object.fromEntries(reserves.map(({ quota, setting, value }) => [quota, { count: Number(value), setting }]));
}

/** What may be sent of what is left. */
export function withoutReserve(quota: RefreshQuota, reserve: Reserve): RefreshQuota {
  return mapQuotas(quota, (name, { remain }) => Math.max(0, remain - (reserve[name]?.count ?? 0)));
}

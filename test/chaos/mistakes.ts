/** Mistakes that a provider could have, put around a sound one: a chaos test that doesn't find them tests nothing. */
import type { Provider } from "./engine.js";
import type { Properties } from "./program.js";

export const MISTAKES: Readonly<Record<string, (provider: Provider) => Provider>> = {
  "a failure forgets a pending path": (provider) => {
    const forget = (thrown: unknown): never => {
      const { properties } = thrown as { properties?: Properties };
      if (Array.isArray(properties?.pending) && properties.pending.length > 1)
        properties.pending = properties.pending.slice(1);
      throw thrown;
    };
    return {
      ...provider,
      create: (news) => provider.create(news).catch(forget),
      update: (id, olds, news) => provider.update(id, olds, news).catch(forget),
    };
  },
  "a URL that vanished is forgotten": (provider) => {
    const withoutVanished = (olds: Properties, news: Properties): Properties => {
      if (olds.contents === undefined || news.contents === undefined) return olds;
      const present = Object.keys(news.contents as object);
      const kept = Object.entries(olds.contents as object).filter(([url]) => present.includes(url));
      return { ...olds, contents: Object.fromEntries(kept) };
    };
    return {
      ...provider,
      update: (id, olds, news) => provider.update(id, withoutVanished(olds, news), news),
    };
  },
  "everything is sent whatever changed": (provider) => ({
    ...provider,
    update: (id, olds, news) => provider.update(id, { ...olds, objectType: "Directory" }, news),
  }),
  "an error tells the key": (provider) => ({
    ...provider,
    update: (id, olds, news) =>
      provider.update(id, olds, news).catch((thrown: Error & { reasons?: string[] }) => {
        thrown.reasons = [`${thrown.message} https://vod.example.com/?Signature=abc`];
        throw thrown;
      }),
  }),
};

/** Mistakes that a provider could have, put around a sound one: a chaos test that doesn't find them tests nothing. */
import type { Provider } from "./engine.js";
import type { Properties } from "./program.js";

type Around = (provider: Provider) => Provider;

/** Changes what a provider leaves in the state, whether its update succeeds or fails. */
function leaving(change: (outputs: Properties, olds: Properties) => Properties, onlyFailures = false): Around {
  return (provider) => {
    const changed = (outs: Properties, olds: Properties) => (onlyFailures ? outs : change(outs, olds));
    const failing = (olds: Properties) => (thrown: { properties?: Properties }) => {
      if (thrown.properties) thrown.properties = change(thrown.properties, olds);
      throw thrown;
    };
    return {
      ...provider,
      create: async (news) => {
        const { id, outs } = await provider.create(news).catch(failing({}));
        return { id, outs: changed(outs, {}) };
      },
      update: async (id, olds, news) => {
        const { outs } = await provider.update(id, olds, news).catch(failing(olds));
        return { outs: changed(outs, olds) };
      },
    };
  };
}

/** Lets a provider work with other inputs than it is given; the state has the given ones. */
function given(change: (news: Properties) => Properties): Around {
  return (provider) => {
    const restored = (outs: Properties, news: Properties) => {
      const { retry: _, refresh: __, ...rest } = outs;
      const { retry, refresh } = news;
      return { ...rest, ...(retry === undefined ? {} : { retry }), ...(refresh === undefined ? {} : { refresh }) };
    };
    const failing = (news: Properties) => (thrown: { properties?: Properties }) => {
      if (thrown.properties) thrown.properties = restored(thrown.properties, news);
      throw thrown;
    };
    return {
      ...provider,
      create: async (news) => {
        const { id, outs } = await provider.create(change(news)).catch(failing(news));
        return { id, outs: restored(outs, news) };
      },
      update: async (id, olds, news) => {
        const { outs } = await provider.update(id, olds, change(news)).catch(failing(news));
        return { outs: restored(outs, news) };
      },
    };
  };
}

const listOf = (value: unknown) => (Array.isArray(value) ? (value as string[]) : []);

function without(name: string): (properties: Properties) => Properties {
  return ({ [name]: _, ...rest }) => rest;
}

export const MISTAKES: Readonly<Record<string, Around>> = {
  "a failure forgets a pending path": leaving((outs) => {
    const pending = listOf(outs.pending);
    return pending.length > 1 ? { ...outs, pending: pending.slice(1) } : outs;
  }, true),
  "a failure calls pending what is done": leaving((outs) => {
    const sent = listOf(outs.refreshed ?? outs.preloaded);
    return { ...outs, pending: [...new Set([...listOf(outs.pending), ...sent])], status: "Incomplete" };
  }, true),
  "a URL that vanished is forgotten": (provider) => ({
    ...provider,
    update: (id, olds, news) => {
      if (olds.contents === undefined || news.contents === undefined) return provider.update(id, olds, news);
      const present = Object.keys(news.contents as object);
      const kept = Object.entries(olds.contents as object).filter(([url]) => present.includes(url));
      return provider.update(id, { ...olds, contents: Object.fromEntries(kept) }, news);
    },
  }),
  "everything is sent whatever changed": (provider) => ({
    ...provider,
    update: (id, olds, news) => provider.update(id, { ...olds, objectType: "Directory", area: "other" }, news),
  }),
  "an error tells the key": (provider) => ({
    ...provider,
    update: (id, olds, news) =>
      provider.update(id, olds, news).catch((thrown: Error & { reasons?: string[] }) => {
        thrown.reasons = [`${thrown.message} https://vod.example.com/?Signature=abc`];
        throw thrown;
      }),
  }),
  "what was accepted is called complete": leaving((outs) =>
    outs.status === "Submitted" ? { ...outs, status: "Complete" } : outs,
  ),
  "the task IDs aren't kept": leaving((outs) => ({ ...outs, taskIds: [] })),
  "an update that carries on with the last one forgets its tasks": leaving((outs, olds) => {
    const [before, all] = [new Set(listOf(olds.taskIds)), listOf(outs.taskIds)];
    const own = all.filter((id) => !before.has(id));
    return own.length > 0 ? { ...outs, taskIds: own } : outs;
  }),
  "nobody is told what hasn't been seen to its end": leaving(without("unconfirmed")),
  "a refresh of the state forgets what hasn't been seen to its end": (provider) => ({
    ...provider,
    read: async (id, properties) => ({
      id,
      props: without("unconfirmed")((await provider.read(id, properties)).props),
    }),
  }),
  "nothing is ever tried again": given((news) => ({ ...news, retry: { maxAttempts: 1 } })),
  "a preload doesn't wait for its refresh": given(without("refresh")),
};

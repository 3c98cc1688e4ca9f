/**
 * Mistakes that a provider could have, wrapped around a correct one. A chaos test that doesn't find them tests nothing.
 */
import type { Provider } from "./engine.js";
import type { Properties } from "./program.js";

type Around = (provider: Provider) => Provider;

/** Changes the outputs that a provider returns, whether it succeeds or fails. */
function changeOutputs(change: (outputs: Properties, olds: Properties) => Properties, onlyFailures = false): Around {
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

/** Changes the inputs that a provider works with; the state has those of the program. */
function changeInputs(change: (news: Properties) => Properties): Around {
  return (provider) => {
    const restored = (outs: Properties, news: Properties) => {
      const { retry: _, refresh: __, force: ___, verify: ____, ...rest } = outs;
      const { retry, refresh, force, verify } = news;
      const given = Object.entries({ retry, refresh, force, verify }).filter(([, value]) => value !== undefined);
      return { ...rest, ...Object.fromEntries(given) };
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

const asList = (value: unknown) => (Array.isArray(value) ? (value as string[]) : []);

/** Changes what an update believes the source of the last deployment covered. */
function changeOldSource(change: (old: Properties, current: Properties) => Properties): Around {
  return (provider) => ({
    ...provider,
    update: (id, olds, news) => {
      if (olds.source === undefined || news.source === undefined) return provider.update(id, olds, news);
      const source = change(olds.source as Properties, news.source as Properties);
      return provider.update(id, { ...olds, source }, news);
    },
  });
}

function omit(name: string): (properties: Properties) => Properties {
  return ({ [name]: _, ...rest }) => rest;
}

export const MISTAKES: Readonly<Record<string, Around>> = {
  "a failed update forgets a pending path": changeOutputs((outs) => {
    const pending = asList(outs.pending);
    return pending.length > 1 ? { ...outs, pending: pending.slice(1) } : outs;
  }, true),
  "a failed update reports finished paths as pending": changeOutputs((outs) => {
    const sent = asList(outs.refreshed ?? outs.preloaded);
    return { ...outs, pending: [...new Set([...asList(outs.pending), ...sent])], status: "Incomplete" };
  }, true),
  "a removed URL is forgotten": (provider) => ({
    ...provider,
    update: (id, olds, news) => {
      if (olds.contents === undefined || news.contents === undefined) return provider.update(id, olds, news);
      const present = Object.keys(news.contents as object);
      const kept = Object.entries(olds.contents as object).filter(([url]) => present.includes(url));
      return provider.update(id, { ...olds, contents: Object.fromEntries(kept) }, news);
    },
  }),
  "what a source comes to cover is taken for new": changeOldSource((_, current) => current),
  "a new file is taken for newly covered": changeOldSource((old) => ({ ...old, exclude: ["**"] })),
  "every path is sent, changed or not": (provider) => ({
    ...provider,
    update: (id, olds, news) => provider.update(id, { ...olds, objectType: "Directory", area: "other" }, news),
  }),
  "an error shows a signature": (provider) => ({
    ...provider,
    update: (id, olds, news) =>
      provider.update(id, olds, news).catch((thrown: Error & { reasons?: string[] }) => {
        thrown.reasons = [`${thrown.message} https://vod.example.com/?Signature=abc`];
        throw thrown;
      }),
  }),
  "an accepted call is reported as complete": changeOutputs((outs) =>
    outs.status === "Submitted" ? { ...outs, status: "Complete" } : outs,
  ),
  "the task IDs are not stored": changeOutputs((outs) => ({ ...outs, taskIds: [] })),
  "an update that continues the last one forgets its tasks": changeOutputs((outs, olds) => {
    const [before, all] = [new Set(asList(olds.taskIds)), asList(outs.taskIds)];
    const own = all.filter((id) => !before.has(id));
    return own.length > 0 ? { ...outs, taskIds: own } : outs;
  }),
  "paths whose tasks are still running are not recorded": changeOutputs(omit("unconfirmed")),
  "a refresh of the state forgets paths whose tasks are still running": (provider) => ({
    ...provider,
    read: async (id, properties) => ({
      id,
      props: omit("unconfirmed")((await provider.read(id, properties)).props),
    }),
  }),
  "no call is retried": changeInputs((news) => ({ ...news, retry: { maxAttempts: 1 } })),
  "a preload doesn't wait for its refresh": changeInputs(omit("refresh")),
  "an update takes the tasks' word for what it has to verify": changeInputs(omit("verify")),
  "triggers are left aside": changeInputs(omit("triggers")),
  "a refresh doesn't force what the origin can't date": changeInputs((news) =>
    news.force === undefined ? news : { ...news, force: false },
  ),
};

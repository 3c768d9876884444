import { useCallback, useSyncExternalStore } from 'react';

/**
 * Numbers that change once a second, kept outside React and outside the graph's node objects. A reader subscribes to one id
 * and is told only when that id's value changed by `isSame`; a frame therefore re-renders the cards that changed and no other.
 */
export type LiveValues<Value> = {
  readonly get: (id: string) => Value | undefined;
  readonly subscribe: (id: string, listener: () => void) => () => void;
};

/** The side that writes. */
export type WritableLiveValues<Value> = LiveValues<Value> & {
  /** Replaces everything; ids that are missing are forgotten. */
  readonly replace: (values: Iterable<readonly [string, Value]>) => void;
};

export const createLiveValues = <Value>(
  isSame: (before: Value, after: Value) => boolean,
): WritableLiveValues<Value> => {
  let values = new Map<string, Value>();
  const listeners = new Map<string, Set<() => void>>();

  const subscribe = (id: string, listener: () => void) => {
    const set = listeners.get(id) ?? new Set();
    set.add(listener);
    listeners.set(id, set);
    return () => {
      set.delete(listener);
      if (set.size === 0) listeners.delete(id);
    };
  };

  const replace = (next: Iterable<readonly [string, Value]>) => {
    const before = values;
    const changed: string[] = [];
    values = new Map();
    for (const [id, value] of next) {
      const known = before.get(id);
      const isKept = known !== undefined && isSame(known, value);
      values.set(id, isKept ? known : value);
      if (!isKept) changed.push(id);
    }
    for (const id of before.keys()) if (!values.has(id)) changed.push(id);
    for (const id of changed) for (const listener of listeners.get(id) ?? []) listener();
  };

  return { get: (id) => values.get(id), subscribe, replace };
};

/** The value of one id, re-rendering only when it changes. */
export const useLiveValue = <Value>(store: LiveValues<Value>, id: string): Value | undefined =>
  useLivePart(store, id, whole);

const whole = <Value>(value: Value): Value => value;

/** A part of the value of one id, re-rendering only when that part changes. `pick` answers with a primitive and is stable. */
export const useLivePart = <Value, Part>(
  store: LiveValues<Value>,
  id: string,
  pick: (value: Value) => Part,
): Part | undefined => {
  const subscribe = useCallback(
    (listener: () => void) => store.subscribe(id, listener),
    [store, id],
  );
  const read = useCallback(() => {
    const value = store.get(id);
    return value === undefined ? undefined : pick(value);
  }, [store, id, pick]);
  return useSyncExternalStore(subscribe, read, read);
};

import { randomUUID } from 'node:crypto';

/** What operations need to know of the process they run in and of the others. */
export type OperationNode = {
  /** Marks what this process runs; the incarnation is another one after each start. */
  owner(): { readonly nodeId: string; readonly incarnation: string };
  /** Subscriptions that other processes can deliver to and this one cannot. */
  servedElsewhere(): readonly string[];
  /** Tells the other processes that the state of an operation was changed. */
  tellOthers(): void;
  /** Calls back when another process has told so. */
  onChange(listener: () => void): void;
};

export function aloneNode(): OperationNode {
  const owner = { nodeId: randomUUID(), incarnation: randomUUID() };
  return {
    owner: () => owner,
    servedElsewhere: () => [],
    tellOthers: () => undefined,
    onChange: () => undefined,
  };
}

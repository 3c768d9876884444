/** What a handler answers; the router adds the request id and the headers every answer has. */
export type Reply = {
  readonly status: number;
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  readonly headers: Readonly<Record<string, string>>;
};

const JSON_HEADERS = { 'content-type': 'application/json' };

export function json(status: number, value: unknown): Reply {
  return { status, body: JSON.stringify(value), headers: JSON_HEADERS };
}

export const noContent: Reply = { status: 204, body: null, headers: {} };

/** A list that is never longer than one page. */
export function wholeList(items: readonly unknown[]): Reply {
  return json(200, { items, nextCursor: null });
}

import { type z } from 'zod';
import { type Problem, problemSchema } from '#contracts/problem.ts';

const API_ROOT = '/api/v1';

type QueryValue = string | number | boolean | readonly (string | number)[] | null | undefined;

/** Absent, null and empty values are left out; arrays repeat the parameter. */
export type QueryParams = Readonly<Record<string, QueryValue>>;

export type RequestOptions = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: QueryParams | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
};

/** What the API answered when it did not do what was asked. `problem` is null when nothing readable came back. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.problem = problem;
  }

  /** The engine's error code, or what went wrong before an answer came. */
  get code(): string {
    if (this.problem) return this.problem.code;
    return this.status === 0 ? 'unreachable' : `http-${this.status}`;
  }

  /** Something a person can copy into a report. */
  get reference(): string {
    return this.problem?.instance ?? this.code;
  }
}

/** Asks the API and answers with what the schema makes of the reply. Throws ApiError for everything else. */
export async function request<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  options: RequestOptions = {},
): Promise<z.output<Schema>> {
  const response = await send(path, options);
  const body: unknown = await readJson(response);
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    throw new ApiError(
      response.status,
      null,
      `The server answered ${path} in a form this page does not know: ${first?.path.join('.') ?? ''} ${first?.message ?? ''}`,
      { cause: parsed.error },
    );
  }
  return parsed.data;
}

/** Like request, for answers that are not JSON (exports). */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const response = await reach(path, options);
  if (response.ok) return response;
  const problem = problemSchema.safeParse(await readJson(response).catch(() => null));
  const message = problem.success
    ? problem.data.detail || problem.data.title
    : `The server answered ${response.status} ${response.statusText}`.trim();
  throw new ApiError(response.status, problem.success ? problem.data : null, message);
}

/** The address of a path with its parameters, for links and downloads. */
export function apiUrl(path: string, query: QueryParams = {}): string {
  const search = searchOf(query);
  return `${API_ROOT}${path}${search ? `?${search}` : ''}`;
}

async function reach(path: string, options: RequestOptions): Promise<Response> {
  const hasBody = options.body !== undefined;
  const init: RequestInit = {
    method: options.method ?? 'GET',
    headers: {
      accept: options.accept ?? 'application/json',
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
    },
    ...(hasBody ? { body: JSON.stringify(options.body) } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  };
  try {
    return await fetch(apiUrl(path, options.query), init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError(0, null, 'Weir cannot be reached. Is the server running?', { cause });
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError(response.status, null, 'The server answered something that is not JSON.', {
      cause,
    });
  }
}

function searchOf(query: QueryParams): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'object') {
      for (const item of value) params.append(name, String(item));
    } else {
      params.append(name, String(value));
    }
  }
  return params.toString();
}

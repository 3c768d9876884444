import { connect, createServer, type Server, type Socket } from 'node:net';
import { PostgresLink, type Toxic } from './postgres-link.ts';

export type HeldStatement = { readonly held: Promise<void>; release(): void };

/**
 * Stands between a server and its Postgres and spoils their connections when told to: slow, in slices, cut, silent, or
 * with the answer to a commit lost on the way.
 */
export class PostgresProxy {
  /** The address of the database, through the proxy. */
  readonly url: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #listener: Server;
  readonly #links = new Set<PostgresLink>();
  #toxic: Toxic = {};
  #isSilent = false;
  #losesRepliesTo: RegExp | undefined;
  #lostReplies = 0;
  #holding: { readonly statements: RegExp; readonly hold: () => Promise<void> } | undefined;
  readonly #backends = new Set<number>();

  static async start(databaseUrl: string): Promise<PostgresProxy> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return new PostgresProxy(databaseUrl, listener);
  }

  private constructor(databaseUrl: string, listener: Server) {
    const url = new URL(databaseUrl);
    this.#target = { host: url.hostname, port: Number(url.port) };
    const address = listener.address();
    if (typeof address !== 'object' || address === null) throw new Error('It does not listen.');
    url.port = String(address.port);
    this.url = url.href;
    this.#listener = listener;
    listener.on('connection', (client) => this.#link(client));
  }

  /** Answers that never came back though Postgres had done what was asked. */
  get lostReplies(): number {
    return this.#lostReplies;
  }

  /** While set, such statements are passed on, and their connection ends instead of telling that they were done. */
  set losesRepliesTo(statements: RegExp | undefined) {
    this.#losesRepliesTo = statements;
  }

  /** The processes of Postgres that its connections have or had. */
  get backends(): ReadonlySet<number> {
    return this.#backends;
  }

  /** The next such statement waits on its way until it is released; `held` resolves when it has come. */
  holdNext(statements: RegExp): HeldStatement {
    const held = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const hold = () => {
      this.#holding = undefined;
      held.resolve();
      return released.promise;
    };
    this.#holding = { statements, hold };
    return { held: held.promise, release: released.resolve };
  }

  /** For everything that passes from now on. */
  set toxic(toxic: Toxic) {
    this.#toxic = toxic;
  }

  cutAll(): void {
    for (const link of this.#links) link.cut();
  }

  /** Nothing passes, not even on new connections, and nobody is told; undone, everything arrives that was held up. */
  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
    for (const link of this.#links) link.isSilent = isSilent;
  }

  /** The connections there are fall silent for good, as when a router forgets them; new ones work. */
  forgetConnections(): void {
    for (const link of this.#links) link.forget();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #link(client: Socket): void {
    const link = new PostgresLink({
      client,
      server: connect(this.#target),
      toxic: () => this.#toxic,
      losesReplyTo: (statement) => this.#losesRepliesTo?.test(statement) ?? false,
      onReplyLost: () => {
        this.#lostReplies += 1;
      },
      heldUntil: (statement) =>
        this.#holding?.statements.test(statement) ? this.#holding.hold() : undefined,
      onBackend: (pid) => this.#backends.add(pid),
    });
    this.#links.add(link);
    link.isSilent = this.#isSilent;
    client.once('close', () => this.#links.delete(link));
  }
}

import { type Server as HttpServer, type IncomingMessage } from 'node:http';
import type pg from 'pg';
import { Server } from 'socket.io';
import {
  type ClientToServerEvents,
  type ServerToClientEvents,
  type StatsFrame,
} from '#contracts/live-feed.ts';
import { type Clock, type Random } from '#server/engine/clock.ts';
import { type Logger } from '#server/engine/logger.ts';
import { type Service } from '#server/engine/service.ts';
import {
  type LiveConnection,
  type LiveSocket,
  openConnection,
  STATS_ROOM,
} from './live-connection.ts';
import { liveFamilies, newLiveCounters } from './live-counters.ts';
import { type LiveEngine } from './live-engine.ts';
import { LiveFeed } from './live-feed.ts';
import { createOperationFeed } from './operation-feed.ts';
import { isAllowedHandshake } from './origin-rules.ts';

export const LIVE_NAMESPACE = '/live';
export const MAX_LIVE_CLIENTS = 500;
const MAX_MESSAGE_BYTES = 100_000;
const CONNECT_TIMEOUT_MS = 10_000;
const STATS_EVERY_MS = 1_000;
const STATS_WINDOW_SECONDS = 10;

export type SocketServerDependencies = {
  readonly httpServer: HttpServer;
  readonly engine: LiveEngine;
  /** The database by which several servers tell each other how their operations go on. */
  readonly pool: pg.Pool;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Names besides the loopback ones by which the server may be addressed. */
  readonly allowedHosts: readonly string[] | 'any';
};

type LiveServer = Server<ClientToServerEvents, ServerToClientEvents>;

/**
 * The live side: Socket.IO on the one HTTP server, namespace `/live`, read-only. Start it after the HTTP server has its
 * request listener. Stopping disconnects all clients and leaves the HTTP server to its owner.
 */
export function createSocketServer(deps: SocketServerDependencies): Service {
  const { engine, clock, logger } = deps;
  const counters = newLiveCounters();
  const feed = new LiveFeed({ log: engine.log, clock, logger });
  const connections = new Map<string, LiveConnection>();
  const stats = createStatsReader(engine);
  const operations = createOperationFeed({
    ...deps,
    send: (operation) => {
      for (const connection of connections.values()) connection.sendOperation(operation);
    },
  });
  let io: LiveServer | null = null;
  let stopping = new AbortController();
  let ticking: Promise<void> = Promise.resolve();
  engine.metrics.addSource(() => liveFamilies(counters));

  const onConnection = (socket: LiveSocket): void => {
    connections.set(socket.id, openConnection(socket, { ...deps, feed, counters, onWatchStats }));
    counters.clients = connections.size;
    socket.on('disconnect', (reason) => {
      connections.delete(socket.id);
      counters.clients = connections.size;
      if (reason === 'ping timeout') counters.lost += 1;
    });
  };
  const onWatchStats = (socket: LiveSocket): void => {
    stats().then(
      (frame) => socket.volatile.emit('stats', frame),
      () => undefined,
    );
  };

  const tick = async (server: LiveServer): Promise<void> => {
    operations.follow();
    for (const connection of connections.values()) connection.tick();
    await sendStats(server, stats);
  };
  const runTicks = async (server: LiveServer, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(STATS_EVERY_MS, signal);
      await tick(server).catch((error: unknown) =>
        logger.debug({ err: error }, 'no stats this second'),
      );
    }
  };

  return {
    name: 'live feed',
    start: async () => {
      if (io !== null) return;
      const server = openServer(deps, () => {
        counters.refused += 1;
      });
      io = server;
      stopping = new AbortController();
      feed.start();
      server.of(LIVE_NAMESPACE).on('connection', onConnection);
      operations.start();
      ticking = runTicks(server, stopping.signal);
    },
    stop: async () => {
      const server = io;
      io = null;
      stopping.abort();
      feed.stop();
      server?.of(LIVE_NAMESPACE).disconnectSockets(true);
      // Not io.close(): that would close the HTTP server too, which is not ours.
      server?.engine.close();
      await ticking;
      operations.stop();
    },
  };
}

function openServer(deps: SocketServerDependencies, onRefused: () => void): LiveServer {
  const server: LiveServer = new Server(deps.httpServer, {
    path: '/socket.io',
    transports: ['websocket', 'polling'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    connectTimeout: CONNECT_TIMEOUT_MS,
    allowRequest: (request, decide) => {
      const reason = refusalOf(request, deps, server.engine.clientsCount);
      if (reason !== null) onRefused();
      decide(reason, reason === null);
    },
  });
  server.engine.on('connection', (rawSocket: object) => {
    // The handshake request would be kept as long as its connection; nothing here reads it.
    Reflect.set(rawSocket, 'request', null);
  });
  server.use((_socket, next) => next(new Error(`Connect to the namespace ${LIVE_NAMESPACE}.`)));
  return server;
}

function refusalOf(
  request: IncomingMessage,
  deps: SocketServerDependencies,
  clients: number,
): string | null {
  const { host, origin } = request.headers;
  if (!isAllowedHandshake({ host, origin }, deps)) return 'This origin may not connect.';
  const isNew = !(request.url ?? '').includes('sid=');
  return isNew && clients >= MAX_LIVE_CLIENTS ? 'Too many live clients.' : null;
}

async function sendStats(server: LiveServer, stats: () => Promise<StatsFrame>): Promise<void> {
  const live = server.of(LIVE_NAMESPACE);
  if ((live.adapter.rooms.get(STATS_ROOM)?.size ?? 0) === 0) return;
  // Volatile: a client that does not take it now gets the next one instead.
  live.to(STATS_ROOM).volatile.emit('stats', await stats());
}

/** One reading of the topology at a time, shared by all who ask meanwhile. */
function createStatsReader(engine: LiveEngine): () => Promise<StatsFrame> {
  let reading: Promise<StatsFrame> | null = null;
  const read = async (): Promise<StatsFrame> => {
    const topology = await engine.topology.topology(STATS_WINDOW_SECONDS);
    return { topology, position: engine.log.tailPosition(), at: topology.at };
  };
  return () => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return reading;
  };
}

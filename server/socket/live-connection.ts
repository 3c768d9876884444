import { type Socket } from 'socket.io';
import {
  type ClientToServerEvents,
  liveWatchSchema,
  type ServerToClientEvents,
} from '#contracts/live-feed.ts';
import { type Operation } from '#contracts/operation.ts';
import { type Clock, type Random } from '#server/engine/clock.ts';
import { type Logger } from '#server/engine/logger.ts';
import { LiveClient } from './live-client.ts';
import { type LiveCounters } from './live-counters.ts';
import { type LiveEngine } from './live-engine.ts';
import { type LiveFeed } from './live-feed.ts';
import { frameJson } from './live-item.ts';
import { WaitingOperations } from './waiting-operations.ts';

export type LiveSocket = Socket<ClientToServerEvents, ServerToClientEvents>;

export const STATS_ROOM = 'stats';
export const OPERATIONS_ROOM = 'operations';

/** A client that sends more than this in a second is put out. */
const MAX_MESSAGES_PER_SECOND = 100;
/** Packets waiting for a client that does not read; one more and it is put out. */
const MAX_WAITING_PACKETS = 256;
/** The Socket.IO protocol's packet type EVENT. */
const EVENT_PACKET = 2;

export type LiveConnection = {
  /** Due by time alone: frames that move the position on. */
  tick(): void;
  /** The latest of each operation, as soon as the client takes it. */
  sendOperation(operation: Operation): void;
};

type ConnectionDependencies = {
  readonly feed: LiveFeed;
  readonly engine: LiveEngine;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: LiveCounters;
  /** A client began to watch `stats` and wants the picture now. */
  readonly onWatchStats: (socket: LiveSocket) => void;
};

/** Binds one socket to its LiveClient. What arrives is unknown until it is parsed; what leaves never queues without bound. */
export function openConnection(socket: LiveSocket, deps: ConnectionDependencies): LiveConnection {
  const { counters } = deps;
  const operations = new WaitingOperations();
  const waiting = countWaitingPackets(socket);
  const isDrained = () => waiting.packets === 0 && socket.conn.transport.writable;
  const client = new LiveClient({
    ...deps,
    transport: {
      isDrained,
      sendProblem: (problem) => socket.emit('problem', problem),
      sendFrame: (frame) => {
        counters.frames += 1;
        counters.events += frame.items.length;
        counters.dropped += frame.dropped ?? 0;
        // As emit() does with an EventsFrame, whose items are JSON already.
        socket.conn.write(`${EVENT_PACKET}${socket.nsp.name},["events",${frameJson(frame)}]`);
      },
    },
  });

  const sendOperations = (): void => {
    while (isDrained()) {
      const operation = operations.take();
      if (operation === null) return;
      socket.emit('operation', operation);
    }
  };
  const unlisten = onTransportReady(socket, () => {
    client.pump();
    sendOperations();
  });

  limitMessages(socket, deps.clock, waiting);
  socket.on('subscribe', (request: unknown, done: unknown) => {
    const answer = client.subscribe(request);
    if (answer !== null && typeof done === 'function') done(answer);
  });
  socket.on('unsubscribe', (request: unknown) => client.unsubscribe(request));
  socket.on('received', (request: unknown) => client.received(request));
  socket.on('watch', (request: unknown) => {
    const watch = liveWatchSchema.safeParse(request);
    if (!watch.success) {
      socket.emit('problem', {
        id: null,
        code: 'invalid-request',
        detail: 'watch takes { stats, operations }, both true or false',
      });
      return;
    }
    setRoom(socket, STATS_ROOM, watch.data.stats);
    setRoom(socket, OPERATIONS_ROOM, watch.data.operations);
    if (watch.data.stats) deps.onWatchStats(socket);
  });
  socket.on('disconnect', () => {
    unlisten();
    client.close();
  });

  return {
    tick: () => client.pump(),
    sendOperation: (operation) => {
      if (!socket.rooms.has(OPERATIONS_ROOM)) return;
      operations.put(operation);
      sendOperations();
    },
  };
}

function setRoom(socket: LiveSocket, room: string, isIn: boolean): void {
  // The in-memory adapter answers at once; there is nothing to wait for.
  if (isIn) void socket.join(room);
  else void socket.leave(room);
}

/** Calls the listener whenever the transport has handed on what it was given. A connection may change its transport once. */
function onTransportReady({ conn }: LiveSocket, listener: () => void): () => void {
  let { transport } = conn;
  const onUpgrade = () => {
    transport.off('ready', listener);
    transport = conn.transport;
    transport.on('ready', listener);
    listener();
  };
  transport.on('ready', listener);
  conn.on('upgrade', onUpgrade);
  return () => {
    transport.off('ready', listener);
    conn.off('upgrade', onUpgrade);
  };
}

type Waiting = { packets: number };

/** Packets handed over that the transport has not taken yet. What it has taken may still be in this process: see `writable`. */
function countWaitingPackets(socket: LiveSocket): Waiting {
  const waiting = { packets: 0 };
  const onCreate = () => {
    waiting.packets += 1;
  };
  const onDrain = () => {
    waiting.packets = 0;
  };
  socket.conn.on('packetCreate', onCreate);
  socket.conn.on('drain', onDrain);
  socket.on('disconnect', () => {
    socket.conn.off('packetCreate', onCreate);
    socket.conn.off('drain', onDrain);
  });
  return waiting;
}

function limitMessages(socket: LiveSocket, clock: Clock, waiting: Waiting): void {
  let second = 0;
  let count = 0;
  socket.use((_packet, next) => {
    const now = Math.floor(clock.monotonicMs() / 1_000);
    count = now === second ? count + 1 : 1;
    second = now;
    const isTooMuch = count > MAX_MESSAGES_PER_SECOND || waiting.packets > MAX_WAITING_PACKETS;
    if (isTooMuch) socket.disconnect(true);
    else next();
  });
}

import { io, type Socket } from 'socket.io-client';
import { type ClientToServerEvents, type ServerToClientEvents } from '#contracts/live-feed.ts';

export type LiveSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

const RECONNECT_MIN_MS = 500;
const RECONNECT_MAX_MS = 5_000;

let socket: LiveSocket | null = null;

/** The one connection of this tab to `/live`, made when first asked for. It only reads; commands go over HTTP. */
export function liveSocket(): LiveSocket {
  socket ??= io('/live', {
    path: '/socket.io',
    transports: ['websocket', 'polling'],
    reconnectionDelay: RECONNECT_MIN_MS,
    reconnectionDelayMax: RECONNECT_MAX_MS,
  });
  return socket;
}

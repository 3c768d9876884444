import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type StatsFrame } from '#contracts/live-feed.ts';
import { type Operation } from '#contracts/operation.ts';
import { type Page } from '#contracts/page.ts';
import { queryKeys } from '#lib/queries/query-keys.ts';
import { useConnectionStore } from './connection-store.ts';
import { LatencyWindow } from './latency-window.ts';
import { liveSocket } from './socket.ts';

/**
 * Mounted once, by the shell. Keeps the connection store, puts `stats` frames into the cache of topologyQuery and
 * `operation` frames into those of the operations, and refetches everything after a reconnect.
 */
export function useLiveStats(): void {
  const client = useQueryClient();
  useEffect(() => watch(client), [client]);
}

function watch(client: QueryClient): () => void {
  const socket = liveSocket();
  const latencies = new LatencyWindow();
  let wasConnected = false;

  const onConnect = () => {
    socket.emit('watch', { stats: true, operations: true });
    useConnectionStore.setState({ state: 'live' });
    if (wasConnected) void client.invalidateQueries();
    wasConnected = true;
  };
  const onConnectError = () =>
    useConnectionStore.setState({ state: wasConnected ? 'reconnecting' : 'connecting' });
  const onStats = (frame: StatsFrame) => {
    client.setQueryData(queryKeys.topology, frame.topology);
    const serverToScreenMs = latencies.add(Date.now() - Date.parse(frame.at));
    useConnectionStore.setState({ lastFrameAt: Date.now(), serverToScreenMs });
  };
  const onOperation = (operation: Operation) => applyOperation(client, operation);

  socket.on('connect', onConnect);
  socket.on('disconnect', onDisconnect);
  socket.on('connect_error', onConnectError);
  socket.on('stats', onStats);
  socket.on('operation', onOperation);
  if (socket.connected) onConnect();
  return () => {
    socket.off('connect', onConnect);
    socket.off('disconnect', onDisconnect);
    socket.off('connect_error', onConnectError);
    socket.off('stats', onStats);
    socket.off('operation', onOperation);
  };
}

function onDisconnect(reason: string): void {
  useConnectionStore.setState({ state: 'reconnecting' });
  // A server that stops sends its clients away, and Socket.IO takes that as final; it will be back.
  if (reason === 'io server disconnect') liveSocket().connect();
}

/** A finished operation has changed letters and offsets; a new one is missing from the lists. */
function applyOperation(client: QueryClient, operation: Operation): void {
  const before = client.getQueryData<Operation>(queryKeys.operations.one(operation.id));
  client.setQueryData(queryKeys.operations.one(operation.id), operation);
  client.setQueriesData<InfiniteData<Page<Operation>>>(
    { queryKey: queryKeys.operations.lists },
    (lists) => lists && { ...lists, pages: lists.pages.map((page) => replaceIn(page, operation)) },
  );
  if (before?.state === operation.state) return;
  void client.invalidateQueries({ queryKey: queryKeys.operations.lists });
  void client.invalidateQueries({ queryKey: queryKeys.deadLetters.all });
  void client.invalidateQueries({ queryKey: queryKeys.subscriptions.all });
}

function replaceIn(page: Page<Operation>, operation: Operation): Page<Operation> {
  const items = page.items.map((one) => (one.id === operation.id ? operation : one));
  return { ...page, items };
}

// Preloaded into a server (`node --import`): its wall clock is off by what it was told last. Monotonic time, timers and
// Postgres's clock stay right, as they do on a machine whose clock is set.
let shiftMs = 0;

const RightDate = Date;

globalThis.Date = new Proxy(RightDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + shiftMs] : args, newTarget),
  apply: (target) => new target(target.now() + shiftMs).toString(),
  get: (target, property, receiver) =>
    property === 'now' ? () => target.now() + shiftMs : Reflect.get(target, property, receiver),
});

process.on('message', (message) => {
  if (typeof message === 'number') shiftMs = message;
});
// Waiting for the next shift keeps no server alive.
process.channel?.unref();

const CHECK_EVERY_MS = 500;

/**
 * npm passes SIGTERM to the shell it started us in, and the shell dies without telling. Whoever stops "npm start" means
 * the server, so that follows when its parent is gone.
 */
export function stopWithNpm(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, CHECK_EVERY_MS);
  timer.unref();
}

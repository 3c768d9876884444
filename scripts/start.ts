import { buildWhenChanged } from './build.ts';
import { runScript } from './entry.ts';
import { generate } from './generate.ts';
import { stopWithNpm } from './stop-with-npm.ts';

console.log('Weir');
await runScript(async () => {
  await generate();
  await buildWhenChanged();
});
stopWithNpm();
Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' });
await import('../server/main.ts');

import { buildWhenChanged } from './build.ts';
import { runScript } from './entry.ts';
import { stopWithNpm } from './stop-with-npm.ts';

console.log('Weir');
await runScript(buildWhenChanged);
stopWithNpm();
Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' });
await import('../server/main.ts');

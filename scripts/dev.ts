import { runScript } from './entry.ts';
import { generate } from './generate.ts';
import { stopWithNpm } from './stop-with-npm.ts';

await runScript(generate);
stopWithNpm();
Object.assign(process.env, { NODE_ENV: 'development', NEXT_TELEMETRY_DISABLED: '1' });
process.env['LOG_LEVEL'] ??= 'debug';
process.argv.push('--dev');
await import('../server/main.ts');

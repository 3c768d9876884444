import { runScript } from './entry.ts';
import { generate } from './generate.ts';

await runScript(generate);
Object.assign(process.env, { NODE_ENV: 'development', NEXT_TELEMETRY_DISABLED: '1' });
process.env['LOG_LEVEL'] ??= 'debug';
process.argv.push('--dev');
await import('../server/main.ts');

import { buildWhenChanged } from './build.ts';
import { generate } from './generate.ts';

console.log('Weir');
await generate();
await buildWhenChanged();
Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' });
await import('../server/main.ts');

import { runScript } from './entry.ts';
import { generate } from './generate.ts';

await runScript(generate);
await import('../bench/main.ts');

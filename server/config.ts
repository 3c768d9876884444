import { resolve } from 'node:path';
import { z } from 'zod';

export type Config = {
  readonly port: number;
  readonly host: string;
  /** Undefined: Weir brings its own Postgres, in `dataFolder`. */
  readonly databaseUrl: string | undefined;
  readonly dataFolder: string;
  /** The scenario that runs from the start; undefined for an empty Weir. */
  readonly scenario: string | undefined;
  readonly logLevel: LogLevel;
  /** Shared with GitHub; webhooks without its signature are refused when it is set. */
  readonly githubSecret: string | undefined;
};

export type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const SCENARIOS = ['shop', 'fan-out', 'none'] as const;
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '::1'] as const;
const PORT_MAX = 65_535;

/** Settings that cannot be used; the message names each variable and what it may be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const oneOf = <Value extends string>(values: readonly [Value, ...Value[]]) =>
  z.enum(values, { error: `must be one of: ${values.join(', ')}` });
const portMessage = `must be a whole number from 0 to ${PORT_MAX} (0: the system picks one)`;

const environmentSchema = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, portMessage)
    .transform(Number)
    .refine((port) => port <= PORT_MAX, portMessage)
    .default(3000),
  HOST: z
    .enum(LOOPBACK_HOSTS, {
      error: `must be one of: ${LOOPBACK_HOSTS.join(', ')}. Whoever reaches Weir may do anything, so other addresses need sign-in (WEIR_ADMIN_PASSWORD), which is not available in this version`,
    })
    .default('127.0.0.1'),
  DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'must be an address like postgresql://user:password@host:5432/database')
    .optional(),
  WEIR_DATA_DIR: z
    .string()
    .refine((path) => !path.includes('\0'), 'must be the path of a folder')
    .default('.weir'),
  WEIR_SCENARIO: oneOf(SCENARIOS).default('shop'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('warn'),
  WEIR_GITHUB_SECRET: z.string().optional(),
});

/** Reads the settings from the environment; empty variables count as not set. Throws ConfigError. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) throw new ConfigError(describe(parsed.error, given));
  const settings = parsed.data;
  return {
    port: settings.PORT,
    host: settings.HOST,
    databaseUrl: settings.DATABASE_URL,
    dataFolder: resolve(settings.WEIR_DATA_DIR),
    scenario: settings.WEIR_SCENARIO === 'none' ? undefined : settings.WEIR_SCENARIO,
    logLevel: settings.LOG_LEVEL,
    githubSecret: settings.WEIR_GITHUB_SECRET,
  };
}

function describe(error: z.ZodError, given: Readonly<Record<string, string | undefined>>): string {
  const lines = error.issues.map((issue) => {
    const name = issue.path.join('.');
    return `${name} ${issue.message}${found(name, given[name])}.`;
  });
  return ['Weir cannot start with these settings:', ...lines].join('\n  ');
}

// Addresses and secrets may hold passwords, and messages end in logs.
function found(name: string, value: string | undefined): string {
  const isSecret = name === 'DATABASE_URL' || name.endsWith('SECRET');
  return isSecret || value === undefined ? '' : ` (found: ${JSON.stringify(value)})`;
}

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  return ['postgres:', 'postgresql:'].includes(new URL(text).protocol);
}

import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

test('needs no setting at all', () => {
  expect(loadConfig({ PATH: '/bin', PORT: '' })).toEqual({
    port: 3000,
    host: '127.0.0.1',
    databaseUrl: undefined,
    dataFolder: resolve('.weir'),
    scenario: 'shop',
    logLevel: 'warn',
    githubSecret: undefined,
  });
});

test('takes every setting', () => {
  const environment = {
    PORT: '8080',
    HOST: '::1',
    DATABASE_URL: 'postgres://someone@db.example/weir',
    WEIR_DATA_DIR: '/srv/weir',
    WEIR_SCENARIO: 'none',
    LOG_LEVEL: 'debug',
    WEIR_GITHUB_SECRET: 'shared',
  };

  expect(loadConfig(environment)).toEqual({
    port: 8080,
    host: '::1',
    databaseUrl: 'postgres://someone@db.example/weir',
    dataFolder: '/srv/weir',
    scenario: undefined,
    logLevel: 'debug',
    githubSecret: 'shared',
  });
});

test.each([
  [{ PORT: 'http' }, /PORT must be a whole number from 0 to 65535.*"http"/],
  [{ PORT: '70000' }, /PORT must be a whole number from 0 to 65535/],
  [{ PORT: '-1' }, /PORT must be/],
  [{ DATABASE_URL: 'mysql://host/db' }, /DATABASE_URL must be an address like postgresql:/],
  [{ WEIR_SCENARIO: 'chaos' }, /WEIR_SCENARIO must be one of: shop, fan-out, none/],
  [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL must be one of: debug, info/],
  [{ HOST: '0.0.0.0' }, /HOST must be one of: 127\.0\.0\.1.*not available in this version/],
  [{ HOST: '0.0.0.0', WEIR_ADMIN_PASSWORD: 'x' }, /HOST must be one of/],
])('refuses %o and names the variable', (environment, message) => {
  expect(() => loadConfig(environment)).toThrow(message);
});

test('names every wrong variable at once, and repeats no password', () => {
  const environment = { PORT: 'x', DATABASE_URL: 'mysql://me:hunter2@host/db' };

  expect(() => loadConfig(environment)).toThrow(/^(?![^]*hunter2)[^]*PORT[^]*DATABASE_URL/);
});

import { expect, test } from 'vitest';
import { type Frame, FrameReader, statementOf } from './postgres-frames.ts';

const frame = (type: string, body: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
};

const STARTUP = frame('', '\u0000\u0003\u0000\u0000user\u0000weir\u0000\u0000');
const QUERY = frame('Q', 'COMMIT\u0000');
const PARSE = frame('P', 'append_batch\u0000SELECT 1\u0000…');
const BIND = frame('B', 'portal\u0000append_batch\u0000…');

test('messages are found wherever the bytes are cut', () => {
  const bytes = Buffer.concat([STARTUP, QUERY, PARSE, BIND]);
  for (let size = 1; size <= bytes.length; size += 1) {
    const frames: Frame[] = [];
    const reader = new FrameReader('client', (each) => frames.push(each));
    for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
    expect(frames.map(({ type }) => type)).toEqual(['', 'Q', 'P', 'B']);
    expect(frames.map(statementOf)).toEqual([undefined, 'COMMIT', 'SELECT 1', 'append_batch']);
  }
});

test('a server begins with a typed message', () => {
  const types: string[] = [];
  new FrameReader('server', ({ type }) => types.push(type)).read(frame('Z', 'I'));
  expect(types).toEqual(['Z']);
});

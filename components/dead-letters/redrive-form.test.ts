import { describe, expect, it } from 'vitest';
import { firstForm, formProblems, redriveRequest } from './redrive-form.ts';

const group = { fingerprint: 'abc' };

describe('the form of a redrive', () => {
  it('begins with a pace that is bearable and a canary for many', () => {
    expect(firstForm(3)).toMatchObject({ ratePerSecond: '2', isCanary: false });
    expect(firstForm(300)).toMatchObject({ ratePerSecond: '10', isCanary: true });
    expect(firstForm(1_000_000)).toMatchObject({ ratePerSecond: '50', isCanary: true });
  });

  it('asks for the group by its fingerprint, never for everything', () => {
    const form = { ratePerSecond: '2,5', stopAtPercent: '50', isCanary: true, reason: ' cured ' };

    expect(redriveRequest(form, group, { type: 'group' })).toEqual({
      filter: { fingerprint: 'abc' },
      ratePerSecond: 2.5,
      stopAtFailureRate: 0.5,
      canary: true,
      reason: 'cured',
    });
  });

  it('leaves out what is left empty', () => {
    const form = { ratePerSecond: '', stopAtPercent: ' ', isCanary: false, reason: '' };

    expect(redriveRequest(form, group, { type: 'letters', ids: ['a', 'b'] })).toEqual({
      ids: ['a', 'b'],
    });
  });

  it.each([
    [{ ratePerSecond: 'fast' }, 'rate'],
    [{ ratePerSecond: '0' }, 'rate'],
    [{ stopAtPercent: '101' }, 'stop'],
  ])('refuses %j', (typed, field) => {
    const form = { ...firstForm(3), ...typed };

    expect(formProblems(form)).toHaveProperty(field);
    expect(redriveRequest(form, group, { type: 'group' })).toBeNull();
  });
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/problem.ts';
import { access, forget, keep, renew, readTokens } from './tokens.ts';

const GIVEN = { access_token: 'new', refresh_token: 'next', expires_in: 900 };

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key)
  });
  let last: Promise<unknown> = Promise.resolve();
  const request = (_: string, work: () => Promise<unknown>) => (last = last.then(work, work));
  vi.stubGlobal('navigator', { locks: { request } });
});

afterEach(() => vi.unstubAllGlobals());

function gateway(status: number, body: unknown = GIVEN) {
  const fetched = vi.fn(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

function loggedIn(seconds: number) {
  keep({ access_token: 'old', refresh_token: 'once', expires_in: seconds });
}

it('gives a token that holds without asking the gateway', async () => {
  const fetched = gateway(200);
  loggedIn(900);
  expect(await access()).toBe('old');
  expect(fetched).not.toHaveBeenCalled();
});

it('renews a token that is about to expire, once for all who ask', async () => {
  const fetched = gateway(200);
  loggedIn(10);
  expect(await Promise.all([access(), access(), renew('old')])).toEqual(['new', 'new', 'new']);
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(readTokens()?.refresh).toBe('next');
});

it('forgets a log-in that the gateway ended', async () => {
  gateway(401, {});
  loggedIn(10);
  expect(await access()).toBeNull();
  expect(readTokens()).toBeNull();
});

it('keeps the log-in while the gateway is away', async () => {
  gateway(503, { detail: 'the database does not answer' });
  loggedIn(10);
  await expect(access()).rejects.toThrow('the database does not answer');
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('refused')));
  await expect(access()).rejects.toBeInstanceOf(Problem);
  expect(readTokens()?.refresh).toBe('once');
});

it('takes nothing from a store that holds something else', async () => {
  localStorage.setItem('forewarn.session', '{"access": 7}');
  expect(await access()).toBeNull();
  localStorage.setItem('forewarn.session', 'no json');
  expect(await access()).toBeNull();
});

it('stays logged out where a renewal was under way', async () => {
  loggedIn(10);
  vi.stubGlobal('fetch', async () => {
    forget();
    return new Response(JSON.stringify(GIVEN));
  });
  expect(await access()).toBeNull();
  expect(readTokens()).toBeNull();
});

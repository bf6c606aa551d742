import { beforeEach, expect, test, vi } from 'vitest';
import { AccountsManager } from './accounts-manager.svelte.ts';
import type { Account } from './accounts.service.ts';

vi.hoisted(() => vi.stubGlobal('location', { origin: 'http://gateway' }));

const account = (id: number, told: Partial<Account> = {}): Account => ({
  id,
  name: `user${id}`,
  role: 'viewer',
  created_at: '2026-01-08T06:00:00Z',
  disabled_at: null,
  ...told
});
let asked: [string, string, unknown][] = [];
let answer: (path: string) => [number, unknown] = () => [200, {}];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    asked.push([request.method, pathname + search, text ? JSON.parse(text) : null]);
    const [status, body] = answer(pathname + search);
    return Response.json(body, { status });
  });
});

test('all pages are read', async () => {
  answer = (path) =>
    path.includes('after=0')
      ? [200, { users: [account(1)], next: 1 }]
      : [200, { users: [account(2)], next: null }];
  const manager = new AccountsManager();
  await manager.read();
  expect(manager.accounts?.map(({ id }) => id)).toEqual([1, 2]);
});

test('a change takes its place in the list, and is told', async () => {
  answer = () => [200, account(2, { role: 'operator' })];
  const manager = new AccountsManager();
  manager.accounts = [account(1), account(2)];
  expect(await manager.setRole(account(2), 'operator')).toBe(true);
  expect(asked).toEqual([['PATCH', '/users/2', { role: 'operator' }]]);
  expect(manager.accounts.map(({ role }) => role)).toEqual(['viewer', 'operator']);
  expect(manager.told).toBe('user2 is operator now.');
});

test('a new account stands at the end of the list', async () => {
  answer = () => [201, account(2, { name: 'otto', role: 'operator' })];
  const manager = new AccountsManager();
  manager.accounts = [account(1)];
  const wanted = { name: 'otto', password: 'correct horse battery', role: 'operator' } as const;
  expect(await manager.create(wanted)).toBeNull();
  expect(asked).toEqual([['POST', '/users', wanted]]);
  expect(manager.accounts.map(({ name }) => name)).toEqual(['user1', 'otto']);
  expect(manager.told).toBe('otto is created as operator.');
});

test('a name that is taken is told at the name, and the list stays', async () => {
  answer = () => [409, { type: 'urn:forewarn:problem:name-taken', detail: "the name 'otto' is taken" }];
  const manager = new AccountsManager();
  manager.accounts = [account(1)];
  const refused = await manager.create({ name: 'otto', password: 'correct horse battery', role: 'viewer' });
  expect(refused).toEqual({ name: "the name 'otto' is taken" });
  expect([manager.accounts.length, manager.working]).toEqual([1, 0]);
});

test('a refusal is told, and the list read anew', async () => {
  answer = (path) =>
    path === '/users/1'
      ? [409, { detail: 'the only administrator' }]
      : [200, { users: [account(1)], next: null }];
  const manager = new AccountsManager();
  manager.accounts = [account(1)];
  expect(await manager.setDisabled(account(1), true)).toBe(false);
  expect([manager.refused, manager.told, manager.working]).toEqual(['the only administrator', '', 0]);
  expect(asked.map(([method]) => method)).toEqual(['PATCH', 'GET']);
});

test('a password goes to its account alone', async () => {
  answer = () => [200, account(3)];
  const manager = new AccountsManager();
  await manager.reset(account(3), 'correct horse battery');
  expect(asked).toEqual([['POST', '/users/3/password', { new_password: 'correct horse battery' }]]);
});

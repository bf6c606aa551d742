/** All accounts of the gateway, as an administrator changes them. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

export type Account = components['schemas']['UserAnswer'];
export type Role = Account['role'];
export const ROLES: readonly Role[] = ['viewer', 'operator', 'engineer', 'admin'];
const PAGE = 200;

/** All of them, in the order in which they were made.
 *
 * @throws Problem */
export async function readAccounts(): Promise<Account[]> {
  const found: Account[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: components['schemas']['UsersAnswer'] = await unwrap(
      api.GET('/users', { params: { query: { after, limit: PAGE } } })
    );
    found.push(...page.users);
    after = page.next;
  }
  return found;
}

export type NewAccount = { name: string; password: string; role: Role };

/** @throws Problem where the name is taken, or name or password can't be used. */
export async function createAccount(account: NewAccount): Promise<Account> {
  return unwrap(api.POST('/users', { body: account }));
}

/** @throws Problem where it would leave no administrator. */
export async function changeAccount(
  id: number,
  change: { role: Role } | { disabled: boolean }
): Promise<Account> {
  return unwrap(api.PATCH('/users/{user_id}', { ...path(id), body: change }));
}

/** @throws Problem where the password can't be used. */
export async function resetPassword(id: number, password: string): Promise<Account> {
  return unwrap(api.POST('/users/{user_id}/password', { ...path(id), body: { new_password: password } }));
}

function path(id: number) {
  return { params: { path: { user_id: id } } };
}

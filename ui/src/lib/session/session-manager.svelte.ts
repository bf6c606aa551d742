/** Who is logged in. */
import { api, authenticateBy, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { sentence } from '#lib/api/problem.ts';
import * as tokens from './tokens.ts';

export type User = components['schemas']['UserAnswer'];
type Role = User['role'];

const LOOK_AGAIN_MS = 2000;
const RANKS: readonly Role[] = ['viewer', 'operator', 'engineer', 'admin'];

class SessionManager {
  user = $state.raw<User | null>(null);
  /** `asking` until it is known whether somebody is logged in; `ended`: somebody was, and the log-in ended by itself. */
  state = $state<'asking' | 'in' | 'out' | 'ended'>('asking');
  fault = $state('');

  /** Goes on with the log-in that the browser has kept, if any. */
  begin(): () => void {
    authenticateBy({ access: () => this.#access(), renew: (token) => this.#renew(token) });
    void this.#look();
    return tokens.onOtherTab(() => void this.#look());
  }

  can(role: Role): boolean {
    return this.user !== null && RANKS.indexOf(this.user.role) >= RANKS.indexOf(role);
  }

  /** @throws Problem where name or password are wrong, or too many were tried. */
  async login(name: string, password: string): Promise<void> {
    tokens.keep(await unwrap(api.POST('/auth/login', { body: { name, password } })));
    await this.#look();
  }

  /** Make an account, and log in with it.
   *
   * @throws Problem where it can't be made. */
  async register(name: string, password: string): Promise<void> {
    await unwrap(api.POST('/auth/register', { body: { name, password } }));
    await this.login(name, password);
  }

  async logout(): Promise<void> {
    const kept = tokens.readTokens();
    tokens.forget();
    this.#leave('out');
    // The tokens end by themselves where the gateway can't be told.
    if (kept)
      await unwrap(api.POST('/auth/logout', { body: { refresh_token: kept.refresh } })).catch(
        (error: unknown) => console.warn('log-out not told to the gateway', error)
      );
  }

  async #look(): Promise<void> {
    if (tokens.readTokens() === null) return this.#leave('out');
    try {
      this.user = await unwrap(api.GET('/auth/me'));
      this.state = 'in';
      this.fault = '';
    } catch (error) {
      // A log-in that has ended has left already; anything else says nothing of it.
      if (tokens.readTokens() === null) return;
      this.fault = sentence(error);
      setTimeout(() => void this.#look(), LOOK_AGAIN_MS);
    }
  }

  async #access(): Promise<string | null> {
    const before = tokens.readTokens();
    const token = await tokens.access();
    if (before !== null && token === null) this.#leave('ended');
    return token;
  }

  async #renew(token: string): Promise<boolean> {
    const next = await tokens.renew(token);
    if (next === null) this.#leave('ended');
    return next !== null && next !== token;
  }

  #leave(state: 'out' | 'ended'): void {
    this.user = null;
    this.state = state;
  }
}

export const session = new SessionManager();

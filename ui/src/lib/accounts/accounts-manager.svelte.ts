/** The list of accounts, and the change that is under way. */
import { faultsByField, sentence } from '#lib/api/problem.ts';
import { accounts as words } from '#lib/texts/accounts.ts';
import {
  changeAccount,
  createAccount,
  readAccounts,
  resetPassword,
  type Account,
  type NewAccount,
  type Role
} from './accounts.service.ts';

const NOBODY = 0;
const SOMEBODY_NEW = -1;

export class AccountsManager {
  accounts = $state.raw<readonly Account[] | null>(null);
  fault = $state.raw<unknown>(null);
  /** Whose change is under way. */
  working = $state(NOBODY);
  /** What the last change did, or why it was refused. */
  told = $state('');
  refused = $state('');

  async read(): Promise<void> {
    try {
      this.accounts = await readAccounts();
      this.fault = null;
    } catch (error) {
      this.fault = error;
    }
  }

  /** What stands in the way, by field; null where the account is made. */
  async create(wanted: NewAccount): Promise<Record<string, string> | null> {
    this.working = SOMEBODY_NEW;
    this.told = this.refused = '';
    try {
      const made = await createAccount(wanted);
      this.accounts = [...(this.accounts ?? []), made];
      this.told = words.wasCreated(made.name, made.role);
      return null;
    } catch (error) {
      return faultsByField(error);
    } finally {
      this.working = NOBODY;
    }
  }

  setRole = (account: Account, role: Role): Promise<boolean> =>
    this.#change(account, () => changeAccount(account.id, { role }), words.roleSet(account.name, role));

  setDisabled = (account: Account, disabled: boolean): Promise<boolean> =>
    this.#change(
      account,
      () => changeAccount(account.id, { disabled }),
      disabled ? words.wasDisabled(account.name) : words.wasEnabled(account.name)
    );

  reset = (account: Account, password: string): Promise<boolean> =>
    this.#change(account, () => resetPassword(account.id, password), words.wasReset(account.name));

  /** Whether it went well. */
  async #change(account: Account, act: () => Promise<Account>, told: string): Promise<boolean> {
    this.working = account.id;
    this.told = this.refused = '';
    try {
      const changed = await act();
      this.accounts = this.accounts?.map((one) => (one.id === changed.id ? changed : one)) ?? null;
      this.told = told;
      return true;
    } catch (error) {
      this.refused = sentence(error);
      // What was refused is shown as it is.
      await this.read();
      return false;
    } finally {
      this.working = NOBODY;
    }
  }
}

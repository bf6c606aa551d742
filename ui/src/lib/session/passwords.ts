/** What the gateway asks of a new password, told before it is sent. */
import { account } from '#lib/texts/shell.ts';

const LEAST = 10;

/** Why a password can't be one of the account `name`; empty where it can. */
export function faultOfPassword(password: string, name: string): string {
  if (password.length < LEAST) return account.tooShort;
  return password.toLowerCase() === name.toLowerCase() ? account.asName : '';
}

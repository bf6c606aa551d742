import { expect, test } from 'vitest';
import { faultOfPassword } from './passwords.ts';

test.each([
  ['short', 'maria', 'Enter at least 10 characters.'],
  ['Maria.Lopez', 'maria.lopez', 'The password must not be the name.'],
  ['correct horse', 'maria.lopez', '']
])('the password %s of %s', (password, name, fault) => {
  expect(faultOfPassword(password, name)).toBe(fault);
});

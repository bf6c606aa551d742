/** Words of the frame around every page, and of logging in. */
export const shell = {
  skip: 'Skip to content',
  navigation: 'Pages',
  plant: 'Plant',
  simulated: 'simulated',
  plantTime: 'plant time',
  live: 'live',
  connecting: 'connecting',
  stale: (age: string) => `no reading for ${age}`,
  lost: 'connection lost',
  /** What is read out when it changes; without an age, which changes each second. */
  states: {
    live: 'live',
    connecting: 'connecting',
    stale: 'no new readings',
    lost: 'connection lost'
  },
  warnings: (n: number) => (n === 1 ? '1 warning' : `${n} warnings`),
  light: 'Light',
  dark: 'Dark',
  logout: 'Log out',
  unreachable: 'The gateway does not respond. Trying again …'
} as const;

export const account = {
  about:
    'Early warning for process plants: the risk of an alarm now and in the next hours, why, and the data behind it.',
  login: 'Log in',
  register: 'Register',
  name: 'Name',
  password: 'Password',
  again: 'Repeat password',
  nameRule: '3 to 64 characters of a–z, 0–9 and . _ - @, starting with a letter or digit',
  passwordRule: '10 to 200 characters, and not the name',
  different: 'The passwords do not match.',
  tooShort: 'Enter at least 10 characters.',
  asName: 'The password must not be the name.',
  noAccount: 'No account yet?',
  haveAccount: 'Have an account?',
  ended: 'Your session has expired. Log in again to continue.',
  viewer: 'New accounts are read-only. An administrator assigns the role that may acknowledge warnings.',
  working: 'Working …'
} as const;

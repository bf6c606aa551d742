/** Words of the page of accounts. */
export const accounts = {
  caption: 'Accounts, oldest first',
  name: 'Name',
  role: 'Role',
  roleOf: (name: string) => `Role of ${name}`,
  since: 'Created',
  state: 'State',
  active: 'active',
  disabled: 'disabled since',
  actions: 'Actions',
  disable: 'Disable',
  enable: 'Enable',
  reset: 'Reset password …',
  create: 'Create account …',
  sendNew: 'Create account',
  wasCreated: (name: string, role: string) => `${name} is created as ${role}.`,
  password: (name: string) => `New password of ${name}`,
  send: 'Set password',
  self: 'your account',
  roles:
    'Viewers read; operators act on warnings and scenarios; engineers promote, upload and set the speed; administrators manage accounts.',
  roleSet: (name: string, role: string) => `${name} is ${role} now.`,
  wasDisabled: (name: string) => `${name} is disabled; all sessions have ended.`,
  wasEnabled: (name: string) => `${name} is enabled.`,
  wasReset: (name: string) => `${name} has a new password; all sessions have ended.`
} as const;

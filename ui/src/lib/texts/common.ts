/** Words that several pages share. */
export const common = {
  product: 'Forewarn',
  again: 'Try again',
  errorTitle: 'Something is wrong',
  nowhere: 'There is no such page.',
  broken: 'This page met a fault of its own and stopped. Warnings go on; nothing is lost.',
  reload: 'Load it again',
  loading: 'Loading …',
  nothing: 'Nothing here yet.',
  delete: 'Delete',
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  download: 'Download CSV',
  older: 'Older',
  newer: 'Newer',
  all: 'All',
  unit: 'Unit',
  value: 'Value',
  notAllowed: (role: string) => `This page is for accounts with the role ${role} and above.`,
  pages: {
    dashboard: 'Dashboard',
    warnings: 'Warnings',
    history: 'History',
    predict: 'Predict',
    forecast: 'Forecast',
    models: 'Models',
    data: 'Data',
    load: 'Load lab'
  }
} as const;

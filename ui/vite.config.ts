import { existsSync, renameSync, rmSync } from 'node:fs';
import adapter from '@sveltejs/adapter-static';
import type { Adapter } from '@sveltejs/kit';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

/** Where `make ui-dev` finds the gateway; the built pages are served by it. */
const gateway = process.env.FOREWARN_GATEWAY_URL ?? 'http://127.0.0.1:7501';
const routes = [
  'auth',
  'users',
  'plants',
  'sensors',
  'scenarios',
  'live',
  'events',
  'infer',
  'history',
  'warnings',
  'models',
  'drops',
  'exports',
  'quarantine',
  'runs',
  'connections',
  'ready'
];

/** Builds beside the folder that a running gateway serves, and takes its place when all is there. */
function swappedIn(): Adapter {
  const [served, made, before] = ['build', '.svelte-kit/made', '.svelte-kit/before'];
  const inner = adapter({ pages: made, precompress: true });
  return {
    ...inner,
    async adapt(builder) {
      await inner.adapt(builder);
      rmSync(before, { force: true, recursive: true });
      if (existsSync(served)) renameSync(served, before);
      renameSync(made, served);
      rmSync(before, { force: true, recursive: true });
    }
  };
}

export default defineConfig({
  plugins: [
    sveltekit({
      compilerOptions: { runes: true },
      adapter: swappedIn(),
      // One document at the gateway's root: its API has paths of the same names as the pages.
      router: { type: 'hash' },
      paths: { relative: true },
      version: { pollInterval: 0 }
    })
  ],
  // How long plugins took isn't news to who builds it.
  build: { rolldownOptions: { checks: { pluginTimings: false } } },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(routes.map((route) => [`/${route}`, gateway]))
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' }
});

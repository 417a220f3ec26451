// Build and development server of the dashboard.
//
// The binary serves the built files under a strict Content-Security-Policy, so
// nothing here may put scripts or styles inline. Small assets may become data:
// URLs, except fonts: the policy allows fonts from 'self' only.

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.PRAHARI_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      '/api': server,
      '/alerts': server,
      '/healthz': server,
    },
  },
  build: {
    target: 'es2023',
    assetsInlineLimit: (file) => (file.endsWith('.svg') ? undefined : false),
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    css: false,
    testTimeout: 20_000,
  },
})

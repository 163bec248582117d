import { defineConfig } from 'vitest/config';

// Plain modules in Node; what needs a page is tested in real browsers.
export default defineConfig({ test: { include: ['tests/unit/**/*.test.ts'], environment: 'node' } });

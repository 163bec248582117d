// A finished check, as the service gives it.
import type { Check } from '../../api/types';

export const aCheck = (change: Partial<Check>): Check => ({
  id: '11111111-1111-4111-8111-111111111111',
  status: 'done',
  url: null,
  page_url: null,
  created_at: '2026-11-01T10:00:00Z',
  finished_at: '2026-11-01T10:00:01Z',
  image: { sha256: 'a'.repeat(64), picture_url: null, media_type: 'image/jpeg', width_px: 640, height_px: 480, byte_count: 9 },
  verdict: {
    label: 'uncertain',
    score: 0.5,
    raw_score: 0.5,
    real_photo_p: 0.2,
    evidence: [],
    limits: [],
    heatmap_url: null,
    model: { name: 'ntf-test', version: 'ntf-test-1', threshold_version: 't1', card_url: '/model-card' },
    human: null,
    decided_at: '2026-11-01T10:00:01Z',
  },
  error: null,
  ...change,
});

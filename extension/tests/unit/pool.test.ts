import { expect, test } from 'vitest';
import { makePool } from '../../scan/pool';

test('no more than so many run at a time, and all of them run', async () => {
  const pool = makePool(3);
  let [running, most, done] = [0, 0, 0];
  await new Promise<void>((resolve) => {
    for (let at = 0; at < 10; at++) {
      pool.add(async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        if (++done === 10) resolve();
        if (at % 4 === 0) throw new Error('one that fails holds no place');
      });
    }
  });
  expect(most).toBe(3);
});

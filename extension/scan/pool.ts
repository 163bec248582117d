// Work of which only so much runs at a time.

export interface Pool {
  add(work: () => Promise<void>): void;
  /** Forget what has not begun. */
  clear(): void;
}

export function makePool(maxInFlight: number): Pool {
  let waiting: (() => Promise<void>)[] = [];
  let inFlight = 0;
  const next = () => {
    const work = inFlight < maxInFlight ? waiting.shift() : undefined;
    if (!work) return;
    inFlight += 1;
    const end = () => {
      inFlight -= 1;
      next();
    };
    work().then(end, end);
  };
  return {
    add(work) {
      waiting.push(work);
      next();
    },
    clear() {
      waiting = [];
    },
  };
}

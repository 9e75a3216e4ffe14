/** A time limit that can be called off. */
export interface Expiry {
  end(): void;
}

/**
 * Calls back once the time is over. What has arrived by then is heard first: after a stall of this process the timer is
 * run before the sockets are read, and an answer that was there in time must not count as missing.
 */
export function expiry(timeoutMs: number, over: () => void): Expiry {
  let isOpen = true;
  const turn = (left: number): void => {
    if (!isOpen) return;
    if (left === 0) over();
    else setImmediate(() => turn(left - 1));
  };
  const timer = setTimeout(() => turn(2), timeoutMs);
  return {
    end: () => {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}

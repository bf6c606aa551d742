/** Work that is asked for many times between two frames, and done once. */
export type Frame = { ask: () => void; end: () => void };

/** `ask` lets `work` run with the next animation frame; hidden pages wait until they are seen. */
export function eachFrame(work: () => void): Frame {
  let asked = 0;
  const run = () => {
    asked = 0;
    work();
  };
  return {
    ask: () => {
      if (asked === 0) asked = requestAnimationFrame(run);
    },
    end: () => {
      cancelAnimationFrame(asked);
      asked = 0;
    }
  };
}

import type { RunProgress } from '../../shared/ports/dedup.ts';
import { BYTES, COUNT, type Progress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';

/** What each stage is called, and what it counts. */
const STAGES = {
  hash: { label: 'Hashing', unit: BYTES },
  candidates: { label: 'Finding candidates', unit: COUNT },
  verify: { label: 'Comparing', unit: COUNT },
  write: { label: 'Writing', unit: BYTES },
} as const;

const stageOf = (name: string) => Object.entries(STAGES).find(([stage]) => stage === name)?.[1];

/** One progress after the other, as the stages come. */
export function startRunProgress(terminal: Terminal) {
  let stage = '';
  let current: Progress | null = null;
  const end = (): void => {
    current?.end();
    current = null;
  };
  return {
    update: (progress: RunProgress): void => {
      if (progress.stage !== stage) {
        end();
        stage = progress.stage;
        const shown = stageOf(stage);
        current = shown === undefined ? null : terminal.progress(shown.label, shown.unit);
      }
      if (progress.total > 0) current?.update(progress.done, progress.total);
    },
    end,
  };
}

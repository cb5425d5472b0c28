import type { Fault } from '../fault.ts';
import { CONNECTION_FAULTS } from './connection-faults.ts';
import { FOREIGN_FAULTS } from './foreign-faults.ts';
import { HOST_FAULTS } from './host-faults.ts';
import { OWING_FAULTS } from './owing-faults.ts';
import { POOLER_FAULTS } from './pooler-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import { RESTORE_FAULTS } from './restore-faults.ts';
import { UPSTREAM_FAULTS } from './upstream-faults.ts';

/** Every kind of fault. A run must have each at least once. */
export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...UPSTREAM_FAULTS,
  ...CONNECTION_FAULTS,
  ...HOST_FAULTS,
  ...FOREIGN_FAULTS,
  ...OWING_FAULTS,
  ...POOLER_FAULTS,
  ...RESTORE_FAULTS,
];

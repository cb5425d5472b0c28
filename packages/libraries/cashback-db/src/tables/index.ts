export { attentionResumes, reportedAttention } from './attention.ts';
export { breakerReleases, breakerWindows } from './breaker.ts';
export { drifts } from './drifts.ts';
export { feedEpochs, events } from './events.ts';
export { feedCursors } from './feed-cursors.ts';
export { operationOutcomes, operations } from './operations.ts';
export { orderClears } from './order-clears.ts';
export { payeeChanges } from './payee-changes.ts';
export { orderRates } from './order-rates.ts';

import { feedCursor, feedField } from '@cashback/postgres';
import * as z from 'zod';

/** A position in the feed as callers keep it. They must not rely on its form. */
export const eventCursor = feedCursor(
  z.object({ epoch: feedField.epoch, xact_id: feedField.xact_id, event_id: feedField.id }),
);

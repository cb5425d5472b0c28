import { feedCursor, feedField } from '@cashback/postgres';
import * as z from 'zod';

/** A place in the feed of events as callers keep it. Its form is no promise to them. */
export const eventCursor = feedCursor(
  z.object({ epoch: feedField.epoch, xact_id: feedField.xact_id, event_id: feedField.id }),
);

import { pgSchema } from 'drizzle-orm/pg-core';

export const cashback = pgSchema('cashback');

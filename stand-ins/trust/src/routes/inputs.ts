import { z } from 'zod';
import { amountField, idField } from '@cashback/contract';

/** An amount above zero. */
export const positiveAmount = amountField.regex(/[1-9]/, 'an amount above "0"');

export const idParams = z.object({ id: idField });

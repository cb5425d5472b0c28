import { fileURLToPath } from 'node:url';

/** The checkout that this runs from. */
export const root: string = fileURLToPath(new URL('../../../../', import.meta.url));

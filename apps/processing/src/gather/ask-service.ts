import { type ServiceCashbackInput, type ServiceCashbackOutput, serviceCashbackOutput } from '@cashback/wire';
import type { ServiceUrl } from '../services/open-services.ts';

/** Asks a service's own URL how much it gives for the sum that is cleared now. Rejects when it does not answer in time. */
export function askService(
  { client, path }: ServiceUrl,
  question: ServiceCashbackInput,
  signal: AbortSignal,
): Promise<ServiceCashbackOutput> {
  return client.post(path, question, serviceCashbackOutput, { signal });
}

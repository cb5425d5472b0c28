// The words that must not come back, each with the words to use. docs/glossary.md has the words that stay.

export interface Banned {
  /**
   * A word or a phrase, in lower case. It matches prose and identifiers alike: "Poll again", `pollAgain`,
   * `poll_again` and `poll-again` are one phrase.
   */
  terms: readonly string[];
  use: string;
}

export const BANNED: readonly Banned[] = [
  // What the code does.
  {
    terms: ['look', 'looks', 'looked', 'looking'],
    use: 'observe, poll, retry, check, read or find, whichever it is',
  },
  { terms: ['vain'], use: 'failed attempts, exhausted, retry backoff' },
  { terms: ['hasten', 'hastens', 'hastened', 'hastening'], use: 'expedite' },
  { terms: ['want', 'wants', 'wanted', 'wanting'], use: 'need, expect, request, due' },
  { terms: ['nonsense'], use: 'invalid' },
  { terms: ['away'], use: 'down, downtime, absent' },
  {
    terms: ['tell', 'tells', 'told', 'telling'],
    use: 'receive, answer, notify, state, show, distinguish',
  },
  { terms: ['heed', 'heeds', 'heeded'], use: 'take effect, read' },
  { terms: ['hear', 'hears', 'heard', 'hearing'], use: 'subscribe, listen, receive' },
  { terms: ['insist', 'insists', 'insisted'], use: 'retry, resume' },
  { terms: ['mend', 'mends', 'mended', 'mending'], use: 'fix' },
  { terms: ['give attention', 'gives attention'], use: 'resume the order' },
  { terms: ['pace', 'paces'], use: 'interval, interval_ms' },
  { terms: ['without a word'], use: 'without a reset, silently' },
  { terms: ['became of', 'becomes of'], use: 'how it ended, its state' },
  { terms: ['is news', 'no news', 'as news'], use: 'due, new, not known yet' },

  // What it is called.
  { terms: ['vector', 'vectors'], use: 'AmountsBySource; amounts, target, rewarded' },
  { terms: ['charger'], use: 'reconciler' },
  { terms: ['create group'], use: 'createBatcher' },
  { terms: ['until caught up'], use: 'backlogDrained' },
  { terms: ['most of all sources', 'hold together'], use: 'totalCap, applyTotalCap' },
  { terms: ['refusal of order'], use: 'a class of upstream error' },
  { terms: ['arena', 'lab', 'labs', 'stage', 'stages'], use: 'testbed' },
  { terms: ['road', 'roads'], use: 'proxy' },
  { terms: ['mortal'], use: 'killable' },
  { terms: ['park', 'parks', 'parked', 'parking'], use: 'needs attention' },

  // How it is said.
  { terms: ['he', 'him', 'his', 'himself'], use: 'it, or the noun' },
  { terms: ['who', 'whom', 'whoever', 'whomever'], use: 'the noun first: "a caller that ..."' },
  { terms: ['somebody', 'somebodys'], use: 'another caller, a person, or the noun' },
  { terms: ['put right', 'puts right', 'make it good', 'made good'], use: 'correct, fix, undo' },
  { terms: ['only so long', 'after so long'], use: 'within a bound, after this time' },
  { terms: ['manieth'], use: 'the number' },
  { terms: ['breath'], use: 'synchronously' },
  { terms: ['so many'], use: 'the number, this many' },
  {
    terms: ['comes of', 'came of', 'come of', 'comes to nothing', 'come to nothing'],
    use: 'result, outcome',
  },
  { terms: ['believed', 'believes'], use: 'trusted, only a hint' },
  { terms: ['anew'], use: 'again' },
  { terms: ['for ever'], use: 'forever, or permanently' },
  {
    terms: [
      'brings it up',
      'brought it up',
      'brings an order up',
      'brought the order up',
      'brings the order up',
    ],
    use: 'trigger',
  },
  { terms: ['has it tried', 'have it tried', 'has given orders'], use: 'retries it, retries given orders' },
];

/**
 * Sentences of comments and documents, and names of tests. A relative clause as a label of what stands below it is fine:
 * "What the routes share."
 */
export const SENTENCES: readonly { pattern: RegExp; use: string }[] = [
  {
    // "What is acknowledged is durable"
    pattern:
      /\bWhat (?:is|are|was|were|has|have|had)\b(?:(?!\bthat\b|\bwhich\b)[^.,:;])*? (?:is|are|was|were|has|have|had)\b/g,
    use: 'the noun first: "An acknowledged commit is durable"',
  },
  {
    // "What they hold is for a second statement", "What it returns is the answer", "What it reads is ignored."
    pattern:
      /\bWhat (?!is\b|are\b)(?:(?!\b(?:that|which|where|who)\b)[^.,:;])*? (?:is|are) (?:(?:not|no|for|the|a|an)\b|\w+ed[.,;])/g,
    use: 'the noun first: "A second statement reads them"',
  },
  {
    // "What lies between two answers counts for two polls"
    pattern:
      /\bWhat (?:(?!\b(?:that|which|where)\b)[^.,:;?])*? (?:counts?|waits?|stays?|belongs?|goes|may be missing|needs)\b/g,
    use: 'the noun first: "The time between two answers counts as two polls"',
  },
  {
    pattern:
      /\b(?:test|it|describe)(?:\.\w+)*(?:\([^'"`\n]*\))?\(\s*['"`][Ww]hat (?:[^'"`,;]*?) (?:is|are|was|were|has|violates|did)\b/g,
    use: 'the noun first: "an accepted operation is ..."',
  },
];

export interface Exception {
  /** Letter for letter, and not as a part of a longer identifier. */
  text: string;
  reason: string;
  /** The files where it may stand; everywhere when absent. */
  files?: RegExp;
}

export const EXCEPTIONS: readonly Exception[] = [
  { text: 'next_look_at', reason: 'a column that old releases read' },
  { text: 'looked up', reason: 'to find by a key' },
  { text: 'order_clears_parked', reason: 'the name of an index in an applied migration' },
  { text: 'order_clears_parked_poll', reason: 'the name of an index in an applied migration' },
];

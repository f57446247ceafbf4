/** The most conversations that one request acts on. Apart from `bulk.ts`, which is loaded when somebody selects. */
export const MOST_TOGETHER = 200;

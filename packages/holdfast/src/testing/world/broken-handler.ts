/** What the handlers of these worlds throw on purpose: their client reports it as it should. */
export class BrokenHandler extends Error {}

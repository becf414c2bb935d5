export type End = 'client' | 'hub'

/** Is told of all bytes that are written to a link and read from it, at both ends. */
export interface Wiretap {
  /** @param stream what the bytes belong to: the link, or one exchange of a link over HTTP */
  passed(link: object, stream: object, end: End, direction: 'up' | 'down', bytes: Uint8Array): void
}

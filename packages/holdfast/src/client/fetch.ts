/** What is used of the global `fetch`, so that Node and a simulation can bring their own. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchResponse>

export interface FetchRequest {
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly credentials: 'same-origin' | 'include'
  /** Once it fires nothing more of the response is read and its connection is let go. */
  readonly signal: AbortSignal
}

export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: { getReader(): BodyReader } | null
  /** The whole body; instead of `body`. */
  text(): Promise<string>
}

export interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>
}

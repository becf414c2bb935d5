const labels: Readonly<Record<string, string>> = {
  websocket: 'WebSocket',
  sse: 'SSE',
  'long-poll': 'long-poll',
}

/** What a transport is called in a sentence. */
export function transportLabel(name: string): string {
  return labels[name] ?? name
}

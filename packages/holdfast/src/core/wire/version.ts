/** The version of PROTOCOL.md that this code speaks. */
export const protocolVersion = 1

/** What a WebSocket offers and is answered. */
export const webSocketProtocol = 'holdfast.v1'

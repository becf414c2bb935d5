import { isName } from '../core/wire/names.ts'

/**
 * Adds the handler of a method; returns a function that removes it.
 * @throws TypeError if the name is none, or the method has a handler already
 */
export function addHandler<Handler>(
  handlers: Map<string, Handler>,
  method: string,
  handler: Handler,
): () => void {
  if (!isName(method)) throw new TypeError('not a method name')
  if (handlers.has(method)) throw new TypeError(`${method} has a handler already`)
  handlers.set(method, handler)
  return () => {
    if (handlers.get(method) === handler) handlers.delete(method)
  }
}

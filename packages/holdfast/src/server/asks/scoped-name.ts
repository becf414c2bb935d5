/** What a tenant calls somebody or something, as one text. */
export const scopedName = (tenant: string | null, name: string): string => JSON.stringify([tenant, name])

/** Checks of what JSON holds, made from smaller ones; the compiler holds each against the type that it promises. */
export type Guard<T> = (value: unknown) => value is T;

export const text: Guard<string> = (value) => typeof value === 'string';
export const number: Guard<number> = (value) => typeof value === 'number';
export const truth: Guard<boolean> = (value) => typeof value === 'boolean';
export const anything: Guard<unknown> = (_): _ is unknown => true;

export function oneOf<const T extends string>(...words: readonly T[]): Guard<T> {
  return (value): value is T => words.some((word) => word === value);
}

export function nullable<T>(check: Guard<T>): Guard<T | null> {
  return (value): value is T | null => value === null || check(value);
}

/** The key may be missing. */
export function optional<T>(check: Guard<T>): Guard<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}

export function list<T>(check: Guard<T>): Guard<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check);
}

export function pair<T>(check: Guard<T>): Guard<[T, T]> {
  return (value): value is [T, T] => list(check)(value) && value.length === 2;
}

/** An object with any keys, whose values are alike. */
export function record<T>(check: Guard<T>): Guard<Record<string, T>> {
  return (value): value is Record<string, T> => isObject(value) && Object.values(value).every(check);
}

/** An object with these keys; it may have more. */
export function object<T extends object>(fields: { [Key in keyof T]-?: Guard<T[Key]> }): Guard<T> {
  const checks = Object.entries<Guard<unknown>>(fields);
  return (value): value is T => isObject(value) && checks.every(([key, check]) => check(value[key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

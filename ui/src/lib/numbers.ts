/** Numbers as an instrument shows them: as many digits as the range makes sense of. */

type Scale = { range: readonly [number, number]; normal?: readonly [number, number] | null };
const BAND_IN_RANGE = 10;

/** A value of a tag, fine enough for its range, and for its normal band; a dash where there is none. */
export function reading(value: number | null | undefined, { range, normal }: Scale): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const band = normal ? BAND_IN_RANGE * (normal[1] - normal[0]) : Infinity;
  const width = Math.min(range[1] - range[0], band);
  return minus(value.toFixed(width >= 200 ? 0 : width >= 20 ? 1 : width >= 2 ? 2 : 3));
}

/** A probability in per cent: '<1 %', '42 %'; the services' numbers are 0 to 1. */
export function percent(probability: number | null | undefined): string {
  if (probability === null || probability === undefined) return '–';
  const hundredth = probability * 100;
  if (hundredth > 0 && hundredth < 1) return '<1\u00a0%';
  if (hundredth > 99 && hundredth < 100) return '>99\u00a0%';
  return `${Math.round(hundredth)}\u00a0%`;
}

export function figure(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? '–' : minus(value.toFixed(digits));
}

/** A number's text with a minus sign that is as wide as the plus sign. */
export function minus(text: string): string {
  return text.replace('-', '−');
}

/** A unit of a profile, which keeps to ASCII, as people write it: 'degC' is '°C', 'm3/h' is 'm³/h'. */
export function unitText(unit: string): string {
  return unit
    .replace(/\bdeg([CF])\b/g, '°$1')
    .replace(/\b([cdkm]?m)([23])\b/g, (_, length, power) => `${length}${power === '2' ? '²' : '³'}`);
}

/** Sizes of files as people read them. */

export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_000) return `${Math.round(bytes / 1024)} KB`;
  const megabytes = bytes / 1_048_576;
  return megabytes < 100 ? `${megabytes.toFixed(1)} MB` : `${Math.round(megabytes)} MB`;
}

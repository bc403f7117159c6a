// Pure parts of the trail: which row of the table speaks of a minute, and how times and places are read.

/** Return the index of the last row that begins at or before a minute; -1 if there is none. */
export function covering(begins: readonly number[], minute: number): number {
  let found = -1;
  for (const [at, begin] of begins.entries()) if (begin <= minute) found = at;
  return found;
}

/** Return the time of day as the tables say it, UTC. */
export function timeOf(at: number): string {
  return Number.isNaN(at) ? "?" : `${new Date(at).toISOString().slice(11, 19)} UTC`;
}

/** Return the column of a place: its name begins with its hop. */
export function columnOf(place: string): number {
  return Number.parseInt(place, 10) || 0;
}

// What is told to a person: statements in groups, and one verdict over them.

// What a statement can be. Only `holds` was checked in every step.
export const states = {
  holds: 'holds',
  fails: 'does not hold',
  open: 'not proven',
  note: 'note',
};

export class Report {
  groups = [];

  group(title) {
    const statements = [];
    this.groups.push({ title, statements });
    const add = (state) => (text, facts = []) => statements.push({ state, text, facts });
    return { holds: add('holds'), fails: add('fails'), open: add('open'), note: add('note') };
  }

  // The first statement in this state; undefined when there is none.
  first(state) {
    return this.groups.flatMap(({ statements }) => statements).find((statement) => statement.state === state);
  }
}

export const plural = (count, one, many = `${one}s`) => `${count} ${String(count) === '1' ? one : many}`;

// Seconds since 1970 as a date in UTC, and how long that is before `now`.
export function timeText(seconds, now) {
  if (seconds > 8640000000000n) return `second ${seconds} since 1970`;
  const date = `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const age = now - seconds;
  const units = [[31536000n, 'year'], [86400n, 'day'], [3600n, 'hour'], [60n, 'minute'], [1n, 'second']];
  const [size, unit] = units.find(([unitSize]) => age >= unitSize) ?? [1n, 'second'];
  return age < 0n ? date : `${date}, ${plural(age / size, unit)} ago`;
}

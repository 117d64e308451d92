// The committed records of benchmark runs, oldest first.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/system/cache.mjs';

export const RECORDS = path.join(ROOT, 'bench', 'records');
/** PRODUCT-DATE.json; a record may say both itself. */
const NAME = /^(?<product>.+?)-(?<day>\d{4}-\d\d-\d\d)(?:T(?<time>\d{6}))?/;

/** Records of a folder as { name, product, date, commit, machine, isBusy, isQuick, data }. */
export function loadRecords(folder = RECORDS) {
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) =>
      describeRecord(file, JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'))),
    )
    .sort((a, b) => (a.date === b.date ? compare(a.name, b.name) : compare(a.date, b.date)));
}

const compare = (a, b) => (a < b ? -1 : 1);

export function describeRecord(name, data) {
  const { product, day, time } = NAME.exec(name)?.groups ?? {};
  const machine = machineOf(data.machine);
  const load = [data.loadBefore].flat()[0];
  return {
    name,
    product: data.product ?? product,
    date: data.date?.length > 10 ? data.date : dateOf(day ?? data.date, time),
    commit: data.commit ?? null,
    machine,
    isBusy: load !== undefined && load > (data.machine?.cores ?? 1),
    isQuick: data.options?.quick === true,
    data,
  };
}

const dateOf = (day, time) => {
  const [hours, minutes, seconds] = time?.match(/../g) ?? ['00', '00', '00'];
  return `${day}T${hours}:${minutes}:${seconds}.000Z`;
};

/** One line that says on what a record was made; figures are compared only where it is the same. */
function machineOf(machine) {
  if (machine === undefined) return 'not said';
  if (typeof machine === 'string') return machine;
  const { cpu, cores, arch } = machine;
  return `${cores} ${cores === 1 ? 'core' : 'cores'}, ${cpu}, ${arch}`;
}

// What perfgate needs of a summary of k6. Copy this file beside the script and add:
//
//   import { summaryTrendStats, endpoints } from './perfgate.js';
//   export { handleSummary } from './perfgate.js';
//   export const options = { summaryTrendStats, thresholds: endpoints('GET /search') };
//
// PERFGATE_OUTPUT names the file that is written; by default it is k6-<time>.json in the working directory.
// `k6 run --out json=FILE` holds more than any summary, needs none of this, and is larger.

export const summaryTrendStats = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'count'];

// k6 keeps figures of one endpoint only where a threshold asks for them; these always hold. The names are those of
// the tag `name`: http.get(url, { tags: { name: 'GET /search' } }).
export function endpoints(...names) {
  const thresholds = {};
  for (const name of names) {
    thresholds[`http_req_duration{name:${name}}`] = ['max>=0'];
    thresholds[`http_req_failed{name:${name}}`] = ['rate>=0'];
  }
  return thresholds;
}

export function handleSummary(data) {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const path = __ENV.PERFGATE_OUTPUT || `k6-${time}.json`;
  return { [path]: JSON.stringify(data), stdout: text(data) + `\nperfgate: wrote ${path}\n` };
}

// k6's own text comes from the network when `handleSummary` is exported; this one does not.
function text(data) {
  const lines = Object.entries(data.metrics).map(([name, metric]) => {
    const unit = metric.contains === 'time' ? 'ms' : '';
    const values = Object.entries(metric.values)
      .sort()
      .map(([key, value]) => `${key}=${Number(value.toFixed(2))}${key === 'count' ? '' : unit}`);
    const broken = Object.entries(metric.thresholds || {})
      .filter(([, threshold]) => !threshold.ok)
      .map(([expression]) => `  threshold failed: ${expression}`);
    return `${name}: ${values.join(' ')}${broken.join('')}`;
  });
  return lines.sort().join('\n') + '\n';
}

// Visitors of a football API, for as many pods as it takes: the operator gives each its part of the users.
import http from 'k6/http';
import { sleep } from 'k6';
import { summaryTrendStats, endpoints } from './perfgate.js';

export const options = {
  vus: 10,
  duration: __ENV.RUN_TIME || '30s',
  summaryTrendStats,
  thresholds: endpoints('GET /standings', 'GET /matches/{id}'),
};

const host = __ENV.HOST || 'http://127.0.0.1:8080';

export default function () {
  http.get(`${host}/standings`, { tags: { name: 'GET /standings' } });
  http.get(`${host}/matches/${1 + Math.floor(Math.random() * 500)}`, { tags: { name: 'GET /matches/{id}' } });
  sleep(0.05);
}

// A pod takes its files with it. Its log stays, and this is one line of it.
export function handleSummary(data) {
  return { stdout: `\nperfgate-summary ${JSON.stringify(data)}\n` };
}

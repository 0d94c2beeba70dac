// Bar charts as SVG. They have no background, and colours that can be read on a light page and on a dark one.
import { BarChart, CustomChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { CONTESTANTS } from './contestants.mjs';
import { quantile, summarize } from './statistics.mjs';

use([BarChart, CustomChart, GridComponent, TitleComponent, SVGRenderer]);

const TEXT = '#737b85';
const LINES = 'rgba(128, 136, 146, 0.3)';
const OWN = '#2e7fe0';
const PEER = '#8f99a5';
const REFERENCE = '#b99653';
const WHISKER = '#d1452f';
const PALE = '70';
const WIDTH = 860;
const BAR_HEIGHT = 30;
const HEAD = 76;
const FOOT = 44;

const byTier = (tiers) => (name) => tiers.includes(CONTESTANTS[name].tier);

/** Each file with its title, the cell it shows, and who is in it. */
const PLOTS = {
  'get.svg': throughput('get, a hit: an object of 100 bytes, 100 callers at a time', 'get/object/100', [
    'redis',
  ]),
  'set.svg': throughput('set: an object of 100 bytes, 100 callers at a time', 'set/object/100', [
    'redis',
    'near',
  ]),
  'near.svg': throughput(
    'get of what is near: an object of 100 bytes, 100 callers at a time',
    'get/object/100',
    ['near', 'memory'],
  ),
  'latency.svg': latency('get, a hit: an object of 100 bytes, 100 callers at a time', 'get/object/100', [
    'redis',
  ]),
};

/** The plots of a whole run, by their file names. */
export function drawPlots(results) {
  return Object.fromEntries(Object.entries(PLOTS).map(([file, plot]) => [file, plot(results)]));
}

function throughput(title, cell, tiers) {
  return (results) => {
    const bars = Object.entries(results[cell])
      .filter(([name]) => byTier(tiers)(name))
      .map(([name, { perSecond }]) => Object.assign({ name }, summarize(perSecond)))
      .toSorted((left, right) => left.median - right.median);
    return draw({
      title,
      subtitle: 'calls per second: the median of the rounds, and their quartiles. More is better',
      names: bars.map(({ name }) => name),
      series: [bar(bars, { valueOf: ({ median }) => median }), whiskers(bars)],
      most: Math.max(...bars.map(({ high }) => high)),
    });
  };
}

function latency(title, cell, tiers) {
  return (results) => {
    const bars = Object.entries(results[cell])
      .filter(([name]) => byTier(tiers)(name))
      .map(([name, { latencies }]) => ({
        name,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
      }))
      .toSorted((left, right) => right.p50 - left.p50);
    const label = {
      show: true,
      position: 'right',
      distance: 6,
      color: TEXT,
      formatter: ({ value }) => short(value),
    };
    return draw({
      title,
      subtitle:
        'milliseconds until the answer: of half of the calls, and (pale) of 99 in 100. Less is better',
      names: bars.map(({ name }) => name),
      series: [
        bar(bars, { valueOf: ({ p50 }) => p50, label }),
        bar(bars, { valueOf: ({ p99 }) => p99, label, alpha: PALE }),
      ],
      most: Math.max(...bars.map(({ p99 }) => p99)),
      rows: 1.6,
    });
  };
}

function bar(bars, { valueOf, label, alpha = '' }) {
  return {
    type: 'bar',
    barCategoryGap: '30%',
    barGap: '10%',
    data: bars.map((one) => ({
      value: valueOf(one),
      itemStyle: { color: colorOf(one.name) + alpha, borderRadius: 2 },
    })),
    label,
  };
}

/** From the lower to the upper quartile, and the median in figures beside. */
function whiskers(bars) {
  return {
    type: 'custom',
    silent: true,
    z: 3,
    clip: false,
    data: bars.map(({ low, high, median }, index) => [low, high, index, median]),
    encode: { x: [0, 1], y: 2 },
    renderItem: (_, api) => {
      const [left, y] = api.coord([api.value(0), api.value(2)]);
      const [right] = api.coord([api.value(1), api.value(2)]);
      const style = { stroke: WHISKER, lineWidth: 1.5 };
      const line = (x1, y1, x2, y2) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });
      const text = {
        text: short(api.value(3)),
        x: right + 8,
        y,
        fill: TEXT,
        fontSize: 12,
        verticalAlign: 'middle',
      };
      return {
        type: 'group',
        children: [
          line(left, y, right, y),
          line(left, y - 4, left, y + 4),
          line(right, y - 4, right, y + 4),
          { type: 'text', style: text },
        ],
      };
    },
  };
}

function draw({ title, subtitle, names, series, most, rows = 1 }) {
  const height = Math.round(HEAD + FOOT + names.length * BAR_HEIGHT * rows);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: 'system-ui, -apple-system, Helvetica, Arial, sans-serif' },
    title: {
      text: title,
      subtext: subtitle,
      left: 8,
      top: 4,
      textStyle: { color: TEXT, fontSize: 16, fontWeight: 600 },
      subtextStyle: { color: TEXT, fontSize: 12.5 },
    },
    grid: { left: 214, right: 76, top: HEAD, bottom: FOOT },
    xAxis: {
      type: 'value',
      max: most,
      axisLabel: { color: TEXT, fontSize: 12, formatter: short, showMaxLabel: false },
      splitLine: { lineStyle: { color: LINES } },
    },
    yAxis: {
      type: 'category',
      data: names.map((name) => CONTESTANTS[name].title),
      axisLabel: { color: TEXT, fontSize: 13 },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: LINES } },
    },
    series,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg.trim()}\n`;
}

function colorOf(name) {
  const { own, tier } = CONTESTANTS[name];
  if (own) return OWN;
  return tier === 'memory' ? REFERENCE : PEER;
}

function short(number) {
  if (number >= 1e6) return `${Number((number / 1e6).toPrecision(3))} M`;
  if (number >= 1e3) return `${Number((number / 1e3).toPrecision(3))} k`;
  return String(Number(number.toPrecision(3)));
}

//! From readings to the metrics of a run. Pure but for the time it is given.

use std::time::{Duration, Instant};

use super::host::MachineSize;
use super::limits::Limits;
use super::memory::MemoryTrend;
use super::over_time::{OverTime, Seen};
use super::probe::Reading;
use crate::model::{Better, Evidence, Measurement, MetricName, Role, Unit};

const MIB: f64 = 1_048_576.0;
/// The shortest counted time from which a growth per hour can be told.
pub(super) const GROWTH_NEEDS: Duration = Duration::from_secs(30);

/// The readings since counting began.
#[derive(Clone, Debug)]
pub(super) struct ResourceRecord {
    began: Instant,
    read_at: Instant,
    first: Reading,
    last: Reading,
    peak: Option<u64>,
    open_files: Option<u64>,
    /// Of resident memory and of the load average.
    memory: Levels,
    load: Levels,
    busiest: BusiestSpan,
    trend: MemoryTrend,
    restarts: u64,
    /// The processors in use, the resident memory and the load average at each look.
    processors_seen: OverTime,
    memory_seen: OverTime,
    load_seen: OverTime,
}

/// A level at all looks.
#[derive(Clone, Copy, Debug, Default)]
struct Levels {
    sum: f64,
    looks: f64,
    highest: f64,
}

impl Levels {
    fn add(&mut self, level: u64) {
        let level = exact(level);
        self.sum += level;
        self.looks += 1.0;
        self.highest = self.highest.max(level);
    }

    fn mean(&self) -> Option<f64> {
        (self.looks > 0.0).then(|| self.sum / self.looks)
    }

    fn highest(&self) -> Option<f64> {
        (self.looks > 0.0).then_some(self.highest)
    }
}

/// The most processors that were used in any second between two looks.
#[derive(Clone, Copy, Debug, Default)]
struct BusiestSpan {
    since: Option<(Instant, u64)>,
    most: Option<f64>,
}

impl BusiestSpan {
    /// Shorter spans are told by the kernel's clock ticks, not by the work.
    const LEAST: Duration = Duration::from_secs(1);

    fn add(&mut self, at: Instant, cpu: u64) {
        let Some((since, before)) = self.since else {
            self.since = Some((at, cpu));
            return;
        };
        let time = at.saturating_duration_since(since);
        if time >= Self::LEAST {
            let used = exact(cpu.saturating_sub(before)) / 1e9 / time.as_secs_f64();
            self.most = Some(self.most.map_or(used, |most| most.max(used)));
            self.since = Some((at, cpu));
        }
    }
}

/// The load during the watch.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadSummary {
    /// `None` where another program makes the requests, and nobody counts them meanwhile.
    pub(super) requests: Option<u64>,
    pub(super) time: Duration,
}

impl ResourceRecord {
    pub(super) fn begin(at: Instant, read: Reading) -> Self {
        let mut record = Self {
            began: at,
            read_at: at,
            first: read,
            last: read,
            // The peak of the time before is not counted.
            peak: read.rss,
            open_files: None,
            memory: Levels::default(),
            load: Levels::default(),
            busiest: BusiestSpan::default(),
            trend: MemoryTrend::default(),
            restarts: 0,
            processors_seen: OverTime::default(),
            memory_seen: OverTime::default(),
            load_seen: OverTime::default(),
        };
        record.see(at, read);
        record
    }

    pub(super) fn add(&mut self, at: Instant, read: Reading) {
        self.peak = self.peak.max(read.peak);
        self.see(at, read);
    }

    fn see(&mut self, at: Instant, read: Reading) {
        let since = at.saturating_duration_since(self.began);
        let time = at.saturating_duration_since(self.read_at).as_secs_f64();
        if let (Some(before), Some(cpu)) = (self.last.cpu, read.cpu)
            && time > 0.0
        {
            let used = exact(cpu.saturating_sub(before)) / 1e9 / time;
            self.processors_seen.add(since, used);
        }
        self.last = read;
        self.read_at = at;
        self.open_files = self.open_files.max(read.open_files);
        if read.began_anew {
            self.restarts += 1;
            self.trend.begin_anew();
        }
        if let Some(cpu) = read.cpu {
            self.busiest.add(at, cpu);
        }
        if let Some(load) = read.load {
            self.load.add(load);
            self.load_seen.add(since, exact(load) / 100.0);
        }
        if let Some(rss) = read.rss {
            self.memory.add(rss);
            self.trend.add(since, rss);
            self.memory_seen.add(since, exact(rss) / MIB);
        }
    }

    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn figures(&self, counted: LoadSummary) -> Vec<(MetricName, Measurement)> {
        let requests = counted.requests.filter(|requests| *requests > 0);
        let cpu = self
            .grown(|read| read.cpu)
            .zip(requests)
            .map(|(cpu, requests)| cpu / 1e9 / exact(requests) * 1000.0);
        let growth = (counted.time >= GROWTH_NEEDS)
            .then(|| self.trend.growth())
            .flatten()
            .and_then(|growth| growth.evidence(MIB));
        let value = |value: f64| Evidence::value(value).ok();
        let mib = |bytes: u64| exact(bytes) / MIB;
        [
            ("cpu", "s/1000 req", Role::Outcome, cpu.and_then(value)),
            (
                "rss",
                "MiB",
                Role::Outcome,
                self.last.rss.map(mib).and_then(value),
            ),
            (
                "rss_mean",
                "MiB",
                Role::Fixed,
                self.memory.mean().and_then(|mean| value(mean / MIB)),
            ),
            (
                "rss_peak",
                "MiB",
                Role::Outcome,
                self.peak.map(mib).and_then(value),
            ),
            // It is zero for a healthy service, so that it has no ratio. It is meant for a budget, which names it.
            ("rss_growth", "MiB/h", Role::Fixed, growth),
            (
                "read",
                "MiB",
                Role::Outcome,
                self.grown(|read| read.read)
                    .and_then(|bytes| value(bytes / MIB)),
            ),
            (
                "written",
                "MiB",
                Role::Outcome,
                self.grown(|read| read.written)
                    .and_then(|bytes| value(bytes / MIB)),
            ),
            (
                "open_files",
                "",
                Role::Outcome,
                self.open_files.map(exact).and_then(value),
            ),
        ]
        .into_iter()
        .filter_map(|(name, unit, role, evidence)| Some(figure(name, unit, role, evidence?)))
        .collect()
    }

    /// What was seen at each look, to be drawn: the processors in use, the memory and the load average.
    pub(super) fn seen(self) -> Seen {
        let seen = [
            ("cpu", "cores", self.processors_seen),
            ("rss", "MiB", self.memory_seen),
            ("load_average", "", self.load_seen),
        ];
        let seen = seen.into_iter().filter(|(_, _, over)| !over.is_empty());
        seen.map(|(name, unit, over)| (MetricName::new(name), Unit::new(unit), over))
            .collect()
    }

    /// What the kernel did for one request, to tell why a latency moved.
    pub(super) fn per_request(&self, counted: LoadSummary) -> Vec<(MetricName, Measurement)> {
        let Some(requests) = counted.requests.filter(|requests| *requests > 0) else {
            return Vec::new();
        };
        let per_request = |of: fn(&Reading) -> Option<u64>| Some(self.grown(of)? / exact(requests));
        let milliseconds = |nanoseconds: f64| nanoseconds / 1e6;
        covariates([
            (
                "cpu_per_request",
                "ms/req",
                per_request(|read| read.cpu).map(milliseconds),
            ),
            (
                "context_switches",
                PER_REQUEST,
                per_request(|read| read.switches),
            ),
            ("page_faults", PER_REQUEST, per_request(|read| read.faults)),
            (
                "run_delay",
                "ms/req",
                per_request(|read| read.run_delay).map(milliseconds),
            ),
        ])
    }

    /// How often all that was watched ended and was there again.
    pub(super) fn restarts(&self) -> Option<(MetricName, Measurement)> {
        let count = Evidence::value(exact(self.restarts)).ok()?;
        Some(figure("restarts", "", Role::Fixed, count))
    }

    fn time(&self) -> Duration {
        self.read_at.saturating_duration_since(self.began)
    }

    /// The processors that were used on average.
    fn processors(&self) -> Option<f64> {
        let used = exact(self.last.cpu?.saturating_sub(self.first.cpu?)) / 1e9;
        Some(used / self.time().as_secs_f64())
    }

    /// The use of the processors on average and in the busiest second, and the peak of the memory, in percent of the
    /// machine. They follow from how much was asked of the service, so that they are meant for budgets, which name them.
    pub(super) fn shares(&self, machine: MachineSize) -> Vec<(MetricName, Measurement)> {
        let cores = f64::from(machine.cores);
        // The kernel counts in ticks, so that a machine without any rest seems to work a little more than it can.
        let cpu = |used: f64| (used / cores).min(1.0) * 100.0;
        let memory = |peak| exact(peak) / exact(machine.memory) * 100.0;
        shown([
            ("cpu_share", "%", self.processors().map(cpu)),
            ("cpu_share_max", "%", self.busiest.most.map(cpu)),
            ("memory_share", "%", self.peak.map(memory)),
        ])
    }

    /// The same in percent of what a control group may use.
    pub(super) fn shares_of(&self, limits: Limits) -> Vec<(MetricName, Measurement)> {
        let cpu = |used: Option<f64>| Some(used? / limits.cpus? * 100.0);
        let memory = |peak: u64| Some(exact(peak) / exact(limits.memory?) * 100.0);
        shown([
            ("cpu_limit_share", "%", cpu(self.processors())),
            ("cpu_limit_share_max", "%", cpu(self.busiest.most)),
            ("memory_limit_share", "%", self.peak.and_then(memory)),
        ])
    }

    /// How much a sum grew.
    fn grown(&self, of: fn(&Reading) -> Option<u64>) -> Option<f64> {
        Some(exact(of(&self.last)?.saturating_sub(of(&self.first)?)))
    }

    /// What the network carried, on average.
    pub(super) fn traffic(&self) -> Vec<(MetricName, Measurement)> {
        let rate = |of| Some(self.grown(of)? * 8.0 / 1e6 / self.time().as_secs_f64());
        shown([
            ("network_received", "Mbit/s", rate(|read| read.received)),
            ("network_sent", "Mbit/s", rate(|read| read.sent)),
            ("network_loopback", "Mbit/s", rate(|read| read.looped)),
        ])
    }

    /// What the machine tells of itself beside its shares. It is not the service's alone.
    pub(super) fn machine(&self) -> Vec<(MetricName, Measurement)> {
        let mib = |of| Some(self.grown(of)? / MIB);
        let load = |hundredths: f64| hundredths / 100.0;
        shown([
            ("load_average", "", self.load.mean().map(load)),
            ("load_average_max", "", self.load.highest().map(load)),
            ("read", "MiB", mib(|read| read.read)),
            ("written", "MiB", mib(|read| read.written)),
            ("open_files", "", self.open_files.map(exact)),
        ])
    }
}

/// The unit of what is counted for each request.
pub(super) const PER_REQUEST: &str = "/req";

fn covariates<const N: usize>(
    figures: [(&str, &str, Option<f64>); N],
) -> Vec<(MetricName, Measurement)> {
    let figures = figures.into_iter().filter_map(|(name, unit, value)| {
        let value = Evidence::value(value?).ok()?;
        Some(figure(name, unit, Role::Covariate, value))
    });
    figures.collect()
}

/// Figures that are judged only where a rule names them. What is no number is left out.
fn shown<const N: usize>(
    figures: [(&str, &str, Option<f64>); N],
) -> Vec<(MetricName, Measurement)> {
    let figures = figures.into_iter().filter_map(|(name, unit, value)| {
        let value = Evidence::value(value?).ok()?;
        Some(figure(name, unit, Role::Fixed, value))
    });
    figures.collect()
}

fn figure(name: &str, unit: &str, role: Role, evidence: Evidence) -> (MetricName, Measurement) {
    let measurement = Measurement {
        unit: Unit::new(unit),
        better: Better::Lower,
        role,
        evidence,
    };
    (MetricName::new(name), measurement)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes, nanoseconds and requests of a run are below 2^53"
)]
fn exact(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cpu: u64, rss: u64, peak: u64, files: u64) -> Reading {
        Reading {
            cpu: Some(cpu),
            rss: Some(rss << 20),
            peak: Some(peak << 20),
            read: None,
            written: Some(cpu),
            open_files: Some(files),
            received: Some(cpu / 100),
            load: Some(files * 10),
            ..Reading::default()
        }
    }

    #[test]
    fn sums_are_those_since_counting_began_and_levels_those_at_the_end() {
        let at = Instant::now();
        let mut record = ResourceRecord::begin(at, read(5_000_000_000, 10, 99, 7));
        let later = |seconds| at + Duration::from_secs(seconds);
        record.add(later(20), read(6_000_000_000, 11, 30, 12));
        record.add(later(40), read(7_000_000_000, 12, 12, 9));
        let counted = LoadSummary {
            requests: Some(4000),
            time: Duration::from_secs(40),
        };
        let shown: Vec<String> = record
            .figures(counted)
            .into_iter()
            .map(|(name, m)| match m.evidence {
                Evidence::Value(value) => format!("{name} {value:.3} {}", m.unit),
                Evidence::Estimate(it) => format!("{name} {:.3} {}", it.point, m.unit),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "cpu 0.500 s/1000 req",
                "rss 12.000 MiB",
                "rss_mean 11.000 MiB",
                "rss_peak 30.000 MiB",
                // Of three readings nobody knows.
                "rss_growth 0.000 MiB/h",
                "written 1907.349 MiB",
                "open_files 12.000 "
            ]
        );
    }

    #[test]
    fn a_short_run_has_no_growth_and_one_without_requests_no_cost_of_them() {
        let record = ResourceRecord::begin(Instant::now(), read(1, 2, 3, 4));
        let figures = record.figures(LoadSummary {
            requests: Some(0),
            time: Duration::from_secs(29),
        });
        let names: Vec<&str> = figures.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["rss", "rss_mean", "rss_peak", "written", "open_files"]
        );
    }

    #[test]
    fn shares_are_of_all_processors_and_of_the_peak() {
        let at = Instant::now();
        let mut record = ResourceRecord::begin(at, read(5_000_000_000, 10, 10, 7));
        let later = |seconds| at + Duration::from_secs(seconds);
        record.add(later(5), read(9_000_000_000, 100, 200, 7));
        record.add(later(10), read(11_000_000_000, 50, 50, 7));
        let machine = MachineSize {
            cores: 4,
            memory: 1000 << 20,
        };
        let limits = Limits {
            cpus: Some(2.0),
            memory: Some(400 << 20),
        };
        let shown: Vec<String> = record
            .shares(machine)
            .into_iter()
            .chain(record.shares_of(limits))
            .chain(record.traffic())
            .chain(record.machine().into_iter().take(2))
            .map(|(name, m)| match m.evidence {
                Evidence::Value(value) => format!("{name} {value:.3} {}", m.unit),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "cpu_share 15.000 %",
                "cpu_share_max 20.000 %",
                "memory_share 20.000 %",
                "cpu_limit_share 30.000 %",
                "cpu_limit_share_max 40.000 %",
                "memory_limit_share 50.000 %",
                "network_received 48.000 Mbit/s",
                "load_average 0.700 ",
                "load_average_max 0.700 "
            ]
        );
        assert_eq!(record.shares_of(Limits::default()), []);
    }
}

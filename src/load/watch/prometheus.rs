//! A Prometheus endpoint, read at intervals, and the metrics that were chosen.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};

use super::Manner;
use super::counters::Counters;
use super::over_time::{OverTime, Seen};
use super::resource_record::LoadSummary;
use super::selector::{self, Selector, UnknownMetric};
use super::tracked::TrackedMetric;
use crate::hint::WithHint;
use crate::load::exposition::{self, Sample};
use crate::load::promql::{self, Query};
use crate::load::provider;
use crate::load::scenario::{Chosen, MetricKind, MetricRead};
use crate::model::{Evidence, Measurement, MetricName, Role, Unit};

const PATIENCE: Duration = Duration::from_secs(5);
/// The largest page that is read.
const LARGEST: usize = 64 * 1024 * 1024;

/// A page of so many bytes is read whole at every look.
const SHORT: usize = 64 * 1024;

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// The metrics that were chosen.
    AtChosen,
    /// Everything that is counted, too: the first and the last look, and where counting begins.
    AtAll,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    client: reqwest::Client,
    url: String,
    chosen: Vec<(Chosen, Tracked)>,
    /// The level of each of them at each look since counting began; nothing of a counter.
    levels: Vec<OverTime>,
    /// All that it counts, chosen or not.
    counters: Counters,
    /// When counting began, and when it was last read.
    began: Instant,
    read: Instant,
    looks: usize,
    failed: usize,
    /// Why the last reading failed, if it did.
    failure: Option<String>,
    /// Whether the reading at the beginning of counting succeeded.
    has_begun: bool,
}

/// A chosen metric and what was seen of it.
#[derive(Debug)]
enum Tracked {
    Metric(TrackedMetric),
    Query(promql::Tally),
}

impl Tracked {
    fn of(metric: &Chosen) -> Result<Self, String> {
        Ok(match &metric.read {
            MetricRead::Plain(kind) => {
                Self::Metric(TrackedMetric::new(Selector::parse(&metric.name)?, *kind))
            }
            MetricRead::Query(query) => Self::Query(promql::Tally::new(Query::parse(query)?)),
        })
    }

    fn take(&mut self, samples: &[Sample<'_>]) {
        match self {
            Self::Metric(metric) => metric.take(samples),
            Self::Query(query) => query.take(samples),
        }
    }

    fn begin_counting(&mut self) {
        match self {
            Self::Metric(metric) => metric.begin_counting(),
            Self::Query(query) => query.begin_counting(),
        }
    }

    fn known(&self, samples: &[Sample<'_>], declared: &[&str]) -> Result<(), UnknownMetric> {
        match self {
            Self::Metric(metric) => metric.selector().known(samples, declared),
            Self::Query(query) => query
                .query()
                .names()
                .try_for_each(|name| selector::known_name(name, samples, declared)),
        }
    }

    /// Whether samples of this name are looked at.
    fn needs(&self, name: &str) -> bool {
        match self {
            Self::Metric(metric) => metric.selector().name() == name,
            Self::Query(query) => query.query().names().any(|own| own == name),
        }
    }

    fn was_reset(&self) -> bool {
        match self {
            Self::Metric(metric) => metric.was_reset(),
            Self::Query(_) => false,
        }
    }
}

/// A client. Without certificate authorities, as in a slim container, it still reads endpoints without TLS.
fn client() -> reqwest::Result<reqwest::Client> {
    let builder = || reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
}

impl Endpoint {
    pub(super) async fn open(url: &str, metrics: &[Chosen]) -> anyhow::Result<Self> {
        provider::install();
        let client = client().context("prepare to read a Prometheus endpoint")?;
        let mut chosen = Vec::new();
        for metric in metrics {
            let tracked = Tracked::of(metric).map_err(|why| anyhow!("watch {url}: {why}"))?;
            chosen.push((metric.clone(), tracked));
        }
        let mut endpoint = Self {
            client,
            url: url.to_owned(),
            levels: vec![OverTime::default(); chosen.len()],
            chosen,
            counters: Counters::default(),
            began: Instant::now(),
            read: Instant::now(),
            looks: 0,
            failed: 0,
            failure: None,
            has_begun: false,
        };
        let page = endpoint.page().await?;
        endpoint.refuse_unknown(&page)?;
        endpoint.take(&page, Looks::AtAll)?;
        Ok(endpoint)
    }

    async fn page(&self) -> anyhow::Result<String> {
        let url = &self.url;
        let read = || format!("read the metrics at {url}");
        let mut answer = self
            .client
            .get(url)
            .header("accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1")
            .send()
            .await
            // The client's own message would name the URL a second time.
            .map_err(reqwest::Error::without_url)
            .with_context(read)?;
        let status = answer.status();
        if status != reqwest::StatusCode::OK {
            return Err(anyhow!("it answered {} and not 200", status.as_u16())).with_context(read);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(read)?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST {
                return Err(anyhow!("it is larger than 64 MiB")).with_context(read);
            }
        }
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn refuse_unknown(&self, page: &str) -> anyhow::Result<()> {
        let samples: Vec<Sample<'_>> = exposition::samples(page)
            .collect::<Result<_, _>>()
            .with_context(|| format!("read the metrics at {}", self.url))
            .hint("it has to be in the text format of Prometheus, usually at /metrics")?;
        let declared: Vec<&str> = exposition::declared(page).collect();
        for (_, tracked) in &self.chosen {
            if let Err(UnknownMetric { what, nearest }) = tracked.known(&samples, &declared) {
                let hint = match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => "a metric that appears with the first request has to be there before: \
                             let the ready check make one"
                        .to_owned(),
                };
                return Err(anyhow!("watch {}: {what}", self.url)).hint(hint);
            }
        }
        Ok(())
    }

    /// Of a long page only what was chosen, but for the looks between which everything is counted.
    fn take(&mut self, page: &str, looks: Looks) -> anyhow::Result<()> {
        let whole = looks == Looks::AtAll || page.len() <= SHORT;
        let needed =
            |name: &str| whole || self.chosen.iter().any(|(_, tracked)| tracked.needs(name));
        let samples: Vec<Sample<'_>> = exposition::samples_of(page, needed)
            .collect::<Result<_, _>>()
            .with_context(|| format!("read the metrics at {}", self.url))?;
        for (_, tracked) in &mut self.chosen {
            tracked.take(&samples);
        }
        if whole {
            self.counters.take(page, &samples);
        }
        self.read = Instant::now();
        Ok(())
    }

    pub(super) async fn read(&mut self, looks: Looks) {
        self.looks += 1;
        let looked = match self.page().await {
            Ok(page) => self.take(&page, looks),
            Err(error) => Err(error),
        };
        self.failure = looked.err().map(|error| format!("{error:#}"));
        self.failed += usize::from(self.failure.is_some());
        if self.has_begun && self.failure.is_none() {
            self.see();
        }
    }

    fn see(&mut self) {
        let at = self.read.saturating_duration_since(self.began);
        for ((chosen, tracked), levels) in self.chosen.iter().zip(&mut self.levels) {
            if let Tracked::Metric(metric) = tracked
                && chosen.read == MetricRead::Plain(MetricKind::Gauge)
                && let Some(level) = metric.value()
            {
                levels.add(at, level);
            }
        }
    }

    /// What was seen of its gauges at each look.
    pub(super) fn seen(&self) -> Seen {
        let all = self.chosen.iter().zip(&self.levels);
        all.filter(|(_, levels)| !levels.is_empty())
            .map(|((chosen, _), levels)| {
                let name = MetricName::new(chosen.name.as_str());
                (name, Unit::new(&chosen.unit), levels.clone())
            })
            .collect()
    }

    pub(super) async fn begin_counting(&mut self) {
        self.read(Looks::AtAll).await;
        self.has_begun = self.failure.is_none();
        self.began = self.read;
        for (_, tracked) in &mut self.chosen {
            tracked.begin_counting();
        }
        self.counters.begin_counting();
        if self.has_begun {
            self.see();
        }
    }

    /// Every counter for one request, where both ends could be read.
    pub(super) fn per_request(&self, counted: LoadSummary) -> Vec<(MetricName, Measurement)> {
        match counted.requests {
            Some(requests) if self.has_begun && self.failure.is_none() => {
                self.counters.per_request(requests)
            }
            _ => Vec::new(),
        }
    }

    /// Why a soak could not read it at the end.
    pub(super) fn away(&self, manner: Manner) -> Option<String> {
        let failure = self.failure.as_ref();
        let failure = failure.filter(|_| manner != Manner::BesideLoad)?;
        Some(format!("it could not be read at the end: {failure}"))
    }

    /// The metrics of the last reading, for a soak of the last that succeeded, and warnings about them.
    pub(super) fn figures(&self, manner: Manner) -> (Vec<(MetricName, Measurement)>, Vec<String>) {
        let (mut figures, mut warnings) = (Vec::new(), Vec::new());
        if let Some(failure) = &self.failure
            && manner == Manner::BesideLoad
        {
            warnings.push(format!("{failure}; its metrics are left out"));
            return (figures, warnings);
        }
        if self.failed > 0 {
            let (failed, looks) = (self.failed, self.looks);
            warnings.push(format!("{failed} of {looks} looks at {} failed", self.url));
        }
        for (chosen, tracked) in &self.chosen {
            match self.figure(chosen, tracked) {
                Ok(figure) => figures.push(figure),
                Err(why) => warnings.push(format!("{why:#}")),
            }
            if let Tracked::Metric(metric) = tracked {
                figures.extend(over_time(chosen, metric));
            }
            if tracked.was_reset() {
                warnings.push(format!(
                    "counter `{}` at {} fell: its process began anew, and what it counted shortly before is lost",
                    chosen.name, self.url
                ));
            }
        }
        (figures, warnings)
    }

    fn figure(
        &self,
        chosen: &Chosen,
        tracked: &Tracked,
    ) -> anyhow::Result<(MetricName, Measurement)> {
        let left_out = || format!("`{}` at {} is left out", chosen.name, self.url);
        if chosen.read != MetricRead::Plain(MetricKind::Gauge) && !self.has_begun {
            return Err(anyhow!("it could not be read when counting began")).with_context(left_out);
        }
        let value = match tracked {
            Tracked::Metric(metric) => metric.value(),
            Tracked::Query(query) => {
                let seconds = self.read.saturating_duration_since(self.began);
                let value = query.value(seconds.as_secs_f64());
                Some(value.map_err(anyhow::Error::msg).with_context(left_out)?)
            }
        };
        let Some(value) = value else {
            bail!("{}: it was not there at the end", left_out());
        };
        let measurement = Measurement {
            unit: Unit::new(&chosen.unit),
            better: chosen.better,
            role: Role::Outcome,
            evidence: Evidence::value(value).with_context(left_out)?,
        };
        Ok((MetricName::new(chosen.name.as_str()), measurement))
    }
}

/// The mean and the maximum of a gauge, beside its last value. They are shown; a rule that names them judges them.
fn over_time(chosen: &Chosen, metric: &TrackedMetric) -> Vec<(MetricName, Measurement)> {
    let (bare, labels) = match chosen.name.find('{') {
        Some(at) => chosen.name.split_at_checked(at),
        None => None,
    }
    .unwrap_or((&chosen.name, ""));
    let values = [("mean", metric.mean()), ("max", metric.highest())];
    values
        .into_iter()
        .filter_map(|(what, value)| {
            let measurement = Measurement {
                unit: Unit::new(&chosen.unit),
                better: chosen.better,
                role: Role::Fixed,
                evidence: Evidence::value(value?).ok()?,
            };
            let name = MetricName::new(format!("{bare}_{what}{labels}"));
            Some((name, measurement))
        })
        .collect()
}

//! What is watched of the system under test, against processes and an endpoint that use a known amount.

mod endpoint;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use endpoint::Endpoint;
use perfgate::load::scenario::{Chosen, MetricKind, MetricRead, WatchTarget, Watched};
use perfgate::load::watch::{self, Observed, Watch};
use perfgate::model::{Better, Evidence, Role};
use worker::Worker;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

fn watched(what: WatchTarget) -> [Watched; 1] {
    [Watched {
        name: "shop".to_owned(),
        what,
    }]
}

/// Counting, and all that it takes for the first look to be over.
async fn begin(watch: &mut Watch) {
    watch.begin_counting();
    pause(100).await;
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Orders while the watch goes on looking.
async fn order(mut worker: Worker, order: &str) -> (Worker, f64) {
    let order = order.to_owned();
    tokio::task::spawn_blocking(move || {
        let did = worker.order(&order);
        (worker, did)
    })
    .await
    .unwrap()
}

/// A thousand requests, so that `cpu` is in seconds.
async fn finish(watch: Watch) -> Observed {
    watch.finish(Some(1000), Duration::from_secs(1)).await
}

fn values(observed: &Observed) -> BTreeMap<String, f64> {
    let value = |evidence: &Evidence| match evidence {
        Evidence::Value(value) => *value,
        other => panic!("{other:?}"),
    };
    assert!(
        observed
            .measurements
            .iter()
            .all(|(subject, ..)| subject.as_str() == "shop")
    );
    let measured = observed.measurements.iter();
    measured
        .map(|(_, metric, measured)| (metric.to_string(), value(&measured.evidence)))
        .collect()
}

#[track_caller]
fn near(measured: f64, truth: f64, tolerance: f64) {
    let off = (measured - truth).abs();
    assert!(
        off <= tolerance,
        "{measured} is {off} from {truth}, more than {tolerance}"
    );
}

#[test]
fn the_cpu_time_of_a_process_is_right_to_a_few_milliseconds() {
    block_on(async {
        let worker = Worker::start();
        let (worker, _) = order(worker, "burn 300").await;
        let mut watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        let (worker, _) = order(worker, "burn 100").await;
        begin(&mut watch).await;
        let (worker, did) = order(worker, "burn 400").await;
        let values = values(&finish(watch).await);
        // In seconds for a thousand requests; what it does to read and answer an order is its own too.
        near(values["cpu"], did / 1000.0, 0.008);
        worker.end();
    });
}

#[test]
fn threads_that_live_shorter_than_a_look_are_counted() {
    block_on(async {
        let worker = Worker::start();
        let mut watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        begin(&mut watch).await;
        let (worker, did) = order(worker, "threads 80").await;
        let values = values(&finish(watch).await);
        // Two clock ticks, and the making of the threads.
        near(values["cpu"], did / 1000.0, 0.020 + 0.05 * did / 1000.0);
        worker.end();
    });
}

#[test]
fn memory_its_peak_and_open_files_are_those_of_the_counted_time() {
    block_on(async {
        let worker = Worker::start();
        let (worker, _) = order(worker, "hold 60").await;
        let (worker, _) = order(worker, "release 0").await;
        let mut watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        begin(&mut watch).await;
        let (worker, _) = order(worker, "hold 20").await;
        pause(600).await;
        let before = finish(watch).await;
        let first = values(&before);
        // What it held before our time is no peak of ours.
        near(first["rss_peak"], first["rss"], 1.0);

        let mut watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        begin(&mut watch).await;
        let (worker, _) = order(worker, "open 37").await;
        // Gone before anybody looks: the kernel remembers the peak.
        let (worker, _) = order(worker, "hold 90").await;
        let (worker, _) = order(worker, "release 0").await;
        let (worker, _) = order(worker, "hold 20").await;
        let observed = finish(watch).await;
        let second = values(&observed);
        near(second["rss"], first["rss"], 1.5);
        near(second["rss_peak"], first["rss"] + 90.0, 1.5);
        near(second["open_files"], first["open_files"] + 37.0, 0.0);
        let units: Vec<String> = observed
            .measurements
            .iter()
            // What only tells why something else moved has tests of its own.
            .filter(|(_, _, measured)| measured.role != Role::Covariate)
            .map(|(_, metric, measured)| {
                // The mean is shown beside what is judged.
                let role = match metric.as_str() {
                    "rss_mean" => Role::Fixed,
                    _ => Role::Outcome,
                };
                assert_eq!((measured.better, measured.role), (Better::Lower, role));
                format!("{metric} {}", measured.unit)
            })
            .collect();
        assert_eq!(
            units,
            [
                "cpu s/1000 req",
                "rss MiB",
                "rss_mean MiB",
                "rss_peak MiB",
                "read MiB",
                "written MiB",
                "open_files "
            ]
        );
        assert!(
            observed
                .warnings
                .iter()
                .any(|w| w.starts_with("`rss_growth` is left out"))
        );
        assert_eq!(observed.warnings.len(), 1, "{:?}", observed.warnings);
        worker.end();
    });
}

#[test]
fn bytes_written_to_a_disk_are_counted() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let place = folder.path().join("written");
    block_on(async {
        let worker = Worker::start();
        let mut watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        begin(&mut watch).await;
        let (worker, did) = order(worker, &format!("write 12 {}", place.display())).await;
        let values = values(&finish(watch).await);
        near(values["written"], did, 0.1);
        near(values["read"], 0.0, 0.5);
        worker.end();
    });
}

#[test]
fn processes_of_a_name_are_summed_and_what_an_ended_one_used_stays() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let start = move || Worker::named("shop-worker-of-a-long-name", &place);
    block_on(async {
        let (first, second) = (start(), start());
        let what = watched(WatchTarget::Process(
            "shop-worker-of-a-long-name".to_owned(),
        ));
        let mut watch = watch::start(&what, None).await.unwrap();
        begin(&mut watch).await;
        let (first, one) = order(first, "burn 150").await;
        let (second, two) = order(second, "burn 150").await;
        // Seen once more, then it ends.
        pause(350).await;
        first.end();
        pause(350).await;
        let third = tokio::task::spawn_blocking(start).await.unwrap();
        let (third, three) = order(third, "burn 150").await;
        let observed = finish(watch).await;
        let values = values(&observed);
        // The third is counted from its start, which is work as well.
        near(values["cpu"], (one + two + three) / 1000.0, 0.035);
        assert!(values["rss"] > 2.0, "{values:?}");
        assert!(observed.ended.is_empty());
        second.end();
        third.end();
    });
}

#[test]
fn a_service_is_watched_with_its_children_whether_they_live_or_not() {
    block_on(async {
        // Its own group, as a service of ours has.
        let worker = Worker::start_in_group();
        let pid = worker.pid();
        let mut watch = watch::start(&watched(WatchTarget::Service), Some(pid))
            .await
            .unwrap();
        begin(&mut watch).await;
        // Some are seen while they work, others come and go between two looks.
        let (worker, long) = order(worker, "child 700").await;
        let (worker, short) = order(worker, "child 20").await;
        let (worker, own) = order(worker, "burn 100").await;
        let values = values(&finish(watch).await);
        // Starting two processes is work of the service as well.
        near(values["cpu"], (long + short + own) / 1000.0, 0.060);
        worker.end();
    });
}

#[test]
fn one_process_is_watched_without_its_children_and_that_is_told() {
    block_on(async {
        let worker = Worker::start();
        let (worker, _) = order(worker, "keep 1").await;
        let mut watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        begin(&mut watch).await;
        let (worker, _) = order(worker, "child 300").await;
        let observed = finish(watch).await;
        assert!(values(&observed)["cpu"] < 0.1, "{:?}", values(&observed));
        let told = format!("watch shop: process {} has 1 child processes", worker.pid());
        assert!(
            observed.warnings.iter().any(|w| w.starts_with(&told)),
            "{observed:?}"
        );
        worker.end();
    });
}

#[test]
fn a_watched_process_that_ends_is_told_and_none_of_its_numbers_passes_for_all() {
    block_on(async {
        let worker = Worker::start();
        let pid = worker.pid();
        let mut watch = watch::start(&watched(WatchTarget::Pid(pid)), None)
            .await
            .unwrap();
        begin(&mut watch).await;
        assert_eq!(watch.check(), None);
        worker.end();
        let told = format!("watch shop: process {pid} has ended in mid-run");
        let began = Instant::now();
        while watch.check().is_none() && began.elapsed() < Duration::from_secs(3) {
            pause(20).await;
        }
        assert_eq!(watch.check(), Some(told.clone()));
        let observed = finish(watch).await;
        assert_eq!(observed.ended, [told]);
        assert!(observed.measurements.is_empty());
    });
}

fn refused(what: WatchTarget) -> (String, Option<String>) {
    let error = block_on(watch::start(&watched(what), None)).unwrap_err();
    let hint = perfgate::hint::of(&error).map(str::to_owned);
    (format!("{error:#}"), hint)
}

#[test]
fn what_cannot_be_watched_is_told_before_anything_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Worker::named("billing-service", folder.path());
    let (error, hint) = refused(WatchTarget::Process("biling-service".to_owned()));
    assert_eq!(
        error,
        "watch every process named `biling-service`: there is no such process"
    );
    assert_eq!(hint.unwrap(), "there is one named `billing-service`");
    worker.end();
    let (error, _) = refused(WatchTarget::Pid(u32::MAX));
    assert_eq!(
        error,
        format!("watch process {}: there is no such process", u32::MAX)
    );
    let (error, hint) = refused(WatchTarget::Service);
    assert_eq!(error, "watch the service: perfgate starts none");
    assert!(hint.unwrap().contains("[service]"));
    let (error, _) = refused(WatchTarget::Cgroup(PathBuf::from("no/such.slice")));
    assert_eq!(error, "watch control group `no/such.slice`: there is none");
}

#[test]
fn a_run_that_ends_before_counting_tells_nothing() {
    block_on(async {
        let worker = Worker::start();
        let watch = watch::start(&watched(WatchTarget::Pid(worker.pid())), None)
            .await
            .unwrap();
        let observed = watch.finish(Some(0), Duration::ZERO).await;
        assert!(observed.measurements.is_empty());
        let told = "nothing is told of what was watched: the run ended before counting began";
        assert_eq!(observed.warnings, [told]);
        worker.end();
    });
}

fn chosen(selector: &str, kind: MetricKind) -> Chosen {
    Chosen {
        name: selector.to_owned(),
        unit: "hits".to_owned(),
        better: Better::Higher,
        read: MetricRead::Plain(kind),
    }
}

fn prometheus(endpoint: &Endpoint, metrics: Vec<Chosen>) -> WatchTarget {
    WatchTarget::Prometheus {
        url: endpoint.url(),
        metrics,
    }
}

#[test]
fn chosen_metrics_of_an_endpoint_are_their_growth_or_their_last_value() {
    let endpoint = Endpoint::serve("hits_total{code=\"200\"} 1000\nseconds_sum 4.5\nqueue 8\n");
    let metrics = vec![
        chosen("hits_total", MetricKind::Counter),
        chosen("hits_total{code=\"500\"}", MetricKind::Counter),
        chosen("seconds_sum", MetricKind::Counter),
        chosen("queue", MetricKind::Gauge),
    ];
    block_on(async {
        let source = prometheus(&endpoint, metrics);
        let mut watch = watch::start(&watched(source), None).await.unwrap();
        endpoint.show("hits_total{code=\"200\"} 1500\nseconds_sum 5\nqueue 9\n");
        begin(&mut watch).await;
        endpoint.show(
            "hits_total{code=\"200\"} 1750\nhits_total{code=\"500\"} 3\nseconds_sum 6.25\nqueue 2\n",
        );
        let observed = finish(watch).await;
        let values = values(&observed);
        let expected = [
            ("hits_total", 253.0),
            ("hits_total{code=\"500\"}", 3.0),
            ("queue", 2.0),
            ("queue_max", 9.0),
            ("queue_mean", 5.5),
            ("seconds_sum", 1.25),
        ];
        assert_eq!(
            values,
            expected
                .map(|(name, value)| (name.to_owned(), value))
                .into()
        );
        let (_, _, first) = observed.measurements.first().unwrap();
        assert_eq!(
            (first.unit.as_str(), first.better),
            ("hits", Better::Higher)
        );
        assert_eq!(observed.warnings, Vec::<String>::new());
    });
}

fn asked(name: &str, query: &str) -> Chosen {
    Chosen {
        read: MetricRead::Query(query.to_owned()),
        ..chosen(name, MetricKind::Gauge)
    }
}

#[test]
fn a_query_is_worked_out_over_the_counted_time_and_one_that_cannot_be_is_told() {
    let page = |hits: u32, asked: u32, fast: u32, all: u32| {
        format!(
            "hits_total{{cache=\"a\"}} {hits}\nasked_total{{cache=\"a\"}} {asked}\nasked_total{{cache=\"b\"}} 5\n\
             seconds_bucket{{le=\"0.1\"}} {fast}\nseconds_bucket{{le=\"0.2\"}} {all}\nseconds_bucket{{le=\"+Inf\"}} {all}\n"
        )
    };
    let endpoint = Endpoint::serve(&page(100, 200, 10, 20));
    let metrics = vec![
        asked(
            "hit_ratio",
            "sum(increase(hits_total[5m])) / sum(increase(asked_total[5m]))",
        ),
        asked("p75", "histogram_quantile(0.75, rate(seconds_bucket[5m]))"),
        asked("several", "increase(asked_total[5m])"),
    ];
    block_on(async {
        let source = prometheus(&endpoint, metrics);
        let mut watch = watch::start(&watched(source), None).await.unwrap();
        begin(&mut watch).await;
        endpoint.show(&page(175, 300, 60, 120));
        let observed = finish(watch).await;
        let values = values(&observed);
        near(values["hit_ratio"], 0.75, 1e-9);
        near(values["p75"], 0.15, 1e-9);
        let url = endpoint.url();
        let told = format!(
            "watch shop: `several` at {url} is left out: it gives 2 series and not one: put `sum(…)` around it, or name the labels"
        );
        assert_eq!(observed.warnings, [told]);

        let source = prometheus(&endpoint, vec![asked("x", "sum(rate(hit_total[5m]))")]);
        let error = watch::start(&watched(source), None).await.unwrap_err();
        assert!(
            format!("{error:#}").contains("no metric `hit_total`"),
            "{error:#}"
        );
    });
}

#[test]
fn an_endpoint_that_began_anew_or_went_away_is_told() {
    let endpoint = Endpoint::serve("hits_total 1000\nqueue 8\n");
    let metrics = || {
        let gauge = chosen("queue", MetricKind::Gauge);
        vec![chosen("hits_total", MetricKind::Counter), gauge]
    };
    block_on(async {
        let source = prometheus(&endpoint, metrics());
        let mut watch = watch::start(&watched(source), None).await.unwrap();
        begin(&mut watch).await;
        endpoint.show("hits_total 40\n");
        let observed = finish(watch).await;
        near(values(&observed)["hits_total"], 40.0, 0.0);
        let url = endpoint.url();
        let told = [
            format!(
                "watch shop: counter `hits_total` at {url} fell: its process began anew, and what it \
                 counted shortly before is lost"
            ),
            format!("watch shop: `queue` at {url} is left out: it was not there at the end"),
        ];
        assert_eq!(observed.warnings, told);

        endpoint.show("hits_total 40\nqueue 1\n");
        let source = prometheus(&endpoint, metrics());
        let mut watch = watch::start(&watched(source), None).await.unwrap();
        begin(&mut watch).await;
        endpoint.fail();
        let observed = finish(watch).await;
        assert!(observed.measurements.is_empty());
        let told = format!(
            "watch shop: read the metrics at {url}: it answered 500 and not 200; its metrics are left out"
        );
        assert_eq!(observed.warnings, [told]);
    });
}

#[test]
fn an_endpoint_without_what_was_chosen_is_told_with_the_nearest_name() {
    let endpoint = Endpoint::serve("http_requests_total{code=\"200\"} 1\n");
    let of = |selector| prometheus(&endpoint, vec![chosen(selector, MetricKind::Counter)]);
    let url = endpoint.url();
    let (error, hint) = refused(of("http_request_total"));
    assert_eq!(
        error,
        format!("watch {url}: there is no metric `http_request_total`")
    );
    assert_eq!(hint.unwrap(), "did you mean `http_requests_total`?");
    let (error, hint) = refused(of("http_requests_total{kode=\"200\"}"));
    assert_eq!(
        error,
        format!("watch {url}: metric `http_requests_total` has no label `kode`")
    );
    assert_eq!(hint.unwrap(), "did you mean `code`?");
    let (error, _) = refused(of("rate(x[1m])"));
    assert!(error.contains("`rate(x[1m])` selects no metric"), "{error}");
    endpoint.show("<html>\n");
    let (error, hint) = refused(of("http_requests_total"));
    assert_eq!(
        error,
        format!("read the metrics at {url}: line 1: it does not begin with a name")
    );
    assert!(hint.is_some());
    endpoint.fail();
    let (error, _) = refused(of("http_requests_total"));
    assert_eq!(
        error,
        format!("read the metrics at {url}: it answered 500 and not 200")
    );
    let (error, _) = refused(WatchTarget::Prometheus {
        url: "http://127.0.0.1:9/metrics".to_owned(),
        metrics: Vec::new(),
    });
    assert!(
        error.starts_with("read the metrics at http://127.0.0.1:9/metrics: "),
        "{error}"
    );
    assert!(error.contains("refused"), "{error}");
}

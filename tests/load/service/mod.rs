//! Services that perfgate starts: real processes, in every way in which they fail, and none of them left running.

mod served;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use perfgate::load::service::{self, RunningService, ServiceFailure, StopReport};
use served::{Port, is_running, within};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

fn failure(error: &anyhow::Error) -> &ServiceFailure {
    match error.downcast_ref() {
        Some(failure) => failure,
        None => panic!("{error:#}"),
    }
}

#[test]
fn a_service_is_started_in_its_folder_with_its_environment_awaited_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let port = Port::free();
    let mut service = port.service("pwd > where; echo $GREETING > greeting; exec $SERVE");
    service.folder = folder.path().to_owned();
    service
        .environment
        .insert("GREETING".into(), "good day".into());
    let began = Instant::now();
    block_on(async {
        let mut running = service::start(&service).await.unwrap();
        assert!(port.answers());
        assert_eq!(running.check(), None);
        let pid = running.pid();
        assert!(is_running(pid));
        assert_eq!(running.stop().await, StopReport::Ended);
        assert!(!is_running(pid));
    });
    assert!(!port.answers());
    assert!(began.elapsed() < Duration::from_secs(5));
    let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let shown = fs::canonicalize(written("where").trim()).unwrap();
    assert_eq!(shown, fs::canonicalize(folder.path()).unwrap());
    assert_eq!(written("greeting"), "good day\n");
}

#[test]
fn a_service_that_ends_before_it_is_ready_is_told_at_once_with_what_it_printed() {
    let service = Port::free().service("echo out; echo 'no such database' >&2; exit 3");
    let began = Instant::now();
    let error = block_on(service::start(&service)).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(2));
    let failure = failure(&error);
    assert!(
        failure
            .sentence
            .ends_with("ended with exit status 3 before it was ready")
    );
    assert_eq!(failure.output, ["out", "no such database"]);
    assert!(format!("{error:#}").contains("no such database"));
}

#[test]
fn a_service_killed_by_a_signal_is_told_so() {
    let service = Port::free().service("kill -9 $$");
    let error = block_on(service::start(&service)).unwrap_err();
    let sentence = &failure(&error).sentence;
    assert!(sentence.contains("ended with signal 9"), "{sentence}");
    assert!(error.to_string().ends_with("it printed nothing"), "{error}");
}

#[test]
fn a_service_that_is_never_ready_is_given_up_and_ended_with_the_reason() {
    for (prepare, met) in [
        ("STATUS=503", "it answered 503 and not 200"),
        (
            "STATUS=silence",
            "it took the connection and gave no answer",
        ),
        ("LATE=60000", "Connection refused"),
    ] {
        let port = Port::free();
        let mut service = port.service(&format!("echo $$ > pid; {prepare} exec $SERVE"));
        let folder = tempfile::tempdir().unwrap();
        service.folder = folder.path().to_owned();
        service.ready.within = Duration::from_millis(700);
        let error = block_on(service::start(&service)).unwrap_err();
        let sentence = &failure(&error).sentence;
        assert!(
            sentence.contains("was not ready within 700ms"),
            "{sentence}"
        );
        assert!(sentence.contains(met), "{sentence}");
        let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
        assert!(!is_running(pid.trim().parse().unwrap()));
    }
}

#[test]
fn what_answers_already_is_not_taken_for_the_service() {
    let port = Port::free();
    let taken = port.listen();
    let service = port.service("touch started; exec $SERVE");
    let error = block_on(service::start(&service)).unwrap_err();
    let expected = format!("something else answers at {} already", port.url());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(perfgate::hint::of(&error).is_some());
    assert!(!service.folder.join("started").exists());
    drop(taken);
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let mut service = Port::free().service("exec $SERVE");
    service.folder = "/nowhere/at/all".into();
    let error = format!("{:#}", block_on(service::start(&service)).unwrap_err());
    assert!(
        error.contains("in /nowhere/at/all: No such file"),
        "{error}"
    );
}

#[test]
fn a_service_that_dies_in_mid_run_is_told_with_its_last_words() {
    let service = Port::free().service("echo hello; LIFE=400 exec $SERVE");
    block_on(async {
        let mut running = service::start(&service).await.unwrap();
        let failure = loop {
            match running.check() {
                Some(failure) => break failure,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let sentence = &failure.sentence;
        assert!(
            sentence.ends_with("ended with exit status 7 in mid-run"),
            "{sentence}"
        );
        assert!(failure.output.iter().any(|line| line == "hello"));
        assert!(failure.output.iter().any(|line| line == "my life is over"));
        assert_eq!(running.stop().await, StopReport::Ended);
    });
}

#[test]
fn a_service_that_does_not_end_is_killed_and_told() {
    let port = Port::free();
    let mut service = port.service("trap '' TERM; echo stubborn; exec $SERVE");
    service.stop_within = Duration::from_millis(300);
    block_on(async {
        let running = service::start(&service).await.unwrap();
        let pid = running.pid();
        let StopReport::Forced(failure) = running.stop().await else {
            panic!("it did not end by itself");
        };
        assert!(
            failure
                .sentence
                .ends_with("did not end within 300ms of being asked to and was killed"),
            "{}",
            failure.sentence
        );
        assert_eq!(failure.output.first().unwrap(), "stubborn");
        assert!(!is_running(pid));
    });
    assert!(!port.answers());
}

#[test]
fn children_and_a_daemon_in_the_group_are_the_service_and_end_with_it() {
    let port = Port::free();
    let folder = tempfile::tempdir().unwrap();
    // The shell goes away; the server and another process of its group stay.
    let mut service =
        port.service("sleep 300 & echo $! > child; $SERVE & echo $! > server; exit 0");
    service.folder = folder.path().to_owned();
    let pid = |name: &str| -> u32 {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.trim().parse().unwrap()
    };
    block_on(async {
        let mut running = service::start(&service).await.unwrap();
        assert_eq!(running.check(), None);
        assert!(is_running(pid("child")) && is_running(pid("server")));
        assert_eq!(running.stop().await, StopReport::Ended);
    });
    assert!(!is_running(pid("child")) && !is_running(pid("server")));
}

#[test]
fn a_service_that_prints_without_end_is_never_held_up() {
    let port = Port::free();
    let service = port.service("NOISE=1 exec $SERVE");
    block_on(async {
        let running = service::start(&service).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(port.answers());
        assert_eq!(running.stop().await, StopReport::Ended);
    });
}

fn drop_it(running: RunningService) -> u32 {
    running.pid()
}

#[test]
fn a_service_that_is_dropped_is_ended_even_where_it_ignores_being_asked() {
    for prepare in ["", "trap '' TERM;"] {
        let port = Port::free();
        let service = port.service(&format!("{prepare} $SERVE & wait"));
        block_on(async {
            let running = service::start(&service).await.unwrap();
            let pid = drop_it(running);
            assert!(!is_running(pid));
        });
        assert!(!port.answers(), "{prepare}");
    }
}

#[test]
fn a_start_that_is_given_up_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Port::free().service("echo $$ > pid; exec sleep 300");
    service.folder = folder.path().to_owned();
    block_on(async {
        let patience = Duration::from_millis(500);
        assert!(
            tokio::time::timeout(patience, service::start(&service))
                .await
                .is_err()
        );
    });
    let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
    assert!(!is_running(pid.trim().parse().unwrap()));
}

#[test]
fn the_service_holds_neither_the_watchdogs_leash_nor_our_input() {
    let service = Port::free().service("exec $SERVE");
    block_on(async {
        let running = service::start(&service).await.unwrap();
        let theirs = served::open_files(running.pid());
        let watchdogs = served::watchdogs_over(running.pid());
        let leash = served::open_files(watchdogs[0])["0"].clone();
        assert!(leash.starts_with("pipe:"));
        assert!(
            !theirs.values().any(|target| *target == leash),
            "{theirs:?}"
        );
        assert_eq!(theirs["0"], "/dev/null");
        // One pipe for both, so that what it prints stays in order.
        assert!(theirs["1"].starts_with("pipe:"));
        assert_eq!(theirs["1"], theirs["2"]);
        assert_eq!(running.stop().await, StopReport::Ended);
    });
}

const FOLDER: &str = "LOAD_SERVICE_FOLDER";
const COMMAND: &str = "LOAD_SERVICE_COMMAND";
const ENDING: &str = "LOAD_SERVICE_ENDING";

/// What perfgate does, in a process that can be killed.
#[test]
#[ignore = "a part of the test below, which runs it as a process and kills it"]
fn as_a_child_process_runs_a_service() {
    let folder = std::env::var(FOLDER).unwrap();
    let port = Port::free();
    let mut service = port.service(&std::env::var(COMMAND).unwrap());
    service.folder = folder.clone().into();
    block_on(async {
        let running = service::start(&service).await.unwrap();
        let path = Path::new(&folder).join("ready");
        fs::write(&path, running.pid().to_string()).unwrap();
        if std::env::var(ENDING).unwrap() == "abort" {
            std::process::abort();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
}

#[test]
fn where_perfgate_is_killed_or_aborts_the_service_is_gone_within_two_seconds() {
    for (ending, command) in [
        ("kill", "$SERVE & sleep 300"),
        ("abort", "$SERVE & sleep 300"),
        ("kill", "trap '' TERM HUP INT; $SERVE & sleep 300 & wait"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut perfgate = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--ignored",
                "service::as_a_child_process_runs_a_service",
            ])
            .env(FOLDER, folder.path())
            .env(COMMAND, command)
            .env(ENDING, ending)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ready = folder.path().join("ready");
        let group = || fs::read_to_string(&ready).ok()?.parse::<u32>().ok();
        assert!(within(Duration::from_secs(10), || group().is_some()));
        let group = group().unwrap();
        if ending == "kill" {
            assert!(!served::group(group).is_empty());
            perfgate.kill().unwrap();
        }
        let began = Instant::now();
        perfgate.wait().unwrap();
        assert!(
            within(Duration::from_secs(2), || served::group(group).is_empty()),
            "{ending} {command}: {:?} live",
            served::group(group)
        );
        assert!(began.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn where_perfgate_ends_well_no_watchdog_stays() {
    let before = served::children();
    let service = Port::free().service("exec $SERVE");
    block_on(async {
        let running = service::start(&service).await.unwrap();
        let during = served::children();
        assert!(during.contains(&running.pid()));
        let own: Vec<u32> = during
            .into_iter()
            .filter(|pid| !before.contains(pid))
            .collect();
        // Other tests of this process start theirs meanwhile: only those in a group of the service are its own.
        assert!(own.len() >= 2, "the service and its watchdog: {own:?}");
        let watchdogs = || served::watchdogs_over(running.pid());
        assert_eq!(watchdogs().len(), 1);
        let pid = running.pid();
        running.stop().await;
        assert!(served::watchdogs_over(pid).is_empty());
    });
}

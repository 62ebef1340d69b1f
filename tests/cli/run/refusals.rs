//! What cannot be loaded, kept or judged: told with what to do, ended with 2, and no file where nothing was measured.

#[cfg(unix)]
use std::process::Command;
use std::time::{Duration, Instant};

use super::desk::{Desk, Said, finished, scenario, shop, slow_shop};
use crate::support::server::tls::ca;
use crate::support::server::{Leaf, Reply, Script, Server, nobody};

fn refused(desk: &Desk, line: &str) -> Said {
    let said = desk.ends(&format!("run {line} --output run.json"), 2);
    assert!(said.err.starts_with("error: "), "{}", said.err);
    assert!(said.err.contains("\nhint: "), "{}", said.err);
    assert!(said.out.is_empty(), "{}", said.out);
    assert!(!desk.has("run.json"), "{line}");
    said
}

#[test]
fn what_cannot_be_loaded_is_told_with_a_hint_and_writes_nothing() {
    let (desk, server) = (Desk::new(), shop());
    let bad = scenario(&server, 0.1, "rat = 5\n");
    desk.write("bad.toml", &bad);
    let line = bad.lines().count();
    let gone = nobody();
    for (what, because) in [
        (
            format!("http://{gone}/ --users 1 --for 100ms"),
            gone.to_string(),
        ),
        (
            "bad.toml".to_owned(),
            format!("bad.toml:{line}:1: unknown key `rat`"),
        ),
        ("bad.toml".to_owned(), "`rate`".to_owned()),
        ("absent.toml".to_owned(), "read absent.toml".to_owned()),
        (
            "http://192.0.2.1/ --users 1 --for 100ms".to_owned(),
            "hint: to load it all the same, and only if it is yours, add `--allow-remote`"
                .to_owned(),
        ),
    ] {
        let said = refused(&desk, &what);
        assert!(said.err.contains(&because), "{what}: {}", said.err);
    }
    assert!(server.log().0.is_empty());
}

#[test]
fn a_service_whose_certificate_is_anothers_is_not_loaded() {
    let ok = |script: Script| script.on("/", |_| Reply::text("ok").after(Duration::from_millis(5)));
    let desk = Desk::new();
    std::fs::copy(ca(), desk.path("ca.pem")).unwrap();
    let url = |server: &Server| server.url("/ --users 1 --for 100ms");

    let other = Server::start(ok(Script::new()).tls(Leaf::Other));
    let said = refused(&desk, &format!("{} --ca ca.pem", url(&other)));
    assert!(said.err.contains("not valid for"), "{}", said.err);
    assert!(
        said.err.contains("no run was written; `--ca`"),
        "{}",
        said.err
    );

    let own = Server::start(ok(Script::new()).tls(Leaf::Localhost));
    let said = refused(&desk, &url(&own));
    assert!(said.err.contains("certificate"), "{}", said.err);
    assert!(other.log().0.is_empty() && own.log().0.is_empty());
    desk.ends(
        &format!("run {} --ca ca.pem --output run.json", url(&own)),
        0,
    );
    assert!(!own.log().0.is_empty());
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_is_loaded() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("file", "");
    let mut places = vec![
        ("file/run.json", "create folder file: "),
        (".", "write .: "),
    ];
    if cfg!(target_os = "linux") {
        // A folder that takes no files, even from root.
        places.push(("/proc/run.json", "write /proc/run.json: "));
    }
    let begun = Instant::now();
    for (place, because) in places {
        let url = server.url("/items");
        let said = desk.ends(
            &format!("run {url} --users 1 --for 60s --output {place}"),
            2,
        );
        assert!(said.err.contains(because), "{}", said.err);
        assert!(said.err.contains("hint: --output takes"), "{}", said.err);
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(server.log().0.is_empty());
}

#[test]
fn a_run_in_which_every_request_failed_is_kept_and_is_no_success() {
    let desk = Desk::new();
    let server = Server::start(Script::new().on("/items", |_| {
        Reply::status(503).after(Duration::from_millis(5))
    }));
    let line = format!(
        "run {} --users 1 --for 100ms --output run.json",
        server.url("/items")
    );
    let said = desk.ends(&line, 2);
    assert!(
        said.err.contains("error: every request failed: "),
        "{}",
        said.err
    );
    assert!(said.err.contains("503"), "{}", said.err);
    assert!(said.out.contains("(100 %)"), "{}", said.out);
    assert!(!said.out.contains("next:"), "{}", said.out);
    desk.ends("inspect run.json", 0);
}

/// So few file handles that most of its requests find none: whatever the machine is, this generator cannot do it.
#[cfg(unix)]
fn with_few_handles(desk: &Desk, line: &str) -> Said {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 40; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_perfgate"))
        .args(line.split_whitespace());
    desk.at_home(&mut command);
    finished(command.spawn().unwrap(), line, 2)
}

#[cfg(unix)]
#[test]
fn a_run_that_the_generator_could_not_do_is_kept_and_no_command_judges_it() {
    let (desk, server) = (Desk::new(), shop());
    desk.ends(
        &format!(
            "run {} --users 2 --for 100ms --output sound.json",
            server.url("/items")
        ),
        0,
    );
    desk.ends("baseline update --baseline main.json sound.json", 0);
    let slow = slow_shop();
    let said = with_few_handles(
        &desk,
        &format!(
            "run {} --rate 200 --for 300ms --output run.json",
            slow.url("/items")
        ),
    );
    assert!(said.out.starts_with("INVALID  "), "{}", said.out);
    assert!(!said.out.contains("next:"), "{}", said.out);
    assert!(
        said.err.contains("error: the run is invalid: "),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("\nhint: no command judges it"),
        "{}",
        said.err
    );
    let why = desk.document("run.json")["invalid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(why.contains("this machine could not send"), "{why}");
    for line in [
        "check --baseline main.json run.json",
        "compare sound.json run.json",
        "baseline update --baseline main.json run.json",
    ] {
        let refused = desk.ends(line, 2);
        assert!(refused.err.contains(&why), "{line}: {}", refused.err);
        assert!(refused.out.is_empty(), "{line}: {}", refused.out);
    }
    assert!(desk.ends("inspect run.json", 0).out.contains(&why));
}

#[cfg(unix)]
#[test]
fn a_source_measures_again_where_the_generator_was_in_the_way_and_gives_up_at_the_third_time() {
    let (desk, server) = (Desk::new(), slow_shop());
    let load = scenario(&server, 0.3, "").replace("users = 2", "rate = 200");
    desk.write("load/api.toml", &load);
    desk.write(
        "perfgate.toml",
        "[[source]]\nscenario = \"load/api.toml\"\n",
    );
    let said = with_few_handles(&desk, "check --baseline main.json");
    let again = said
        .err
        .matches("warning: measured again: the run was invalid")
        .count();
    assert_eq!(again, 2, "{}", said.err);
    assert!(
        said.err
            .contains("the run is invalid: this machine could not send"),
        "{}",
        said.err
    );
}

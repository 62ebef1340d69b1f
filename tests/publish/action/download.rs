//! Where the program comes from, and that it is the right one.

use std::fs;

use super::files::{Answer, FileServer};
use super::runner::{Runner, archive, program};
use super::source::with_rust;
use super::{SHOP, with};

#[test]
fn a_release_is_fetched_once_checked_and_used() {
    let runner = Runner::new();
    let server = FileServer::start(&[(&runner.asset_url(), archive())]);
    runner.list_release(&archive());
    let inputs = with(&[("download-url", server.url())]);
    assert_eq!(runner.step(&inputs).code, 1);
    let again = runner.step(&inputs);
    assert_eq!(again.code, 1, "{}", again.said);
    assert_eq!(server.served(), 1, "the tool cache was not used");
}

#[test]
fn an_archive_with_another_checksum_is_fatal_and_nothing_else_is_tried() {
    let runner = Runner::new();
    let mut tampered = archive();
    tampered.push(0);
    let server = FileServer::start(&[(&runner.asset_url(), tampered)]);
    runner.list_release(&archive());
    let step = runner.step(&with(&[("download-url", server.url())]));
    assert_eq!(step.code, 2);
    assert!(step.said.contains("it is not used"), "{}", step.said);
    assert!(
        !runner
            .workspace()
            .join("shop/perfgate-verdict.json")
            .exists()
    );
}

#[test]
fn an_archive_that_was_changed_in_the_tool_cache_is_fetched_anew() {
    let runner = Runner::new();
    let server = FileServer::start(&[(&runner.asset_url(), archive())]);
    runner.list_release(&archive());
    let inputs = with(&[("download-url", server.url())]);
    assert_eq!(runner.step(&inputs).code, 1);
    fs::write(runner.cached_archive(), b"changed").unwrap();
    assert_eq!(runner.step(&inputs).code, 1);
    assert_eq!(server.served(), 2);
}

#[test]
fn a_release_that_cannot_be_fetched_says_from_where() {
    let runner = Runner::new();
    let server = FileServer::start(&[]);
    runner.list_release(&archive());
    let step = runner.step(&with(&[("download-url", server.url())]));
    assert_eq!(step.code, 2);
    assert!(
        step.said
            .contains(&format!("could not fetch {}", server.url())),
        "{}",
        step.said
    );
}

/// It would be run with a token later: only a workflow that says so takes what lies on the PATH.
#[test]
fn a_perfgate_on_the_path_is_taken_where_that_is_asked_for_and_otherwise_not_even_run() {
    let never = with(&[("install", "never")]);
    let runner = Runner::new();
    runner.put_on_path(program());
    let step = runner.step(&never);
    assert_eq!(step.code, 1, "{}", step.said);

    let runner = with_rust("1.95.0");
    let version = env!("CARGO_PKG_VERSION");
    let stranger =
        format!("#!/bin/sh\nenv >>\"$(dirname \"$0\")/../stolen\"\necho perfgate {version}\n");
    runner.put_script_on_path("perfgate", &stranger);
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(!runner.at("stolen").exists());
    let step = runner.step(&never);
    assert_eq!(step.code, 2, "{}", step.said);
    assert!(step.said.contains("install: never"), "{}", step.said);
    let stolen = fs::read_to_string(runner.at("stolen")).unwrap();
    assert!(!stolen.contains(runner.token()), "{stolen}");
}

#[test]
fn nothing_is_fetched_without_encryption_not_even_behind_a_redirect_or_by_a_curlrc() {
    let runner = Runner::new();
    runner.list_release(&archive());
    let file = Answer::File(archive());
    let plain = FileServer::answering(vec![(runner.asset_url(), file)], false);
    let to = format!("{}{}", plain.url(), runner.asset_url());
    let redirects = FileServer::answering(vec![(runner.asset_url(), Answer::Redirect(to))], true);
    let curlrc = format!(
        "url = \"{}/more\"\noutput = \"{}\"\n",
        redirects.url(),
        runner.at("more").display()
    );
    fs::write(runner.at("temp/.curlrc"), curlrc).unwrap();
    for url in [plain.url(), redirects.url()] {
        let step = runner.step(&with(&[("download-url", url)]));
        assert_eq!(step.code, 2, "{}", step.said);
        assert!(step.said.contains("by https"), "{}", step.said);
    }
    assert_eq!((redirects.served(), plain.served()), (1, 0));
}

/// The page of a release is nothing that a token opens, and the place where its files lie gets none.
#[test]
fn a_release_of_a_private_repository_is_fetched_with_the_token_through_the_api() {
    let runner = Runner::new();
    let version = env!("CARGO_PKG_VERSION");
    let name = runner.asset_url().rsplit('/').next().unwrap().to_owned();
    let storage = FileServer::start(&[("/blob", archive())]);
    let elsewhere = storage.url().replace("127.0.0.1", "localhost") + "/blob";
    let releases = "/repos/OWNER/perfgate/releases";
    // As the API writes it, with what lies inside of an asset behind its name.
    let asset = |id: u32, name: &str| {
        format!(
            "{{\"url\":\"https://api.github.com{releases}/assets/{id}\",\"id\":{id},\"node_id\":\"x\",\
             \"name\":\"{name}\",\"label\":\"\",\"uploader\":{{\"login\":\"o\",\"url\":\"https://api.github.com/users/o\"}},\"state\":\"uploaded\"}}"
        )
    };
    let list = format!(
        "{{\n  \"url\": \"https://api.github.com{releases}/7\", \"assets\": [{}, {}]\n}}",
        asset(41, "SHA256SUMS"),
        asset(42, &name)
    );
    let with_token = |answer| Answer::With(runner.token().to_owned(), Box::new(answer));
    let api = FileServer::answering(
        vec![
            (
                format!("{releases}/tags/v{version}"),
                with_token(Answer::File(list.into_bytes())),
            ),
            (
                format!("{releases}/assets/42"),
                with_token(Answer::Redirect(elsewhere)),
            ),
        ],
        true,
    );
    runner.list_release(&archive());
    runner.set("server_url", api.url());
    runner.set("api_url", api.url());
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(!step.said.contains(runner.token()), "{}", step.said);
    let asked: Vec<bool> = api
        .asked()
        .iter()
        .map(|a| a.authorization.is_some())
        .collect();
    // First as everybody.
    assert_eq!(asked, [false, true, true]);
    assert!(
        api.asked()[0]
            .path
            .starts_with("/OWNER/perfgate/releases/download/")
    );
    assert_eq!(storage.served(), 1);
    assert!(storage.asked().iter().all(|a| a.authorization.is_none()));

    fs::remove_file(runner.cached_archive()).unwrap();
    let step = runner.step(&with(&[("download-token", "another")]));
    assert_eq!(step.code, 2, "{}", step.said);
    assert!(
        step.said.contains("download-token needs contents: read"),
        "{}",
        step.said
    );
}

/// A composite action's steps find no repository in their environment: what `env:` hands over is all there is.
#[test]
fn a_release_of_the_actions_own_repository_is_fetched_from_there() {
    let runner = Runner::new();
    let url = format!("/OWNER/perfgate/releases/download{}", runner.asset_url());
    let server = FileServer::start(&[(&url, archive())]);
    runner.list_release(&archive());
    runner.set("server_url", server.url());
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(server.served(), 1);
}

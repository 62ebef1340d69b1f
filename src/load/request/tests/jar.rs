//! Which cookies are kept, where they are sent, and when they go.

use super::answer;
use crate::load::request::Jar;

fn jar(lines: &[&str]) -> Jar {
    let mut jar = Jar::default();
    take(&mut jar, lines, "/shop/cart?x=/1");
    jar
}

const HOST: &str = "api.example.test";

fn take(jar: &mut Jar, lines: &[&str], path: &str) {
    take_of(jar, HOST, lines, path);
}

fn take_of(jar: &mut Jar, host: &str, lines: &[&str], path: &str) {
    let headers: Vec<_> = lines.iter().map(|line| ("set-cookie", *line)).collect();
    jar.take(&answer(200, &headers, ""), host, path);
}

fn header(jar: &Jar, path: &str) -> String {
    jar.header((HOST, path), false).unwrap_or_default()
}

#[test]
fn cookies_are_sent_as_they_came_the_longest_path_first_then_the_oldest() {
    let jar = jar(&[
        "a=1; Path=/",
        "b=\"q u\"; Path=/shop; HttpOnly; SameSite=Lax",
        "c=x=y%20z; path=/",
        "d=; Path=/",
    ]);
    assert_eq!(header(&jar, "/shop"), "b=\"q u\"; a=1; c=x=y%20z; d=");
    assert_eq!(header(&jar, "/"), "a=1; c=x=y%20z; d=");
    assert_eq!(Jar::default().header((HOST, "/"), true), None);
}

#[test]
fn a_path_holds_for_what_is_below_it_and_not_for_its_neighbours() {
    let jar = jar(&[
        "a=1; Path=/shop",
        "b=2; Path=/other/",
        "c=3",
        "d=4; Path=shop",
    ]);
    for (path, expected) in [
        ("/shop", "a=1; c=3; d=4"),
        ("/shop?q=1", "a=1; c=3; d=4"),
        ("/shop/cart/7", "a=1; c=3; d=4"),
        ("/shopping", ""),
        ("/other", ""),
        ("/other/x", "b=2"),
        ("/?next=/shop", ""),
    ] {
        assert_eq!(header(&jar, path), expected, "{path}");
    }
}

#[test]
fn a_cookie_without_path_belongs_to_the_folder_of_the_request() {
    for (requested, folder, other) in [
        ("/login", "/any", "none"),
        ("/a/login?x=/y", "/a/b", "/b"),
        ("/a/b/", "/a/b/c", "/a"),
    ] {
        let mut jar = Jar::default();
        take(&mut jar, &["s=1"], requested);
        assert_eq!(header(&jar, folder), "s=1", "{requested}");
        assert_eq!(header(&jar, other), "", "{requested}");
    }
}

#[test]
fn a_secure_cookie_is_only_sent_on_secure_connections() {
    let jar = jar(&["a=1; Path=/; Secure", "b=2; Path=/"]);
    assert_eq!(jar.header((HOST, "/"), false).as_deref(), Some("b=2"));
    assert_eq!(jar.header((HOST, "/"), true).as_deref(), Some("a=1; b=2"));
}

#[test]
fn a_cookie_set_again_changes_and_keeps_its_place_unless_its_path_is_another() {
    let mut jar = jar(&["a=1; Path=/", "b=2; Path=/"]);
    take(&mut jar, &["a=3; Path=/", "b=4; Path=/x"], "/");
    assert_eq!(header(&jar, "/"), "a=3; b=2");
    assert_eq!(header(&jar, "/x"), "b=4; a=3; b=2");
}

#[test]
fn a_cookie_that_ends_at_once_is_deleted() {
    for (end, is_kept) in [
        ("Max-Age=0", false),
        ("Max-Age=-1", false),
        ("Max-Age=1", true),
        ("Max-Age=9999999999999999999999", true),
        ("Max-Age=soon", true),
        ("Max-Age=-", false),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", false),
        ("Expires=Thu, 01-Jan-1970 00:00:10 GMT", false),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", true),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", true),
        ("Expires=whenever", true),
    ] {
        let mut jar = jar(&["a=1; Path=/"]);
        take(&mut jar, &[&format!("a=2; Path=/; {end}")], "/");
        assert_eq!(header(&jar, "/") == "a=2", is_kept, "{end}");
        assert_eq!(jar.is_empty(), !is_kept, "{end}");
    }
    let mut jar = jar(&["a=1; Path=/", "b=2; Path=/x"]);
    take(
        &mut jar,
        &["b=; Path=/; Max-Age=0", "never=; Path=/; Max-Age=0"],
        "/",
    );
    assert_eq!(header(&jar, "/x"), "b=2; a=1");
}

#[test]
fn an_end_is_told_from_the_date_of_the_answer() {
    for (date, is_kept) in [
        ("Sun, 06 Nov 2033 08:49:37 GMT", false),
        ("Sun, 06 Nov 2033 08:49:36 GMT", true),
        ("Sunday, 06-Nov-33 08:49:37 GMT", false),
        ("no date", true),
    ] {
        let cookie = "a=1; Path=/; Expires=Sun, 06 Nov 2033 08:49:37 GMT";
        let mut jar = Jar::default();
        jar.take(
            &answer(200, &[("set-cookie", cookie), ("date", date)], ""),
            HOST,
            "/",
        );
        assert_eq!(!jar.is_empty(), is_kept, "{date}");
    }
}

#[test]
fn cookies_for_other_hosts_are_not_kept() {
    for (host, domain, is_kept) in [
        ("api.example.test", "api.example.test", true),
        ("api.example.test", ".Example.Test", true),
        ("API.example.test", "example.test", true),
        ("api.example.test", "other.test", false),
        ("api.example.test", "pi.example.test", false),
        ("api.example.test", "x.api.example.test", false),
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "0.0.1", false),
        ("localhost", "localhost", true),
    ] {
        let mut jar = Jar::default();
        let line = format!("a=1; Path=/; Domain={domain}");
        take_of(&mut jar, host, &[&line], "/");
        assert_eq!(!jar.is_empty(), is_kept, "{host} {domain}");
    }
}

#[test]
fn a_service_cannot_fill_the_jar_nor_break_a_header_with_it() {
    let mut jar = Jar::default();
    let lines: Vec<String> = (0..200).map(|n| format!("c{n}={n}; Path=/")).collect();
    take(
        &mut jar,
        &lines.iter().map(String::as_str).collect::<Vec<_>>(),
        "/",
    );
    let kept = header(&jar, "/");
    assert_eq!(kept.split("; ").count(), 50);
    assert!(kept.ends_with("c199=199"));

    let mut jar = Jar::default();
    let large = format!("a={}", "x".repeat(5000));
    for bad in [
        "",
        "novalue",
        "=x",
        "a=1\r\nX: y",
        "a\0=1",
        ";",
        "; Path=/",
        large.as_str(),
    ] {
        take(&mut jar, &[bad], "/");
        assert!(jar.is_empty(), "{}", bad.escape_debug());
    }
    for odd in [
        "a=; Path=",
        "a=1;;;=;Path;Domain;Expires;Max-Age=;Max-Age",
        "a=1; Expires=ü-70 00:00:00 GMT",
    ] {
        take(&mut jar, &[odd], "");
        assert!(!jar.is_empty(), "{odd}");
    }
}

#[test]
fn a_cookie_is_sent_to_the_host_that_set_it_or_to_all_of_the_domain_that_it_names() {
    let mut jar = Jar::default();
    take_of(
        &mut jar,
        "login.example.test",
        &["own=1; Path=/", "all=1; Path=/; Domain=example.test"],
        "/",
    );
    take_of(&mut jar, "api.example.test", &["own=2; Path=/"], "/");
    for (host, sent) in [
        ("login.example.test", "own=1; all=1"),
        ("api.example.test", "all=1; own=2"),
        ("example.test", "all=1"),
        ("EXAMPLE.test", "all=1"),
        ("notexample.test", ""),
        ("test", ""),
    ] {
        let header = jar.header((host, "/"), false).unwrap_or_default();
        assert_eq!(header, sent, "{host}");
    }
    take_of(
        &mut jar,
        "api.example.test",
        &["all=; Path=/; Domain=example.test; Max-Age=0"],
        "/",
    );
    assert_eq!(
        jar.header(("login.example.test", "/"), false).as_deref(),
        Some("own=1")
    );
}

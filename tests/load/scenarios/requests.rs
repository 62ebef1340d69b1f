//! What goes out: methods, queries, headers and bodies, byte for byte.

use serde_json::json;

use super::loaded::{Around, Heard, load, loaded, scenario_in};
use crate::support::server::{Reply, Server};

fn heard() -> (Heard, Server) {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|_| Reply::text("ok")));
    (heard, server)
}

const ONCE: &str = "\n[load]\nusers = 1\niterations = 1\n";

#[test]
fn bodies_arrive_byte_for_byte_with_their_content_type() {
    let (heard, server) = heard();
    let every_byte: &'static [u8] = Box::leak((0..=255).cycle().take(70_000).collect());
    let around = Around {
        files: [("body.bin", every_byte)].into(),
        ..Around::default()
    };
    let text = r#"
        [values]
        odd = { choice = ["a\"b\\c\n&=ü{}"] }
        n = { int = [7, 7] }
        [[step]]
        post = "/form"
        form = { "the name" = "{{odd}}", tag = ["x", "y z"], empty = "" }
        [[step]]
        put = "/json"
        json = { text = "{{odd}}", n = "{{n:raw}}", list = [1, true, { a = "-{{n}}-" }], plain = '\{{n}}' }
        [[step]]
        post = "/text"
        body = "a line\nand {{odd}}, and \\{{n}}"
        headers = { content-type = "text/csv" }
        [[step]]
        post = "/file"
        body_file = "body.bin"
        [[step]]
        post = "/none"
        [[step]]
        get = "/get"
    "#;
    let scenario = scenario_in(&server, &format!("{text}{ONCE}"), &around);
    load(&scenario).is_clean("total", 6);

    let form = heard.one("/form");
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(form.header("content-type"), Some(kind));
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&form.body)
        .into_owned()
        .collect();
    let odd = "a\"b\\c\n&=ü{}";
    for (name, value) in [
        ("the name", odd),
        ("tag", "x"),
        ("tag", "y z"),
        ("empty", ""),
    ] {
        let field = (name.to_owned(), value.to_owned());
        assert!(fields.contains(&field), "{field:?} in {fields:?}");
    }
    assert_eq!(fields.len(), 4);

    let document = heard.one("/json");
    assert_eq!(
        (document.method.as_str(), document.header("content-type")),
        ("PUT", Some("application/json"))
    );
    let sent: serde_json::Value = serde_json::from_slice(&document.body).unwrap();
    let expected = json!({"text": odd, "n": 7, "list": [1, true, {"a": "-7-"}], "plain": "{{n}}"});
    assert_eq!(sent, expected);

    let text = heard.one("/text");
    assert_eq!(text.header("content-type"), Some("text/csv"));
    assert_eq!(text.text(), format!("a line\nand {odd}, and {{{{n}}}}"));

    assert_eq!(heard.one("/file").body, every_byte);
    assert_eq!(heard.one("/none").header("content-length"), Some("0"));
    assert_eq!(heard.one("/get").header("content-length"), None);
}

#[test]
fn queries_and_paths_are_encoded_and_come_behind_the_base_and_its_own() {
    let (heard, server) = heard();
    let text = r#"
        [values]
        odd = { choice = ["ä &/?#%+=1"] }
        [[step]]
        get = "/find/{{odd}}/x?fixed=a%20b"
        query = { q = "{{odd}}", tag = ["a", "b"], "the key" = 5, flag = true }
    "#;
    loaded(&server, &format!("{text}{ONCE}")).is_clean("GET /find/{{odd}}/x?fixed=a%20b", 1);
    let asked = &heard.all()[0];
    let encoded = "%C3%A4%20%26%2F%3F%23%25%2B%3D1";
    assert_eq!(asked.path, format!("/find/{encoded}/x"));
    let pairs: Vec<&str> = asked.query.split('&').collect();
    let found = format!("q={encoded}");
    for pair in [
        "fixed=a%20b",
        &found,
        "tag=a",
        "tag=b",
        "the%20key=5",
        "flag=true",
    ] {
        assert!(pairs.contains(&pair), "{pair} in {pairs:?}");
    }
    assert_eq!(pairs.len(), 6);

    let based = format!("{}/api/v1", server.url(""));
    let text = format!("[[step]]\nget = \"/users\"\n{ONCE}");
    load(&super::loaded::based(&based, &text, &Around::default())).is_clean("GET /users", 1);
    assert_eq!(heard.all()[1].path, "/api/v1/users");
}

#[test]
fn every_method_is_sent_and_subjects_are_called_as_they_are_written() {
    let (heard, server) = heard();
    let text = r#"
        [[step]]
        get = "/get"
        [[step]]
        head = "/head"
        [[step]]
        delete = "/delete"
        [[step]]
        options = "/options"
        [[step]]
        patch = "/patch"
        json = { a = 1 }
        [[step]]
        path = "/purge"
        method = "PURGE"
        [[step]]
        name = "say it"
        path = "/post"
        body = "text"
    "#;
    let run = loaded(&server, &format!("{text}{ONCE}"));
    let methods = ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "PURGE", "POST"];
    let sent: Vec<String> = heard.all().into_iter().map(|asked| asked.method).collect();
    assert_eq!(sent, methods);
    for method in &methods[..6] {
        run.is_clean(&format!("{method} /{}", method.to_lowercase()), 1);
    }
    run.is_clean("say it", 1);
    assert_eq!(run.subjects().len(), 9, "{:?}", run.subjects());
}

#[test]
fn graphql_goes_out_as_json_and_what_comes_back_is_captured() {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|asked| {
        let sent: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        Reply::json(
            200,
            &json!({"data": {"item": {"id": sent["variables"]["id"]}}}),
        )
    }));
    let text = r#"
        [values]
        id = { int = [5, 5] }
        [[step]]
        path = "/graphql"
        graphql = { query = "query Item($id: Int!) { item(id: $id) { id } }", variables = { id = "{{id:raw}}" }, operation = "Item" }
        expect = { json = { "$.data.item.id" = 5 } }
        capture = { back = { json = "$.data.item.id" } }
        [[step]]
        path = "/graphql"
        name = "again"
        graphql = { query = "{ item }", variables = { id = "{{back}}" } }
        expect = { json = { "$.data.item.id" = "5" } }
    "#;
    let run = loaded(&server, &format!("{text}{ONCE}"));
    run.is_clean("POST /graphql", 1);
    run.is_clean("again", 1);
    let first = &heard.all()[0];
    assert_eq!(
        (first.method.as_str(), first.header("content-type")),
        ("POST", Some("application/json"))
    );
    let sent: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
    let query = "query Item($id: Int!) { item(id: $id) { id } }";
    assert_eq!(
        sent,
        json!({"query": query, "variables": {"id": 5}, "operationName": "Item"})
    );
}

#[test]
fn forms_with_files_arrive_in_parts_of_exact_length() {
    let (heard, server) = heard();
    let picture: &'static [u8] = b"\x89PNG\r\n\x1a\n\0\xff--perfgate-";
    let around = Around {
        files: [("cat.png", picture), ("notes", b"")].into(),
        ..Around::default()
    };
    let text = r#"
        [values]
        odd = { choice = ["a\"b\r\nü"] }
        [[step]]
        post = "/one"
        multipart = { title = "{{odd}}", n = 2.50, tag = ["x", "y"], picture = { path = "cat.png", type = "image/png" } }
        [[step]]
        put = "/two"
        multipart = { "the file" = [{ path = "notes", name = "a \"b\".txt" }, { path = "cat.png" }] }
    "#;
    for (protocol, seed) in [("1.1", 1), ("2", 1), ("1.1", 2)] {
        let text = format!("http = \"{protocol}\"\nseed = {seed}\n{text}{ONCE}");
        load(&scenario_in(&server, &text, &around)).is_clean("total", 2);
    }
    let one = heard.of("/one");
    let kinds: Vec<&str> = one
        .iter()
        .map(|asked| asked.header("content-type").unwrap())
        .collect();
    assert_eq!(kinds[0], kinds[1], "the seed makes the boundary");
    assert_ne!(kinds[0], kinds[2]);
    let boundary = kinds[0]
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let field = |name: &str, value: &str| {
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let expected = [
        field("title", "a\"b\r\nü").as_bytes(),
        field("n", "2.50").as_bytes(),
        field("tag", "x").as_bytes(),
        field("tag", "y").as_bytes(),
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"cat.png\"\r\n\
             content-type: image/png\r\n\r\n"
        )
        .as_bytes(),
        picture,
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    for asked in &one[..2] {
        assert_eq!(asked.body, expected);
        let length = asked.header("content-length").map(str::parse);
        assert_eq!(length, Some(Ok(expected.len())));
    }
    for asked in heard.of("/two") {
        assert_eq!(asked.method, "PUT");
        let text = String::from_utf8_lossy(&asked.body);
        assert!(
            text.contains("name=\"the file\"; filename=\"a %22b%22.txt\"\r\ncontent-type: application/octet-stream\r\n\r\n\r\n--"),
            "{text}"
        );
        assert!(
            text.contains("filename=\"cat.png\"\r\ncontent-type: application/octet-stream"),
            "{text}"
        );
    }
}

//! A first scenario: of OpenAPI 3 in JSON and YAML, of Swagger 2, of a recording, of an address.

use std::path::Path;

use perfgate::load::Scenario;
use perfgate::load::scenario::parse;

use super::desk::Desk;
use super::{WORKFLOW, workflow};

const OPENAPI: &str = include_str!("openapi.yaml");
const SWAGGER: &str = r##"{"swagger": "2.0", "host": "shop.example.com", "basePath": "/v2/", "schemes": ["https"],
  "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
  "parameters": {"limit": {"name": "limit", "in": "query", "type": "integer", "default": 20}},
  "paths": {"/orders": {"get": {"parameters": [{"$ref": "#/parameters/limit"}]}, "post": {}},
            "/orders/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": true, "type": "string", "x-example": "a 7"}]}}}}"##;
const HAR: &str = include_str!("visit.har");

fn scenario(desk: &Desk) -> (String, Scenario) {
    let text = desk.read("load/api.toml");
    let scenario = match parse(&text, Path::new("load/api.toml")) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error}\n{text}"),
    };
    (text, scenario)
}

/// Each subject with the weight of its flow.
fn subjects(scenario: &Scenario) -> Vec<(&str, f64)> {
    let flows = scenario.flows.iter();
    flows
        .flat_map(|flow| {
            flow.steps
                .iter()
                .map(|step| (step.subject.as_str(), flow.weight))
        })
        .collect()
}

#[test]
fn of_openapi_every_operation_that_changes_nothing_is_a_flow_with_the_data_of_the_document() {
    let desk = Desk::new(&[("docs/openapi.yaml", OPENAPI)]);
    let said = desk.ends("init", 0);
    assert!(
        said.err.contains("next: perfgate run load/api.toml"),
        "{}",
        said.err
    );
    let (text, scenario) = scenario(&desk);
    assert_eq!(
        subjects(&scenario),
        [
            ("GET /items", 1.0),
            ("HEAD /items", 1.0),
            ("GET /items/{id}", 1.0),
            ("GET /users/{name}", 0.0),
        ]
    );
    for line in [
        "base = \"${BASE_URL:-http://localhost:9000/v1}\"",
        "# auth = { bearer = \"${API_TOKEN}\" }",
        "id = { choice = [\"8\", \"7\"] }",
        "page = { int = [1, 9] }",
        "sort = { choice = [\"name\", \"price\"] }",
        "query = { page = \"{{page}}\", sort = \"{{sort}}\", tag = \"new\" }",
        "headers = { X-Region = \"eu\" }",
        "# Left out as deprecated: 1.",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    // What no example is given for may not exist: it is not taken until somebody says so.
    assert!(text.contains("no example of `name`"), "{text}");
    assert!(!text.contains("POST") && !text.contains("post ="), "{text}");
    workflow(&desk.read(WORKFLOW));
}

#[test]
fn swagger_2_is_read_as_well_and_a_far_host_is_only_named() {
    let desk = Desk::new(&[("swagger.json", SWAGGER)]);
    desk.ends("init", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(
        subjects(&scenario),
        [("GET /orders", 1.0), ("GET /orders/{id}", 1.0)]
    );
    assert!(
        text.contains("base = \"${BASE_URL:-http://127.0.0.1:8080/v2}\""),
        "{text}"
    );
    assert!(
        text.contains("https://shop.example.com/v2/; only this machine"),
        "{text}"
    );
    assert!(
        text.contains("# headers = { X-Key = \"${API_KEY}\" }"),
        "{text}"
    );
    assert!(text.contains("query = { limit = \"20\" }"), "{text}");
    assert!(text.contains("id = { choice = [\"a 7\"] }"), "{text}");
}

#[test]
fn of_a_recording_the_reads_of_its_first_host_stay_and_every_secret_goes() {
    let desk = Desk::new(&[("visit.har", HAR)]);
    desk.ends("init visit.har", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(
        subjects(&scenario),
        [("GET /", 1.0), ("GET /items", 1.0), ("GET /items/7", 1.0)]
    );
    for secret in ["s3cret", "c00kie", "eyJhbGciOiJIUzI1NiJ9", "Bearer"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    for line in [
        "cookies = true",
        "access_token = \"${HAR_ACCESS_TOKEN:-removed}\"",
        "search = 'a b \\{{c}}'",
        "# Left out requests that may change something: 1, requests to other hosts: 1, requests that failed: 1.",
        "HAR_ACCESS_TOKEN",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn of_an_address_it_is_one_step() {
    let desk = Desk::new(&[]);
    desk.ends("init http://127.0.0.1:8123/items?page=2", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(subjects(&scenario), [("GET /items", 1.0)]);
    assert_eq!(scenario.base.port, 8123);
    assert!(text.contains("query = { page = \"2\" }"), "{text}");
    let said = desk.ends("init nowhere.txt --config b.toml", 2);
    assert!(
        said.err
            .contains("there is no such file, and it is no address"),
        "{}",
        said.err
    );
    let said = desk.ends("init http://user:pw@127.0.0.1/ --config b.toml", 2);
    assert!(said.err.contains("credentials"), "{}", said.err);
}

#[test]
fn the_gate_runs_with_what_was_written_for_a_service() {
    let desk = Desk::new(&[("openapi.yaml", OPENAPI)]);
    desk.ends("init", 0);
    // Nobody listens on a port that was just free, so the run says what it could not reach: the scenario of the config was read.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let text = desk
        .read("load/api.toml")
        .replace(":9000", &format!(":{port}"));
    desk.write("load/api.toml", &text);
    let said = desk.ends("check", 2);
    assert!(
        said.err.contains("running load/api.toml, 1 of 5"),
        "{}",
        said.err
    );
    assert!(said.err.contains(&port.to_string()), "{}", said.err);
}

#[test]
fn a_document_that_is_broken_or_hostile_is_told_or_harmless() {
    let desk = Desk::new(&[
        ("openapi.yaml", "openapi: 3.0.0\npaths: {/a: [\n"),
        ("empty.json", "{\"openapi\": \"3.0.0\", \"paths\": {}}"),
    ]);
    let said = desk.ends("init openapi.yaml", 2);
    assert!(
        said.err.contains("read openapi.yaml: read it as YAML"),
        "{}",
        said.err
    );
    let said = desk.ends("init empty.json", 2);
    assert!(said.err.contains("holds no operation"), "{}", said.err);
    let hostile = r##"{"openapi": "3.0.0", "servers": [{"url": "https://h/${HOME}/{x}\nbase = 1"}], "paths": {
      "/a\nmalicious = 1/{{b}}/${HOME}#x": {"get": {"parameters": [
        {"name": "q\n[x]", "in": "query", "required": true, "example": "${HOME} {{x}} \"\\ \n"},
        {"$ref": "#/paths/~1loop"}, {"name": 3, "in": []}]}},
      "/loop": {"$ref": "#/paths/~1loop"}, "no slash": {"get": {}}}}"##;
    let desk = Desk::new(&[("openapi.json", hostile)]);
    desk.ends("init", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(scenario.flows.len(), 1, "{text}");
}

//! A first scenario: of OpenAPI 3 in JSON and YAML, of Swagger 2, of a recording, of an address.

use std::path::Path;

use perfgate::load::Scenario;
use perfgate::load::scenario::parse;

use super::project::Project;
use super::{WORKFLOW, workflow};

const OPENAPI: &str = include_str!("openapi.yaml");
const SWAGGER: &str = r##"{"swagger": "2.0", "host": "shop.example.com", "basePath": "/v2/", "schemes": ["https"],
  "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
  "parameters": {"limit": {"name": "limit", "in": "query", "type": "integer", "default": 20}},
  "paths": {"/orders": {"get": {"parameters": [{"$ref": "#/parameters/limit"}]}, "post": {}},
            "/orders/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": true, "type": "string", "x-example": "a 7"}]}}}}"##;
const HAR: &str = include_str!("visit.har");

/// The text, and what it says where every variable without a default is set.
fn scenario(desk: &Project) -> (String, Scenario) {
    let text = desk.read("load/api.toml");
    let mut set = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap();
        let is_without_default = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let value = match is_without_default && !before.ends_with('$') {
            true => "x".to_owned(),
            false => format!("${{{name}}}"),
        };
        set += &format!("{before}{value}");
        rest = behind;
    }
    set += rest;
    let scenario = match parse(&set, Path::new("load/api.toml")) {
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
    let desk = Project::new(&[("docs/openapi.yaml", OPENAPI)]);
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
    let desk = Project::new(&[("swagger.json", SWAGGER)]);
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
    let desk = Project::new(&[("visit.har", HAR)]);
    desk.ends("init visit.har", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(
        subjects(&scenario),
        [("GET /", 1.0), ("GET /items", 1.0), ("GET /items/7", 1.0)]
    );
    for secret in ["s3cret", "c00kie", "eyJhbGciOiJIUzI1NiJ9"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    for line in [
        "cookies = true",
        "access_token = \"${AUTHORIZATION}\"",
        "authorization = \"Bearer ${AUTHORIZATION}\"",
        "search = 'a b \\{{c}}'",
        "# Left out requests that may change something: 1, requests to other hosts: 1, requests that failed: 1.",
        "# The other hosts: cdn.example.com.",
        "# Secrets were taken out. Set these variables before you run it: AUTHORIZATION, SECRET_T.",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn what_changes_something_is_taken_where_that_is_asked_and_its_secrets_go_too() {
    let desk = Project::new(&[("visit.har", HAR)]);
    desk.ends("init --from-har visit.har --unsafe-methods", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(subjects(&scenario).len(), 4, "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert!(
        text.contains("post = \"/login\"\nform = { password = \"${AUTHORIZATION}\" }"),
        "{text}"
    );
}

const SCRIPT: &str = r#"
config:
  target: "http://127.0.0.1:8123"
  phases:
    - { duration: 60, arrivalRate: 5, name: warm up }
    - { duration: "2m", arrivalRate: 5, rampTo: 50, maxVusers: 200 }
  http: { timeout: 3 }
  processor: ./functions.js
  payload: { path: users.csv, fields: [email, password] }
  variables: { keyword: [tea, "green tea"] }
scenarios:
  - name: buy
    weight: 7
    flow:
      - get:
          url: "/items?q={{ keyword }}&page={{ $randomNumber(1, 9) }}"
          headers: { authorization: "Bearer {{ $processEnvironment.API_TOKEN }}", x-api-key: "K3Y-of-mine" }
          capture: [{ json: "$.items[0].id", as: "item id" }]
          expect: [{ statusCode: 200 }, { contentType: json }]
      - think: 2
      - loop:
          - get: { url: "/items/{{ item id }}", headers: { x-token: "{{ item id }}" } }
        count: 3
      - get: "https://cdn.example.com/app.js"
      - post: { url: /orders, json: { item: "{{ item id }}", who: "{{ email }}", count: 2, secret: "s3cret" } }
      - function: "log"
  - flow:
      - get: { url: "/" }
"#;

#[test]
fn a_script_of_artillery_keeps_its_phases_captures_and_weights() {
    let desk = Project::new(&[("script.yml", SCRIPT)]);
    desk.ends("init --from-artillery script.yml", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(
        subjects(&scenario),
        [
            ("GET /items", 7.0),
            ("GET /items/{{item_id}}", 7.0),
            ("GET /", 1.0)
        ]
    );
    for line in [
        "base = \"${BASE_URL:-http://127.0.0.1:8123}\"",
        "timeout = \"3s\"",
        "max_users = 200",
        "name = \"warm up\"\nduration = \"60s\"\nrate = 5",
        "duration = \"120s\"\nrate = [5, 50]",
        "query = { q = \"{{keyword}}\", page = \"{{number}}\" }",
        "authorization = \"Bearer ${API_TOKEN}\"",
        "x-api-key = \"${X_API_KEY}\"",
        "capture = { item_id = { json = \"$.items[0].id\" } }\nexpect = { status = 200 }\nthink = \"2s\"",
        "get = \"/items/{{item_id}}\"\nheaders = { x-token = \"{{item_id}}\" }\nrepeat = 3",
        "number = { int = [1, 9] }",
        "keyword = { choice = [\"tea\", \"green tea\"] }",
        "# Left out requests that may change something: 1.",
        "# Left out requests to other hosts: cdn.example.com.",
        "API_TOKEN",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    for left in [
        "config.processor",
        "expect.contentType",
        "function",
        "users.csv",
    ] {
        let line = text
            .lines()
            .find(|line| line.starts_with("# Not carried over"));
        assert!(
            line.is_some_and(|line| line.contains(left)),
            "{left}\n{text}"
        );
    }
    assert!(!text.contains("K3Y-of-mine"), "{text}");

    let desk = Project::new(&[("script.yml", SCRIPT)]);
    desk.ends("init --from-artillery script.yml --unsafe-methods", 0);
    let text = desk.read("load/api.toml");
    assert!(
        text.contains("json = { count = 2, item = \"{{item_id}}\", secret = \"${SECRET}\", who = \"{{email}}\" }"),
        "{text}"
    );
    assert!(text.contains("email = { choice = [\"email\"] }"), "{text}");
}

#[test]
fn a_command_of_curl_becomes_a_scenario_that_asks_for_its_variables() {
    let desk = Project::new(&[]);
    let command = "curl 'http://127.0.0.1:8123/items?page=2' -H 'Authorization: Bearer s3cret'";
    let said = desk.run(&["init", "--from-curl", command]);
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let text = desk.read("load/api.toml");
    assert!(
        text.contains("headers = { authorization = \"Bearer ${AUTHORIZATION}\" }"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
    let said = desk.ends("run load/api.toml", 2);
    assert!(
        said.err.contains("AUTHORIZATION is not set"),
        "{}",
        said.err
    );

    // A variable of the shell stays one, whether it is set here or not.
    let desk = Project::new(&[]);
    let command = "curl -H \"X-Key: $NOT_SET_HERE\" http://127.0.0.1:8123/items";
    assert!(desk.run(&["init", "--from-curl", command]).status.success());
    let text = desk.read("load/api.toml");
    assert!(text.contains("x-key = \"${NOT_SET_HERE}\""), "{text}");

    let desk = Project::new(&[]);
    let said = desk.run(&[
        "init",
        "--from-curl",
        "curl -X DELETE http://127.0.0.1:8123/items/1",
    ]);
    let err = String::from_utf8_lossy(&said.stderr);
    assert!(
        !said.status.success() && err.contains("add --unsafe-methods"),
        "{err}"
    );
    for (line, why) in [
        ("init --from-har none.har", "none.har"),
        (
            "init --from-artillery a.yml --from-har b.har",
            "cannot be used with",
        ),
    ] {
        let said = desk.ends(line, 2);
        assert!(said.err.contains(why), "{}", said.err);
    }
}

#[test]
fn of_an_address_it_is_one_step() {
    let desk = Project::new(&[]);
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
    let desk = Project::new(&[("openapi.yaml", OPENAPI)]);
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
    let desk = Project::new(&[
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
    let desk = Project::new(&[("openapi.json", hostile)]);
    desk.ends("init", 0);
    let (text, scenario) = scenario(&desk);
    assert_eq!(scenario.flows.len(), 1, "{text}");
}

//! What each address does.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::fault::What;
use super::http::{Request, Response};
use super::{Asked, Check, Comment, Token, World, answers};

const PAGE: usize = 100;

pub(super) fn answer(world: &Mutex<World>, request: &Request) -> Response {
    let mut world = world.lock().unwrap();
    let path = path(&request.target);
    world.asked.push(Asked {
        method: request.method.clone(),
        path: path.clone(),
        target: request.target.clone(),
        authorization: request.header("authorization").map(str::to_owned),
        body: request.body.clone(),
    });
    let found = world
        .faults
        .iter()
        .position(|fault| fault.is_for(&request.method, &path));
    let mut response = match found.map(|at| world.faults.remove(at).what) {
        None => route(&mut world, &request.method, &path, &request.body),
        Some(What::Instead {
            status,
            headers,
            message,
        }) => Response {
            status,
            headers: headers
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v))
                .collect(),
            body: said(message),
            ..Response::default()
        },
        Some(What::Meanwhile(first)) => {
            first(&mut world);
            route(&mut world, &request.method, &path, &request.body)
        }
        Some(What::Then(then)) => {
            let response = route(&mut world, &request.method, &path, &request.body);
            then(&mut world);
            response
        }
        Some(what) => {
            let response = route(&mut world, &request.method, &path, &request.body);
            match what {
                What::DoneBut(status) => Response {
                    body: said("Server Error"),
                    status,
                    ..response
                },
                What::CutOff => Response {
                    cut: true,
                    ..response
                },
                What::Late(late) => Response { late, ..response },
                _ => response,
            }
        }
    };
    let headers = [("x-github-request-id", "0"), ("x-ratelimit-limit", "1000")];
    for (name, value) in headers {
        response.headers.push((name.to_owned(), value.to_owned()));
    }
    response
}

/// Without the server's own path, and without the address that a proxy gets.
fn path(target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let enterprise = ["/api/v3", "/api"];
    let inside = enterprise
        .iter()
        .find_map(|api| path.strip_prefix(api).filter(|rest| rest.starts_with('/')));
    inside.unwrap_or(path).to_owned()
}

fn said(message: &str) -> String {
    json!({"message": message, "documentation_url": "https://docs.github.com/rest"}).to_string()
}

fn ok(status: u16, body: &Value) -> Response {
    Response {
        status,
        body: body.to_string(),
        ..Response::default()
    }
}

fn refused(status: u16, message: &str) -> Response {
    Response {
        status,
        body: said(message),
        ..Response::default()
    }
}

fn route(world: &mut World, method: &str, path: &str, body: &str) -> Response {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let sent: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let inside = match parts.as_slice() {
        ["user"] => return me(world),
        ["graphql"] => return graphql(world, &sent),
        ["repos", "acme", "shop", inside @ ..] | ["repositories", "1", inside @ ..] => inside,
        _ => return refused(404, "Not Found"),
    };
    let writes = method != "GET";
    if writes && world.token == Token::ReadOnly {
        return refused(403, "Resource not accessible by integration");
    }
    match (method, inside) {
        ("GET", ["issues", number, "comments"]) => {
            let number: u64 = number.parse().unwrap();
            let all: Vec<Value> = world
                .comments
                .iter()
                .filter(|comment| comment.number == number)
                .map(|comment| answers::comment(world, comment))
                .collect();
            paged(&all, query)
        }
        ("POST", ["issues", _, "comments"]) if world.locked => {
            refused(403, "Unable to create comment because issue is locked.")
        }
        ("POST", ["issues", number, "comments"]) => {
            let text = sent["body"].as_str().unwrap().to_owned();
            if text.chars().count() > world.most {
                return refused(422, "Validation Failed: body is too long");
            }
            let me = world.me();
            let id = world.add_comment(number.parse().unwrap(), Some(me), &text);
            let comment = world.comments.iter().find(|c| c.id == id).unwrap();
            ok(201, &answers::comment(world, comment))
        }
        (_, ["issues", "comments", id]) => one_comment(world, method, id.parse().unwrap(), &sent),
        ("GET", ["pulls", number]) => {
            let number: u64 = number.parse().unwrap();
            match world.pulls.iter().find(|pull| pull.number == number) {
                Some(pull) => ok(200, &answers::pull(world, pull)),
                None => refused(404, "Not Found"),
            }
        }
        ("GET", ["pulls"]) => {
            let head = field(query, "head");
            let of = |pull: &&super::Pull| head.as_ref().is_none_or(|head| pull.head == *head);
            let open = world.pulls.iter().filter(|pull| pull.open).filter(of);
            let all: Vec<Value> = open.map(|pull| answers::pull(world, pull)).collect();
            paged(&all, query)
        }
        ("GET", ["commits", sha, "pulls"]) => {
            let of = world.pulls.iter().filter(|pull| pull.sha == *sha);
            let all: Vec<Value> = of.map(|pull| answers::pull(world, pull)).collect();
            paged(&all, query)
        }
        ("GET", ["compare", ends]) => match (&world.files, ends.split_once("...")) {
            (Some(files), Some((base, head))) => {
                ok(200, &answers::compared(world, files, base, head))
            }
            _ => refused(403, "Resource not accessible by integration"),
        },
        ("GET", ["contents", path @ ..]) => {
            let (path, sha) = (
                path.join("/").replace("%20", " "),
                field(query, "ref").unwrap_or_default(),
            );
            let files = world.files.iter().flatten();
            let found = files
                .into_iter()
                .find(|(commit, name, _)| *commit == sha && *name == path);
            match found {
                Some((_, _, text)) => ok(200, &answers::content(world, &path, text)),
                None => refused(404, "Not Found"),
            }
        }
        ("POST", ["statuses", sha]) => {
            world.statuses.push(((*sha).to_owned(), sent.clone()));
            ok(201, &answers::status(world, sha, &sent))
        }
        ("GET", ["commits", sha, "check-runs"]) => {
            let name = field(query, "check_name");
            let of = |check: &&Check| {
                check.sha == *sha && name.as_deref() == check.sent["name"].as_str()
            };
            let all = world.checks.iter().filter(of);
            let all: Vec<Value> = all.map(|check| answers::check(world, check)).collect();
            ok(200, &json!({"total_count": all.len(), "check_runs": all}))
        }
        ("POST", ["check-runs"]) => {
            world.next += 1;
            let check = Check {
                id: world.next,
                sha: sent["head_sha"].as_str().unwrap().to_owned(),
                sent,
            };
            world.checks.push(check.clone());
            ok(201, &answers::check(world, &check))
        }
        ("PATCH", ["check-runs", id]) => {
            let id: u64 = id.parse().unwrap();
            let check = world
                .checks
                .iter_mut()
                .find(|check| check.id == id)
                .unwrap();
            check.sent = sent;
            let check = check.clone();
            ok(200, &answers::check(world, &check))
        }
        _ => refused(404, "Not Found"),
    }
}

/// The answer to the one question that is asked; what it may hold is in GitHub's schema.
fn graphql(world: &World, sent: &Value) -> Response {
    if !world.graphql {
        let message = "Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled";
        let errors = json!([{"type": "FORBIDDEN", "path": ["viewer"], "message": message}]);
        return ok(200, &json!({"data": null, "errors": errors}));
    }
    assert!(
        sent["query"]
            .as_str()
            .unwrap()
            .contains("COMMENT_DELETED_EVENT")
    );
    let asked = &sent["variables"];
    assert_eq!(
        (asked["owner"].as_str(), asked["name"].as_str()),
        (Some("acme"), Some("shop"))
    );
    assert!(asked["number"].is_u64());
    // GraphQL calls an app by its bare name where it is an author, and by the whole one where it asks.
    let actor = |login: &Option<String>| match login.as_deref() {
        None => Value::Null,
        Some(login) => match login.strip_suffix("[bot]") {
            Some(app) => json!({"__typename": "Bot", "login": app}),
            None => json!({"__typename": "User", "login": login}),
        },
    };
    let nodes: Vec<Value> = world
        .deleted
        .iter()
        .map(|(by, author)| json!({"actor": actor(by), "deletedCommentAuthor": actor(author)}))
        .collect();
    let kind = if world.me().ends_with("[bot]") {
        "Bot"
    } else {
        "User"
    };
    let pull = json!({"timelineItems": {"nodes": nodes}});
    ok(
        200,
        &json!({"data": {
            "viewer": {"__typename": kind, "login": world.me()},
            "repository": {"pullRequest": pull},
        }}),
    )
}

fn me(world: &World) -> Response {
    match world.token {
        Token::Person => ok(200, &answers::me(world, "robin")),
        _ => refused(403, "Resource not accessible by integration"),
    }
}

fn one_comment(world: &mut World, method: &str, id: u64, sent: &Value) -> Response {
    let me = world.me();
    let may_write_all = world.token == Token::Workflow;
    let Some(at) = world.comments.iter().position(|comment| comment.id == id) else {
        return refused(404, "Not Found");
    };
    let is_mine = world.comments[at].login.as_deref() == Some(me);
    // Even a workflow's token may not write what another app wrote.
    let is_bot = |comment: &Comment| {
        comment
            .login
            .as_deref()
            .is_some_and(|l| l.ends_with("[bot]"))
    };
    if !is_mine && (!may_write_all || is_bot(&world.comments[at])) {
        return refused(403, "Must have admin rights to Repository.");
    }
    match method {
        "PATCH" => {
            sent["body"]
                .as_str()
                .unwrap()
                .clone_into(&mut world.comments[at].body);
            ok(200, &answers::comment(world, &world.comments[at]))
        }
        "DELETE" => {
            world.comments.remove(at);
            Response {
                status: 204,
                ..Response::default()
            }
        }
        _ => ok(200, &answers::comment(world, &world.comments[at])),
    }
}

fn field(query: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// Thirty where nothing is asked, as GitHub does; its `Link` names a host of its own, which nobody may follow.
fn paged(all: &[Value], query: &str) -> Response {
    let number = |name, usual| field(query, name).map_or(usual, |n| n.parse().unwrap());
    let (size, page): (usize, usize) = (number("per_page", 30).min(PAGE), number("page", 1));
    let shown: Vec<Value> = all
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .cloned()
        .collect();
    let mut response = ok(200, &Value::from(shown));
    if all.len() > page * size {
        let next = format!(
            "<https://elsewhere.example/next?page={}>; rel=\"next\"",
            page + 1
        );
        response.headers.push(("link".to_owned(), next));
    }
    response
}

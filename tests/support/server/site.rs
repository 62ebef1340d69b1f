//! A site with what sites have: users to keep, a login, things to be found and things that are kept from strangers.

use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Value, json};

use super::script::{Asked, Body, Echo, Reply, Script};

impl Script {
    /// | path | what it does |
    /// |---|---|
    /// | `GET /` | `hello` |
    /// | `/users`, `/users/ID` | GET lists or shows, POST creates, PUT changes, DELETE removes; JSON |
    /// | `POST /login` | sets the cookie `session`; `GET /me` needs it |
    /// | `POST /token` | `{"token": …}`; `GET /private` needs it as bearer |
    /// | `GET /basic` | needs `ada` and `secret` |
    /// | `/moved?status=307&to=/echo` | redirects |
    /// | `/echo`, `/headers` | the body as it came, the headers as JSON |
    /// | `/status/503` | that status |
    /// | `POST /graphql` | a user by the variable `id` |
    /// | `/ws` | a WebSocket that echoes |
    pub(crate) fn site() -> Self {
        let mut users = Users::default();
        users.create(json!({"name": "Ada"}));
        let mut shown = users.clone();
        Self::new()
            .on("/", |_| Reply::text("hello"))
            .on("/users*", move |asked| users.answer(asked))
            .on("/login", login)
            .on("/me", |asked| match asked.cookie("session") {
                Some(session) => Reply::json(200, &json!({"session": session})),
                None => Reply::status(401),
            })
            .on("/token", |asked| {
                Reply::json(200, &json!({"token": format!("t-{}", asked.number)}))
            })
            .on("/private", |asked| match asked.header("authorization") {
                Some(token) if token.starts_with("Bearer t-") => Reply::text("for you"),
                _ => Reply::status(401),
            })
            .on("/basic", basic)
            .on("/moved", |asked| {
                let status = asked.param("status").unwrap_or("302");
                Reply::redirect(status.parse().unwrap(), asked.param("to").unwrap_or("/"))
            })
            .on("/echo", |asked| {
                let kind = asked.header("content-type").unwrap_or("text/plain");
                Reply::bytes(200, kind, asked.body.clone())
            })
            .on("/headers", |asked| {
                let headers: BTreeMap<_, _> = asked.headers.iter().cloned().collect();
                Reply::json(200, &json!(headers))
            })
            .on("/status/*", |asked| {
                Reply::status(asked.path["/status/".len()..].parse().unwrap())
            })
            .on("/graphql", move |asked| {
                let query: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                let user = shown.of(&query["variables"]["id"].to_string());
                Reply::json(200, &json!({"data": {"user": user}}))
            })
            .on("/ws", |_| Reply::socket(Echo::default()))
    }
}

fn login(asked: &Asked) -> Reply {
    let session = format!("session=s{}; Path=/; HttpOnly", asked.number);
    Reply::json(200, &json!({"user": "ada"})).header("set-cookie", &session)
}

fn basic(asked: &Asked) -> Reply {
    let known = base64::engine::general_purpose::STANDARD.encode("ada:secret");
    if asked.header("authorization") == Some(&format!("Basic {known}")) {
        Reply::text("for ada")
    } else {
        Reply::status(401).header("www-authenticate", "Basic realm=\"test\"")
    }
}

/// By their number, from 1.
#[derive(Clone, Default)]
struct Users {
    kept: BTreeMap<u64, Value>,
    last: u64,
}

impl Users {
    fn create(&mut self, mut user: Value) -> Value {
        self.last += 1;
        user["id"] = json!(self.last);
        self.kept.insert(self.last, user.clone());
        user
    }

    fn of(&mut self, id: &str) -> Option<&mut Value> {
        self.kept.get_mut(&id.trim_matches('"').parse().ok()?)
    }

    fn answer(&mut self, asked: &Asked) -> Reply {
        let id = asked
            .path
            .trim_start_matches("/users")
            .trim_start_matches('/');
        let sent = || serde_json::from_slice::<Value>(&asked.body).ok();
        match (asked.method.as_str(), id) {
            ("GET", "") => {
                let all: Vec<&Value> = self.kept.values().collect();
                Reply::json(200, &json!({"users": all}))
            }
            ("POST", "") => match sent().filter(Value::is_object) {
                Some(user) => {
                    let user = self.create(user);
                    let place = format!("/users/{}", user["id"]);
                    Reply::json(201, &user).header("location", &place)
                }
                None => Reply::json(400, &json!({"error": "a JSON object is needed"})),
            },
            ("GET", id) => match self.of(id) {
                Some(user) => Reply::json(200, user),
                None => Reply::status(404),
            },
            ("PUT", id) => match (self.of(id), sent().filter(Value::is_object)) {
                (Some(user), Some(mut new)) => {
                    new["id"] = user["id"].clone();
                    *user = new;
                    Reply::json(200, user)
                }
                (None, _) => Reply::status(404),
                (_, None) => Reply::status(400),
            },
            ("DELETE", id) => match id.parse().ok().and_then(|id: u64| self.kept.remove(&id)) {
                Some(_) => Reply::of(204, Body::Nothing),
                None => Reply::status(404),
            },
            _ => Reply::status(405),
        }
    }
}

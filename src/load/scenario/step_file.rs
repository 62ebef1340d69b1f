//! The steps of a scenario as they are written, and what each looks for in its answer.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Pause;
use super::events::EventsFile;
use super::multipart::MultipartFile;
use super::schema_rules::{
    any_table, filled_list, header_names, names, path, request_or_socket, table_or_list,
    token_or_password, two_at_most,
};
use crate::toml_file::{
    AnyValue, FalseOr, FilledText, FreeTable, Located, OneOrMany, PositiveDuration, Scalar, Table,
    Tables, Whole,
};

/// Who asks: `bearer`, or `user` and `password`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = token_or_password)]
pub(super) struct AuthFile {
    /// A token
    pub(super) bearer: Option<Located<FilledText>>,
    /// The name of a user who has a password
    pub(super) user: Option<Located<String>>,
    /// The password of that user
    pub(super) password: Option<Located<String>>,
}

/// One request, or one conversation over a WebSocket.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = request_or_socket)]
pub(super) struct StepFile {
    /// The subject of its measurements; `total` and `generator` are perfgate's own
    #[schemars(extend("x-default" = "method and path"))]
    pub(super) name: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) get: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) post: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) put: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) patch: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) delete: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) head: Option<Located<FilledText>>,
    /// The method and the path in one
    #[schemars(transform = path)]
    pub(super) options: Option<Located<FilledText>>,
    /// The path alone
    #[schemars(transform = path)]
    pub(super) path: Option<Located<FilledText>>,
    /// With `path`: any other method
    #[schemars(extend("x-default" = "`GET`, or `POST` with a body"))]
    pub(super) method: Option<Located<FilledText>>,
    /// The name of one of the `[hosts]`, where the path begins instead of at `base`
    #[schemars(title = "name", extend("x-default" = "`base`"))]
    pub(super) host: Option<Located<FilledText>>,
    /// Whether it is sent at the same time as the step before it, as a browser asks for the parts of a page
    #[schemars(extend("default" = false))]
    pub(super) together: Option<Located<bool>>,
    /// Parameters behind the path; a list repeats its name: `tag = ["a", "b"]`
    pub(super) query: Option<Located<FreeTable<OneOrMany<Scalar>>>>,
    /// Headers by name; those of the connection (`content-length`, `connection`, …) are perfgate's own
    #[schemars(transform = header_names)]
    pub(super) headers: Option<Located<FreeTable<String>>>,
    /// `{ bearer = … }`, `{ user = …, password = … }`, or `false`
    #[schemars(extend("x-default" = "that of the scenario"))]
    pub(super) auth: Option<Located<FalseOr<AuthFile>>>,
    /// JSON, with its content type
    #[serde(default)]
    #[schemars(schema_with = "table_or_list")]
    pub(super) json: Option<Located<AnyValue>>,
    /// A form, with its content type
    pub(super) form: Option<Located<FreeTable<OneOrMany<Scalar>>>>,
    /// A form with files, `{ title = "a cat", picture = { path = "cat.png", type = "image/png" } }`; a list repeats its name
    #[schemars(title = "table")]
    pub(super) multipart: Option<Located<MultipartFile>>,
    /// The text; say its `content-type` in `headers`
    pub(super) body: Option<Located<String>>,
    /// The file, as it is
    #[schemars(title = "file")]
    pub(super) body_file: Option<Located<FilledText>>,
    /// A POST of JSON with `query`, `variables` (a table), and `operation` where the query has several
    pub(super) graphql: Option<Located<Table<GraphqlFile>>>,
    /// The answer is a stream of server-sent events, read while it comes, until the first of these
    pub(super) events: Option<Located<Table<EventsFile>>>,
    /// What counts as a success
    #[schemars(extend("x-default" = "status below 400"))]
    pub(super) expect: Option<Located<Table<ExpectFile>>>,
    /// Values of the answer for later steps
    #[schemars(transform = names)]
    pub(super) capture: Option<Located<FreeTable<CaptureFile>>>,
    /// A longer answer to this step is an error
    #[schemars(extend("x-default" = "that of the scenario"))]
    pub(super) timeout: Option<PositiveDuration>,
    /// The pause behind this step, before the next one
    #[schemars(extend("x-default" = "that of the flow"))]
    pub(super) think: Option<Located<Pause>>,
    /// The step is only taken where each of these captured values is the text, or one of the texts: `{ state = "open" }`
    #[schemars(transform = names)]
    pub(super) when: Option<Located<FreeTable<OneOrMany<Scalar>>>>,
    /// How often the step is taken, with its pause behind each; with `until`, how often at most
    #[schemars(extend("default" = 1))]
    pub(super) repeat: Option<Located<Whole<1, 1_000_000>>>,
    /// The step is taken again until these captured values are so; it is an error where they never are
    #[schemars(transform = names)]
    pub(super) until: Option<Located<FreeTable<OneOrMany<Scalar>>>>,
    /// The step is a WebSocket; `name`, `host`, `headers`, `auth`, `timeout`, `think`, `when` and `repeat` hold as for a request
    #[schemars(transform = path)]
    pub(super) websocket: Option<Located<FilledText>>,
    /// Sent in order over the WebSocket, each with its answer
    #[schemars(extend("x-default" = "required"), length(min = 1))]
    pub(super) messages: Option<Tables<MessageFile>>,
}

/// A GraphQL query, sent by POST.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GraphqlFile {
    /// The query
    pub(super) query: Located<FilledText>,
    /// Values of the variables of the query
    #[serde(default)]
    #[schemars(schema_with = "any_table")]
    pub(super) variables: Option<Located<AnyValue>>,
    /// Which operation of the query is meant
    pub(super) operation: Option<Located<FilledText>>,
}

/// What counts as a success.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectFile {
    /// The status is one of these
    #[schemars(transform = filled_list)]
    pub(super) status: Option<OneOrMany<Whole<100, 599>>>,
    /// The body contains each
    pub(super) contains: Option<OneOrMany<FilledText>>,
    /// The body contains none of these
    pub(super) not_contains: Option<OneOrMany<FilledText>>,
    /// The header is there and contains this, in the case in which it is written
    #[schemars(transform = header_names)]
    pub(super) headers: Option<FreeTable<String>>,
    /// How many bytes the body has: a number, or `[low, high]` with both ends
    #[schemars(title = "bytes, or two", transform = two_at_most)]
    pub(super) size: Option<OneOrMany<Whole<0, { u64::MAX >> 1 }>>>,
    /// The answer is there within this time
    pub(super) within: Option<PositiveDuration>,
    /// A GraphQL answer without errors: JSON in which `errors` is not there, or empty
    #[serde(default)]
    pub(super) no_errors: bool,
    /// By JSONPath: nothing is found
    #[schemars(transform = filled_list)]
    pub(super) absent: Option<OneOrMany<FilledText>>,
    /// By JSONPath (RFC 9535): the value is there and equals this one, in which `{{name}}` is a text and `{{name:raw}}` a number
    #[schemars(extend("propertyNames" = { "pattern": "^\\s*\\$" }))]
    pub(super) json: Option<FreeTable<AnyValue>>,
}

/// Where in an answer a value is found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum CaptureFile {
    /// The first match in the body
    Json(#[schemars(title = "JSONPath")] Located<FilledText>),
    /// The value of that header
    Header(#[schemars(title = "name")] Located<FilledText>),
    /// In the body: the first group, else the whole match; in single quotes, backslashes stay as they are
    Regex(#[schemars(title = "expression")] Located<FilledText>),
}

/// One message over a WebSocket, and the answer that ends its round trip.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageFile {
    /// What is sent
    pub(super) send: Located<String>,
    /// The next answer that contains this ends the round trip
    #[serde(rename = "await")]
    #[schemars(extend("x-default" = "any answer"))]
    pub(super) awaits: Option<Located<FilledText>>,
    /// How often it is sent and awaited
    #[serde(default = "once")]
    pub(super) times: Whole<1, 1_000_000>,
}

fn once() -> Whole<1, 1_000_000> {
    const { Whole::new(1) }
}

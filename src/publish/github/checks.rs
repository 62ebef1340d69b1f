//! A commit status, or a check run: one name that a branch can require.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::GitHub;
use crate::publish::api::{Call, TRIES, Trouble};
use crate::publish::comment::{CommentState, Marker, fit};
use crate::publish::failure::Failure;
use crate::text::shorten;

/// A status holds one sentence.
const SENTENCE: usize = 140;
/// Of a check run's summary and text.
const TEXT: usize = 65_000;
const TITLE: usize = 250;
/// Notes of one request.
const NOTES: usize = 50;

#[derive(Clone, Debug, Deserialize)]
struct CheckRuns {
    check_runs: Vec<Listed>,
}

#[derive(Clone, Debug, Deserialize)]
struct Listed {
    id: u64,
    external_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    Success,
    Failure,
    /// The work could not be done.
    Error,
}

/// A note at a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// From the root of the repository.
    pub path: String,
    pub line: u32,
    pub fails: bool,
    pub title: String,
    pub message: String,
}

/// A commit status.
pub struct Status<'a> {
    pub name: &'a str,
    pub sha: &'a str,
    pub conclusion: Conclusion,
    pub sentence: &'a str,
    pub url: Option<&'a str>,
}

/// A check run.
pub struct CheckRun<'a> {
    pub name: &'a str,
    pub sha: &'a str,
    pub conclusion: Conclusion,
    pub title: &'a str,
    pub text: &'a str,
    /// Shown where the check is made: an update would show them once more.
    pub notes: &'a [Note],
    pub url: Option<&'a str>,
    pub marker: &'a Marker,
}

impl GitHub<'_> {
    /// Setting one twice is as good as once, so a repetition does no harm.
    pub async fn status(&self, status: &Status<'_>) -> Result<(), Failure> {
        let state = match status.conclusion {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
            Conclusion::Error => "error",
        };
        let mut body = json!({
            "state": state,
            "context": status.name,
            "description": shorten::end(status.sentence, SENTENCE - 1),
        });
        put(&mut body, "target_url", status.url);
        let call = Call {
            method: Method::POST,
            path: self.route(&format!("statuses/{}", status.sha)),
            body: Some(&body),
            doing: format!("set the status `{}` of {}", status.name, status.sha),
        };
        let answer = self.api.call(&call).await?;
        self.api.read::<Value>(&call, &answer).map(drop)
    }

    /// One per gate and commit, updated where it is there; a later run's stays.
    pub async fn check(&self, check: &CheckRun<'_>) -> Result<(), Failure> {
        let conclusion = match check.conclusion {
            Conclusion::Success => "success",
            Conclusion::Failure | Conclusion::Error => "failure",
        };
        // The marker's line is how it is known again.
        let identity = check.marker.body("");
        let identity = identity.trim_end();
        let mut body = json!({
            "name": check.name,
            "head_sha": check.sha,
            "external_id": identity,
            "status": "completed",
            "conclusion": conclusion,
            "output": {
                "title": shorten::end(check.title, TITLE - 1),
                "summary": fit(check.text, TEXT),
            },
        });
        put(&mut body, "details_url", check.url);
        let doing = format!("set the check `{}` of {}", check.name, check.sha);
        let mut repetition = 0;
        loop {
            let there = self.checks(check, &doing).await?;
            let mine = there.iter().find(|(_, id)| check.marker.owns(id));
            let Some((id, external)) = mine else {
                let mut first = body.clone();
                if let Some(output) = first.get_mut("output").and_then(Value::as_object_mut) {
                    let notes: Vec<Value> = check.notes.iter().take(NOTES).map(note).collect();
                    output.insert("annotations".to_owned(), Value::from(notes));
                }
                match self.create_check(&first, &doing).await {
                    Ok(()) => return Ok(()),
                    Err(Trouble::Refused(failure)) => return Err(failure),
                    Err(Trouble::Uncertain(failure)) => {
                        repetition += 1;
                        if repetition >= TRIES || !self.api.pause(repetition).await {
                            return Err(failure);
                        }
                        continue;
                    }
                }
            };
            if check.marker.standing(external, identity) == CommentState::Newer {
                return Ok(());
            }
            let call = Call {
                method: Method::PATCH,
                path: self.route(&format!("check-runs/{id}")),
                body: Some(&body),
                doing,
            };
            let answer = self.api.call(&call).await?;
            return self.api.read::<Value>(&call, &answer).map(drop);
        }
    }

    async fn create_check(&self, body: &Value, doing: &str) -> Result<(), Trouble> {
        let call = Call {
            method: Method::POST,
            path: self.route("check-runs"),
            body: Some(body),
            doing: doing.to_owned(),
        };
        let answer = self.api.create(&call).await?;
        let read = self.api.read::<Value>(&call, &answer);
        read.map(drop).map_err(Trouble::Refused)
    }

    /// Number and identity of the runs of this name; one page is more than a commit has.
    async fn checks(
        &self,
        check: &CheckRun<'_>,
        doing: &str,
    ) -> Result<Vec<(u64, String)>, Failure> {
        let name: String = byte_serialize(check.name.as_bytes()).collect();
        let path = self.route(&format!(
            "commits/{}/check-runs?check_name={name}&filter=all&per_page=100",
            check.sha
        ));
        let found: CheckRuns = self.api.get(path, doing.to_owned()).await?;
        let of = |run: Listed| Some((run.id, run.external_id?));
        Ok(found.check_runs.into_iter().filter_map(of).collect())
    }
}

fn note(note: &Note) -> Value {
    json!({
        "path": note.path,
        "start_line": note.line,
        "end_line": note.line,
        "annotation_level": if note.fails { "failure" } else { "warning" },
        "title": shorten::end(&note.title, TITLE - 1),
        "message": fit(&note.message, TEXT),
    })
}

fn put(body: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
        body.insert(name.to_owned(), Value::from(value));
    }
}

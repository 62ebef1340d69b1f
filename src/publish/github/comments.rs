//! One comment per gate, kept up to date, while other jobs do the same at the same time.

use http::Method;
use serde_json::json;

use super::api::{Answer, Api, Call, Trouble};
use super::models::{Comment, User};
use super::{MOST_PAGES, PAGE, TRIES};
use crate::publish::comment::{Marker, Standing, When};
use crate::publish::failure::{Failure, Kind};

/// What is to stand on a pull request.
pub struct Upsert<'a> {
    pub number: u64,
    pub marker: &'a Marker,
    pub text: &'a str,
    pub when: When,
}

/// What became of it, and where it is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Created(Option<String>),
    Updated(Option<String>),
    /// It said this already.
    Unchanged(Option<String>),
    /// A later run was faster; what it wrote stays.
    Newer(Option<String>),
    /// There is none, and nothing asks for one.
    NotWanted,
}

impl Written {
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Created(url) | Self::Updated(url) | Self::Unchanged(url) | Self::Newer(url) => {
                url.as_deref()
            }
            Self::NotWanted => None,
        }
    }
}

/// What became of one comment that was there.
enum Tried {
    Done(Written),
    /// Deleted meanwhile, or someone else's.
    NotThis,
}

impl Api<'_> {
    pub async fn upsert(&self, upsert: &Upsert<'_>) -> Result<Written, Failure> {
        let mut body = upsert.marker.body(upsert.text);
        let mut repetition = 0;
        let mut created = false;
        loop {
            for comment in self.ours(upsert).await? {
                match self.update(upsert, &comment, &body).await? {
                    // What was created in the dark has come to light.
                    Tried::Done(Written::Unchanged(url)) if created => {
                        return Ok(Written::Created(url));
                    }
                    Tried::Done(written) => return Ok(written),
                    Tried::NotThis => {}
                }
            }
            if upsert.when == When::IfThere {
                return Ok(Written::NotWanted);
            }
            let failure = match self.create_comment(upsert.number, &body).await {
                Ok(comment) => return self.settle(upsert, comment, &body).await,
                Err(Trouble::Uncertain(failure)) => {
                    created = true;
                    failure
                }
                // It counts otherwise than we do.
                Err(Trouble::Refused(failure)) if is_too_long(&failure) && repetition == 0 => {
                    let half = upsert.text.encode_utf16().count() / 2;
                    let short = crate::publish::comment::fit(upsert.text, half);
                    body = upsert.marker.body(&short);
                    failure
                }
                Err(Trouble::Refused(failure)) => return Err(failure),
            };
            repetition += 1;
            if repetition >= TRIES || !self.pause(repetition).await {
                return Err(failure);
            }
        }
    }

    /// After a comment was created: did another job create one before? The one with the lower number stays.
    async fn settle(
        &self,
        upsert: &Upsert<'_>,
        own: Comment,
        body: &str,
    ) -> Result<Written, Failure> {
        let created = Written::Created(own.html_url.clone());
        // The comment is there. That it could not be looked for another is no failure of posting it.
        let Ok(all) = self.ours(upsert).await else {
            return Ok(created);
        };
        for comment in all.iter().filter(|comment| comment.id < own.id) {
            if let Ok(Tried::Done(written)) = self.update(upsert, comment, body).await {
                self.delete(upsert.number, own.id).await;
                return Ok(written);
            }
        }
        Ok(created)
    }

    async fn update(
        &self,
        upsert: &Upsert<'_>,
        comment: &Comment,
        body: &str,
    ) -> Result<Tried, Failure> {
        let there = comment.body.as_deref().unwrap_or_default();
        let url = comment.html_url.clone();
        match upsert.marker.standing(there, body) {
            Standing::Newer => return Ok(Tried::Done(Written::Newer(url))),
            Standing::Same if upsert.when != When::Always => {
                return Ok(Tried::Done(Written::Unchanged(url)));
            }
            Standing::Same | Standing::Outdated => {}
        }
        let new = json!({"body": body});
        let call = Call {
            method: Method::PATCH,
            path: format!("{}/issues/comments/{}", self.repository, comment.id),
            body: Some(&new),
            doing: format!("update the comment on {}#{}", self.name, upsert.number),
        };
        let answer = self.call(&call).await?;
        match answer.status {
            // Nobody may write it but its author, and that is not us.
            403 | 404 | 410 => Ok(Tried::NotThis),
            _ if answer.is_success() => Ok(Tried::Done(Written::Updated(url))),
            _ => Err(self.failure(&call, &answer)),
        }
    }

    async fn create_comment(&self, number: u64, body: &str) -> Result<Comment, Trouble> {
        let new = json!({"body": body});
        let call = Call {
            method: Method::POST,
            path: format!("{}/issues/{number}/comments", self.repository),
            body: Some(&new),
            doing: format!("comment on {}#{number}", self.name),
        };
        let answer: Answer = self.create(&call).await?;
        let accepted = answer.is_success();
        self.read(&call, &answer).map_err(|failure| {
            if accepted {
                Trouble::Uncertain(failure)
            } else {
                Trouble::Refused(failure)
            }
        })
    }

    /// A comment that is left twice is ugly and no error.
    async fn delete(&self, number: u64, id: u64) {
        let call = Call {
            method: Method::DELETE,
            path: format!("{}/issues/comments/{id}", self.repository),
            body: None,
            doing: format!("delete the second comment on {}#{number}", self.name),
        };
        drop(self.call(&call).await);
    }

    /// The comments of this gate that we may have written, oldest first. Anyone can write our marker; only a bot or we
    /// ourselves are believed, or a stranger could stop a gate from ever reporting.
    async fn ours(&self, upsert: &Upsert<'_>) -> Result<Vec<Comment>, Failure> {
        let mut ours = Vec::new();
        let mut me: Option<Option<String>> = None;
        for comment in self.comments(upsert.number).await? {
            let marked = comment.body.as_deref().unwrap_or_default();
            let Some(user) = comment.user.as_ref().filter(|_| upsert.marker.owns(marked)) else {
                continue;
            };
            if user.kind.as_deref() != Some("Bot") {
                let me = match &me {
                    Some(me) => me.clone(),
                    None => me.insert(self.me().await?).clone(),
                };
                if me.is_none() || user.login != me {
                    continue;
                }
            }
            ours.push(comment);
        }
        ours.sort_by_key(|comment| comment.id);
        Ok(ours)
    }

    async fn comments(&self, number: u64) -> Result<Vec<Comment>, Failure> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!(
                "{}/issues/{number}/comments?per_page={PAGE}&page={page}",
                self.repository
            );
            let doing = format!("list the comments of {}#{number}", self.name);
            let comments: Vec<Comment> = self.get(path, doing).await?;
            let last = comments.len() < PAGE;
            all.extend(comments);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// Our name; a token of an app has none that it could ask for.
    async fn me(&self) -> Result<Option<String>, Failure> {
        let doing = "ask whose token this is".to_owned();
        match self.get::<User>("/user".to_owned(), doing).await {
            Ok(user) => Ok(user.login),
            Err(Failure {
                kind: Kind::Forbidden(_) | Kind::NotFound | Kind::Unauthorized(_),
                ..
            }) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn is_too_long(failure: &Failure) -> bool {
    matches!(failure.kind, Kind::Refused { status: 422, .. })
}
